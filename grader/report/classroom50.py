"""The result as Classroom 50's result.json (`classroom50/result/v1`).

The schema is published in foundation50/classroom50, schemas/result-v1.schema.json. Scores are integers there. Who
handed in, and where, is in the environment that Classroom 50's runner gives to an autograder.
"""

from __future__ import annotations

import datetime
import json
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.errors import InputError
from grader.escape import for_log
from grader.grade.verdicts import PASSED
from grader.points import apportion
from grader.report.sentences import heading, quiz_message, told

if TYPE_CHECKING:
    from grader.grade.result import Result

#: field of the result -> the variables that may hold it, in the order in which they count
_FIELDS = {
    "classroom": ("CLASSROOM",),
    "assignment": ("ASSIGNMENT",),
    "assignment_type": ("ASSIGNMENT_TYPE",),
    "owner": ("OWNER", "USERNAME"),
    "submission": ("SUBMISSION_TAG",),
    "commit": ("COMMIT_URL",),
    "release": ("RELEASE_URL",),
    "review": ("REVIEW_URL", "COMMIT_URL"),
}


#: Types of assignments. The runner and the collector know `team` as well, which the published schema lacked at first.
_KINDS = ("individual", "group", "team")


def render(result: Result) -> str:
    """Return a JSON object, ASCII only. InputError if the runner's environment is not there."""
    fields = _identity()
    score, most = _whole(result["points"], result["max_points"])
    document = {
        "schema": "classroom50/result/v1",
        **fields,
        # The runner replaces it by the time of the graded commit, which no autograder needs to know.
        "datetime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": score,
        "max-score": most,
        "tests": _tests(result, score, most),
    }
    return json.dumps(document, indent=1) + "\n"


def _identity() -> dict[str, str]:
    """Return what the environment says of the submission, checked as far as the schema goes."""
    found = {field: next(filter(None, map(os.environ.get, names)), "") for field, names in _FIELDS.items()}
    missing = [" or ".join(_FIELDS[field]) for field, value in found.items() if not value]
    if missing:
        way_out = "Classroom 50's runner sets it; for a trial, set it yourself"
        raise InputError([f"--format classroom50: {name} is not set in the environment; {way_out}" for name in missing])
    kind, tag = found["assignment_type"], found["submission"]
    problems = []
    if kind not in _KINDS:
        problems.append(f"--format classroom50: ASSIGNMENT_TYPE is {kind!r}; expected one of {', '.join(_KINDS)}")
    if not tag.startswith("submit/"):
        problems.append(f"--format classroom50: SUBMISSION_TAG is {tag!r}; expected a tag that begins with submit/")
    if problems:
        raise InputError(problems)
    return found


def _whole(points: float, most: float) -> tuple[int, int]:
    """Return points and their maximum as integers. Only a submission that earned all points gets the maximum."""
    top = _nearest(most)
    return (top if points == most else max(min(_nearest(points), top - 1), 0)), top


def _nearest(points: float) -> int:
    """Return the nearest integer; a half is rounded up."""
    return int(Fraction(str(points)) + Fraction(1, 2))


def _tests(result: Result, score: int, most: int) -> list[dict[str, Any]]:
    """Return one test per scenario and one for the quiz, which add up to the whole score and maximum.

    Earned and lost points are apportioned separately. So a scenario that passes has all points of its test, and one
    that fails has none.
    """
    scored: list[tuple[str, bool, Any, str]] = [
        (heading(s), s["verdict"] == PASSED, s, told(s)) for s in result["scenarios"]
    ]
    for task in result["tasks"]:
        if task["id"] == "quiz":
            scored.append((task["title"], task["points"] == task["max_points"], task, quiz_message(result)))
    earned = [Fraction(str(one["points"])) for _, _, one, _ in scored]
    lost = [Fraction(str(one["max_points"])) - got for (_, _, one, _), got in zip(scored, earned, strict=True)]
    return [
        {
            "test-name": for_log(name) or "unnamed",
            "passed": passed,
            "score": got,
            "max-score": got + missed,
            "message": "" if passed else for_log(message),
        }
        for (name, passed, _, message), got, missed in zip(
            scored, _integers(score, earned), _integers(most - score, lost), strict=True
        )
    ]


def _integers(total: int, weights: list[Fraction]) -> list[int]:
    """Return integers by weight that add up to a total."""
    return [int(part * 100) for part in apportion(Fraction(total, 100), weights)]
