"""Grades many submissions: finds them, grades them in parallel, keeps the results in one file, and reports them.

    found (layouts, sources) -> graded (grading, pools, work) -> kept (store) -> reported (files, gradebooks, changes)

`grade_batch` does all of this. It does not grade again what is kept, so a batch that was stopped is resumed by running
it again.
"""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, cast, overload

from grader.batch.accounting import Account
from grader.batch.changes import changes, gone, in_words
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
    listed_kernel,
    open_course,
    shard_of,
)
from grader.batch.identity import Key as PersonKey
from grader.batch.keys import known_of
from grader.batch.late import Policy
from grader.batch.layouts import FoundSubmission, find_submissions
from grader.batch.memo import Memo
from grader.batch.merging import (
    Overrides,
    contents_of,
    join_overrides,
    join_parts,
    join_submissions,
    missing_parts,
    read_shard,
    refuse_another_lab,
)
from grader.batch.moodle_times import HandedIn
from grader.batch.output import Output
from grader.batch.overrides import Override
from grader.batch.pools import Pool
from grader.batch.results import Results
from grader.batch.roster import Listed, Roster
from grader.batch.rows import KeptGrades
from grader.batch.similar import compare_kernels, write_similarity
from grader.batch.sources import BatchSubmission, read_source
from grader.batch.store import DamagedRow, Store, StoreError
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import Lab
from grader.language import ENGLISH, speaking
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
    books  gradebooks to be filled
    """

    roster: Roster | None = None
    overrides: list[Override] | None = None
    late: Policy | None = None
    named: tuple[Listed, ...] = ()
    times: Mapping[PersonKey, HandedIn] = MappingProxyType({})
    language: str = ENGLISH
    books: tuple[Gradebook, ...] = ()


class Outcome(NamedTuple):
    """Holds what a batch came to: results.json's content, how many kernels were graded now, problems, who moved.

    missing_parts  shards that the results lack, such as 2/3
    roster         what became of the roster's rows, if there is a roster
    alike          how many kernels are alike, in one line
    filled         gradebooks
    displaced      True if nothing is left in the output of the run before, or another shard's place was taken
    """

    batch: ClassResult
    graded: int
    problems: list[str]
    changes: list[str]
    missing_parts: list[str]
    roster: Account | None
    alike: str
    filled: list[Filled]
    displaced: bool


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
    own = [one.found for one in submissions if shard_of(one.kernel, one.found.id, shard[1]) == shard[0]]
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
        replaced = _replaced(store, shard, output)
        listed, known = enter(lab, store, sources, lists.roster, lists.named, lists.times)
        store.parts = [list(shard)]
        store.collected = {}
        if lists.overrides is not None:
            store.overrides = lists.overrides
        workers = pool(opened)
        try:
            graded, problems = grade_missing(opened, store, memo, listed, workers, progress)
        finally:
            workers.close()
        return _told(opened, store, memo, output, graded, problems, known, lists, replaced)


def _replaced(store: Store, shard: tuple[int, int], output: pathlib.Path) -> list[str]:
    """Return a line if an output has another shard, whose place this one takes."""
    others = [f"{n}/{of}" for n, of in store.parts if (n, of) != shard] if store.last_run()[0] else []
    if shard == (1, 1) or not others:
        return []
    there = "the whole class" if others == ["1/1"] else f"shard {' and '.join(others)}"
    return [
        f"{output}: this had the results of {there}, and has those of shard {shard[0]}/{shard[1]} only now; give each "
        "shard its own --output and combine them with `grader merge`"
    ]


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
    shards = [read_shard(folder, output, lab) for folder in folders]
    with Store(output) as store, Memo(output) as memo:
        _claim(store, lab, output)
        old = contents_of(store, output)
        listed = join_submissions(old, shards)
        joined = join_overrides(old, shards) if lists.overrides is None else Overrides([*lists.overrides], {})
        for shard in shards:
            store.add(shard.attempts)
        known = enter_listed(
            store, [(id, *contents) for id, contents in sorted(listed.items())], lists.roster, lists.named, lists.times
        )
        handed_in = {about["kernel"] for about, _ in listed.values()}
        kernels = {digest: text for one in (old, *shards) for digest, text in one.kernels.items()}
        store.set_kernels((digest, text) for digest, text in kernels.items() if digest in handed_in)
        store.overrides, store.collected = joined
        store.parts = join_parts(old, shards)
        return _told(opened, store, memo, output, 0, _uncounted(opened, store), known, lists)


def _uncounted(course: Course, store: Store) -> list[str]:
    """Name the submissions of which no attempt counts, with what may be otherwise where they were graded."""
    found = []
    for id, about, _ in store.each_submission():
        if about["kernel"] and not known_of(course.keys, store, listed_kernel(about)).attempts:
            found.append(id)
    if not found:
        return []
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return [
        f"nothing that counts is known of {', '.join(found[:5])}{more}: they were graded with another version of the "
        "lab, the grader, Python, or what kernels in C need, or below "
        f"--isolation {course.bundle.isolation}; grade them again here, or merge where they were graded"
    ]


def _claim(store: Store, lab: Lab, output: pathlib.Path) -> None:
    """Note in a store which lab it is for. InputError if it holds another's."""
    refuse_another_lab(store, lab, output, "name another --output")
    store.lab = printable(lab.name)


