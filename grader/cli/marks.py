"""The marks of a quiz, as the commands end with them."""

from __future__ import annotations

import argparse
from typing import Any

from grader.lab.lab import QUIZ_TASK, Lab


def exit_status(marked: dict[str, Any]) -> int:
    """0 if all points are earned and nothing on the sheet is wrong, else 1."""
    return 0 if marked["points"] == marked["max_points"] and "problems" not in marked else 1


def result(lab: Lab, marked: dict[str, Any], name: str, data: bytes, options: argparse.Namespace) -> dict[str, Any]:
    """The marks as a result of `grader run` has them: the quiz's task alone, no scenarios."""
    import hashlib

    from grader.grade.results import Result

    isolation = {"wanted": "auto", "got": "none", "missing": {}}
    digest = hashlib.sha256(data).hexdigest()
    whole = Result(lab, [], marked, None).build(name, digest, isolation, options.audience)
    whole["tasks"] = [task for task in whole["tasks"] if task["id"] == QUIZ_TASK]
    whole["only"] = QUIZ_TASK
    return whole
