"""A sheet against a quiz: a verdict, points and feedback for each question."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple

from grader.lab import Lab
from grader.text import plain

from .keys import key_of
from .questions import Question, Quiz

CORRECT, PARTIAL, WRONG, UNANSWERED, INVALID = "correct", "partial", "wrong", "unanswered", "invalid"

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?\Z")


class Mark(NamedTuple):
    """One question's mark. share: of its points, 0 to 1. feedback: sentences for the student, perhaps none."""

    verdict: str
    share: Fraction
    feedback: tuple[str, ...] = ()


def mark_sheet(lab: Lab, quiz: Quiz, answers: bytes | None) -> dict[str, Any]:
    """The marks as plain values: points, max_points, questions; `problems` names what on the sheet fits nothing."""
    from grader.worker.intake import Refused, read_answers

    problems: list[str] = []
    sheet: dict[str, str | list[str]] = {}
    if answers is not None:
        try:
            sheet = read_answers(answers)
        except Refused as refused:
            problems.append(plain(str(refused)))
    known = {question.id for question in quiz.questions}
    problems += [f"there is no question {plain(id, 80)!r}" for id in sheet if id not in known]
    entries = []
    earned = Fraction(0)
    for question in quiz.questions:
        mark = mark_question(lab, quiz, question, sheet.get(question.id))
        earned += mark.share * question.points
        entry: dict[str, Any] = {
            "id": question.id,
            "verdict": mark.verdict,
            "points": _rounded(mark.share * question.points),
            "max_points": _rounded(question.points),
        }
        if mark.feedback:
            entry["feedback"] = [plain(line) for line in mark.feedback]
        entries.append(entry)
    total = sum((question.points for question in quiz.questions), Fraction(0))
    marked: dict[str, Any] = {"points": _rounded(earned), "max_points": _rounded(total), "questions": entries}
    if problems:
        marked["problems"] = problems
    return marked


def _rounded(points: Fraction) -> float | int:
    value = round(float(points), 2)
    return int(value) if value == int(value) else value


def mark_question(lab: Lab, quiz: Quiz, question: Question, given: str | list[str] | None) -> Mark:
    """The mark of one answer; an answer of the wrong kind is `invalid`, with what would be accepted."""
    if given is None or given in ("", [], "~", "null"):
        return Mark(UNANSWERED, Fraction(0))
    key = key_of(lab, quiz, question)
    return _MARKERS[question.type](question, key, given)


def _invalid(given: Any, accepted: str) -> Mark:
    shown = plain(str(given), 60)
    return Mark(INVALID, Fraction(0), (f"{shown!r} is no answer to this question; accepted is {accepted}",))


def _ids(question: Question) -> str:
    return ", ".join(choice.id for choice in question.choices)


def _single(question: Question, key: set[str], given: Any) -> Mark:
    choice = next((c for c in question.choices if c.id == given), None)
    if choice is None:
        return _invalid(given, f"one of {_ids(question)}")
    right = given in key
    return Mark(CORRECT if right else WRONG, Fraction(right), (choice.why,))


def _multiple(question: Question, key: set[str], given: Any) -> Mark:
    chosen = [given] if isinstance(given, str) else given
    unknown = [id for id in chosen if id not in {c.id for c in question.choices}]
    if unknown or len(set(chosen)) != len(chosen):
        return _invalid(given, f"a list of some of {_ids(question)}, each once")
    right, wrong = len(key.intersection(chosen)), len(set(chosen) - key)
    if set(chosen) == key:
        return Mark(CORRECT, Fraction(1), tuple(c.why for c in question.choices if c.id in key))
    share = max(Fraction(right - wrong, len(key)), Fraction(0))
    why = tuple(f"{c.id}: {c.why}" for c in question.choices if c.id in chosen and c.id not in key)
    missing = len(key) - right
    told = (f"{missing} right choice{'s are' if missing > 1 else ' is'} missing",) if missing else ()
    return Mark(PARTIAL if share else WRONG, share, why + told)


def _number(question: Question, key: Fraction, given: Any) -> Mark:
    if not isinstance(given, str) or not _NUMBER.match(given.strip()):
        return _invalid(given, f"a number{f' of {question.unit}' if question.unit else ''}")
    right = abs(Fraction(given.strip()) - key) <= question.tolerance
    return Mark(CORRECT if right else WRONG, Fraction(right))


def _text(question: Question, key: str, given: Any) -> Mark:
    if not isinstance(given, str):
        return _invalid(given, "a word or two")
    right = _normal(given) == _normal(key)
    return Mark(CORRECT if right else WRONG, Fraction(right))


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def _order(question: Question, key: list[str], given: Any) -> Mark:
    if not isinstance(given, list) or sorted(given) != sorted(key):
        return _invalid(given, f"a list of all of {_ids(question)}, in order")
    if given == key:
        return Mark(CORRECT, Fraction(1), tuple(c.why for c in question.choices))
    place = next(n for n, (mine, right) in enumerate(zip(given, key, strict=True), 1) if mine != right)
    return Mark(WRONG, Fraction(0), (f"the first {place - 1} are right; place {place} is not",))


def _match(question: Question, key: dict[str, str], given: Any) -> Mark:
    pairs: dict[str, str] = {}
    for item in given if isinstance(given, list) else ():
        id, _, answer = item.partition("=")
        pairs[id.strip()] = answer.strip()
    if not isinstance(given, list) or pairs.keys() != key.keys() or len(given) != len(pairs):
        return _invalid(given, f"a list with one `id = answer` for each of {_ids(question)}")
    wrong = [c for c in question.choices if _normal(pairs[c.id]) != _normal(key[c.id])]
    if not wrong:
        return Mark(CORRECT, Fraction(1), tuple(c.why for c in question.choices))
    share = Fraction(len(key) - len(wrong), len(key))
    return Mark(PARTIAL if share else WRONG, share, tuple(f"{c.id} is something else: {c.why}" for c in wrong))


_MARKERS: dict[str, Any] = {
    "single": _single,
    "multiple": _multiple,
    "number": _number,
    "text": _text,
    "order": _order,
    "match": _match,
}
