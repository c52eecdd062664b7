"""Helpers for QTI 1.2 and 2.1: content as Markdown, numbers, and the exception for unsupported questions."""

from __future__ import annotations

import html
import re

from grader.quiz.exchange.html_text import markdown_of
from grader.quiz.exchange.notes import Report
from grader.quiz.exchange.xml_tree import Node

FIGURE = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,12})?\Z")

_BASES = ("$IMS-CC-FILEBASE$/", "%24IMS-CC-FILEBASE%24/", "IMS-CC-FILEBASE/")


class LeftOut(Exception):
    """A question cannot be imported; the text is the reason."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def as_markdown(text: str, node: Node, report: Report) -> str:
    """Return an HTML text as Markdown, and report what is lost."""
    for base in _BASES:
        text = text.replace(base, "")
    # Our own export puts this invisible character before text that text2qti would read as its own syntax.
    text, unknown = markdown_of(text.replace("\u200b", ""))
    if unknown:
        report.lose(node.line, f"only the text is kept of these HTML elements: {', '.join(unknown)}")
    return text


def content(node: Node, report: Report, without: tuple[str, ...] = ()) -> str:
    """Return the content of an element as Markdown, without elements of these names."""
    return as_markdown(_serialized(node, without), node, report)


def _serialized(node: Node, without: tuple[str, ...]) -> str:
    """Return the content of an element as HTML."""
    parts = []
    for part in node.parts:
        if isinstance(part, str):
            parts.append(html.escape(part, quote=False))
        elif part.name not in without:
            shown = "".join(f' {key}="{html.escape(part.get(key))}"' for key in ("src", "alt") if part.get(key))
            end = "" if part.name in ("img", "br") else f"</{part.name}>"
            parts.append(f"<{part.name}{shown}>{_serialized(part, without)}{end}")
    return "".join(parts)
