"""Gradebooks that a course downloaded, filled in: Canvas's export, Moodle's offline worksheet, Moodle's participants.

Canvas (lib/gradebook_importer.rb): identity columns first, the last of which is Section; an assignment is found by the
number in brackets; a second row may hold Points Possible. Moodle's worksheet (assignfeedback_offline): Identifier,
Grade and Last modified (grade) must be there, and other columns stay. Moodle's gradebook import: any columns, but one
unknown user cancels the whole import, so only the course's own list of users is filled.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.escape import for_csv
from grader.points import points, rounded

Entry = dict[str, Any]
Batch = dict[str, Any]
Row = list[str]


class Filled(NamedTuple):
    """A gradebook to be uploaded: the file's name, its text, how many rows were filled, and who stands in no row.

    unmatched: ids of submissions; with the name behind it where a group's others stand in rows.
    """

    name: str
    text: str
    filled: int
    unmatched: list[str]


class Gradebook(NamedTuple):
    """A gradebook that was downloaded: its rows, and what fills it."""

    rows: list[Row]
    filler: Callable[[list[Row], Batch], Filled]

    def fill(self, batch: Batch) -> Filled:
        """The gradebook with a batch's points in it."""
        return self.filler(self.rows, batch)


def read_gradebook(text: str, shown: str) -> Gradebook:
    """A gradebook of whichever kind its header says. InputError if it is none of them."""
    rows = _read(text, shown)
    header = [cell.strip() for cell in rows[0]]
    if "Identifier" in header and "Grade" in header:
        return Gradebook(rows, _worksheet)
    if any("Section" in cell for cell in header) and ("Student" in header[0] or "ID" in header):
        return Gradebook(rows, _canvas)
    if any(_moodle_key(cell) for cell in header):
        return Gradebook(rows, _participants)
    accepted = (
        "a Canvas gradebook (Student, ID, …, Section), a Moodle grading worksheet (Identifier, …, Grade), or a list of "
        "Moodle participants (Email address, ID number or Username)"
    )
    columns = ", ".join(header[:8])
    raise InputError([f"{shown}:1: columns {columns}: this is no gradebook that is known; known are {accepted}"])


def _read(text: str, shown: str) -> list[Row]:
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    except csv.Error as error:
        raise InputError([f"{shown}: this is no CSV file ({error})"]) from None
    if len(rows) < 2:
        raise InputError([f"{shown}: there is no row in it; export it again"])
    width = len(rows[0])
    return [(row + [""] * width)[:width] for row in rows]


