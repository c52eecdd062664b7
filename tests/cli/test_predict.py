"""`grader predict`: questions in the terminal, from a pipe, and without input."""

import io
import os
import subprocess
import sys

import pytest


@pytest.fixture
def predict(cli, lab, monkeypatch):
    """predict(typed, *arguments): exit status, stdout and stderr."""

    def call(typed, *arguments):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        return cli("predict", lab, *arguments)

    return call


def test_answers_are_read_line_by_line_and_scored(predict):
    """Right, skipped and wrong; the score at the end, with the command that shows the steps again."""
    status, out, err = predict("2\n\n1\n1\n", "fork")

    assert (status, err) == (0, "")
    assert "Right. h[0]: the page had no entry, so the" in out
    assert "Skipped. The answer: no." in out
    assert "Not so. The answer: yes, and a frame is copied." in out
    assert "The end: 2 of 3 right, 1 skipped." in out and "grader show" in out


def test_what_is_no_answer_is_asked_again(predict):
    """A number too large, a word, and characters that a terminal obeys."""
    status, out, _ = predict("9\nyes\n\x1b[2J\n2\nq\n", "fork")

    assert status == 0 and "\x1b" not in out
    assert " ".join(out.split()).count("is not an answer: type a number from 1 to 4, Enter to skip, or q to quit.") == 3
    assert "Stopped: 1 of 1 right." in out


def test_an_answer_is_not_shown_before_its_question_is_answered(predict):
    """Whoever quits at the first question has seen no cost of its step."""
    _, out, _ = predict("q\n", "fork")

    assert "1 fault" not in out and "Stopped: 0 of 0 right." in out


def test_input_that_ends_early_names_the_way_out(predict):
    """No terminal, and no more lines."""
    status, _, err = predict("2\n", "fork")

    assert status == 2
    assert "the input ended before the scenario did; --no-input shows questions with their answers" in err


def test_no_input_shows_every_answer(predict):
    """For CI and for reading; standard input is not touched."""
    status, out, _ = predict("", "fork", "--no-input")

    assert status == 0
    assert out.count("The answer: ") == 4 and "?  " not in out and "right" not in out


def test_without_a_scenario_the_first_with_questions_is_taken(predict):
    """LAB is enough."""
    assert predict("", "--no-input")[1].startswith("touch: A first write faults once\n")


def test_bytes_that_are_no_text_are_no_answer(lab):
    """What is not UTF-8 is asked for again, also where Python would refuse to read it."""
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    line = [sys.executable, "-m", "grader", "predict", lab]
    done = subprocess.run(line, input=b"\xff\nq\n", capture_output=True, env=environment, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"'\\udcff' is not an answer" in done.stdout


def test_hidden_and_unknown_scenarios_are_not_there(predict):
    """A hidden scenario is refused like a misspelt one."""
    for name in ("secret", "frok"):
        status, out, err = predict("", name)
        assert (status, out) == (2, "") and f"no public scenario '{name}'" in err
    assert "did you mean 'fork'?" in err
