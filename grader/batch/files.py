"""The files that a finished batch leaves: the same bytes for the same submissions, whoever graded them and when.

results.csv        a line a person            results/ID.json    everything, for staff
results.json       the same, with verdicts    feedback/ID.md     what the student may see

Only feedback depends on the time, and only where lab.yaml has a date for hidden_feedback.
"""

from __future__ import annotations

import csv
import io
import json
import pathlib
import time
from collections.abc import Iterator
from typing import Any

from grader.batch.gradebooks import people
from grader.batch.grading import Grades
from grader.batch.store import StoreError
from grader.escape import for_csv
from grader.files import write_file
from grader.grade.result import Result
from grader.grade.results import ResultBuilder
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.report import render
from grader.report.course import note

FORMAT = 1


def write_results(grades: Grades, folder: pathlib.Path) -> dict[str, Any]:
    """Write everything; the batch as results.json has it. StoreError if a file cannot be written."""
    try:
        return _write_results(grades, folder)
    except OSError as error:
        where = error.filename or folder
        raise StoreError(
            f"{where}: {error.strerror}; the grades are kept: make room, or make it writable, and run it again"
        ) from error


def _write_results(grades: Grades, folder: pathlib.Path) -> dict[str, Any]:
    entries = []
    now = time.time()  # one moment for all, so that no student's feedback says more than another's
    first: dict[str, str] = {}
    for id, about, answers in grades.store.submissions():
        builder, isolation = grades.builder(about, answers)
        staff = builder.build(id, about["digest"], isolation, "staff")
        student = builder.build(id, about["digest"], isolation, "student", now)
        write_file(folder / "results" / f"{id}.json", render(staff, "json"), make_folders=True)
        write_file(folder / "feedback" / f"{id}.md", render(student, "markdown"), make_folders=True)
        entries.append(_entry(id, about, staff, first) | _likeness(builder))
    _remove_others(folder, {entry["id"] for entry in entries})
    lab = grades.course.lab
    scenarios = [
        {"id": s.id, "task": s.task, "title": s.title, "visibility": "hidden" if s in lab.hidden else "public"}
        for s in lab.all_scenarios
    ]
    tasks = [{"id": task.id, "number": task.number, "title": task.title} for task in lab.tasks]
    batch = {
        "format": FORMAT,
        "lab": lab.name,
        "title": lab.title,
        "tasks": tasks,
        "scenarios": scenarios,
        "submissions": entries,
    }
    write_file(folder / "results.json", json.dumps(batch, indent=1) + "\n", make_folders=True)
    write_file(folder / "results.csv", table(batch), make_folders=True)
    return batch


def _entry(id: str, about: dict[str, Any], staff: Result, first: dict[str, str]) -> dict[str, Any]:
    """A submission's part of results.json. `first`: kernel -> the first submission that had it."""
    entry: dict[str, Any] = {"id": id}
    entry.update((key, about[key]) for key in ("label", "system", "user", "email", "number", "digest"))
    entry["others"] = about.get("others", [])  # a store of before groups were known has none
    entry.update((key, staff[key]) for key in ("points", "max_points", "complete", "receipt"))
    entry["refused"] = about["refused"]
    entry["remark"] = about["remark"]
    # Many hand in nothing, or the stub: that is no copying.
    same = first.setdefault(about["kernel"], id) if about["kernel"] and not about["remark"] else id
    entry["same_kernel_as"] = "" if same == id else same
    entry["tasks"] = {task["id"]: task["points"] for task in staff["tasks"]}
    entry["verdicts"] = {s["id"]: s["verdict"] for s in staff["scenarios"]}
    entry["scenario_points"] = {s["id"]: s["points"] for s in staff["scenarios"]}
    twins = {s["id"]: s["twin"] for s in staff["scenarios"] if "twin" in s}
    entry["twins"] = {id: twin for id, twin in twins.items() if twin["verdict"] not in (PASSED, UNGRADABLE)}
    entry["rules"] = {s["id"]: s["divergence"]["rule"] for s in staff["scenarios"] if "divergence" in s}
    return entry


def _likeness(builder: ResultBuilder) -> dict[str, Any]:
    """Which misconceptions a submission behaves like: flag -> what such a kernel does. Empty if there are none."""
    found = builder.likeness
    return {"misconceptions": {mistake.flag: mistake.belief for mistake in found.mistakes} if found else {}}


def table(batch: dict[str, Any]) -> str:
    """The batch as CSV: who, points, points by task, and what staff should look at; a line for each of a group."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    tasks = [task["id"] for task in batch["tasks"]]
    writer.writerow(["submission", "name", "email", "number", "points", "max_points", "complete", *tasks, "note"])
    for entry in batch["submissions"]:
        points = [entry["points"], entry["max_points"], "yes" if entry["complete"] else "no"]
        scored = [entry["tasks"].get(task, "") for task in tasks]
        for person in people(entry):
            who = [entry["id"], person["label"], person["email"], person["number"]]
            writer.writerow([*map(for_csv, who), *points, *scored, for_csv(note(entry))])
    return text.getvalue()


def _remove_others(folder: pathlib.Path, ids: set[str]) -> None:
    """Remove files of submissions that are no longer there: nobody shall take them for today's."""
    for path in _written(folder):
        if path.stem not in ids:
            path.unlink()


def _written(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    yield from (folder / "results").glob("*.json")
    yield from (folder / "feedback").glob("*.md")


def grades_of(batch: dict[str, Any]) -> dict[str, Any]:
    """What a later batch is compared with: see changes.py."""
    titles = {scenario["id"]: scenario["visibility"] for scenario in batch["scenarios"]}
    submissions = {
        entry["id"]: {
            "digest": entry["digest"] or entry["refused"],
            "points": entry["points"],
            "verdicts": entry["verdicts"],
            "worth": entry["scenario_points"],
            "quiz": entry["tasks"].get("quiz", 0),
        }
        for entry in batch["submissions"]
    }
    return {"scenarios": titles, "submissions": submissions}
