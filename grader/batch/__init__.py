"""Many submissions: found in a folder, graded in parallel, kept in one file, told in results, gradebooks and a report.

    found (layouts, sources) -> graded (grading, pools, work) -> kept (store) -> told (files, gradebooks, changes)

`grade_batch` does it all; what was kept before is not graded again, so running it again after whatever stopped it is
all that resuming takes.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

from grader.batch.changes import changes
from grader.batch.files import grades_of, write_results
from grader.batch.gradebooks import Filled, Gradebook, read_gradebook
from grader.batch.grading import Course, Grades, Progress, enter, grade_missing, open_course, shard_of
from grader.batch.layouts import find_submissions
from grader.batch.pools import Pool
from grader.batch.sources import Source, read_source
from grader.batch.store import Store, StoreError
from grader.errors import InputError
from grader.files import write_file
from grader.lab.lab import Lab
from grader.report.course import course

__all__ = [
    "Outcome",
    "StoreError",
    "fill_gradebooks",
    "grade_batch",
    "merge_batches",
    "read_gradebooks",
    "read_submissions",
]


class Outcome(NamedTuple):
    """What a batch came to: results.json's content, how many kernels were graded now, problems, who moved."""

    batch: dict[str, Any]
    graded: int
    problems: list[str]
    changes: list[str]


def read_submissions(lab: Lab, folder: pathlib.Path, shard: tuple[int, int] = (1, 1)) -> list[Source]:
    """All submissions of a folder that belong to shard (i, n). InputError if there is none, or no such folder."""
    try:
        found = find_submissions(folder)
    except OSError as error:
        raise InputError([f"{folder}: {error.strerror}; name the folder with the submissions in it"]) from None
    if not found:
        raise InputError([f"{folder}: there is no submission in it (folders, kernel files or archives)"])
    sources = [read_source(one, lab.name) for one in found]
    return [source for source in sources if shard_of(source, shard[1]) == shard[0]]


def grade_batch(
    lab: Lab,
    sources: list[Source],
    output: pathlib.Path,
    pool: Callable[[Course], Pool],
    isolation: str,
    progress: Progress,
) -> Outcome:
    """Grade submissions and write everything below `output`. StoreError, IsolationError, InputError."""
    opened = open_course(lab, isolation)
    with Store(output) as store:
        enter(lab, store, sources)
        workers = pool(opened)
        try:
            graded, problems = grade_missing(opened, store, sources, workers, progress)
        finally:
            workers.close()
        return _told(opened, store, output, graded, problems)


def merge_batches(lab: Lab, folders: list[pathlib.Path], output: pathlib.Path, isolation: str) -> Outcome:
    """Join stores of shards into one below `output`, and write everything. InputError if two disagree."""
    opened = open_course(lab, isolation)
    with Store(output) as store:
        listed = {id: (about, answers) for id, about, answers in store.submissions()}
        for folder in folders:
            if folder.resolve() == output.resolve() or not (folder / store.path.name).is_file():
                raise InputError([f"{folder}: there is no {store.path.name} in it; name the --output of each shard"])
            with Store(folder) as other:
                store.keep(other.all_attempts())
                for id, about, answers in other.submissions():
                    if listed.setdefault(id, (about, answers)) != (about, answers):
                        raise InputError([f"{folder}: {id} is in two shards, with different contents"])
        store.set_submissions((id, about, answers) for id, (about, answers) in sorted(listed.items()))
        return _told(opened, store, output, 0, [])


def _told(opened: Course, store: Store, output: pathlib.Path, graded: int, problems: list[str]) -> Outcome:
    """Write results and the class report; remember the grades."""
    from grader.report import course_html, course_text

    batch = write_results(Grades(opened, store), output)
    figures = course(batch)
    try:
        write_file(output / "report.html", course_html.render(figures), make_folders=True)
        write_file(output / "report.txt", course_text.render(figures), make_folders=True)
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}; the grades are kept: run it again") from error
    store.finish(grades_of(batch))
    last = store.finished()
    moved = changes(*last) if len(last) == 2 else ["There is no earlier batch to compare with."]
    return Outcome(batch, graded, problems, moved)


def read_gradebooks(paths: list[pathlib.Path]) -> list[Gradebook]:
    """Gradebooks that were downloaded. InputError if one cannot be read, or is none."""
    books = []
    for path in paths:
        try:
            books.append(read_gradebook(path.read_text(encoding="utf-8-sig"), str(path)))
        except UnicodeDecodeError:
            raise InputError([f"{path}: this is not UTF-8; export it as CSV in UTF-8"]) from None
        except OSError as error:
            raise InputError([f"{path}: {error.strerror}"]) from None
    return books


def fill_gradebooks(batch: dict[str, Any], books: list[Gradebook], output: pathlib.Path) -> list[Filled]:
    """Fill gradebooks and write them below `output`, each to a file of its own. StoreError if one cannot be written."""
    done: list[Filled] = []
    for book in books:
        filled = book.fill(batch)
        kind = filled.name.removesuffix(".csv")
        before = sum(one.name.startswith(kind) for one in done)
        if before:
            filled = filled._replace(name=f"{kind}-{before + 1}.csv")
        try:
            write_file(output / filled.name, filled.text, make_folders=True)
        except OSError as error:
            raise StoreError(f"{error.filename}: {error.strerror}; the grades are kept: run it again") from error
        done.append(filled)
    return done
