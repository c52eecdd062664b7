"""A question in the form that all formats share: no lab, no scenario, and the key computed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from grader.lab.lab import Lab
from grader.quiz.exchange.limits import SIZE_LIMIT
from grader.quiz.exchange.notes import ImportFailed, Note, too_large
from grader.quiz.keys import Keyed, as_text, keyed
from grader.quiz.model import VARIANT, Choice, Question, Quiz, Right
from grader.quiz.terminal.feedback import Teller

#: The reason used if a file gives none.
NO_REASON = "No reason was given where this question comes from."


class Option(NamedTuple):
    """One choice, as files of other formats have it."""

    text: str
    right: Right
    why: str = ""
    id: str = ""


class Item(NamedTuple):
    """kind: one of the quiz's types.

    answers  the accepted answers of number (one) and text
    wrong    wrong answers of number and text -> why
    why      feedback shown to everybody afterwards
    """

    id: str
    kind: str
    text: str
    options: tuple[Option, ...] = ()
    answers: tuple[str, ...] = ()
    wrong: dict[str, str] = {}  # noqa: RUF012 - never changed
    tolerance: Fraction = Fraction(0)
    unit: str = ""
    why: str = ""
    points: Fraction = Fraction(1)
    section: str = ""


def items_of(lab: Lab, quiz: Quiz) -> list[Item]:
    """Return the questions of a quiz in its variant, with their keys. InputError if a key cannot be computed."""
    teller = Teller(lab, quiz)
    return [_item(question, teller.choices(question), keyed(lab, quiz, question)) for question in quiz.questions]


def _item(question: Question, choices: Iterable[Choice], keys: Keyed) -> Item:
    """Return a question as an item. `choices` are in display order: in the file, the right one may always be first."""
    options = tuple(Option(c.text, c.right, c.why, c.id) for c in choices)
    answers: tuple[str, ...] = ()
    if isinstance(keys.key, Fraction):
        answers = (as_text(keys.key),)
    elif isinstance(keys.key, tuple):
        answers = keys.key
    return Item(
        question.id,
        question.type,
        question.text,
        options,
        answers,
        {given: " ".join(reasons) for given, reasons in keys.wrong.items() if reasons} if answers else {},
        question.tolerance,
        question.unit,
        question.why if answers else "",
        question.points,
        question.section,
    )


def decoded(data: bytes, name: str) -> str:
    """Decode an untrusted file. ImportFailed if it is too large or not UTF-8."""
    if len(data) > SIZE_LIMIT:
        raise ImportFailed(f"{name}: more than {SIZE_LIMIT >> 10} KiB; split the file into smaller ones")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFailed(f"{name}: not UTF-8 (byte {error.start})") from None
    if "\0" in text:
        raise ImportFailed(f"{name}: contains a null byte; not a text file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def slug(text: str, taken: dict[str, int], words: int = 4) -> str:
    """Return a short id made from a text, and mark it as taken.

    taken  taken id -> the last number appended to it, so that a thousand equal names need no more than a thousand
           attempts
    """
    ascii_ = unicodedata.normalize("NFKD", text[:400]).encode("ascii", "ignore").decode().lower()
    base = "-".join(re.findall(r"[a-z0-9]+", ascii_)[:words])[:40].strip("-") or "question"
    base = f"{base}-1" if base == VARIANT else base
    id, number = base, taken.get(base, 0)
    while id in taken:
        number += 1
        id = f"{base}-{number}"
    taken[base] = max(number, 1)
    taken.setdefault(id, 1)
    return id


def reasons(options: Iterable[Option]) -> list[str]:
    """Return a line for each option that has a reason, for formats that hold only one feedback."""
    return [f"- *{_flat(option.text)}*: {_flat(option.why)}" for option in options if option.why]


def with_reasons(options: Iterable[Option], feedback: str) -> tuple[Option, ...]:
    """Return the options with the reasons that `reasons` wrote into a feedback; the others get the rest of it."""
    told: dict[str, str] = {}
    rest: list[str] = []
    for line in feedback.splitlines():
        text, mark, why = line.strip()[3:].partition("*: ")
        if line.strip().startswith("- *") and text and mark and why:
            told[_flat(text)] = why
        else:
            rest.append(line)
    general = "\n".join(rest).strip() or NO_REASON
    return tuple(option._replace(why=told.get(_flat(option.text), general)) for option in options)


def joined(told: str, general: str) -> str:
    """Combine two feedbacks into one; that of the answer comes first."""
    return "\n\n".join(part for part in dict.fromkeys((told, general)) if part)


def _flat(text: str) -> str:
    return " ".join(text.split())


def checked(item: Item, name: str, line: int) -> tuple[Item | None, list[Note]]:
    """Repair an imported choice question; return None if that is impossible."""
    notes: list[Note] = []
    options: dict[str, Option] = {}
    for option in item.options:
        twin = options.setdefault(_flat(option.text), option)
        if twin is option:
            continue
        if twin.right == option.right:
            notes.append(Note(name, line, f"the choice {_short(option.text)} appears twice; one was removed"))
        else:
            message = f"the choice {_short(option.text)} appears twice, once right and once wrong; left out"
            return None, [*notes, Note(name, line, message, True)]
    kept = tuple(options.values())
    if item.kind in ("single", "multiple") and not any(option.right for option in kept):
        return None, [*notes, Note(name, line, "no answer is marked as right; left out", True)]
    if len(kept) < 2:
        return None, [*notes, Note(name, line, "fewer than two choices; left out", True)]
    if item.kind == "match" and len({option.right for option in kept}) < 2:
        return None, [*notes, Note(name, line, "all choices have the same match; left out", True)]
    # A general feedback is copied to each choice, which could turn a small file into a large one.
    large = too_large(name, line, sum(len(option.why) for option in kept) // 4)
    return (None, notes + large) if large else (item._replace(options=kept), notes)


def _short(text: str) -> str:
    text = _flat(text)
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
