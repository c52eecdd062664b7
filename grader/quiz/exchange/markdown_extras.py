"""The comment in our Markdown that holds what the format cannot: type, points, unit, section.

    <!-- forklab: {"type": "number", "values": ["4", "8"], "unit": "pages", "tolerance": "0.5"} -->

Other readers of the format ignore the comment, and see a number or text question as a choice.
"""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

from grader.quiz.exchange.item import Item
from grader.quiz.exchange.limits import CHOICE_LIMIT
from grader.quiz.exchange.notes import Report
from grader.quiz.keys import as_text

_POINTS = re.compile(r"\d{1,6}(?:\.\d{1,6})?\Z")
_FIGURE = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?\Z")

#: Characters allowed in a text of this comment.
_LENGTH = 200


def write_extras(item: Item, values: list[str]) -> list[str]:
    """Return the lines of the comment; none if the rest of the file holds everything."""
    extras: dict[str, object] = {} if item.kind in ("single", "multiple") else {"type": item.kind}
    if values:
        extras["values"] = values
    if item.answers[1:]:
        extras["also"] = list(item.answers[1:])
    extras.update((key, value) for key, value in (("unit", item.unit), ("section", item.section)) if value)
    if item.tolerance:
        extras["tolerance"] = as_text(item.tolerance)
    if item.points != 1:
        extras["points"] = as_text(item.points)
    # Two hyphens would end a comment in HTML, and > ends it in some readers.
    text = json.dumps(extras).replace("--", "-\\u002d").replace(">", "\\u003e")
    return [f"<!-- forklab: {text} -->", ""] if extras else []


def read_extras(comments: list[tuple[int, str]], report: Report) -> dict[str, object]:
    """Return the contents of a question's comments; report what is not valid."""
    extras: dict[str, Any] = {}
    for line, text in comments:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            report.lose(line, "this forklab comment is not a JSON object and is left out")
            continue
        for key, value in found.items():
            reader = _READERS.get(key)
            read = reader(value) if reader is not None else None
            if read is None:
                report.lose(line, f"{key[:40]!r} in this forklab comment is unknown or not valid; left out")
            else:
                extras[key] = read
    if extras.get("type") == "number":
        figures = [*extras.get("values", []), *extras.get("also", [])]
        if not all(map(_FIGURE.match, figures)) or extras.get("also"):
            report.lose(comments[-1][0], "the values in this forklab comment are not numbers; they are left out")
            extras.pop("values", None)
        extras["values"] = [as_text(Fraction(value)) for value in extras.get("values", [])]
    return extras


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value.strip()) <= _LENGTH and "\0" not in value else None


def _texts(value: Any) -> list[str] | None:
    ok = isinstance(value, list) and len(value) <= CHOICE_LIMIT and all(_text(one) is not None for one in value)
    return value if ok else None


def _points(value: object) -> Fraction | None:
    return Fraction(value) if isinstance(value, str) and _POINTS.match(value) else None


def _type(value: object) -> str | None:
    return value if value in ("order", "number", "text") else None


_READERS = {
    "type": _type,
    "values": _texts,
    "also": _texts,
    "unit": _text,
    "section": _text,
    "tolerance": _points,
    "points": _points,
}
