"""Mark a sheet: a verdict, points and feedback for each question."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from grader.errors import did_you_mean
from grader.escape import printable
from grader.lab.lab import Lab
from grader.points import rounded
from grader.quiz.keys import Keyed, as_text, keyed, offered
from grader.quiz.marks import ANOTHER_QUIZ, ANOTHER_VARIANT, UNREAD, QuestionResult, QuizResult
from grader.quiz.model import VARIANT, Choice, Question, Quiz
from grader.quiz.variants import mismatch

CORRECT, PARTIAL, WRONG, UNANSWERED, INVALID = "correct", "partial", "wrong", "unanswered", "invalid"

#: A sheet: question id -> answer, as a text or a list of texts.
Sheet = dict[str, str | list[str]]

#: Returns the key of a question: `keyed`, or a marker that works out each key once.
KeyOf = Callable[[Lab, Quiz, Question], Keyed]

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,9})?\Z")
_EMPTY = ("", "~", "null")

#: Names on a sheet that are no questions: so many are shown.
_NAMED = 5


class Mark(NamedTuple):
    """One question's mark. share: the share of its points, at most 1. feedback: sentences for the student, or none."""

    verdict: str
    share: Fraction
    feedback: tuple[str, ...] = ()


def read_sheet(answers: bytes | None, unread: str = "") -> tuple[Sheet, list[str]]:
    """Return the answers on a sheet, and why it cannot be read as a list of one sentence (it then counts as empty).

    unread: why there are no bytes although a sheet was handed in, or ""
    """
    if answers is None:
        return {}, [printable(unread)] if unread else []
    from grader.intake.submission import Refused, read_answers

    try:
        return read_answers(answers), []
    except Refused as refused:
        return {}, [printable(str(refused))]


def variant_of(sheet: Sheet) -> str:
    """Return the seed that a sheet names, or ""."""
    seed = sheet.get(VARIANT, "")
    return seed.strip() if isinstance(seed, str) and seed not in _EMPTY and not unfit(seed) else ""


def unfit(given: object) -> bool:
    """Return True if intake rejected an answer (given twice, or nested). The answer is then the reason."""
    from grader.intake.submission import Unfit

    return isinstance(given, Unfit)


def mark_answers(lab: Lab, quiz: Quiz, sheet: Sheet, reasons: list[str], key_of: KeyOf = keyed) -> QuizResult:
    """Return the marks of a sheet. `reasons`: why it could not be read, from `read_sheet`; empty if it could."""
    problems, doubt = _problems(quiz, sheet, reasons)
    entries = []
    earned = Fraction(0)
    for question in quiz.questions:
        mark = mark_question(lab, quiz, question, sheet.get(question.id), key_of)
        earned += mark.share * question.points
        entry: QuestionResult = {
            "id": question.id,
            "verdict": mark.verdict,
            "points": rounded(mark.share * question.points),
            "max_points": rounded(question.points),
        }
        if mark.feedback:
            entry["feedback"] = [printable(line) for line in mark.feedback]
        entries.append(entry)
    marked: QuizResult = {
        "points": rounded(max(earned, Fraction(0))),
        "max_points": rounded(quiz.points),
        "questions": entries,
    }
    if problems:
        marked["problems"] = problems
    if doubt:
        marked["doubt"] = doubt
    return marked


def _problems(quiz: Quiz, sheet: Sheet, reasons: list[str]) -> tuple[list[str], str]:
    """Return what is wrong with a sheet as a whole, and why a person must look at it, or ""."""
    ids = [question.id for question in quiz.questions]
    names = [id for id in sheet if id != VARIANT]
    strange = [name for name in names if name not in ids]
    another = mismatch(quiz, variant_of(sheet))
    problems = [*reasons, *_strange(strange, len(names), ids), *([another] if another else [])]
    if unfit(sheet.get(VARIANT)):
        problems.append(f"{VARIANT}: {sheet[VARIANT]}")
    if reasons:
        return problems, UNREAD
    if len(strange) == len(names) > 1:
        return problems, ANOTHER_QUIZ
    return problems, ANOTHER_VARIANT if another else ""


