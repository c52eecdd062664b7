"""Sheets on disk: read one, or a folder of them, with care, and update one without losing a line."""

from __future__ import annotations

import os
import pathlib
import re
from typing import NamedTuple

from grader.errors import InputError
from grader.quiz.marking import Sheet, read_sheet
from grader.quiz.sheet_writer import entry

#: Bytes to read of a sheet; intake rejects a larger one.
LIMIT = 1 << 17

#: Maximum number of sheets in one folder.
COUNT_LIMIT = 5000


class Found(NamedTuple):
    """A sheet found in a folder. data: its bytes; problem: why it could not be read, or ""."""

    name: str
    data: bytes
    problem: str = ""


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


def find_sheets(folder: pathlib.Path) -> list[Found]:
    """Return the sheets of a folder, NAME.yaml (or .yml) and NAME/answers.yaml, without links. InputError if none."""
    found = []
    for path in sorted(folder.iterdir()):
        inner = path / "answers.yaml"
        if path.suffix in (".yaml", ".yml") and (path.is_symlink() or not path.is_dir()):
            found.append(_found(path.stem, path))
        elif not path.is_symlink() and path.is_dir() and inner.exists():
            found.append(_found(path.name, inner))
    if not found:
        raise InputError([f"{folder}: no sheets found; expected NAME.yaml or NAME/answers.yaml"])
    if len(found) > COUNT_LIMIT:
        raise InputError([f"{folder}: {len(found)} sheets; the limit is {COUNT_LIMIT} at once"])
    return found


def _found(name: str, path: pathlib.Path) -> Found:
    if path.is_symlink():
        return Found(name, b"", "symbolic links are not followed")
    try:
        return Found(name, read_bytes(path))
    except InputError as error:
        return Found(name, b"", error.problems[0].rpartition(": ")[2])


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
