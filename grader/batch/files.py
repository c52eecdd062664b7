"""Writes the files of a finished batch: the same bytes for the same submissions, on any machine and at any time.

results.csv        a line per person            results/ID.json    everything, for staff
results.json       the same, with verdicts    feedback/ID.md     what the student may see

Only feedback depends on the time, and only where lab.yaml has a date for hidden_feedback.
moodle-feedback.zip has the feedback as Moodle takes it back, where submissions came from there.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from grader.batch.certificates import entry_of as certificate_of
from grader.batch.certificates import in_table as certificate_in_table
from grader.batch.grading import Grades
from grader.batch.identity import contested, people
from grader.batch.late import Policy
from grader.batch.late import apply as apply_policy
from grader.batch.mine import entry_of as mine_of
from grader.batch.mine import in_feedback as in_feedback_mine
from grader.batch.output import Output
from grader.batch.overrides import TOTAL, Override, apply, in_feedback
from grader.batch.packing import NAME as PACKED
from grader.batch.packing import moodle_feedback
from grader.batch.rows import KeptGrade, KeptGrades, OverrideRow
from grader.batch.store import StoreError
from grader.escape import for_csv
from grader.grade.attempt import BEFORE, ends_itself
from grader.grade.result import Result, ScenarioResult
from grader.grade.result_builder import ResultBuilder
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.language import ENGLISH, speaking
from grader.report import render
from grader.report.class_result import (
    Alike,
    ClassResult,
    ClassScenario,
    ClassTask,
    FirstDifference,
    SubmissionEntry,
)
from grader.report.course import note

FORMAT = 1

#: Folders below the output that hold one file per submission.
FOLDERS = ("results", "feedback")


def write_results(
    grades: Grades, output: Output, late: Policy | None, alike: Alike, language: str = ENGLISH
) -> tuple[ClassResult, list[str]]:
    """Write everything; return the batch as results.json has it, and what to tell. StoreError if a file fails."""
    store = grades.store
    before = store.written
    with written_or_told():
        # Noted before they are written: a batch that is killed meanwhile still knows its own files.
        store.written = before | {path: before.get(path, "") for id, _, _ in store.submissions() for path in _paths(id)}
        entries, texts = _entries(grades, output, language)
        batch = _batch(grades, entries, alike)
        told = _adjust(entries, store.overrides, late, batch)
        written, handed_back = {}, {}
        for entry, (staff, student) in zip(entries, texts, strict=True):
            result, feedback = _paths(entry["id"])
            written[result] = staff
            with speaking(language):
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


def _adjust(
    entries: list[dict[str, Any]], rows: Sequence[OverrideRow], late: Policy | None, batch: ClassResult
) -> list[str]:
    """Apply overrides and the late policy to entries; return what to tell.

    What is taken off for being late is taken off points that a person gave for a task, too, but not off a total.
    """
    overrides = [Override(*row) for row in rows]
    plain = cast("dict[str, Any]", batch)
    told = apply(entries, [one for one in overrides if one.what != TOTAL], plain)
    told += apply_policy(entries, late) if late is not None else []
    return told + apply(entries, [one for one in overrides if one.what == TOTAL], plain)


def _entries(grades: Grades, output: Output, language: str) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Write results/ID.json of every submission; return the entries, and digest and feedback of each."""
    entries, texts = [], []
    now = time.time()  # one moment for all, so that no student's feedback says more than another's
    first: dict[str, str] = {}
    for id, about, answers in grades.store.submissions():
        builder, isolation = grades.builder(about, answers)
        staff = builder.build(id, about["digest"], isolation, "staff")
        with speaking(language):
            student = builder.build(id, about["digest"], isolation, "student", now)
            feedback = render(student, "markdown") + in_feedback_mine(about)
        texts.append((output.write(_paths(id)[0], render(staff, "json")), feedback))
        entries.append(_entry(id, about, staff, first) | _likeness(builder) | certificate_of(grades.certificate(about)))
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
        way_out = _WAYS_OUT.get(error.errno or 0, "")
        raise StoreError(
            f"{error.filename}: {error.strerror}; the grades are kept: {way_out}run the command again"
        ) from error


#: What to do first about an error of the system. The words of a link that is refused say it themselves.
_WAYS_OUT = {
    errno.ENOSPC: "make room and ",
    errno.EDQUOT: "make room and ",
    errno.EACCES: "make it writable and ",
    errno.EPERM: "make it writable and ",
    errno.EROFS: "name another --output and ",
    errno.EISDIR: "move this folder away and ",
    errno.ENOTDIR: "move this file away and ",
}


def _batch(grades: Grades, entries: list[dict[str, Any]], alike: Alike) -> ClassResult:
    lab = grades.course.lab
    scenarios: list[ClassScenario] = [
        {"id": s.id, "task": s.task, "title": s.title, "visibility": "hidden" if s in lab.hidden else "public"}
        for s in lab.all_scenarios
    ]
    tasks: list[ClassTask] = [{"id": task.id, "number": task.number, "title": task.title} for task in lab.tasks]
    return {
        "format": FORMAT,
        "lab": lab.name,
        "title": lab.title,
        "tasks": tasks,
        "scenarios": scenarios,
        "submissions": cast("list[SubmissionEntry]", entries),
        "quiz": grades.quiz_statistics(),
        "similarity": alike,
    }


