"""Errors that the user can fix."""

import pickle

import pytest

from grader.errors import FormatError, InputError, did_you_mean, similar


@pytest.mark.parametrize("error", [InputError(["a: b", "c: d"]), FormatError("f.yaml", 3, "x is 1")])
def test_an_error_comes_through_another_process(error):
    """Workers of a batch send errors back; problems and text stay."""
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.problems) == (type(error), str(error), error.problems)


def test_a_format_error_is_an_input_error_of_one_line():
    """It has the place in front, as editors follow it."""
    error = FormatError("f.yaml", 3, "x is 1")

    assert isinstance(error, InputError)
    assert (str(error), error.problems) == ("f.yaml:3: x is 1", ["f.yaml:3: x is 1"])


def test_a_guess_names_what_is_close():
    """Up to three words, the closest first; nothing if none is close."""
    assert did_you_mean("toch", ["fork", "touch", "tock"]) == "did you mean 'touch' or 'tock'?"
    assert did_you_mean("toch", ["fork", "touch", "tock"], 1) == "did you mean 'touch'?"
    assert did_you_mean("toch", ["fork"]) == ""


def test_a_long_word_costs_nothing():
    """A word of untrusted length is not compared."""
    assert similar("a" * 100_000, ["a" * 100_000]) == []