def _written(rows: list[Row]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def grade(entry: Entry, most: float | None = None) -> str:
    """Points with two decimals, scaled to another maximum if there is one; "" for what is not graded in full yet."""
    if not entry["complete"]:
        return ""
    scaled = entry["points"] if most is None else entry["points"] * most / (entry["max_points"] or 1)
    return f"{rounded(scaled):.2f}"  # spreadsheets line up two decimals


def feedback(entry: Entry, batch: Batch) -> str:
    """One line for the student: points by task, and the receipt."""
    if entry["refused"]:
        return for_csv(f"refused: {entry['refused']}")
    tasks = "; ".join(f"{t['title']}: {points(entry['tasks'].get(t['id'], 0))}" for t in batch["tasks"])
    total = f"{points(entry['points'])} of {points(entry['max_points'])} points"
    return for_csv(f"{total}. {tasks}. Receipt {entry['receipt'][7:19]}")


def people(entry: Entry) -> list[dict[str, Any]]:
    """Everybody who handed a submission in, each with label, email and number: one, or a group."""
    return [entry, *entry["others"]]


class _Who:
    """Finds the submission of a row, by what the row and somebody who handed it in have in common."""

    def __init__(self, batch: Batch) -> None:
        self.entries = batch["submissions"]
        self.met: set[tuple[str, int]] = set()
        self.known: dict[tuple[str, str], tuple[Entry, int]] = {}
        for entry in self.entries:
            # Gradescope's number is the submission's: a student who happens to have it is somebody else.
            own = ("id",) if entry["system"] == "gradescope" else ("user", "id")
            self._know(own, entry, entry, 0)
            for place, person in enumerate(people(entry)):
                self._know(("email", "number", "label"), person, entry, place)

    def _know(self, keys: tuple[str, ...], person: dict[str, Any], entry: Entry, place: int) -> None:
        for key in keys:
            value = str(person[key]).strip().casefold()
            if value:
                self.known.setdefault((key, value), (entry, place))

    def find(self, *pairs: tuple[str, str]) -> Entry | None:
        """The entry of the first (key, value) that is known."""
        for key, value in pairs:
            found = self.known.get((key, value.strip().casefold()))
            if found is not None:
                entry, place = found
                self.met.add((entry["id"], place))
                return entry
        return None

    def unmatched(self) -> list[str]:
        """Those who stand in no row: a submission's id, or who of a group whose others were found."""
        told = []
        for entry in self.entries:
            group = people(entry)
            missing = [person for place, person in enumerate(group) if (entry["id"], place) not in self.met]
            if len(missing) == len(group):
                told.append(entry["id"])
            else:
                told += [f"{entry['id']} ({one['label'] or one['email'] or one['number']})" for one in missing]
        return told


# -- Canvas ---------------------------------------------------------------------------------------------------


def _canvas(rows: list[Row], batch: Batch) -> Filled:
    header = rows[0]
    identity = max(n for n, cell in enumerate(header) if "Section" in cell) + 1
    column = next((n for n, cell in enumerate(header) if n >= identity and _names(cell, batch)), None)
    title = header[column] if column is not None else batch["title"]
    out = [[*header[:identity], title]]
    who, filled = _Who(batch), 0
    for row in rows[1:]:
        cells = dict(zip((cell.strip() for cell in header), row, strict=True))
        if "points possible" in row[0].casefold():
            out.append([*row[:identity], row[column] if column is not None else "100"])
            continue
        login = cells.get("SIS Login ID", "")
        entry = who.find(
            ("user", cells.get("ID", "")),
            ("number", cells.get("SIS User ID", "")),
            ("id", cells.get("SIS User ID", "")),
            ("email", login),
            ("id", login),
            ("user", login),
            ("label", row[0]),
        )
        filled += entry is not None
        # The name is the student's own text; Canvas goes by the ids.
        out.append([for_csv(row[0]), *row[1:identity], grade(entry) if entry is not None else ""])
    return Filled("canvas.csv", _written(out), filled, who.unmatched())


def _names(cell: str, batch: Batch) -> bool:
    """Whether a column is this lab's assignment: `Title (12345)`, or the lab's name."""
    title = re.sub(r"\(\d+\)\s*$", "", cell).strip().casefold()
    return title in (batch["title"].casefold(), batch["lab"].casefold())


# -- Moodle ---------------------------------------------------------------------------------------------------


def _worksheet(rows: list[Row], batch: Batch) -> Filled:
    header = [cell.strip() for cell in rows[0]]
    identifier, graded = header.index("Identifier"), header.index("Grade")
    maximum = header.index("Maximum Grade") if "Maximum Grade" in header else None
    comments = header.index("Feedback comments") if "Feedback comments" in header else None
    email = header.index("Email address") if "Email address" in header else None
    out, who, filled = [rows[0]], _Who(batch), 0
    for row in rows[1:]:
        participant = re.sub(r"\D", "", row[identifier])
        entry = who.find(("user", participant), ("email", row[email] if email is not None else ""))
        row = list(row)
        if entry is not None:
            filled += 1
            row[graded] = grade(entry, _number(row[maximum]) if maximum is not None else None)
            if comments is not None and row[graded]:
                row[comments] = feedback(entry, batch)
        out.append(row)
    return Filled("moodle-worksheet.csv", _written(out), filled, who.unmatched())


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _moodle_key(column: str) -> str:
    """What a column of Moodle's list of participants is; "" if it is no identity."""
    known = {"email address": "email", "email": "email", "id number": "number", "idnumber": "number"}
    known["username"] = "user"
    return known.get(column.strip().casefold(), "")


def _participants(rows: list[Row], batch: Batch) -> Filled:
    """The file for Moodle's gradebook import: users of the course alone, and only those with a grade."""
    header = [cell.strip() for cell in rows[0]]
    keys = [n for n, cell in enumerate(header) if _moodle_key(cell)]
    names = [header.index(cell) for cell in ("First name", "Last name") if cell in header]
    out = [[*(header[n] for n in keys), f"{batch['title']} grade", f"{batch['title']} feedback"]]
    who, filled = _Who(batch), 0
    for row in rows[1:]:
        pairs = [(_moodle_key(header[n]), row[n]) for n in keys]
        pairs += [("id", value) for _, value in pairs] + [("user", value) for _, value in pairs]
        entry = who.find(*pairs, ("label", " ".join(row[n].strip() for n in names)))
        # Feedback without a grade would wipe the grade.
        if entry is not None and grade(entry):
            filled += 1
            out.append([*(row[n] for n in keys), grade(entry), feedback(entry, batch)])
    return Filled("moodle-import.csv", _written(out), filled, who.unmatched())
