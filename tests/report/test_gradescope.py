"""Gradescope's results.json."""

import json

import jsonschema
import pytest

from grader.report import render
from tests.report.gradescope_schema import SCHEMA
from tests.report.results import result_of


@pytest.mark.parametrize("audience", ["student", "staff"])
def test_it_is_what_gradescope_specifies(lab, audience):
    """Fields and values are those of the specification, and no others."""
    jsonschema.validate(json.loads(render(result_of(lab, audience=audience), "gradescope")), SCHEMA)


def test_points_are_exact_and_tests_add_up(lab):
    """The top-level score is the result's, and the tests' own add up to it, as they do to 100."""
    result = result_of(lab, answers=b"copies: 1\n")
    told = json.loads(render(result, "gradescope"))

    assert told["score"] == result["points"]
    assert sum(test["score"] for test in told["tests"]) == pytest.approx(result["points"], abs=1e-9)
    assert sum(test["max_score"] for test in told["tests"]) == pytest.approx(100, abs=1e-9)


def test_students_see_hidden_scenarios_in_canned_words(lab):
    """A hidden scenario is a visible test without a name: one that Gradescope hides would hide the total too."""
    tests = json.loads(render(result_of(lab), "gradescope"))["tests"]
    (hidden,) = [test for test in tests if test["name"].startswith("hidden")]

    assert {test["visibility"] for test in tests} == {"visible"}
    assert hidden["name"] == "hidden-1"
    assert hidden["output"] == "not passed: the hidden scenario"


def test_staff_names_stay_hidden_from_students(lab):
    """With staff's result a hidden scenario is named, and Gradescope is told to hide it."""
    tests = json.loads(render(result_of(lab, audience="staff"), "gradescope"))["tests"]

    assert [t["visibility"] for t in tests if "secret" in t["name"]] == ["hidden"]


def test_what_could_not_be_graded_is_said(lab):
    """An incomplete result asks for another run."""
    result = {**result_of(lab), "complete": False}

    assert "run it again" in json.loads(render(result, "gradescope"))["output"]
