"""Points that a person decided on (`--overrides`): a CSV file with student, task or scenario, points and comment.

An override sets the points of a scenario, a task or the total; it is applied after grading, so it survives regrades.
A store keeps the overrides of its last run, and uses them until another file replaces them.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from grader.batch.csv_table import read_number, read_table
from grader.batch.identity import CANVAS_ID, EMAIL, GITHUB, LOGIN, NUMBER, PARTICIPANT, Entry, keys, people
from grader.batch.late import days_late
from grader.batch.matching import Row, match
from grader.errors import InputError, did_you_mean
from grader.escape import for_markdown, printable
from grader.lab.lab import QUIZ_TASK, Lab
from grader.language import say
from grader.points import points as shown
from grader.points import rounded
from grader.report.class_result import is_late

#: How the line on an override begins that could not be applied.
IDLE = "override does not apply: "

#: What an override of all points names.
TOTAL = "total"

#: Columns of the file: what each holds -> the names it goes by.
_COLUMNS = {
    "student": ("student", "submission", "login", "student*in"),
    "what": ("task or scenario", "what", "task", "scenario", "aufgabe"),
    "points": ("points", "punkte"),
    "comment": ("comment", "kommentar", "reason"),
}

_KINDS = (LOGIN, NUMBER, EMAIL, GITHUB, PARTICIPANT, CANVAS_ID)


class Override(NamedTuple):
    """One line: the points of a task, a scenario, or `total`, for one submission."""

    line: int
    student: str
    what: str
    points: float
    comment: str


def read_overrides(path: pathlib.Path, lab: Lab) -> list[Override]:
    """Read a file of overrides. InputError with every line that is wrong."""
    rows = read_table(path)
    header = [cell.strip().casefold() for cell in rows[0]]
    places = {what: _column(header, what, str(path)) for what in _COLUMNS}
    found, problems = [], []
    for line, row in enumerate(rows[1:], 2):
        cells = {what: printable(row[place].strip(), 500) if place < len(row) else "" for what, place in places.items()}
        if not any(cells.values()):
            continue
        points, problem = _points(cells, lab)
        if not cells["student"]:
            problem = "no student is named; name the submission as results.csv does"
        if problem:
            problems.append(f"{path}:{line}: {problem}")
        found.append(Override(line, cells["student"], cells["what"], points, cells["comment"]))
    doubles = {(one.student, one.what): one.line for one in found}
    problems += [
        f"{path}:{one.line}: {one.student} has another override of {one.what} on line {doubles[one.student, one.what]}"
        for one in found
        if doubles[one.student, one.what] != one.line
    ]
    if problems:
        raise InputError(problems)
    return found


def _column(header: Sequence[str], what: str, path: str) -> int:
    """Return the column that holds `what`. InputError if there is none, or if there are two that may be meant."""
    fitting = [place for place, name in enumerate(header) if name in _COLUMNS[what]]
    if not fitting:
        raise InputError([f"{path}:1: expected the columns student, task or scenario, points and comment"])
    if len(fitting) > 1:
        names = " and ".join(repr(printable(header[place], 60)) for place in fitting)
        raise InputError([f"{path}:1: {names} can both be the {what}; leave only one of them"])
    return fitting[0]


def _points(cells: dict[str, str], lab: Lab) -> tuple[float, str]:
    """Return the points of a line, and what is wrong with them or with what they are for."""
    what, text, comment = cells["what"], cells["points"], cells["comment"]
    if not what:
        return 0.0, f"no task or scenario is named; write {TOTAL} for all points together"
    if text.isdecimal() and comment.isdecimal() and len(comment) <= 2:
        return 0.0, f"points is {text} and the comment {comment}: if that is {text},{comment}, put the number in quotes"
    try:
        points = read_number(text)
    except ValueError as error:
        return 0.0, f"points is {text!r}: {error}"
    if points is None:
        return 0.0, f"points is {text!r}; expected a number, 0 or more"
    # What is not in the lab any more is reported when it is applied: an edited lab must not stop a batch.
    most = maximums(lab).get(what, 100.0)
    if points > most:
        return 0.0, f"points is {text}; {what} has 0 to {shown(most)}"
    return _whole(points), ""


def maximums(lab: Lab) -> dict[str, float]:
    """Return the most points of everything that an override can name: scenarios, tasks, and the total."""
    most = {scenario.id: float(lab.share(scenario)) for scenario in lab.all_scenarios}
    return most | {task.id: float(task.points) for task in lab.tasks} | {TOTAL: 100.0}


def _whole(points: float) -> float | int:
    """Return points as results show them: in hundredths, and whole numbers as such."""
    return rounded(Fraction(str(points)))


def apply(
    entries: Sequence[Entry], overrides: Sequence[Override], batch: dict[str, Any], most: Mapping[str, float]
) -> list[str]:
    """Set points in entries; each notes its `adjustments`. Return a line for each override that changed nothing.

    An override of the quiz or of the total decides what was in doubt about a quiz sheet, and one of the total how late
    a submission is, even with the same points. Lines that begin with IDLE are for a person to decide: somebody's points
    are not what they were meant to be.

    most: the maximums of the lab as it is now. It may have been edited since the overrides were read.
    """
    scenarios = {scenario["id"]: scenario["task"] for scenario in batch["scenarios"]}
    hidden = {scenario["id"] for scenario in batch["scenarios"] if scenario["visibility"] == "hidden"}
    tasks = [task["id"] for task in batch["tasks"]]
    order = [*scenarios, *tasks, TOTAL]  # the smaller first: an override of a task counts for all of it
    ids = {entry["id"]: entry for entry in entries}
    rows = [
        Row(one.line, one.student, keys(*((kind, one.student) for kind in _KINDS)), guessed=True) for one in overrides
    ]
    found = {one: match(entries, [row]).rows[0] for one, row in zip(overrides, rows, strict=True)}
    idle = []
    first: dict[tuple[str, str], Override] = {}
    for one in sorted(overrides, key=lambda one: (order.index(one.what) if one.what in order else -1, one.line)):
        entry = ids.get(one.student) or found[one].entry
        if one.what not in order:
            near = did_you_mean(one.what, order) or f"use {TOTAL}, a scenario, or one of the tasks {', '.join(tasks)}"
            idle.append(f"{IDLE}line {one.line}: the lab has no task or scenario {one.what!r}; {near}")
        elif entry is None:
            why = found[one].decide or f"no submission is theirs; {_nearest(one.student, entries)}"
            idle.append(f"{IDLE}line {one.line}: {one.student}: {why}")
        elif first.setdefault((entry["id"], one.what), one) != one:
            line = first[entry["id"], one.what].line
            idle.append(f"{IDLE}line {one.line}: line {line} has {one.what} of {entry['id']} already")
        elif not 0 <= one.points <= min(most[one.what], entry["max_points"]):
            limit = min(most[one.what], entry["max_points"])
            given = f"it gives {entry['id']} {shown(one.points)} points in {one.what}"
            idle.append(f"{IDLE}line {one.line}: {given}, which has 0 to {shown(limit)} now")
        else:
            settled = _settle(entry, one.what)
            if _set(entry, one, scenarios.get(one.what, one.what), hidden) or settled:
                continue
            has = f"{entry['id']} has {shown(one.points)} points in {one.what} without it"
            idle.append(f"override changes nothing: line {one.line}: {has}")
    return idle


def _settle(entry: Entry, what: str) -> bool:
    """Note what an override decides besides points; return False if there is nothing of that kind to decide."""
    sheet = bool(entry["sheet_doubt"]) and what in (QUIZ_TASK, TOTAL)
    late = "late_undecided" in entry and what == TOTAL
    if sheet:
        entry["sheet_decided"] = True
    if late:
        entry["late_decided"] = True
    return sheet or late


def _nearest(student: str, entries: Sequence[Entry]) -> str:
    """Return which submission may be meant, or how to name one."""
    ids = [entry["id"] for entry in entries]
    logins = [person["login"] for entry in entries for person in people(entry) if person.get("login")]
    return did_you_mean(student, dict.fromkeys([*ids, *logins])) or "name the submission as results.csv does"


def _set(entry: Entry, one: Override, task: str, hidden: set[str]) -> bool:
    """Set the points of one override; return False if they are what they were."""
    if one.what == TOTAL:
        was = entry["points"]
    elif one.what == task:
        was = entry["tasks"].get(task, 0)
    else:
        was = entry["scenario_points"].get(one.what, 0)
    by = _whole(one.points - was)
    if not by:
        return False
    if one.what != TOTAL:
        entry["tasks"] = entry["tasks"] | {task: _whole(entry["tasks"].get(task, 0) + by)}
        if one.what != task:
            entry["scenario_points"] = entry["scenario_points"] | {one.what: one.points}
    entry["points"] = _whole(entry["points"] + by)
    entry["adjustments"] = [
        *entry["adjustments"],
        {"what": one.what, "before": was, "after": one.points, "comment": one.comment, "hidden": one.what in hidden},
    ]
    return True


def _called(one: dict[str, Any]) -> str:
    """Return what was changed, as students read it."""
    if one["hidden"]:
        return say("a hidden scenario")
    return say(one["what"]) if is_late(one) or one["what"] == TOTAL else for_markdown(one["what"])


def in_feedback(entry: Entry) -> str:
    """Return the part of a student's feedback on what a person changed; "" if nobody did."""
    if not entry["adjustments"]:
        return ""
    lines = ["", f"### {say('Changed by the course')}", ""]
    for one in entry["adjustments"]:
        comment = days_late(one) if is_late(one) else one["comment"] and for_markdown(one["comment"])
        before, after = shown(one["before"]), shown(one["after"])
        changed = say("{what}: {before} -> {after} points", what=_called(one), before=before, after=after)
        lines.append(f"- {changed}{': ' if comment else ''}{comment}")
    most = shown(entry["max_points"])
    lines += ["", f"**{say('With this: {earned} of {most} points', earned=shown(entry['points']), most=most)}**"]
    return "\n".join(lines) + "\n"
