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


#: Why a person must look at a sheet: it cannot be read, it names another variant than the student's own, or it answers
#: another quiz.
UNREAD, ANOTHER_VARIANT, ANOTHER_QUIZ = "unread", "another variant", "another quiz"


class QuizResult(TypedDict):
    """A marked sheet.

    problems  what is wrong with the sheet as a whole, one line each
    doubt     UNREAD, ANOTHER_VARIANT or ANOTHER_QUIZ; absent if nobody has to look at the sheet
    """

    points: float
    max_points: float
    questions: list[QuestionResult]
    problems: NotRequired[list[str]]
    doubt: NotRequired[str]


def unread(quiz: QuizResult) -> bool:
    """Return True if the sheet could not be read: nothing is known of its answers, and `problems` has the reason."""
    return quiz.get("doubt") == UNREAD
