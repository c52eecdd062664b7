"""Notes of a reader on a file: everything that it repaired, was unsure about or left out, with file and line."""

from __future__ import annotations

from typing import NamedTuple

from grader.quiz.exchange.limits import CHOICE_LIMIT, COUNT_LIMIT, NOTE_LIMIT, TEXT_LIMIT


class Note(NamedTuple):
    """A note on a line. lost: True if the question, or a part of it, was left out."""

    name: str
    line: int
    message: str
    lost: bool = False

    def __str__(self) -> str:
        return f"{self.name}:{self.line}: {self.message}"


class ImportFailed(Exception):
    """A file that cannot be read at all."""


class Report:
    """The notes on one file, or on one of its questions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.notes: list[Note] = []

    def warn(self, line: int, message: str) -> None:
        """Report something that was repaired or reinterpreted."""
        self.notes.append(Note(self.name, line, message))

    def lose(self, line: int, message: str) -> None:
        """Report something that was left out."""
        self.notes.append(Note(self.name, line, message, True))


def too_large(name: str, line: int, size: int, answers: int = 0) -> list[Note]:
    """Return a note if a question exceeds the limits on characters or answers; it is then left out."""
    out = "; the question is left out: shorten or split it"
    if size > TEXT_LIMIT:
        return [Note(name, line, f"{size} characters; the limit per question is {TEXT_LIMIT}{out}", True)]
    if answers > CHOICE_LIMIT:
        return [Note(name, line, f"{answers} answers; the limit per question is {CHOICE_LIMIT}{out}", True)]
    return []


def too_many(name: str, line: int) -> Note:
    """Return the note that a file has too many questions."""
    return Note(
        name, line, f"more than {COUNT_LIMIT} questions; this one and the rest are left out: split the file", True
    )


def limited(notes: list[Note]) -> list[Note]:
    """Return the first notes on a file, and the number of further ones."""
    if len(notes) <= NOTE_LIMIT:
        return notes
    rest = notes[NOTE_LIMIT:]
    more = f"{len(rest)} more problems from here on are not shown; fix the ones above first"
    return [*notes[:NOTE_LIMIT], Note(rest[0].name, rest[0].line, more, any(note.lost for note in rest))]
