"""Reads the tables that a course brings along: gradebooks, rosters and overrides, as CSV.

They come from several platforms and from spreadsheets in several languages, so the separator is found (comma, semicolon
or tab, or what Excel's `sep=` line says), and UTF-16 with its mark is read as well as UTF-8. What could be understood
in two ways is refused: two columns of one name, a row that is longer than the header, and 1,000 for a number.
"""

from __future__ import annotations

import codecs
import csv
import io
import pathlib
import re
from collections.abc import Sequence

from grader.batch.columns import KNOWN
from grader.errors import InputError
from grader.escape import printable

#: Bytes of a file. A gradebook of some thousand students has a tenth of this.
SIZE_LIMIT = 64 << 20
_CHUNK = 1 << 20

Rows = list[list[str]]

_NAMES = frozenset(name for names in KNOWN.values() for name in names)

#: A number with a decimal point or comma, and perhaps separators of thousands.
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")

#: A thousand for some, and one for others. Nobody writes thousands after a zero.
_TWO_MEANINGS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")


def read_table(path: pathlib.Path) -> Rows:
    """Return the rows of a CSV file, the header first. InputError if it cannot be read."""
    try:
        data = bytearray()
        with path.open("rb") as file:
            # Not in one go: Python would make room for the whole limit first.
            while len(data) <= SIZE_LIMIT and (more := file.read(_CHUNK)):
                data += more
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    if len(data) > SIZE_LIMIT:
        raise InputError([f"{path}: it has more than {SIZE_LIMIT >> 20} MiB; is it the right file?"])
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError([f"{path}:{line}: this is not UTF-8; export it as CSV in UTF-8"]) from None
    return rows_of(text, str(path))


def rows_of(text: str, shown: str) -> Rows:
    """Return the rows of a CSV text: the header, then rows of the same width. A blank line is an empty row.

    InputError, with `shown` as the file's name, if it is something else or could be misread.
    """
    text = text.removeprefix("\ufeff")
    separator, text = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: Rows = []
    begun = 1  # the line on which the row that is read begins
    try:
        for row in reader:
            rows.append(row)
            begun = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            told = "a quote that opens in this row is never closed; close it, or remove it"
            raise InputError([f"{shown}:{begun}: {told}"]) from None
        raise InputError([f"{shown}:{reader.line_num}: this is not a CSV file ({error}); export it again"]) from None
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise InputError([f"{shown}: the file is empty, or its first line is"])
    _refuse_double_columns(rows[0], shown)
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if any(cell.strip() for cell in row[width:]):
            raise InputError([f"{shown}: row {number} has {len(row)} cells, the header {width}; export it again"])
    return [(row + [""] * width)[:width] if row else [] for row in rows]


def _separator(text: str) -> tuple[str, str]:
    """Return what separates cells, and the text without a line that only says so."""
    told = re.match(r"sep=([,;\t])\r?\n", text)
    if told:
        return told[1], text[told.end() :]
    header = re.sub(r'"(?:[^"]|"")*"', "", text[:10_000]).split("\n", 1)[0]
    return max(",;\t", key=header.count), text


def _refuse_double_columns(header: Sequence[str], shown: str) -> None:
    """InputError if two columns have one name that means something here: one of them would be ignored."""
    folded = [cell.strip().casefold() for cell in header]
    double = next((cell for cell in folded if cell in _NAMES and folded.count(cell) > 1), "")
    if double:
        raise InputError([f"{shown}:1: two columns are called {printable(double, 60)!r}; remove or rename one"])


def read_number(text: str) -> float | None:
    """Return a number with a decimal point or comma; None for any other text. ValueError for one like 1,000."""
    plain = text.strip()
    mark = max(plain.rfind("."), plain.rfind(","))
    whole, decimals = (plain[:mark], plain[mark + 1 :]) if mark >= 0 else (plain, "0")
    digits = re.sub(r"[.,]", "", whole)
    if _TWO_MEANINGS.fullmatch(plain):
        one, thousand = f"{digits}.{decimals.rstrip('0') or '0'}", f"{digits}{decimals}"
        raise ValueError(f"{plain!r} can mean {one} or {thousand}; write it in one of these ways")
    return float(f"{digits}.{decimals}") if _NUMBER.fullmatch(plain) else None
