"""The marks of a quiz sheet, as a result has them: the type that marking, reports and batches share."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class QuestionResult(TypedDict):
    """One question's verdict and points. Points may be below 0 where the quiz has a penalty."""

    id: str
    verdict: str
    points: float
    max_points: float
    feedback: NotRequired[list[str]]


class QuizResult(TypedDict):
    """A marked sheet. `problems`: what of the sheet could not be read, a line each."""

    points: float
    max_points: float
    questions: list[QuestionResult]
    problems: NotRequired[list[str]]