def _told(
    opened: Course,
    store: Store,
    memo: Memo,
    output: pathlib.Path,
    graded: int,
    problems: list[str],
    roster: Account | None,
    lists: Lists,
    replaced: Sequence[str] = (),
) -> Outcome:
    """Write results, the class report and gradebooks; remember the grades."""
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
        filled, old = fill_gradebooks(batch, lists.books, folder, store, lists.language)
    if alike["missing"]:
        told.append(
            f"{alike['missing']} kernels were not compared for similarity: an earlier version graded them and kept no "
            "text; run `grader batch` again on each shard"
        )
    # Last: a run that could not write everything is not one that the next run is compared with.
    moved = _changes(store, list(grades_of(batch)), output)
    return Outcome(
        batch,
        graded,
        [*problems, *told, *old, *replaced, *moved.gone],
        moved.lines,
        missing_parts(store.parts),
        roster,
        summary(alike),
        filled,
        bool(replaced) or moved.all_gone,
    )


class _Moved(NamedTuple):
    """Holds lines for --changes, and lines on who is gone since the run before. all_gone: True if nobody is left."""

    lines: list[str]
    gone: list[str] = []  # noqa: RUF012 - never changed
    all_gone: bool = False


def _changes(store: Store, parts: list[KeptGrades], output: pathlib.Path) -> _Moved:
    """Compare this run's grades with those of the run before, and keep them for the next."""
    number, when = store.last_run()
    damage = ""
    try:
        before = store.finished(parts)
    except DamagedRow as error:  # found last, and no grade rests on it: the class keeps its grades
        before, damage = None, str(error)
    store.finish(parts, time.strftime("%Y-%m-%d %H:%M"))
    if damage:
        return _Moved([f"The grades of the batch before this one cannot be compared: {damage.partition('; ')[0]}."])
    if before is None:
        return _Moved(["There is no earlier batch in this --output to compare with."])
    grades: KeptGrades = {"scenarios": parts[0]["scenarios"], "submissions": {}}
    for part in parts:
        grades["submissions"].update(part["submissions"])
    lost, count = gone(before, grades), len(before["submissions"])
    lines = changes(before, grades, f"run {number} ({when})" if when else "the run before")
    return _Moved(lines, [in_words(lost, count, str(output))] if lost else [], 0 < len(lost) == count)


def read_gradebooks(paths: list[pathlib.Path], lab: Lab, assignment: str = "", mine: str = "") -> list[Gradebook]:
    """Return gradebooks that were downloaded. InputError if one cannot be read, or has no column for this lab.

    mine: the column for the points of students' own scenarios, if the course names one
    """
    names = (assignment,) if assignment else tuple(dict.fromkeys((lab.title, lab.name)))
    return [read_gradebook(read_table(path), str(path), names, mine) for path in paths]


def fill_gradebooks(
    batch: ClassResult, books: Sequence[Gradebook], output: Output, store: Store, language: str = ENGLISH
) -> tuple[list[Filled], list[str]]:
    """Fill gradebooks and write them below `output`, each to a file of its own, in place of those of earlier runs.

    Return them, and lines on those of earlier runs. OSError if one cannot be written.
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
    return done, write_gradebooks(done, output, store)
