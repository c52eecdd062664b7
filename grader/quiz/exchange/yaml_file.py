"""Write items as a forklab quiz: the YAML that the loader reads."""

from __future__ import annotations

import re
import textwrap

from grader.formats.yaml_writer import sentence, word, word_or_number
from grader.quiz.exchange.item import NO_REASON, Item, Option, slug
from grader.quiz.keys import as_text

WIDTH = 110

#: A text that can be folded over several lines: no line breaks, double blanks, invisible characters or outer blanks.
_FOLDABLE = re.compile(r"(?! )[\x20-\x7e\xa1-\xac\xae-\u02af‘’“”–—…]+(?<! )\Z")

#: A line that can be written in a block unchanged.
_LITERAL = re.compile(r"(?:[\x20-\x7e\xa1-\xac\xae-\u02af‘’“”–—…]*[\x21-\x7e\xa1-\xac\xae-\u02af‘’“”–—…])?\Z")


def write(items: list[Item], title: str) -> str:
    """Return the text of quizzes/NAME.yaml."""
    lines = ["format: 1", f"title: {sentence(title)}", "questions:"]
    for item in items:
        lines += _item(item)
    return "\n".join(lines).rstrip("\n") + "\n"


def _item(item: Item) -> list[str]:
    lines = [f"  - id: {word(item.id)}", f"    type: {item.kind}", f"    points: {as_text(item.points)}"]
    for key, value in (("section", item.section), ("unit", item.unit)):
        lines += [f"    {key}: {sentence(value)}"] if value else []
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
    write_answer = word_or_number if item.kind == "number" else word
    answers = ", ".join(map(write_answer, item.answers))
    lines = [f"    answer: {answers}" if len(item.answers) == 1 else f"    answer: [{answers}]"]
    if item.tolerance:
        lines.append(f"    tolerance: {as_text(item.tolerance)}")
    lines += _text("why", item.why, 4) if item.why else []
    if item.wrong:
        lines.append("    distractors:")
        for value, why in item.wrong.items():
            lines += [
                f"      - value: {write_answer(value)}",
                *_text("why", why, 8),
            ]
    return lines


def _option(kind: str, option: Option, taken: dict[str, int]) -> list[str]:
    id = slug(option.id or option.text, taken, 3)
    right = sentence(str(option.right)) if kind == "match" else str(option.right).lower()
    return [
        f"      - id: {word(id)}",
        *_text("text", option.text, 8),
        f"        right: {right}",
        *_text("why", option.why or NO_REASON, 8),
    ]


def _text(key: str, text: str, indent: int) -> list[str]:
    """Return a text field on one line, folded, as a block or quoted, whichever reads best and loses nothing."""
    before = " " * indent
    short = sentence(text)
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
