"""Gradebooks that a course downloaded, filled in: Canvas's export, Moodle's offline worksheet, Moodle's participants.

Canvas (lib/gradebook_importer.rb): identity columns first, the last of which is Section; an assignment is found by the
number in brackets; a row may hold Points Possible. Moodle's worksheet (assignfeedback_offline): Identifier, Grade and
Last modified (grade) must be there, and other columns stay. Moodle's gradebook import: any columns, but one unknown
user cancels the whole import, so only the course's own list of users is filled.

A row without a submission stays as it was: both systems take an emptied cell for a change.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from grader.batch.accounting import Account, account
from grader.batch.columns import column, participant_number
from grader.batch.csv_table import read_number
from grader.batch.identity import CANVAS_ID, EMAIL, LOGIN, NAME, NUMBER, PARTICIPANT, Entry, key, keys
from grader.batch.late import days_late
from grader.batch.matching import Match, Row, match
from grader.errors import InputError
from grader.escape import for_csv, printable
from grader.language import say
from grader.points import points, rounded
from grader.quiz.marks import UNREAD
from grader.report.class_result import is_late
from grader.report.sentences import sheet_lines

Batch = dict[str, Any]
Cells = list[str]

_CANVAS_IDS = ("ID", "SIS User ID", "SIS Login ID")

_KINDS = (
    "a Canvas gradebook (Student, ID, …, Section), a Moodle grading worksheet (Identifier, …, Grade), or a list of "
    "Moodle participants (Email address, ID number or Username)"
)


#: Names of the files that are filled in, without their ending; a second one of a kind gets a number.
CANVAS, WORKSHEET, IMPORT = KINDS = "canvas", "moodle-worksheet", "moodle-import"


#: What the file of a filled gradebook is called.
FILE = re.compile(rf"(?:{'|'.join(KINDS)})(?:-\d+)?\.csv")


class Filled(NamedTuple):
    """A gradebook to be uploaded: the file's name, its text, and what became of every row."""

    name: str
    text: str
    account: Account


class Gradebook(NamedTuple):
    """A gradebook that was downloaded: its rows, the assignment's column in it, if it has one, and what fills it.

    mine  the column for the points of students' own scenarios; None if there is none
    """

    rows: list[Cells]
    filler: Callable[[list[Cells], Batch, int, int | None], Filled]
    column: int
    mine: int | None = None

    def fill(self, batch: Batch) -> Filled:
        """Return the gradebook with a batch's points in it."""
        return self.filler(self.rows, batch, self.column, self.mine)


def read_gradebook(table: list[Cells], shown: str, assignment: Sequence[str], mine: str = "") -> Gradebook:
    """Return a gradebook of whichever kind its header says.

    assignment: names that the lab's column may have; mine: the name of that for students' own scenarios, if they are to
    be entered. InputError if the file is not a gradebook, or if it has no such column: Canvas would make a new
    assignment of another one.
    """
    rows = [row for row in table if any(cell.strip() for cell in row)]  # spreadsheets save empty rows below the last
    if len(rows) < 2:
        raise InputError([f"{shown}: there is no row in it; export it again"])
    header = [cell.strip() for cell in rows[0]]
    if column(header, "graded") is not None or (header[0] == "Identifier" and "Grade" in header):
        place = _grade_column(header, shown)
        _check_maximums(rows, column(header, "maximum"), shown)
        return Gradebook(rows, _worksheet, place)
    if any("Section" in cell for cell in header) and ("Student" in header[0] or "ID" in header):
        place = _canvas_column(header, shown, assignment)
        possible = _points_possible(rows, place, shown)
        _refuse_nobody(rows, header, shown)
        own = _canvas_column(header, shown, [mine], "`mine` in course.yaml") if mine else None
        if own == place:
            told = f"{header[place]} is both the lab's column and that of own scenarios; name two"
            raise InputError([f"{shown}:1: {told}"])
        if own is not None:
            _maximum(possible[own], f"{shown}:{rows.index(possible) + 1}")
        return Gradebook(rows, _canvas, place, own)
    if any(column(header, what) is not None for what in ("email", "number", "login")):
        return Gradebook(rows, _participants, 0)
    columns = ", ".join(header[:8])
    raise InputError([f"{shown}:1: unrecognized gradebook (columns {columns}); use {_KINDS}"])


