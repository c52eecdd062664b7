"""Reads the CSV files of a course: rosters, gradebooks and overrides, as spreadsheets and platforms write them."""

from __future__ import annotations

import csv
import io
import pathlib

from grader.errors import InputError

#: Bytes of a file. A gradebook of some thousand students has a tenth of this.
SIZE_LIMIT = 64 << 20

Rows = list[list[str]]


def read_table(path: pathlib.Path) -> Rows:
    """Return the rows of a CSV file. InputError if it cannot be read, or is something else."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    if len(data) > SIZE_LIMIT:
        raise InputError([f"{path}: it has more than {SIZE_LIMIT >> 20} MiB; is it the right file?"])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError([f"{path}:{line}: this is not UTF-8; export it as CSV in UTF-8"]) from None
    return rows_of(text, str(path))


def rows_of(text: str, shown: str) -> Rows:
    """Return the rows of a CSV text. InputError, with `shown` as the file's name, if it is something else.

    Cells are separated by commas, or by what spreadsheets write instead: semicolons where a comma is the decimal sign.
    """
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise InputError([f"{shown}:{reader.line_num}: this is not a CSV file ({error})"]) from None
