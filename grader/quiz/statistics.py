"""Work out what a class answered: how many are right in each question, which wrong answers they give, and whether a
question tells strong from weak sheets.

Only sheets with at least one answer count. An open question on such a sheet counts as not right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple, TypedDict

from grader.escape import printable
from grader.lab.lab import Lab
from grader.quiz.keys import Keyed, counted, keyed, offered
from grader.quiz.marking import CORRECT, INVALID, UNANSWERED, KeyOf, Sheet, is_open, mark_question, normal, unfit
from grader.quiz.marks import QuizResult
from grader.quiz.model import Question, Quiz

#: Sheets below which no discrimination is shown: with fewer, a single sheet decides its sign.
ENOUGH = 10

#: Wrong answers of a question that are kept, most frequent first.
NAMED = 3

#: Characters of an answer and of its reason.
SHOWN = 300


class Chosen(NamedTuple):
    """A wrong answer: the answer in words, and why somebody gives it ("" if nobody wrote that down)."""

    answer: str
    why: str


class Marked(NamedTuple):
    """A sheet with its marks. wrong: question id -> the wrong answers on the sheet."""

    marks: QuizResult
    wrong: dict[str, list[Chosen]]


class WrongAnswer(TypedDict):
    """A wrong answer of a class, and how many sheets have it."""

    answer: str
    why: str
    count: int


class QuestionStatistics(TypedDict):
    """The statistics of one question.

    answered        sheets on which the question is not open
    right           sheets with all of its points
    discrimination  from -1 to 1 (see `discrimination`), None where it is undefined
    """

    id: str
    answered: int
    right: int
    wrong: list[WrongAnswer]
    discrimination: float | None


class QuizStatistics(TypedDict):
    """The statistics of a quiz. sheets: how many have at least one answer."""

    sheets: int
    questions: list[QuestionStatistics]


def quiz_statistics(sheets: Sequence[Marked]) -> QuizStatistics:
    """Return the statistics of a class's sheets, which are all of the same quiz."""
    used = [sheet for sheet in sheets if any(q["verdict"] != UNANSWERED for q in sheet.marks["questions"])]
    ids = [question["id"] for question in used[0].marks["questions"]] if used else []
    return {"sheets": len(used), "questions": [_question(n, id, used) for n, id in enumerate(ids)]}


def _question(n: int, id: str, sheets: Sequence[Marked]) -> QuestionStatistics:
    verdicts = [sheet.marks["questions"][n]["verdict"] for sheet in sheets]
    own = [sheet.marks["questions"][n]["points"] for sheet in sheets]
    rest = [
        sum(q["points"] for q in sheet.marks["questions"]) - points for sheet, points in zip(sheets, own, strict=True)
    ]
    # A set for each sheet: an answer counts once even where it is part of several.
    wrong = Counter(chosen for sheet in sheets for chosen in set(sheet.wrong.get(id, ())))
    common = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))[:NAMED]
    return {
        "id": id,
        "answered": sum(verdict != UNANSWERED for verdict in verdicts),
        "right": verdicts.count(CORRECT),
        "wrong": [{"answer": chosen.answer, "why": chosen.why, "count": count} for chosen, count in common],
        "discrimination": discrimination(own, rest),
    }


def discrimination(own: Sequence[float], rest: Sequence[float]) -> float | None:
    """Return the corrected point-biserial correlation of a question; None where it is undefined.

    own   points of each sheet in the question
    rest  points of the same sheets in all other questions, so that the question is not compared with itself

        r = sum((x - mean x) * (y - mean y)) / sqrt(sum((x - mean x)^2) * sum((y - mean y)^2))

    For a question that is right or wrong this equals (M1 - M0) / s * sqrt(p * q), where M1 and M0 are the means of the
    rest for sheets that have the question right and wrong, s is the standard deviation of the rest, p the share of
    right sheets and q = 1 - p. Source: Henrysson, "Correction of item-total correlations in item analysis",
    Psychometrika 28 (1963), 211-218. It is undefined where all sheets have equal points in the question, or in the
    rest; for fewer than ENOUGH sheets it says nothing.
    """
    count = len(own)
    if count < ENOUGH:
        return None
    mean_own, mean_rest = sum(own) / count, sum(rest) / count
    own_square = sum((x - mean_own) ** 2 for x in own)
    rest_square = sum((y - mean_rest) ** 2 for y in rest)
    if own_square < 1e-9 or rest_square < 1e-9:
        return None
    together = sum((x - mean_own) * (y - mean_rest) for x, y in zip(own, rest, strict=True))
    return round(max(-1.0, min(together / sqrt(own_square * rest_square), 1.0)), 2)


def wrong_answers(lab: Lab, quiz: Quiz, sheet: Sheet, key_of: KeyOf = keyed) -> dict[str, list[Chosen]]:
    """Return the wrong answers on a sheet: question id -> answers. Open and invalid ones are left out."""
    found = {}
    for question in quiz.questions:
        given = sheet.get(question.id)
        if given is None or is_open(given) or unfit(given):
            continue
        mark = mark_question(lab, quiz, question, given, key_of)
        if mark.verdict not in (CORRECT, INVALID):
            found[question.id] = [_shortened(one) for one in _chosen(question, key_of(lab, quiz, question), given)]
    return found


def _shortened(chosen: Chosen) -> Chosen:
    answer, why = (printable(" ".join(text.split()), SHOWN) for text in chosen)
    return Chosen(answer.removesuffix("."), why)


def _chosen(question: Question, keys: Keyed, given: str | list[str]) -> list[Chosen]:
    """Return what is wrong in an answer that was marked as wrong or partly right."""
    listed = [given] if isinstance(given, str) else given
    key = keys.key
    if question.type in ("single", "multiple"):
        right = key if isinstance(key, set) else set()
        choices = [c for c in offered(question, keys) if c.id in listed and c.id not in right and c.right is not True]
        return [Chosen(choice.text, choice.why) for choice in choices]
    if isinstance(key, list):
        place = next(n for n, (mine, right_one) in enumerate(zip(listed, key, strict=True)) if mine != right_one)
        choice = next(c for c in question.choices if c.id == listed[place])
        return [Chosen(f"place {place + 1}: {choice.text}", choice.why)]
    if isinstance(key, dict):
        pairs = [(id.strip(), answer.strip()) for id, _, answer in (item.partition("=") for item in listed)]
        return [Chosen(f"{id} = {answer}", "") for id, answer in pairs if normal(answer) != normal(key[id])]
    value = listed[0].strip()
    reasons = next((why for wrong, why in keys.wrong.items() if normal(wrong) == normal(value)), [])
    return [Chosen(counted(value, question.unit), " ".join(reasons))]