def _entry(id: str, about: dict[str, Any], staff: Result, first: dict[str, str]) -> dict[str, Any]:
    """Return a submission's part of results.json. `first`: kernel -> the first submission that had it."""
    entry: dict[str, Any] = {"id": id}
    entry.update((key, about[key]) for key in ("label", "system", "user", "email", "number", "digest"))
    entry["others"] = about.get("others", [])  # a store of before groups were known has none
    entry.update((key, about.get(key, "")) for key in ("login", "github"))
    entry.update((key, about.get(key, False)) for key in ("named", "by_name"))
    entry["late"] = about.get("late", False)
    entry.update((key, about.get(key, "")) for key in ("submitted", "dated_by", "time_doubt"))
    entry["extension"] = 0  # days; the late policy sets it
    entry["doubt"] = about.get("doubt", "")
    entry.update((key, staff[key]) for key in ("points", "max_points", "complete", "receipt"))
    entry["graded_points"] = staff["points"]
    entry["adjustments"] = []
    entry["refused"] = about["refused"]
    entry["unreadable"] = about.get("unreadable", "")
    entry["remarks"] = about.get("remarks", [])
    entry["remark"] = about["remark"]
    # Many hand in nothing, or the stub: that is not copying.
    same = first.setdefault(about["kernel"], id) if about["kernel"] and not about["remark"] else id
    entry["same_kernel_as"] = "" if same == id else same
    entry["tasks"] = {task["id"]: task["points"] for task in staff["tasks"]}
    entry["verdicts"] = {s["id"]: s["verdict"] for s in staff["scenarios"]}
    entry["scenario_points"] = {s["id"]: s["points"] for s in staff["scenarios"]}
    twins = {s["id"]: s["twin"] for s in staff["scenarios"] if "twin" in s}
    entry["twins"] = {id: twin for id, twin in twins.items() if twin["verdict"] not in (PASSED, UNGRADABLE)}
    entry["rules"] = {s["id"]: s["divergence"]["rule"] for s in staff["scenarios"] if "divergence" in s}
    # An empty file does not load either, but it has a list of its own.
    reasons = (s["message"] for s in staff["scenarios"] if _before_the_first_step(s) and not about["remark"])
    entry["does_not_load"] = next(reasons, "")
    entry["ends_itself"] = next((_in_short(s) for s in staff["scenarios"] if ends_itself(s["message"])), "")
    entry |= mine_of(about)
    entry["first"] = next((_first(s) for s in staff["scenarios"] if _is_drawable(s)), None)
    return entry


def _before_the_first_step(scenario: ScenarioResult) -> bool:
    """Return True if the kernel could not be imported or constructed; with `after: each` a line comes before that."""
    return scenario["verdict"] != PASSED and BEFORE in scenario.get("details", [])[:2]


def _in_short(scenario: ScenarioResult) -> str:
    return f"{scenario['id']}: {scenario['message']}"


def _is_drawable(scenario: ScenarioResult) -> bool:
    """Return True for a difference in a public scenario whose run is known.

    `after: each` makes one run per failure point, and a result names the point only in its message.
    """
    public = scenario["visibility"] == "public" and "divergence" in scenario
    return public and scenario["message"].startswith("step ")


def _first(scenario: ScenarioResult) -> FirstDifference:
    return {"scenario": scenario["id"], **scenario["divergence"]}


def _likeness(builder: ResultBuilder) -> dict[str, Any]:
    """Return which misconceptions a submission behaves like: flag -> what such a kernel does."""
    found = builder.likeness
    return {"misconceptions": {mistake.flag: mistake.belief for mistake in found.mistakes} if found else {}}


def table(batch: ClassResult) -> str:
    """Return the batch as CSV: one line per person, with points and what staff should look at."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    tasks = [task["id"] for task in batch["tasks"]]
    # The column is there where somebody wrote scenarios. Its points are not among the others.
    mine = ["mine"] if any("mine" in entry for entry in batch["submissions"]) else []
    verified = ["verified"] if any("verified" in entry for entry in batch["submissions"]) else []
    who = ["submission", "name", "email", "number", "points", "max_points", "complete"]
    writer.writerow([*who, *tasks, "graded", "late", *mine, *verified, "note"])
    for entry in batch["submissions"]:
        # Whose points these are is for a person to decide; results.json has them.
        earned = "" if entry["decide"] else entry["points"]
        points = [earned, entry["max_points"], "yes" if entry["complete"] else "no"]
        graded = "" if entry["decide"] else entry["graded_points"]
        scored = [*(entry["tasks"].get(task, "") for task in tasks), graded, "yes" if entry["late"] else ""]
        scored += [entry["mine"]["points"] if "mine" in entry else ""] if mine else []
        scored += [certificate_in_table(entry)] if verified else []
        for person in people(cast("dict[str, Any]", entry)):
            who = [entry["id"], person["label"], person["email"], person["number"]]
            writer.writerow([*map(for_csv, who), *points, *scored, for_csv(note(entry))])
    return text.getvalue()


def grades_of(batch: ClassResult) -> KeptGrades:
    """Return what a later batch is compared with: see changes.py."""
    titles = {scenario["id"]: scenario["visibility"] for scenario in batch["scenarios"]}
    submissions: dict[str, KeptGrade] = {
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
