"""`grader batch LAB SUBMISSIONS --output DIR`: grade many submissions, resuming where an earlier run stopped."""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import re
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

from grader.cli import add_isolation
from grader.cli.processors import processors
from grader.errors import InputError
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab
from grader.plural import number_of
from grader.points import points


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help="the lab's folder")
    parser.add_argument(
        "submissions", metavar="SUBMISSIONS", help="folder of submissions (folders, kernel files and archives)"
    )
    add_output(parser)
    parser.add_argument(
        "--jobs", type=jobs, metavar="N", help="number of worker processes, one per CPU (default: all CPUs)"
    )
    parser.add_argument("--shard", type=shard, default=(1, 1), metavar="I/N", help="grade only part I of N")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="grade on the workers of this Dask scheduler (tcp://host:port)"
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="also look for a difference in every short scenario of small worlds (see `grader verify`; takes up to a "
        "minute a kernel, changes no points)",
    )
    add_isolation(parser)
    parser.set_defaults(isolation="require")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options that batch and merge share."""
    parser.add_argument("--output", metavar="DIR", required=True, help="folder for results and for the resume database")
    parser.add_argument(
        "--gradebook",
        metavar="FILE",
        action="append",
        default=[],
        help="Canvas or Moodle gradebook to fill in; may be repeated",
    )
    parser.add_argument("--roster", metavar="FILE", help="CSV file with the students' names, logins and ID numbers")
    parser.add_argument(
        "--columns",
        metavar="WHAT=NAME",
        action="append",
        default=[],
        help="name roster columns that are not recognised, such as login=Kennung,group=Team",
    )
    parser.add_argument(
        "--overrides",
        metavar="FILE",
        help="CSV file of points set by hand (student, task or scenario, points, comment); they stay in force until "
        "another file replaces them",
    )
    parser.add_argument(
        "--assignment", metavar="NAME", default="", help="name of the lab's gradebook column (default: the lab's title)"
    )
    parser.add_argument("--changes", action="store_true", help="show whose grade changed since the last batch, and why")
    parser.add_argument("-q", "--quiet", action="store_true", help="show only problems: no progress, no report")


def jobs(text: str) -> int:
    """Parse the value of --jobs."""
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r}; expected a number, 1 or more")
    return int(text)


def shard(text: str) -> tuple[int, int]:
    """Parse the value of --shard into (I, N)."""
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r}; expected I/N with I from 1 to N, such as 2/4")
    return int(match[1]), int(match[2])


def run(options: argparse.Namespace) -> int:
    from grader.batch import StoreError, grade_batch, read_submissions, refuse_inside
    from grader.batch.commit_dates import date_by_commits

    if options.verify and options.cluster:
        raise InputError(["--verify needs the lab's reference where it runs; use it without --cluster"])
    refuse_inside(pathlib.Path(options.submissions), pathlib.Path(options.output))
    lab = load_lab(find_lab(options.lab))
    lists = course_lists(options, lab)
    sources = read_submissions(lab, pathlib.Path(options.submissions), options.shard)
    if lists.late is not None and lists.late.commit_dates:
        sources.found = date_by_commits(sources.found)
    _tell_left_out(pathlib.Path(options.submissions), options.quiet)
    output = pathlib.Path(options.output)
    try:
        with _terminable(), contextlib.closing(progress_bar(len(sources), options.quiet)) as bar:
            outcome = grade_batch(
                lab,
                sources,
                output,
                _pool(options),
                options.isolation,
                lambda count, name: bar.update(count),
                options.shard,
                lists,
                options.verify,
            )
    except StoreError as error:
        raise InputError([str(error)]) from None
    except KeyboardInterrupt as stopped:
        print("grader: stopped; the results so far are saved. Run the same command again to continue", file=sys.stderr)
        return 143 if isinstance(stopped, Terminated) else 130
    return tell(outcome, options)


class Terminated(KeyboardInterrupt):
    """SIGTERM was received. It is handled like Ctrl-C, so that pools, sandboxes and the store are closed in order."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Raise Terminated on SIGTERM."""

    def terminate(number: int, frame: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_left_out(folder: pathlib.Path, quiet: bool) -> None:
    """Print which entries of a download are not submissions, so that no file is overlooked."""
    from grader.batch.layouts import left_out
    from grader.escape import printable

    names = left_out(folder)
    if names and not quiet:
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        print(f"grader: not submissions, left out: {printable(', '.join(names[:10]))}{more}", file=sys.stderr)


def course_lists(options: argparse.Namespace, lab: Lab) -> Any:
    """Return the course's lists (grader.batch.Lists).

    They are read before anything is graded, so that a wrong one is reported at once.
    """
    from grader.batch import Lists, read_gradebooks, refuse_overwriting
    from grader.batch.course_file import find_course, late_policy, read_course, refuse_unlisted
    from grader.batch.overrides import read_overrides
    from grader.batch.roster import listed_in, parse_columns, read_roster

    refuse_overwriting([pathlib.Path(path) for path in options.gradebook], pathlib.Path(options.output))
    path = find_course(lab.path)
    course = read_course(path) if path is not None else None
    if lab.released:
        lost = points(lab.hidden_points())
        told = f"a released lab has no hidden scenarios, so {lost} points are not graded; use the course's own copy"
        print(f"grader: {lab.path}: {told}", file=sys.stderr)
    if course is not None:
        refuse_unlisted(course, lab.path)
    assignment = options.assignment or (course.assignments.get(lab.name, "") if course is not None else "")
    mine = course.mine.get(lab.name, "") if course is not None else ""
    books = read_gradebooks([pathlib.Path(path) for path in options.gradebook], lab, assignment, mine)
    columns = (course.columns if course is not None else {}) | parse_columns(options.columns)
    roster = pathlib.Path(options.roster) if options.roster else course.roster if course is not None else None
    overrides = read_overrides(pathlib.Path(options.overrides), lab) if options.overrides else None
    late = late_policy(course, lab.name) if course is not None else None
    if course is not None and course.late is not None and late is None:
        print(f"grader: {path}: late has no due time for {lab.name}, so nothing is taken off", file=sys.stderr)
    people = read_roster(roster, columns) if roster is not None else None
    named = [one for book, path in zip(books, options.gradebook, strict=True) for one in listed_in(book.rows, path)]
    times = _times(options.gradebook, books, late is not None)
    lists = Lists(people, overrides, late, tuple(named), times, books=tuple(books))
    return lists._replace(language=course.language) if course is not None else lists


def _times(paths: list[str], books: list[Any], needed: bool) -> dict[Any, Any]:
    """Return when people handed in, as Moodle's worksheets say; print which cells are not times if times are needed."""
    from grader.batch.moodle_times import worksheet_times

    times: dict[Any, Any] = {}
    for path, book in zip(paths, books, strict=True):
        found = worksheet_times(book.rows, path)
        times |= found.times
        for problem in found.problems[:10] if needed else ():
            print(f"grader: {problem}", file=sys.stderr)
        if needed and len(found.problems) > 10:
            print(f"grader: {path}: {len(found.problems) - 10} more such rows", file=sys.stderr)
    return times


def _pool(options: argparse.Namespace) -> Any:
    from grader.batch.pools import ClusterPool, LocalPool, refuse_long_tmpdir

    if options.cluster:
        return lambda course: ClusterPool(options.cluster, course.lab)
    refuse_long_tmpdir()
    return lambda course: LocalPool(options.jobs or processors())


def progress_bar(total: int, quiet: bool) -> Any:
    """Return a progress bar with the remaining time for a terminal, or an occasional line for a log."""
    if quiet or not sys.stderr.isatty():
        return _Log(total, quiet)
    from tqdm import tqdm

    # Without this, tqdm starts a monitor thread, which would be running while worker processes are started.
    tqdm.monitor_interval = 0
    # Smooth strongly, so that one slow submission does not upset the estimate.
    return tqdm(total=total, unit=" submissions", desc="grading", file=sys.stderr, dynamic_ncols=True, smoothing=0.05)


class _Log:
    """Progress for a log file: one line per tenth of the work, with the remaining time."""

    def __init__(self, total: int, quiet: bool) -> None:
        self.total = total
        self.quiet = quiet
        self.done = 0
        self.known: int | None = None  # reported by the first update: graded in an earlier run, so they took no time
        self.began = time.monotonic()

    def update(self, count: int) -> None:
        before, self.done = self.done, self.done + count
        if self.known is None:
            self.known = count
        if not self.quiet and count and self.done * 10 // self.total > before * 10 // self.total:
            print(f"grader: {self.done} of {self.total} submissions{self._left()}", file=sys.stderr, flush=True)

    def _left(self) -> str:
        """Return the estimated remaining time; "" if nothing is left or nothing has been graded yet."""
        from tqdm import tqdm

        graded = self.done - (self.known or 0)
        if not graded or self.done == self.total:
            return ""
        seconds = (time.monotonic() - self.began) * (self.total - self.done) / graded
        return f", about {tqdm.format_interval(seconds)} left"

    def close(self) -> None:
        """Do nothing: a log has nothing to close (tqdm's bar has)."""


def tell(outcome: Any, options: argparse.Namespace) -> int:
    """Print the outcome.

    Return the exit status: 0; 1 if a person must decide something; 3 if anything could not be graded.
    """
    from grader.batch.overrides import IDLE
    from grader.escape import printable
    from grader.report.class_result import lateness_is_open
    from grader.report.course import note, sheet_is_open

    folder = pathlib.Path(options.output)
    for problem in outcome.problems:
        file = f"{options.overrides}: " if options.overrides and problem.startswith(IDLE) else ""
        print(f"grader: {file}{printable(problem, 500)}", file=sys.stderr)
    if options.changes:
        print("\n".join(outcome.changes))
    elif not options.quiet:
        print((folder / "report.txt").read_text(encoding="utf-8"), end="")
    accounts: list[tuple[Any, Any]] = [(folder / book.name, book.account) for book in outcome.filled]
    _tell_accounts(accounts, outcome.roster)
    accounts += [("", outcome.roster)] if outcome.roster is not None else []
    decisions = sum(account.open for _, account in accounts)
    entries = outcome.batch["submissions"]
    open_ones = [entry for entry in entries if not entry["complete"]]
    if not options.quiet:
        kept = len(entries) - outcome.graded
        graded = f"{number_of(outcome.graded, 'kernel')} graded now, {max(kept, 0)} reused or identical"
        print(f"\n{number_of(len(entries), 'submission')}: {graded}.")
        print(f"results.csv, results.json, report.html, results/ and feedback/ are in {folder}")
        print(f"{outcome.alike} See similarity.html there; it is for staff.")
    for entry in open_ones[:10]:
        print(f"grader: {entry['id']}: {printable(note(entry))}", file=sys.stderr)
    # Marked as late without a time: what is taken off, if anything, is for a person to say.
    undated = any(map(lateness_is_open, entries))
    undecided = [entry for entry in entries if entry["decide"]]
    sheets = [entry for entry in entries if sheet_is_open(entry) and entry not in undecided]
    for entry in [*undecided, *sheets][:10]:
        print(f"grader: {entry['id']}: {printable(note(entry))}", file=sys.stderr)
    idle = any(problem.startswith(IDLE) for problem in outcome.problems)
    return 3 if open_ones else int(bool(decisions or undecided or sheets or undated or idle or outcome.displaced))


def _tell_accounts(accounts: list[tuple[Any, Any]], roster: Any) -> None:
    """Print how the people of the roster and the rows of each gradebook are accounted for."""
    from grader.batch.accounting import in_words, of_roster

    if roster is not None:
        print("\n".join(of_roster(roster)))
    for shown, account in accounts:
        first, *rest = in_words(account)
        print("\n".join([f"{shown}: {first}", *rest]))
