"""Writes to the person who goes through a practice, and asks for numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from grader.quiz.terminal.markdown import layout

#: Columns of a paragraph: a terminal has 80.
WIDTH = 76


class Terminal(NamedTuple):
    """write shows a line; read(prompt) returns an answer, or is None if nobody is asked."""

    write: Callable[[str], None]
    read: Callable[[str], str] | None

    def say(self, text: str) -> None:
        """Write a paragraph within 80 columns; what it begins with is the indent of all its lines."""
        indent = text[: len(text) - len(text.lstrip())]
        for line in layout(text.strip(), indent, width=WIDTH):
            self.write(line)

    def ask(self, question: str, last: int | None = None) -> int | None:
        """Return a number, from 1 to `last` if that is given; None if nobody answers or is asked."""
        if self.read is None:
            return None
        expected = "a number, such as 0 or 512" if last is None else f"a number from 1 to {last}"
        while answer := self.read(f"   {question} (Enter: skip) ").strip():
            number = int(answer) if answer.isascii() and answer.isdecimal() and len(answer) <= 9 else -1
            if number >= 0 and (last is None or 1 <= number <= last):
                return number
            self.say(f"   Expected {expected}, or just Enter.")
        return None
