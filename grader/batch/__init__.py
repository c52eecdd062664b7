"""Grades many submissions: finds them, grades them in parallel, keeps the results in one file, and reports them.

    found (layouts, sources) -> graded (grading, pools, work) -> kept (store) -> reported (files, gradebooks, changes)

`grade_batch` does all of this. It does not grade again what is kept, so a batch that was stopped is resumed by running
it again.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, cast, overload

from grader.batch.accounting import Account
from grader.batch.changes import changes
from grader.batch.csv_table import read_table
from grader.batch.files import FOLDERS, grades_of, note_files, write_gradebooks, write_results, written_or_told
from grader.batch.gradebooks import FILE, Filled, Gradebook, read_gradebook
from grader.batch.grading import (
    Course,
    Grades,
    Progress,
    enter,
    enter_listed,
    grade_missing,
    open_course,
    shard_of,
)
from grader.batch.identity import Key as PersonKey
from grader.batch.late import Policy
from grader.batch.layouts import FoundSubmission, find_submissions
from grader.batch.memo import Memo
from grader.batch.moodle_times import HandedIn
from grader.batch.output import Output
from grader.batch.overrides import Override
from grader.batch.pools import Pool
from grader.batch.results import Results
from grader.batch.roster import Listed, Roster
from grader.batch.rows import KeptGrades, OverrideRow
from grader.batch.similar import compare_kernels, write_similarity
from grader.batch.sources import BatchSubmission, read_source
from grader.batch.store import NAME as STORE
from grader.batch.store import DamagedRow, Kept, Key, Store, StoreError
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import Lab
from grader.language import ENGLISH, speaking
from grader.points import points as shown_points
from grader.report.class_result import ClassResult
from grader.report.course import course

__all__ = [
    "Lists",
    "Outcome",
    "StoreError",
    "fill_gradebooks",
    "grade_batch",
    "merge_batches",
    "read_gradebooks",
    "read_submissions",
    "refuse_inside",
    "refuse_overwriting",
]


class Lists(NamedTuple):
    """Holds what a course brings along: its people, points that a person decided on, its late policy; None for none.

    named  people of gradebooks, who give names to submissions that the roster does not know
    times  when people handed in, as gradebooks say (moodle_times)
    language  of feedback for students
    """

    roster: Roster | None = None
    overrides: list[Override] | None = None
    late: Policy | None = None
    named: tuple[Listed, ...] = ()
    times: Mapping[PersonKey, HandedIn] = MappingProxyType({})
    language: str = ENGLISH


class Outcome(NamedTuple):
    """Holds what a batch came to: results.json's content, how many kernels were graded now, problems, who moved.

    missing_parts  shards that the results lack, such as 2/3
    roster         what became of the roster's rows, if there is a roster
    alike          how many kernels are alike, in one line
    """

    batch: ClassResult
    graded: int
    problems: list[str]
    changes: list[str]
    missing_parts: list[str]
    roster: Account | None
    alike: str


def refuse_overwriting(gradebooks: Sequence[pathlib.Path], output: pathlib.Path) -> None:
    """InputError if a gradebook has a place and a name that a filled one gets: the download would be lost."""
    for path in gradebooks:
        if path.resolve().parent == output.resolve() and FILE.fullmatch(path.name.lower()):
            raise InputError([f"{path}: a filled gradebook is written to this file; keep the download elsewhere"])


def refuse_inside(folder: pathlib.Path, output: pathlib.Path) -> None:
    """InputError if the output would be one of the submissions the next time."""
    if output.resolve().is_relative_to(folder.resolve()):
        raise InputError([f"{output}: this is inside the submissions ({folder}); name an --output elsewhere"])


class Submissions(Sequence[BatchSubmission]):
    """The submissions of a folder. Each is read when it is asked for: thousands of kernels would fill the memory."""

    def __init__(self, lab: Lab, found: Sequence[FoundSubmission]) -> None:
        self._lab = lab
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    @overload
    def __getitem__(self, place: int) -> BatchSubmission: ...
    @overload
    def __getitem__(self, place: slice) -> Submissions: ...
    def __getitem__(self, place: int | slice) -> BatchSubmission | Submissions:
        if isinstance(place, slice):
            return Submissions(self._lab, self.found[place])
        return read_source(self.found[place], self._lab.name, self._lab.languages)


def read_submissions(lab: Lab, folder: pathlib.Path, shard: tuple[int, int] = (1, 1)) -> Submissions:
    """Return all submissions of a folder that belong to shard (i, n).

    InputError if there is none or no such folder, or if the folder holds whole downloads instead of submissions.
    """
    try:
        found = find_submissions(folder)
    except OSError as error:
        raise InputError([f"{folder}: {error.strerror}; name the folder with the submissions in it"]) from None
    if not found:
        raise InputError([f"{folder}: there is no submission in it (folders, kernel files or archives)"])
    if all(one.doubt and one.system == "plain" for one in found):
        raise InputError([f"{folder}: {one.doubt}" for one in found[:5]])
    submissions = Submissions(lab, found)
    if shard[1] == 1:
        return submissions
    own = [one.found for one in submissions if shard_of(one, shard[1]) == shard[0]]
    return Submissions(lab, own)


def grade_batch(
    lab: Lab,
    sources: Sequence[BatchSubmission],
    output: pathlib.Path,
    pool: Callable[[Course], Pool],
    isolation: str,
    progress: Progress,
    shard: tuple[int, int] = (1, 1),
    lists: Lists = Lists(),  # noqa: B008 - never changed
    verify: bool = False,
) -> Outcome:
    """Grade submissions and write everything below `output`. StoreError, IsolationError, InputError."""
    opened = open_course(lab, isolation, verify)
    with Store(output) as store, Memo(output) as memo:
        _claim(store, lab, output)
        with written_or_told(), Output(output) as folder:
            folder.refuse_links(*FOLDERS)
        listed, known = enter(lab, store, sources, lists.roster, lists.named, lists.times)
        store.parts = [list(shard)]
        if lists.overrides is not None:
            store.overrides = lists.overrides
        workers = pool(opened)
        try:
            graded, problems = grade_missing(opened, store, memo, listed, workers, progress)
        finally:
            workers.close()
        return _told(opened, store, memo, output, graded, problems, known, lists)


def merge_batches(
    lab: Lab,
    folders: list[pathlib.Path],
    output: pathlib.Path,
    isolation: str,
    lists: Lists = Lists(),  # noqa: B008 - never changed
) -> Outcome:
    """Join stores of shards into one below `output`, and write everything. InputError if two disagree."""
    opened = open_course(lab, isolation)
    # All are read before anything is written: a store that is refused leaves nothing behind.
    shards = [_read_shard(folder, output, lab) for folder in folders]
    with Store(output) as store, Memo(output) as memo:
        _claim(store, lab, output)
        listed = {id: (about, answers) for id, about, answers in store.submissions()}
        parts = store.parts if listed else []
        overrides = store.overrides if lists.overrides is None else [*lists.overrides]
        kernels = dict(store.kernels())
        for folder, shard in zip(folders, shards, strict=True):
            parts += shard.parts
            if lists.overrides is None:
                overrides += _new_overrides(folder, shard.overrides, overrides)
            store.keep(shard.attempts)
            kernels |= shard.kernels
            for id, about, answers in shard.submissions:
                if id in listed and _contents(*listed[id]) != _contents(about, answers):
                    raise InputError([f"{folder}: {id} is in two shards, with different contents"])
                listed[id] = about, answers
        known = enter_listed(
            store, [(id, *contents) for id, contents in sorted(listed.items())], lists.roster, lists.named, lists.times
        )
        handed_in = {about["kernel"] for about, _ in listed.values()}
        store.set_kernels((digest, text) for digest, text in kernels.items() if digest in handed_in)
        store.overrides = overrides
        store.parts = sorted([list(part) for part in {(n, of) for n, of in parts}])
        return _told(opened, store, memo, output, 0, [], known, lists)


def _claim(store: Store, lab: Lab, output: pathlib.Path) -> None:
    """Note in a store which lab it is for. InputError if it holds another's: its overrides would count here, too."""
    _refuse_another(store, lab, output, "name another --output")
    store.lab = printable(lab.name)


