"""Read Aiken, the simplest format of Moodle: choices with one right answer and no reasons.

What is copied by the first write after fork?
A. one page
B) the whole address space
ANSWER: A
"""

from __future__ import annotations

import re

from grader.quiz.exchange.images import image_notes
from grader.quiz.exchange.item import NO_REASON, Item, Option, checked, decoded, slug
from grader.quiz.exchange.limits import COUNT_LIMIT
from grader.quiz.exchange.notes import Note, Report, limited, too_large, too_many

_OPTION = re.compile(r"[ \t]{0,9}([A-Za-z])[.)][ \t]{1,9}")
_ANSWER = re.compile(r"[ \t]{0,9}ANSWER[ \t]{0,9}:[ \t]{0,9}([A-Za-z])[ \t]{0,9}\Z")


def looks_like(text: str) -> bool:
    """Return True if a line of a text is `ANSWER: X`, which no other format has."""
    return any(_ANSWER.match(line) for line in text.split("\n"))


def read(data: bytes, name: str) -> tuple[list[Item], list[Note]]:
    """Return the questions of a file, and notes. ImportFailed if it is not text."""
    reader = _Reader(name)
    for number, line in enumerate(decoded(data, name).split("\n"), 1):
        if len(reader.items) == COUNT_LIMIT and line.strip():
            reader.report.notes.append(too_many(name, number))
            return reader.items, limited(reader.report.notes)
        reader.line(number, line)
    reader.begin("it has no `ANSWER: X` below its choices")
    return reader.items, limited(reader.report.notes)


class _Reader:
    """Reads line by line: text, then choices, then the answer."""

    def __init__(self, name: str) -> None:
        self.report = Report(name)
        self.items: list[Item] = []
        self.taken: dict[str, int] = {}
        self.first = 0
        self.text: list[str] = []
        self.options: list[tuple[str, str]] = []

    def line(self, number: int, line: str) -> None:
        answer = _ANSWER.match(line)
        option = _OPTION.match(line)
        if option and not self.text and not self.options and option.group(1) != "A":
            option = None  # a question that begins with a letter, such as "I. Newton"
        if answer:
            self.answer(number, answer.group(1).upper())
        elif option:
            self.first = self.first or number
            self.options.append((option.group(1).upper(), line[option.end() :].strip()))
        elif line.strip() and self.options:
            letter, text = self.options[-1]
            self.report.warn(number, f"this line has no letter; it was read as part of choice {letter}")
            self.options[-1] = (letter, f"{text}\n{line.strip()}")
        elif line.strip():
            self.first = self.first or number
            self.text.append(line.strip())

    def answer(self, number: int, letter: str) -> None:
        if not self.options or not self.text:
            self.report.lose(number, "this answer belongs to no question; left out")
        elif len(dict(self.options)) < len(self.options):
            self.report.lose(number, "two choices have the same letter; left out")
        elif letter not in dict(self.options):
            letters = ", ".join(given for given, _ in self.options)[:80]
            self.report.lose(number, f"the answer is {letter}, but the choices are {letters}; left out")
        else:
            self.finish(letter)
        self.begin()

    def finish(self, right: str) -> None:
        text = "\n".join(self.text)
        size = len(text) + sum(len(option) for _, option in self.options)
        large = too_large(self.report.name, self.first, size, len(self.options))
        self.report.notes += large
        if large:
            return
        options = tuple(Option(option, letter == right, NO_REASON) for letter, option in self.options if option)
        if len(options) < len(self.options):
            self.report.lose(self.first, "an empty choice is left out")
        item, notes = checked(Item("", "single", text, options), self.report.name, self.first)
        self.report.notes += notes
        if item is not None:
            self.report.notes += image_notes(item, self.report.name, self.first)
            self.items.append(item._replace(id=slug(text, self.taken, 8)))

    def begin(self, unfinished: str = "") -> None:
        """Start a new question; report the previous one if it is incomplete."""
        if unfinished and self.first:
            self.report.lose(self.first, f"{unfinished}; left out")
        self.first, self.text, self.options = 0, [], []
