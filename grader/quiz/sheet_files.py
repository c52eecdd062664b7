"""A sheet on disk: read it with care, and update it without losing a line."""

from __future__ import annotations

import os
import pathlib
import re

from grader.errors import InputError
from grader.quiz.marking import Sheet, read_sheet
from grader.quiz.sheet_writer import entry

#: Bytes to read of a sheet; intake rejects a larger one.
LIMIT = 1 << 17


def read_bytes(path: pathlib.Path) -> bytes:
    """Return the beginning of a regular file. InputError if it is not one, or cannot be read."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            if not path.is_file():
                raise InputError([f"{path}: not a regular file"])
            return file.read(LIMIT)
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None


def updated(text: str, sheet: Sheet, id: str, empty: str) -> str:
    """Return a sheet's text with one answer changed and everything else, such as comments, kept.

    If that is not possible, return `empty`, a newly written sheet."""
    line = entry(id, sheet[id])
    pattern = re.compile(rf"^{re.escape(id)}[ \t]*:[^\n]*(?:\n(?:[ \t]+[^\n]*|-[^\n]*))*", re.MULTILINE)
    if pattern.search(text):
        new = pattern.sub(lambda match: line, text, count=1)
    else:
        new = f"{text.rstrip()}\n{line}\n".lstrip("\n")
    read, problems = read_sheet(new.encode("utf-8", "replace"))
    same = {key: value for key, value in read.items() if value not in ("", [])}
    wanted = {key: value for key, value in sheet.items() if value not in ("", [])}
    return new if same == wanted and not problems else empty