def _strange(strange: list[str], count: int, ids: list[str]) -> list[str]:
    """Return what to say of names on a sheet that are not questions; the first of many are named."""
    if len(strange) == count > 1:
        first = printable(strange[0], 80)
        return [f"none of its {count} names ('{first}', ...) is a question of this quiz: is it another lab's sheet?"]
    told = []
    for name in strange[:_NAMED]:
        near = did_you_mean(name[:80], ids)
        told.append(f"the quiz has no question '{printable(name, 80)}'{f'; {near}' if near else ''}")
    more = len(strange) - _NAMED
    return [*told, f"and no question of {more} more names on the sheet"] if more > 0 else told


def mark_question(
    lab: Lab, quiz: Quiz, question: Question, given: str | list[str] | None, key_of: KeyOf = keyed
) -> Mark:
    """Return the mark of one answer. An answer of the wrong kind is `invalid`; its feedback says what is expected."""
    if given is None or is_open(given):
        return Mark(UNANSWERED, Fraction(0))
    if unfit(given):
        return Mark(INVALID, Fraction(0), (str(given),))
    mark = _MARKERS[question.type](question, key_of(lab, quiz, question), given)
    if mark.verdict == WRONG and question.penalty:
        return mark._replace(share=-question.penalty)
    return mark


def is_open(given: str | list[str] | None) -> bool:
    """Return True if the question is not answered."""
    return given is None or given == [] or given in _EMPTY


def _example(question: Question) -> str:
    """Return an answer that fits: what is counted has no half."""
    return "12" if question.tolerance == 0 else "12 or 2.5"


def _invalid(given: str | list[str], accepted: str, near: str = "") -> Mark:
    """Return the mark of an answer that does not fit. near: a question for what was probably meant, or ""."""
    shown = printable(", ".join(given) if isinstance(given, list) else given, 60)
    told = f"'{shown}' is not a valid answer to this question; expected {accepted}"
    return Mark(INVALID, Fraction(0), (f"{told}; {near}" if near else told,))


def _no_list(given: list[str], accepted: str) -> Mark:
    """Return the mark of a list where the question takes one value."""
    shown = printable(", ".join(given), 60)
    told = f"[{shown}] is a list; write one value, without brackets and dashes: {accepted}"
    return Mark(INVALID, Fraction(0), (told,))


def _nearest(words: Iterable[str], choices: Iterable[Choice]) -> str:
    """Return a question for the choices that unknown words are close to, or ""."""
    ids = [choice.id for choice in choices]
    return next(filter(None, (did_you_mean(word[:80], ids) for word in words if word not in ids)), "")


def _ids(choices: Iterable[Choice]) -> str:
    """Return the ids, sorted: in the order of the file they could reveal the key."""
    return ", ".join(sorted(choice.id for choice in choices))


def _named(choice: Choice) -> str:
    """Return a choice by its text: a student at a terminal does not see its id."""
    return " ".join(choice.text.split()).removesuffix(".")


def _told(*feedback: str) -> tuple[str, ...]:
    return tuple(sentence for sentence in feedback if sentence)


def _single(question: Question, keys: Keyed, given: str | list[str]) -> Mark:
    choices = offered(question, keys)
    choice = next((c for c in choices if c.id == given), None)
    if choice is None:
        ids = ", ".join(c.id for c in choices) if question.offers_computed else _ids(choices)
        if isinstance(given, list):
            return _no_list(given, f"one of {ids}")
        # Figures that look alike are not close.
        return _invalid(given, f"one of {ids}", "" if question.offers_computed else _nearest([given], choices))
    return Mark(CORRECT if choice.right else WRONG, Fraction(bool(choice.right)), (choice.why,))


def _multiple(question: Question, keys: Keyed, given: str | list[str]) -> Mark:
    """Mark with (right chosen - wrong chosen) / right ones, at least 0."""
    key = keys.key
    assert isinstance(key, set)
    chosen = [given] if isinstance(given, str) else given
    unknown = [id for id in chosen if id not in {c.id for c in question.choices}]
    if unknown or len(set(chosen)) != len(chosen):
        accepted = f"a list of one or more of {_ids(question.choices)}, each once"
        return _invalid(given, accepted, _nearest(unknown, question.choices))
    right, wrong = len(key.intersection(chosen)), len(set(chosen) - key)
    if set(chosen) == key:
        return Mark(CORRECT, Fraction(1), tuple(f"{_named(c)}: {c.why}" for c in question.choices if c.id in key))
    share = max(Fraction(right - wrong, len(key)), Fraction(0))
    why = tuple(f"{_named(c)}: {c.why}" for c in question.choices if c.id in chosen and c.id not in key)
    missing = len(key) - right
    told = (f"{missing} right choice{'s are' if missing > 1 else ' is'} missing",) if missing else ()
    return Mark(PARTIAL if share else WRONG, share, why + told)