def _written(rows: list[Cells]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def grade(entry: Entry, most: float | None = None) -> str:
    """Points with two decimals, scaled to another maximum if there is one; "" for what is not graded in full yet."""
    if not entry["complete"]:
        return ""
    return _scaled(entry["points"], entry["max_points"], most)


def _scaled(earned: float, available: float, most: float | None) -> str:
    """Return points with two decimals, scaled to another maximum if there is one: exactly, and rounded once."""
    exact = Fraction(str(earned))
    if most is not None:
        exact *= Fraction(str(most)) / (Fraction(str(available)) or 1)
    return f"{rounded(exact):.2f}"  # spreadsheets line up two decimals


def feedback(entry: Entry, batch: Batch) -> str:
    """Return one line for the student: why the kernel is refused, points by task, the quiz sheet, and the receipt."""
    tasks = "; ".join(f"{t['title']}: {points(entry['tasks'].get(t['id'], 0))}" for t in batch["tasks"])
    total = say("{earned} of {most} points", earned=points(entry["points"]), most=points(entry["max_points"]))
    receipt = say("Receipt {receipt}", receipt=entry["receipt"][7:19])
    refused = [say("refused: {reason}", reason=entry["refused"])] if entry["refused"] else []
    return for_csv(". ".join([*refused, total, *_late(entry), tasks, *_sheet(entry), *_own(entry), receipt]))


def _sheet(entry: Entry) -> list[str]:
    """Return what is wrong with the quiz sheet as a whole."""
    told = sheet_lines(entry["sheet_problems"], entry["sheet_doubt"] == UNREAD)
    return [line.removesuffix(".") for line in told]


def _own(entry: Entry) -> list[str]:
    """Return the points of the student's own scenarios, which are not among the others."""
    if "mine" not in entry:
        return []
    earned, most = points(entry["mine"]["points"]), points(entry["mine"]["max_points"])
    return [say("Your own scenarios: {earned} of {most} points", earned=earned, most=most)]


def _late(entry: Entry) -> list[str]:
    """Return what the late policy took off."""
    told = "{comment}: {after} instead of {before}"
    return [
        say(told, comment=days_late(one), after=points(one["after"]), before=points(one["before"]))
        for one in entry["adjustments"]
        if is_late(one)
    ]


def _cell(row: Cells, place: int | None) -> str:
    return row[place] if place is not None else ""


def _maximum(text: str, shown: str) -> float | None:
    """Return a maximum that a gradebook states; None for none. InputError if points cannot be scaled to it."""
    if text.strip() in ("", "-"):
        return None
    try:
        number = read_number(text)
    except ValueError as error:
        raise InputError([f"{shown}: the maximum {error}"]) from None
    if not number:
        told = "set the assignment's points and export again, or empty this cell to enter points as they are"
        raise InputError(
            [f"{shown}: the maximum is {printable(text.strip(), 40)!r}; expected a number above 0: {told}"]
        )
    return number


# -- Canvas ---------------------------------------------------------------------------------------------------


def _identity_columns(header: Cells) -> int:
    # The first: an assignment may have the word in its title.
    return min(n for n, cell in enumerate(header) if "Section" in cell) + 1


def _canvas_column(header: Cells, shown: str, assignment: Sequence[str], named_by: str = "--assignment") -> int:
    """Return the column of an assignment: its title with Canvas's number in brackets, or without.

    named_by: where the user names it
    """
    first = _identity_columns(header)
    wanted = [name.strip().casefold() for name in assignment]
    titles = {n: re.sub(r"\s*\(\d+\)$", "", cell) for n, cell in enumerate(header) if n >= first}
    found = [n for n, title in titles.items() if title.casefold() in wanted or header[n].casefold() in wanted]
    if len(found) == 1:
        return found[0]
    there = ", ".join(header[first : first + 8]) or "none"
    if not found:
        raise InputError(
            [
                f"{shown}:1: no assignment is called {' or '.join(assignment)} (it has {there}); name the column with "
                f"{named_by}, or make the assignment in Canvas and export again"
            ]
        )
    columns = ", ".join(header[n] for n in found)
    raise InputError([f"{shown}:1: {len(found)} columns fit the lab ({columns}); name one with {named_by}"])


def _canvas(rows: list[Cells], batch: Batch, place: int, mine: int | None) -> Filled:
    header = [cell.strip() for cell in rows[0]]
    identity = _identity_columns(header)
    at = {name: header.index(name) if name in header else None for name in _CANVAS_IDS}
    possible = _points_possible(rows, place, "the gradebook")
    most, most_mine = (None if n is None else _maximum(possible[n], "the gradebook") for n in (place, mine))
    begun = False  # True below the maximums, which are above all students
    students: list[int] = []
    people: list[Row] = []
    for line, row in enumerate(rows[1:], 2):
        login = _cell(row, at["SIS Login ID"])
        number = _cell(row, at["SIS User ID"])
        # Rows without an ID above these say what is muted or posted. A student without one is a row like others.
        if row is possible or not (begun or people or (_cell(row, at["ID"]) + login + number).strip()):
            begun = begun or row is possible
            continue
        own = keys((CANVAS_ID, _cell(row, at["ID"])), (NUMBER, number), (LOGIN, login))
        own |= keys((EMAIL, login)) if "@" in login else frozenset()
        students.append(line - 1)
        people.append(Row(line, row[0].strip(), own, key(NAME, _plain_name(row[0]))))
    matches = match(batch["submissions"], people)
    shown = [place] if mine is None else [place, mine]
    out = [[*row[:identity], *(row[n] for n in shown)] for row in rows]
    excused = []
    for at_row, found in zip(students, matches.rows, strict=True):
        out[at_row][0] = for_csv(out[at_row][0])  # the name is the student's own text; Canvas goes by the ids
        if found.entry is None:
            continue
        if out[at_row][identity].strip().casefold() == "ex":
            excused.append(found.entry["id"])
        elif grade(found.entry):
            out[at_row][identity] = grade(found.entry, most)
        if mine is not None and "mine" in found.entry and out[at_row][-1].strip().casefold() != "ex":
            out[at_row][-1] = _own_grade(found.entry, most_mine)
    without = [header[n] for n, maximum in zip(shown, (most, most_mine), strict=False) if maximum is None]
    notes = [f"Points Possible of {name} is missing, so points are not scaled" for name in without]
    return Filled(f"{CANVAS}.csv", _written(out), account(people, matches, excused, notes))


def _points_possible(rows: list[Cells], place: int, shown: str) -> Cells:
    """Return the row of maximums. InputError if there is no such row, or if the lab's maximum is not a number.

    It has no ID of any kind; a student of that name has one. Canvas writes its name in the user's language, so without
    the English one it is the first row with a number in the column, of those that stand above all students and have
    neither an ID nor a section.
    """
    header = [cell.strip() for cell in rows[0]]
    places = [header.index(name) for name in _CANVAS_IDS if name in header]
    nobody = [(n, row) for n, row in enumerate(rows[1:], 2) if not any(row[id].strip() for id in places)]
    called = [(line, row) for line, row in nobody if "points possible" in row[0].casefold()]
    section = next((n for n, cell in enumerate(header) if "Section" in cell), None)
    above = [(line, row) for n, (line, row) in enumerate(nobody, 2) if n == line and not _cell(row, section).strip()]
    for line, row in called or [(line, row) for line, row in above if row[place].strip()[:1].isdigit()]:
        _maximum(row[place], f"{shown}:{line}")
        return row
    told = "export the gradebook again, without sorting or filtering it, or add that row"
    raise InputError([f"{shown}: the row Points Possible is missing, so points cannot be scaled; {told}"])


def _refuse_nobody(rows: list[Cells], header: Cells, shown: str) -> None:
    """InputError if no row has an ID: no grade would have a place to go."""
    places = [header.index(name) for name in _CANVAS_IDS if name in header]
    if not any(row[place].strip() for row in rows[1:] for place in places):
        raise InputError(
            [f"{shown}: no row has an {', '.join(_CANVAS_IDS[:-1])} or {_CANVAS_IDS[-1]}; export it again"]
        )


def _own_grade(entry: Entry, most: float | None) -> str:
    """Return the points of a student's own scenarios, scaled to the column's maximum if there is one."""
    return _scaled(entry["mine"]["points"], entry["mine"]["max_points"], most)


def _plain_name(sortable: str) -> str:
    """Return `Jane Doe` for Canvas's `Doe, Jane`."""
    last, comma, first = sortable.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else sortable


# -- Moodle ---------------------------------------------------------------------------------------------------


def _grade_column(header: Cells, shown: str) -> int:
    place = column(header, "grade")
    if place is None or column(header, "participant") is None:
        raise InputError([f"{shown}:1: this worksheet has no column for grades or participants; download it again"])
    if column(header, "maximum") is None and column(header, "scale") is not None:
        raise InputError([f"{shown}:1: this assignment is graded on a scale; set it to points in Moodle first"])
    return place


def _check_maximums(rows: list[Cells], place: int | None, shown: str) -> None:
    """InputError, before anything is graded, if a maximum is wrong or some of the rows have none."""
    found = {line: _maximum(_cell(row, place), f"{shown}:{line}") for line, row in enumerate(rows[1:], 2)}
    without = [line for line, maximum in found.items() if maximum is None]
    if without and len(without) < len(found):
        raise InputError([f"{shown}:{without[0]}: this row has no maximum and others have one; download it again"])


def _locked(row: Cells, place: int | None, found: Match) -> Match:
    """Return what a row came to; a person must decide if Moodle would not take its grade."""
    if found.entry is None or _cell(row, place).strip().casefold() not in ("no", "nein"):
        return found
    told = (
        f"the grade of {found.entry['id']} cannot be changed in Moodle; unlock it there, and download the sheet again"
    )
    return Match(decide=told)


def _nameless(row: Cells, places: Sequence[int], header: Cells, found: Match) -> Match:
    """Return what a row came to; a person must decide if it has nothing by which Moodle could find the user."""
    if found.entry is None or any(row[place].strip() for place in places):
        return found
    empty = " and ".join(header[place] for place in places)
    told = f"fits {found.entry['id']}, but {empty} {'is' if len(places) == 1 else 'are'} empty, by which Moodle finds"
    return Match(decide=f"{told} the user; fill that in, or enter the grade in Moodle")


def _worksheet(rows: list[Cells], batch: Batch, place: int, _: int | None) -> Filled:
    header = [cell.strip() for cell in rows[0]]
    maximum, comments, email = (column(header, what) for what in ("maximum", "comments", "email"))
    participant, name = column(header, "participant"), column(header, "name")
    people = [
        Row(
            line,
            _cell(row, name) or _cell(row, participant),
            keys((PARTICIPANT, participant_number(_cell(row, participant))), (EMAIL, _cell(row, email))),
            key(NAME, _cell(row, name)),
        )
        for line, row in enumerate(rows[1:], 2)
    ]
    matches = match(batch["submissions"], people)
    changeable = column(header, "changeable")
    taken = [_locked(row, changeable, found) for row, found in zip(rows[1:], matches.rows, strict=True)]
    if participant is not None:
        taken = [_nameless(row, [participant], header, one) for row, one in zip(rows[1:], taken, strict=True)]
    matches = matches._replace(rows=taken)
    out = [rows[0]]
    unscaled = 0
    for line, (row, found) in enumerate(zip(rows[1:], matches.rows, strict=True), 2):
        row = list(row)
        if name is not None:
            row[name] = for_csv(row[name])  # the student's own text; Moodle goes by the identifier
        if found.entry is not None and grade(found.entry):
            most = _maximum(_cell(row, maximum), f"line {line} of the worksheet")
            unscaled += most is None
            row[place] = grade(found.entry, most)
            if comments is not None:
                row[comments] = feedback(found.entry, batch)
        out.append(row)
    notes = [f"{unscaled} of the graded rows have no maximum grade, so their points are not scaled"] * bool(unscaled)
    return Filled(f"{WORKSHEET}.csv", _written(out), account(people, matches, notes=notes))


def _participants(rows: list[Cells], batch: Batch, _: int, __: int | None) -> Filled:
    """Return the file for Moodle's gradebook import: only users of the course, and only those with a grade."""
    header = [cell.strip() for cell in rows[0]]
    places = {what: column(header, what) for what in ("email", "number", "login")}
    shown = sorted(place for place in places.values() if place is not None)
    full, parts = column(header, "name"), [column(header, what) for what in ("first name", "last name")]
    people = []
    for line, row in enumerate(rows[1:], 2):
        name = _cell(row, full) or " ".join(_cell(row, part) for part in parts).strip()
        own = keys(*((_KEYS[what], _cell(row, place)) for what, place in places.items()))
        people.append(Row(line, name or row[shown[0]], own, key(NAME, name)))
    matches = match(batch["submissions"], people)
    named = [_nameless(row, shown, header, found) for row, found in zip(rows[1:], matches.rows, strict=True)]
    matches = matches._replace(rows=named)
    mine = [f"{batch['title']} own scenarios"] if any("mine" in entry for entry in batch["submissions"]) else []
    out = [[*(header[n] for n in shown), f"{batch['title']} grade", f"{batch['title']} feedback", *mine]]
    for row, found in zip(rows[1:], matches.rows, strict=True):
        # Feedback without a grade would wipe the grade.
        if found.entry is not None and grade(found.entry):
            told = [grade(found.entry), feedback(found.entry, batch)]
            told += [_own_grade(found.entry, None) if "mine" in found.entry else ""] if mine else []
            out.append([*(row[n] for n in shown), *told])
    return Filled(f"{IMPORT}.csv", _written(out), account(people, matches, notes=_gaps(out, len(shown))))


def _gaps(rows: list[Cells], count: int) -> list[str]:
    """Return a note if none of the first `count` columns names everybody: Moodle goes by one of them."""
    if count == 1 or any(all(row[place].strip() for row in rows[1:]) for place in range(count)):
        return []
    columns = ", ".join(rows[0][:count])
    return [f"each of {columns} is empty in some row; one of them must name everybody, or Moodle imports nothing"]


_KEYS = {"email": EMAIL, "number": NUMBER, "login": LOGIN}
