"""The marks of a quiz sheet in a result: the types that marking, reports and batches share."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class QuestionResult(TypedDict):
    """One question's verdict and points. Points may be negative if the quiz has a penalty."""

    id: str
    verdict: str
    points: float
    max_points: float
    feedback: NotRequired[list[str]]


class QuizResult(TypedDict):
    """A marked sheet. `problems`: what could not be read of the sheet, one line each."""

    points: float
    max_points: float
    questions: list[QuestionResult]
    problems: NotRequired[list[str]]
