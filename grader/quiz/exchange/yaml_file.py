"""Items as a quiz of ours: the YAML that the loader reads."""

from __future__ import annotations

import json
import re
import textwrap

from grader.quiz.exchange.item import NO_REASON, Item, Option, slug
from grader.quiz.keys import as_text
from grader.quiz.sheet_writer import WORDS, quoted

WIDTH = 110

#: A text that may stand folded over several lines: no line breaks, no double blanks, nothing unseen, no odd ends.
_FOLDABLE = re.compile(r"(?! )[\x20-\x7e\xa1-\xac\xae-\u02af‘’“”–—…]+(?<! )\Z")


#: What needs no quotes: it begins with a letter, and has no sign that means something.
_SENTENCE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;()'/_?!-]*\Z")

#: What `quoted` leaves bare because it is a number, and a text must not be.
_NUMBER_LIKE = re.compile(r"-?[0-9.]+\Z")

#: A line that may stand in a block as it is.
_LITERAL = re.compile(r"(?:[\x20-\x7e\xa1-\xac\xae-\u02af‘’“”–—…]*[\x21-\x7e\xa1-\xac\xae-\u02af‘’“”–—…])?\Z")


def write(items: list[Item], title: str) -> str:
    """The text of quizzes/NAME.yaml."""
    lines = ["format: 1", f"title: {_string(title)}", "questions:"]
    for item in items:
        lines += _item(item)
    return "\n".join(lines).rstrip("\n") + "\n"


def _string(text: str) -> str:
    """A text in one line: as it is where every YAML reader sees that text in it, else in quotes."""
    if _SENTENCE.match(text) and not text.endswith(" ") and text.lower() not in WORDS:
        return text
    return quoted(text) if not _NUMBER_LIKE.match(text) else json.dumps(text)


def _id(text: str) -> str:
    return f"'{text}'" if text[0].isdigit() or text in WORDS else text


def _item(item: Item) -> list[str]:
    lines = [f"  - id: {_id(item.id)}", f"    type: {item.kind}", f"    points: {as_text(item.points)}"]
    for key, value in (("section", item.section), ("unit", item.unit)):
        lines += [f"    {key}: {_string(value)}"] if value else []
    lines += _text("text", item.text, 4)
    if item.kind in ("number", "text"):
        lines += _answer(item)
    else:
        lines.append("    choices:")
        taken: dict[str, int] = {}
        for option in item.options:
            lines += _option(item.kind, option, taken)
    return [*lines, ""]


def _answer(item: Item) -> list[str]:
    answers = ", ".join(map(quoted if item.kind == "number" else _string, item.answers))
    lines = [f"    answer: {answers}" if len(item.answers) == 1 else f"    answer: [{answers}]"]
    if item.tolerance:
        lines.append(f"    tolerance: {as_text(item.tolerance)}")
    lines += _text("why", item.why, 4) if item.why else []
    if item.wrong:
        lines.append("    distractors:")
        for value, why in item.wrong.items():
            lines += [
                f"      - value: {quoted(value) if item.kind == 'number' else _string(value)}",
                *_text("why", why, 8),
            ]
    return lines


def _option(kind: str, option: Option, taken: dict[str, int]) -> list[str]:
    id = slug(option.id or option.text, taken, 3)
    right = _string(option.right) if kind == "match" else str(option.right).lower()
    return [
        f"      - id: {_id(id)}",
        *_text("text", option.text, 8),
        f"        right: {right}",
        *_text("why", option.why or NO_REASON, 8),
    ]


def _text(key: str, text: str, indent: int) -> list[str]:
    """A field with a text: in one line, folded, as a block, or quoted, whichever reads best and loses nothing."""
    before = " " * indent
    short = _string(text)
    if len(before) + len(key) + 2 + len(short) <= WIDTH and "\n" not in text:
        return [f"{before}{key}: {short}"]
    inner = " " * (indent + 2)
    if _FOLDABLE.match(text) and "  " not in text:
        wrapped = textwrap.wrap(text, WIDTH - len(inner), break_long_words=False, break_on_hyphens=False)
        return [f"{before}{key}: >-", *(inner + line for line in wrapped)]
    lines = text.split("\n")
    if lines[0] and lines[0][0] != " " and lines[-1] and all(map(_LITERAL.match, lines)):
        return [f"{before}{key}: |-", *((inner + line).rstrip() for line in lines)]
    return [f"{before}{key}: {short}"]