def _refuse_another(store: Store, lab: Lab, folder: pathlib.Path, way_out: str) -> None:
    if store.lab not in ("", printable(lab.name)):
        raise InputError([f"{folder}: this holds the results of the lab {store.lab}, not of {lab.name}; {way_out}"])


def _new_overrides(
    folder: pathlib.Path, given: Sequence[OverrideRow], known: Sequence[OverrideRow]
) -> list[OverrideRow]:
    """Return a shard's overrides that are not known yet. InputError if one sets the same points to another value."""
    values = {(student, what): points for _, student, what, points, _ in known}
    for _, student, what, points, _ in given:
        other = values.get((student, what), points)
        if other != points:
            told = f"it sets {what} of {student} to {shown_points(points)}, and another shard to {shown_points(other)}"
            raise InputError([f"{folder}: {told}; name the file that counts with --overrides"])
    return [one for one in given if (one[1], one[2]) not in values]


def _contents(about: dict[str, Any], answers: bytes | None) -> tuple[object, ...]:
    """Return what was handed in, without what a roster or a gradebook added."""
    return tuple(about.get(key, "") for key in ("digest", "kernel", "refused", "unreadable")), answers


class _Shard(NamedTuple):
    """Holds the contents of a shard's store."""

    attempts: list[tuple[Key, Kept]]
    submissions: list[tuple[str, dict[str, Any], bytes | None]]
    kernels: dict[str, str]
    parts: list[list[int]]
    overrides: list[OverrideRow]