def _number(question: Question, keys: Keyed, given: str | list[str]) -> Mark:
    accepted = f"a number{f' of {question.unit}' if question.unit else ''}, such as {_example(question)}"
    if isinstance(given, list):
        return _no_list(given, accepted)
    if not _NUMBER.match(given.strip()):
        return _invalid(given, accepted)
    value = Fraction(given.strip())
    if isinstance(keys.key, Fraction) and abs(value - keys.key) <= question.tolerance:
        return Mark(CORRECT, Fraction(1), _told(question.why))
    return Mark(WRONG, Fraction(0), tuple(keys.wrong.get(as_text(value), ())))


def _text(question: Question, keys: Keyed, given: str | list[str]) -> Mark:
    if not isinstance(given, str):
        return _no_list(given, "a word or two")
    assert isinstance(keys.key, tuple)
    if normal(given) in map(normal, keys.key):
        return Mark(CORRECT, Fraction(1), _told(question.why))
    reasons = next((why for wrong, why in keys.wrong.items() if normal(wrong) == normal(given)), ())
    return Mark(WRONG, Fraction(0), tuple(reasons))


def normal(text: str) -> str:
    """Normalize a short answer: lower case, no quotes or full stop around it, single blanks, `-` as a blank."""
    return " ".join(text.casefold().replace("-", " ").strip(" \t\n`'\".").split())


def _order(question: Question, keys: Keyed, given: str | list[str]) -> Mark:
    key = keys.key
    assert isinstance(key, list)
    if not isinstance(given, list) or sorted(given) != sorted(key):
        near = _nearest(given if isinstance(given, list) else [given], question.choices)
        return _invalid(given, f"a list of all of {_ids(question.choices)}, in order", near)
    if given == key:
        why = {c.id: c.why for c in question.choices}
        return Mark(CORRECT, Fraction(1), tuple(f"{n}. {why[id]}" for n, id in enumerate(key, 1)))
    place = next(n for n, (mine, right) in enumerate(zip(given, key, strict=True), 1) if mine != right)
    before = ("Place", "The first is right; place", f"The first {place - 1} are right; place")[min(place, 3) - 1]
    taken = next(c for c in question.choices if c.id == given[place - 1])
    return Mark(WRONG, Fraction(0), (f"{before} {place} is wrong: {_named(taken)}. {taken.why}",))


def _match(question: Question, keys: Keyed, given: str | list[str]) -> Mark:
    """Mark with the share of pairs that are right."""
    key = keys.key
    assert isinstance(key, dict)
    pairs: dict[str, str] = {}
    for item in given if isinstance(given, list) else ():
        id, _, answer = item.partition("=")
        pairs[id.strip()] = answer.strip()
    words = sorted(set(map(normal, key.values())))
    known = all(normal(answer) in words for answer in pairs.values())
    if not known or pairs.keys() != key.keys() or len(given) != len(pairs):
        form = f"a list with one `id = answer` for each of {_ids(question.choices)}"
        near = _nearest(pairs, question.choices)
        return _invalid(given, f"{form}; answers: {', '.join(sorted(set(key.values())))}", near)
    wrong = [c for c in question.choices if normal(pairs[c.id]) != normal(key[c.id])]
    if not wrong:
        return Mark(CORRECT, Fraction(1), tuple(f"{_named(c)}: {c.why}" for c in question.choices))
    share = Fraction(len(key) - len(wrong), len(key))
    return Mark(PARTIAL if share else WRONG, share, tuple(f"{_named(c)}: wrong match. {c.why}" for c in wrong))


_MARKERS: dict[str, Callable[[Question, Keyed, str | list[str]], Mark]] = {
    "single": _single,
    "multiple": _multiple,
    "number": _number,
    "text": _text,
    "order": _order,
    "match": _match,
}
