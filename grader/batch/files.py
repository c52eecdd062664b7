"""The files that a finished batch leaves: the same bytes for the same submissions, whoever graded them and when.

results.csv        a line a person            results/ID.json    everything, for staff
results.json       the same, with verdicts    feedback/ID.md     what the student may see

Only feedback depends on the time, and only where lab.yaml has a date for hidden_feedback.
moodle-feedback.zip has the feedback as Moodle takes it back, where submissions came from there.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grader.batch.grading import Grades
from grader.batch.identity import contested, people
from grader.batch.late import Policy
from grader.batch.late import apply as apply_policy
from grader.batch.output import Output
from grader.batch.overrides import Override, apply, in_feedback
from grader.batch.packing import NAME as PACKED
from grader.batch.packing import moodle_feedback
from grader.batch.store import StoreError
from grader.escape import for_csv
from grader.grade.result import Result
from grader.grade.result_builder import ResultBuilder
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.report import render
from grader.report.course import note

FORMAT = 1

#: Folders below the output that hold one file per submission.
FOLDERS = ("results", "feedback")


def write_results(grades: Grades, output: Output, late: Policy | None = None) -> tuple[dict[str, Any], list[str]]:
    """Write everything; return the batch as results.json has it, and what to tell. StoreError if a file fails."""
    store = grades.store
    before = store.written
    with written_or_told():
        # Noted before they are written: a batch that is killed meanwhile still knows its own files.
        store.written = before | {path: before.get(path, "") for id, _, _ in store.submissions() for path in _paths(id)}
        entries, texts = _entries(grades, output)
        batch = _batch(grades, entries)
        told = apply_policy(entries, late) if late is not None else []
        told += apply(entries, [Override(*row) for row in store.overrides], batch)
        written, handed_back = {}, {}
        for entry, (staff, student) in zip(entries, texts, strict=True):
            result, feedback = _paths(entry["id"])
            written[result] = staff
            handed_back[entry["id"]] = student + in_feedback(entry)
            written[feedback] = output.write(feedback, handed_back[entry["id"]])
        packed = moodle_feedback(entries, handed_back)
        if packed is not None:
            output.write_bytes(PACKED, packed)
        gone = {path: known for path, known in before.items() if path not in written}
        changed = [path for path, known in gone.items() if not output.remove(path, known)]
        store.written = written
        output.write("results.json", json.dumps(batch, indent=1) + "\n")
        output.write("results.csv", table(batch))
    told += [f"{output.folder / path}: its submission is gone, but the file was changed: it stays" for path in changed]
    return batch, told


def _entries(grades: Grades, output: Output) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Write results/ID.json of every submission; return the entries, and digest and feedback of each."""
    entries, texts = [], []
    now = time.time()  # one moment for all, so that no student's feedback says more than another's
    first: dict[str, str] = {}
    for id, about, answers in grades.store.submissions():
        builder, isolation = grades.builder(about, answers)
        staff = builder.build(id, about["digest"], isolation, "staff")
        student = builder.build(id, about["digest"], isolation, "student", now)
        texts.append((output.write(_paths(id)[0], render(staff, "json")), render(student, "markdown")))
        entries.append(_entry(id, about, staff, first) | _likeness(builder))
    decide = contested(entries)
    for entry in entries:
        entry["decide"] = decide.get(entry["id"], "")
    return entries, texts


def _paths(id: str) -> tuple[str, str]:
    """Return the files of a submission, for staff and for the student."""
    return f"results/{id}.json", f"feedback/{id}.md"


@contextmanager
def written_or_told() -> Iterator[None]:
    """Turn an OSError into a StoreError with the file and the way out."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{error.filename}: {error.strerror}; the grades are kept: make room, or make it writable, and run it again"
        ) from error


def _batch(grades: Grades, entries: list[dict[str, Any]]) -> dict[str, Any]:
    lab = grades.course.lab
    scenarios = [
        {"id": s.id, "task": s.task, "title": s.title, "visibility": "hidden" if s in lab.hidden else "public"}
        for s in lab.all_scenarios
    ]
    tasks = [{"id": task.id, "number": task.number, "title": task.title} for task in lab.tasks]
    return {
        "format": FORMAT,
        "lab": lab.name,
        "title": lab.title,
        "tasks": tasks,
        "scenarios": scenarios,
        "submissions": entries,
    }


def _entry(id: str, about: dict[str, Any], staff: Result, first: dict[str, str]) -> dict[str, Any]:
    """A submission's part of results.json. `first`: kernel -> the first submission that had it."""
    entry: dict[str, Any] = {"id": id}
    entry.update((key, about[key]) for key in ("label", "system", "user", "email", "number", "digest"))
    entry["others"] = about.get("others", [])  # a store of before groups were known has none
    entry.update((key, about.get(key, "")) for key in ("login", "github"))
    entry["named"] = about.get("named", False)
    entry["late"] = about.get("late", False)
    entry["submitted"] = about.get("submitted", "")
    entry["extension"] = 0  # days; the late policy sets it
    entry["doubt"] = about.get("doubt", "")
    entry.update((key, staff[key]) for key in ("points", "max_points", "complete", "receipt"))
    entry["graded_points"] = staff["points"]
    entry["adjustments"] = []
    entry["refused"] = about["refused"]
    entry["unreadable"] = about.get("unreadable", "")
    entry["remarks"] = about.get("remarks", [])
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
    writer.writerow(
        ["submission", "name", "email", "number", "points", "max_points", "complete", *tasks, "graded", "late", "note"]
    )
    for entry in batch["submissions"]:
        # Whose points these are is for a person to decide; results.json has them.
        earned = "" if entry["decide"] else entry["points"]
        points = [earned, entry["max_points"], "yes" if entry["complete"] else "no"]
        graded = "" if entry["decide"] else entry["graded_points"]
        scored = [*(entry["tasks"].get(task, "") for task in tasks), graded, "yes" if entry["late"] else ""]
        for person in people(entry):
            who = [entry["id"], person["label"], person["email"], person["number"]]
            writer.writerow([*map(for_csv, who), *points, *scored, for_csv(note(entry))])
    return text.getvalue()


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
            "name": entry["label"],
        }
        for entry in batch["submissions"]
    }
    return {"scenarios": titles, "submissions": submissions}
