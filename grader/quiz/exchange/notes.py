"""What a reader reports about a file: everything that it repaired, doubted or left out, with file and line."""

from __future__ import annotations

from typing import NamedTuple

from grader.quiz.exchange.limits import CHOICE_LIMIT, COUNT_LIMIT, NOTE_LIMIT, TEXT_LIMIT


class Note(NamedTuple):
    """A remark on a line. lost: True if the question, or a part of it, was left out."""

    name: str
    line: int
    message: str
    lost: bool = False

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.message}"


class ImportFailed(Exception):
    """A file that cannot be read at all."""


class Report:
    """The remarks on one file, or on one question of it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.notes: list[Note] = []

    def warn(self, line: int, message: str) -> None:
        """Report what was repaired or is taken in another sense."""
        self.notes.append(Note(self.name, line, message))

    def lose(self, line: int, message: str) -> None:
        """Report what was left out."""
        self.notes.append(Note(self.name, line, message, True))


def too_large(name: str, line: int, size: int, answers: int = 0) -> list[Note]:
    """Return a remark if a question has more characters or answers than a question may have; it is then left out."""
    out = "; the question is left out: shorten it, or make several of it"
    if size > TEXT_LIMIT:
        return [Note(name, line, f"{size} characters; at most {TEXT_LIMIT} are accepted in a question{out}", True)]
    if answers > CHOICE_LIMIT:
        return [Note(name, line, f"{answers} answers; at most {CHOICE_LIMIT} are accepted in a question{out}", True)]
    return []


def too_many(name: str, line: int) -> Note:
    """Return the remark that a file has more questions than are accepted."""
    return Note(
        name, line, f"more than {COUNT_LIMIT} questions; this one and the rest are left out: split the file", True
    )


def limited(notes: list[Note]) -> list[Note]:
    """Return the first of the remarks on a file, and how many more there are."""
    if len(notes) <= NOTE_LIMIT:
        return notes
    rest = notes[NOTE_LIMIT:]
    more = f"from here on {len(rest)} more remarks on this file, which are not shown: correct those above first"
    return [*notes[:NOTE_LIMIT], Note(rest[0].name, rest[0].line, more, any(note.lost for note in rest))]
