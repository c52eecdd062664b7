"""QTI 1.2, as Canvas imports it: a zip, written by text2qti from the text that it reads.

text2qti is not needed for anything else and is installed with `pip install 'forklab[exchange]'`.
"""

from __future__ import annotations

import re
from fractions import Fraction

from grader.lab import LabError

from .item import Item, Option

#: Beginnings of lines that text2qti would take for something of its own; a backslash is no help, a zero-width sign is.
_MARK = re.compile(
    r"(?m)^([ \t]*)(?=(?:\d|\*|\*?[a-zA-Z]\)|\[[ *]?\]|\.\.\.|[+\-!=%]|___|\^\^\^|GROUP|END_GROUP|COMMENT|END_COMMENT"
    r"|(?:[Tt]itle|[Pp]oints|[Tt]ext|[Tt]ext [Tt]itle|[Qq]uiz \w{1,20}|[Pp]ick):))"
)
_FIRST = " " * 4


def write(items: list[Item], title: str) -> tuple[bytes, list[str]]:
    """The zip, and what it cannot hold. LabError if text2qti is not there."""
    try:
        from text2qti.config import Config  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from text2qti.qti import QTI  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from text2qti.quiz import Quiz  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        wanted = "QTI is written by text2qti, which is not installed; pip install 'forklab[exchange]'"
        raise LabError([wanted]) from None
    text, lost = source(items, title)
    # Config() alone: load() would make a file in the user's home.
    return QTI(Quiz(text, config=Config(), source_name="quiz")).zip_bytes(), lost


def source(items: list[Item], title: str) -> tuple[str, list[str]]:
    """The text for text2qti, and what QTI 1.2 cannot hold."""
    lost: list[str] = []
    lines = [f"Quiz title: {' '.join(title.split())}", "Shuffle answers: true", ""]
    number = 0
    for item in items:
        if item.kind in ("match", "order"):
            lost.append(f"{item.id}: left out, because text2qti writes nothing like `{item.kind}`")
            continue
        number += 1
        lines += [f"Title: {item.id}", f"Points: {_points(item, lost)}"]
        lines += _marked(f"{number}.  ", item.text)
        lines += _answers(item, lost)
        lines.append("")
        lost += [f"{item.id}: its {what}" for what, there in (("unit", item.unit), ("section", item.section)) if there]
    return "\n".join(lines) + "\n", lost


def _points(item: Item, lost: list[str]) -> str:
    """Whole or half points, above 0."""
    halves = max(round(item.points * 2), 1)
    if Fraction(halves, 2) != item.points:
        lost.append(f"{item.id}: its points became {halves / 2:g}; whole and half ones are accepted")
    return f"{halves // 2}" if halves % 2 == 0 else f"{halves / 2}"


def _marked(mark: str, text: str) -> list[str]:
    """A mark, then a text whose further lines stand below its beginning."""
    safe = _MARK.sub(lambda match: match.group(1) + "\u200b", text.strip("\n").replace("$", "\\$"))
    first, *rest = safe.splitlines() or [""]
    indent = " " * len(mark)
    return [f"{mark}{first.lstrip()}", *(f"{indent}{line}".rstrip() for line in rest)]


def _answers(item: Item, lost: list[str]) -> list[str]:
    if item.kind == "single":
        return _single(item.options)
    if item.kind == "multiple":
        return _multiple(item.options)
    lines = _marked("... ", " ".join(item.why.split())) if item.why else []
    if item.wrong:
        lost.append(f"{item.id}: the reasons of wrong answers")
    if item.kind == "number" and Fraction(item.answers[0]):
        spread = f" +- {float(item.tolerance):g}" if item.tolerance else ""
        whole = spread or "." not in item.answers[0]
        return [*lines, f"= {item.answers[0]}{spread}" if whole else f"= {item.answers[0]} +- 0.0001"]
    if item.kind == "number":
        lost.append(f"{item.id}: has become a word, because text2qti writes no number that is 0")
    return [*lines, *(f"* {answer}" for answer in item.answers)]


def _single(options: tuple[Option, ...]) -> list[str]:
    lines: list[str] = []
    for n, option in enumerate(options):
        letter = chr(ord("a") + n)
        lines += _marked(f"{'*' if option.right else ''}{letter}) ", option.text)
        lines += _marked("... ", " ".join(option.why.split())) if option.why else []
    return lines


def _multiple(options: tuple[Option, ...]) -> list[str]:
    lines: list[str] = []
    for option in options:
        lines += _marked("[*] " if option.right else "[ ] ", option.text)
        lines += _marked("... ", " ".join(option.why.split())) if option.why else []
    return lines
