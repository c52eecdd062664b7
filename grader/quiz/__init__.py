"""Quizzes: questions in YAML, keys that the reference computes, sheets of answers, marks."""

from __future__ import annotations

from typing import Any

from grader.lab import Lab


def mark(lab: Lab, answers: bytes | None) -> dict[str, Any]:
    """The marks of a sheet, as in a result: points, max_points, questions. `answers` are the sheet's bytes, or None.

    LabError if the quiz itself is wrong; nothing that a sheet holds makes this fail.
    """
    from .marking import mark_sheet
    from .questions import load_quiz

    quiz = load_quiz(lab)
    return mark_sheet(lab, quiz, answers)
