"""What is wrong with a quiz sheet as a whole, in every format that a student sees."""

import itertools
import json

import jsonschema
import pytest

from grader.language import speaking
from grader.report import FORMATS, github, render
from grader.report.json_result import SCHEMA
from tests.marks import proofs_except
from tests.report.results import result_of

#: Sheets, and what every report says of them.
SHEETS = {
    "latin": ("who: ma\xeetre\n".encode("latin-1"), "the sheet is not UTF-8"),
    "utf-16": ("who: writer\n".encode("utf-16"), "the sheet is not UTF-8"),
    "tab": (b"copies: 1\nwho:\n\t- writer\n", "line 3: this is not YAML"),
    "bracket": (b"who: [writer\ncopies: 1\n", "this is not YAML"),
    "list": (b"- writer\n", "a sheet is a mapping of questions to answers"),
    "misspelt": (b"whoo: writer\n", "did you mean"),
    "strange": (b"tlb: 1\nflush: 2\n", "is it another lab"),
}


PAIRS = list(itertools.product(FORMATS, SHEETS))


@pytest.mark.parametrize("pair", proofs_except(PAIRS[::3], PAIRS), ids="-".join)
def test_every_format_says_why_a_sheet_earns_nothing(lab, pair):
    """Whatever is wrong with it. A sheet that is not read is not said to be unanswered."""
    form, sheet = pair
    data, words = SHEETS[sheet]
    result = result_of(lab, answers=data)
    told = " ".join(render(result, form).split())

    assert words in told
    if result["quiz"].get("doubt") == "unread" and form != "json":
        assert "unanswered" not in told.replace('"verdict": "unanswered"', "") and "not read" in told
    jsonschema.validate(result, json.loads(SCHEMA.read_text()))


def test_the_summary_for_github_says_it_too(lab):
    """The job summary, and the test of the quiz that Classroom shows."""
    result = result_of(lab, answers=b"a: [")

    assert "Quiz sheet not read: line 2: this is not YAML" in github.summary(result)
    assert "Quiz sheet not read" in github.classroom(result)["tests"][-1]["message"]


def test_a_good_sheet_has_no_such_sentence(lab):
    """Nor has a missing one, which is unanswered."""
    for answers in (b"who: writer\n", None):
        assert "sheet" not in render(result_of(lab, answers=answers), "markdown").lower()


def test_german_feedback_has_german_sentences(lab):
    """The reasons stay English, as those of refusals do."""
    result = result_of(lab, answers=b"a: [")
    with speaking("de"):
        told = render(result, "markdown")

    assert "(nicht gelesen)" in told and "Der Quizbogen wurde nicht gelesen: line 2" in told