def _read_shard(folder: pathlib.Path, output: pathlib.Path, lab: Lab) -> _Shard:
    """Return what a shard's store holds, all of it checked. InputError, StoreError."""
    if folder.resolve() == output.resolve():
        raise InputError([f"{folder}: this is --output, whose shards are there already; leave it out of the list"])
    if not os.path.lexists(folder / STORE):
        raise InputError([f"{folder}: it has no {STORE}; name the --output of each shard"])
    with contextlib.closing(Store.of_shard(folder)) as store:
        _refuse_another(store, lab, folder, "leave it out")
        kernels = dict(store.kernels())
        return _Shard(list(store.all_attempts()), store.submissions(), kernels, store.parts, store.overrides)


def missing_parts(parts: list[list[int]]) -> list[str]:
    """Return the shards that are missing, such as 2/3: of each count that some shard was cut by."""
    there = {(n, of) for n, of in parts}
    return [f"{n}/{of}" for of in sorted({of for _, of in there}) for n in range(1, of + 1) if (n, of) not in there]


def _told(
    opened: Course,
    store: Store,
    memo: Memo,
    output: pathlib.Path,
    graded: int,
    problems: list[str],
    roster: Account | None,
    lists: Lists,
) -> Outcome:
    """Write results and the class report; remember the grades."""
    from grader.report import course_html, course_text
    from grader.report.course_pictures import pictures_of
    from grader.report.similarity import in_short, summary

    with written_or_told(), Output(output) as folder:
        results = Results(Grades(opened, store), memo, folder, lists.language)
        note_files(store)
        results.make()
        alike = compare_kernels(opened, store, memo, results.signatures)
        batch, told = write_results(results, lists.late, in_short(alike))
        write_similarity(alike, store, folder)
        figures = course(batch)
        folder.write("report.html", course_html.render(figures, pictures_of(opened.lab, figures)))
        folder.write("report.txt", course_text.render(figures))
    if alike["missing"]:
        told.append(
            f"{alike['missing']} kernels were not compared for similarity: an earlier version graded them and kept no "
            "text; run `grader batch` again on each shard"
        )
    moved = _changes(store, list(grades_of(batch)))
    return Outcome(batch, graded, problems + told, moved, missing_parts(store.parts), roster, summary(alike))


def _changes(store: Store, parts: list[KeptGrades]) -> list[str]:
    """Return who moved since the run before this one, and keep this run's grades for the next."""
    number, when = store.last_run()
    damage = ""
    try:
        before = store.finished(parts)
    except DamagedRow as error:  # found last, and no grade rests on it: the class keeps its grades
        before, damage = None, str(error)
    store.finish(parts, time.strftime("%Y-%m-%d %H:%M"))
    if damage:
        return [f"The grades of the batch before this one cannot be compared: {damage.partition('; ')[0]}."]
    if before is None:
        return ["There is no earlier batch in this --output to compare with."]
    grades: KeptGrades = {"scenarios": parts[0]["scenarios"], "submissions": {}}
    for part in parts:
        grades["submissions"].update(part["submissions"])
    return changes(before, grades, f"run {number} ({when})" if when else "the run before")


def read_gradebooks(paths: list[pathlib.Path], lab: Lab, assignment: str = "", mine: str = "") -> list[Gradebook]:
    """Return gradebooks that were downloaded. InputError if one cannot be read, or has no column for this lab.

    mine: the column for the points of students' own scenarios, if the course names one
    """
    names = (assignment,) if assignment else tuple(dict.fromkeys((lab.title, lab.name)))
    return [read_gradebook(read_table(path), str(path), names, mine) for path in paths]


def fill_gradebooks(
    batch: ClassResult, books: list[Gradebook], output: pathlib.Path, language: str = ENGLISH
) -> tuple[list[Filled], list[str]]:
    """Fill gradebooks and write them below `output`, each to a file of its own, in place of those of earlier runs.

    Return them, and lines on those of earlier runs. StoreError if one cannot be written.
    """
    done: list[Filled] = []
    for book in books:
        with speaking(language):  # worksheets have comments that students read
            filled = book.fill(cast("dict[str, Any]", batch))
        kind = filled.name.removesuffix(".csv")
        before = sum(one.name.startswith(kind) for one in done)
        if before:
            filled = filled._replace(name=f"{kind}-{before + 1}.csv")
        done.append(filled)
    with written_or_told(), Output(output) as folder, Store(output) as store:
        return done, write_gradebooks(done, folder, store)
