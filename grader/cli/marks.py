"""Turn the marks of a quiz into an exit status or a result; shared by the quiz commands."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from grader.lab.lab import QUIZ_TASK, Lab
from grader.quiz.marks import QuizResult

if TYPE_CHECKING:
    from grader.grade.result import Result
    from grader.sandbox.isolation import Isolation


def exit_status(marked: QuizResult) -> int:
    """Return 0 if all points are earned and nothing on the sheet is wrong, else 1."""
    return 0 if marked["points"] == marked["max_points"] and "problems" not in marked else 1


def result(lab: Lab, marked: QuizResult, name: str, data: bytes, options: argparse.Namespace) -> Result:
    """Return the marks in the form of a `grader run` result that has only the quiz task and no scenarios."""
    import hashlib

    from grader.grade.result_builder import ResultBuilder

    isolation: Isolation = {"wanted": "auto", "got": "none", "missing": {}}
    digest = hashlib.sha256(data).hexdigest()
    whole = ResultBuilder(lab, [], marked, None).build(name, digest, isolation, options.audience)
    whole["tasks"] = [task for task in whole["tasks"] if task["id"] == QUIZ_TASK]
    whole["only"] = QUIZ_TASK
    return whole
