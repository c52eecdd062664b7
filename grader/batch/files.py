"""Writes the files of a finished batch: the same bytes for the same submissions, on any machine and at any time.

results.csv        a line per person            results/ID.json    everything, for staff
results.json       the same, with verdicts    feedback/ID.md     what the student may see

Only feedback depends on the time, and only where lab.yaml has a date for hidden_feedback.
moodle-feedback.zip has the feedback as Moodle takes it back, where submissions came from there. Gradebooks are
filled last; those of an earlier run, whose grades are old, are removed.
"""

from __future__ import annotations

import csv
import errno
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, cast

from grader.batch.certificates import in_table as certificate_in_table
from grader.batch.gradebooks import FILE, Filled
from grader.batch.identity import people
from grader.batch.late import Policy, to_decide
from grader.batch.late import apply as apply_policy
from grader.batch.output import Output, digest
from grader.batch.overrides import TOTAL, Override, apply, in_feedback, maximums
from grader.batch.packing import NAME as PACKED
from grader.batch.packing import moodle_feedback
from grader.batch.results import Results, results_path
from grader.batch.rows import TABLE, KeptGrade, KeptGrades, OverrideRow
from grader.batch.store import Store, StoreError
from grader.escape import for_csv
from grader.language import speaking
from grader.report.class_result import Alike, ClassResult, ClassScenario, ClassTask, SubmissionEntry
from grader.report.course import note

FORMAT = 1

#: Submissions whose grades are kept in one piece.
PART = 500

#: Files that somebody changed: so many are named.
NAMED = 10

#: Folders below the output that hold one file per submission.
FOLDERS = ("results", "feedback")


def write_results(results: Results, late: Policy | None, alike: Alike) -> tuple[ClassResult, list[str]]:
    """Write everything; return the batch as results.json has it, and what to tell. StoreError if a file fails.

    results: those that have been made; their entries are changed by overrides and the late policy
    """
    store, output, entries = results.grades.store, results.output, results.entries
    before = store.written
    with written_or_told():
        batch = _batch(results, alike)
        told = _adjust(entries, store.overrides, late, batch, maximums(results.grades.course.lab))
        written = {results_path(id): digest for id, digest in results.staff.items()}
        aside: list[str] = []
        handed_back = {}
        for entry, feedback in zip(entries, results.feedback(), strict=True):
            with speaking(results.language):
                feedback += in_feedback(entry)
            path = feedback_path(entry["id"])
            aside += _set_aside(output, path, before, feedback)
            written[path] = output.write(path, feedback)
            if entry["system"] == "moodle":
                handed_back[entry["id"]] = feedback
        packed = moodle_feedback(entries, handed_back)
        if packed is not None:
            written[PACKED] = output.write_bytes(PACKED, packed)
        output.write_pieces("results.json", lambda: _pieces(batch))
        rows = table(batch)
        aside += _set_aside(output, TABLE, before, rows)
        written[TABLE] = output.write(TABLE, rows)
        written |= {path: known for path, known in before.items() if FILE.fullmatch(path)}  # these are filled later
        gone = {path: known for path, known in before.items() if path not in written}
        changed = [path for path, known in gone.items() if not output.remove(path, known)]
        if written != before:
            store.written = written
    told += [f"{output.folder / path}: its submission is gone, but the file was changed: it stays" for path in changed]
    return batch, told + _few(aside)


def _set_aside(output: Output, path: str, written: Mapping[str, str], text: str) -> list[str]:
    """Keep a file that somebody changed since the run before, and return a line on it; nothing for any other file."""
    copy = output.set_aside(path, written.get(path, ""), text)
    told = f"it was changed since an earlier run wrote it; the changed file is {copy} now, and this run wrote its own"
    return [f"{output.folder / path}: {told} (put points and comments into --overrides)"] if copy else []


def _few(lines: Sequence[str]) -> list[str]:
    """Return the first lines, and one that counts the rest."""
    return [*lines[:NAMED], *([f"and {len(lines) - NAMED} more such files"] if len(lines) > NAMED else [])]


def write_gradebooks(filled: Sequence[Filled], output: Output, store: Store) -> list[str]:
    """Write filled gradebooks and remove those of earlier runs, whose grades are old; return what to tell.

    OSError if one cannot be written or removed.
    """
    before = store.written
    told = [line for one in filled for line in _set_aside(output, one.name, before, one.text)]
    new = {one.name: digest(one.text.encode("utf-8", "backslashreplace")) for one in filled}
    old = {path: known for path, known in before.items() if FILE.fullmatch(path) and path not in new}
    if new.items() - before.items():
        store.written = before | new  # first: a batch that is killed meanwhile still knows its own
    for one in filled:
        output.write(one.name, one.text)
    for path, known in old.items():
        there = output.has(path, known)
        if not output.remove(path, known):
            told.append(
                f"{output.folder / path}: an earlier run filled it, but it was changed: it stays, with old grades"
            )
        elif there:
            told.append(f"{output.folder / path}: removed, as its grades were old; fill it again with --gradebook")
    if old:
        store.written = {path: known for path, known in store.written.items() if path not in old}
    return told


def note_files(store: Store) -> None:
    """Note in a store the files that are about to be written: a batch that is killed meanwhile still knows its own."""
    before = store.written
    paths = [path for id in store.ids() for path in (results_path(id), feedback_path(id))]
    if not before.keys() >= set(paths):
        store.written = before | {path: before.get(path, "") for path in paths}


def _pieces(batch: ClassResult) -> Iterator[bytes]:
    """Yield results.json piece by piece: as a whole, it would be the largest thing in memory."""
    parts = json.JSONEncoder(indent=1).iterencode(batch)
    while piece := "".join(islice(parts, 10_000)):
        yield piece.encode()
    yield b"\n"


def _adjust(
    entries: list[dict[str, Any]],
    rows: Sequence[OverrideRow],
    late: Policy | None,
    batch: ClassResult,
    most: Mapping[str, float],
) -> list[str]:
    """Apply overrides and the late policy to entries; return what to tell.

    What is taken off for being late is taken off points that a person gave for a task, too, but not off a total.
    """
    overrides = [Override(*row) for row in rows]
    plain = cast("dict[str, Any]", batch)
    told = apply(entries, [one for one in overrides if one.what != TOTAL], plain, most)
    told += apply_policy(entries, late) if late is not None else []
    told += apply(entries, [one for one in overrides if one.what == TOTAL], plain, most)
    return told + to_decide(entries)


def feedback_path(id: str) -> str:
    """Return the file of a submission for the student, below the output."""
    return f"feedback/{id}.md"


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


def _batch(results: Results, alike: Alike) -> ClassResult:
    lab = results.grades.course.lab
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
        "submissions": cast("list[SubmissionEntry]", results.entries),
        "quiz": results.quiz_statistics(),
        "similarity": alike,
    }


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


def grades_of(batch: ClassResult) -> Iterator[KeptGrades]:
    """Yield what a later batch is compared with, in parts: see changes.py."""
    titles = {scenario["id"]: scenario["visibility"] for scenario in batch["scenarios"]}
    entries = batch["submissions"]
    for first in range(0, max(len(entries), 1), PART):
        own = {entry["id"]: _grade(entry) for entry in entries[first : first + PART]}
        yield {"scenarios": titles, "submissions": own}


def _grade(entry: SubmissionEntry) -> KeptGrade:
    return {
        "digest": entry["digest"] or entry["refused"],
        "points": entry["points"],
        "verdicts": entry["verdicts"],
        "worth": entry["scenario_points"],
        "quiz": entry["tasks"].get("quiz", 0),
        "name": entry["label"],
    }
