"""`grader check LAB …`: verify that labs and course files are sound."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import TYPE_CHECKING

from grader.authoring.check import Proof, check_lab
from grader.batch.course_file import NAME as COURSE
from grader.batch.course_file import check_course, find_course
from grader.cli.processors import processors
from grader.cli.streams import fitted
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import load_lab
from grader.lab.lookup import find_lab
from grader.lab.mistakes import misconceptions
from grader.report.text import WIDTH, wrap

if TYPE_CHECKING:
    from typing import NoReturn

    from tqdm import tqdm


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labs", nargs="*", metavar="LAB", help="lab folders, or a course.yaml (default: this lab)")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="also show which scenarios catch each misconception, and which scenarios are redundant",
    )
    parser.add_argument(
        "--mutants",
        action="store_true",
        help="also measure which share of small changes to the reference the scenarios catch (takes a minute; with -v, "
        "list those that they miss)",
    )
    parser.add_argument(
        "--verify",
        action="store_true",
        help="also compare the correct variants with the reference in every short scenario of the lab's small worlds, "
        "and find misconceptions that show there and in no scenario (takes a minute; with -v, list them)",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="prove everything again; otherwise what an earlier check has proved with the same files is not repeated",
    )


def run(options: argparse.Namespace) -> int:
    status = 0
    checked: set[pathlib.Path] = set()
    for given in options.labs or [None]:
        if given is not None and pathlib.Path(given).name == COURSE:
            status = max(status, _check_course(pathlib.Path(given), checked))
            continue
        folder = find_lab(given)
        course = find_course(folder)
        if course is not None:
            status = max(status, _check_course(course, checked))
        print(f"{folder.resolve().name}")
        with _progress_bar(folder) as bar:

            def progress(flag: str, bar: tqdm[NoReturn] = bar) -> None:
                bar.set_postfix_str(flag, refresh=False)
                bar.update()

            proofs = check_lab(
                folder, progress, options.mutants, fresh=options.fresh, jobs=processors(), with_worlds=options.verify
            )
            for proof in proofs:
                bar.clear()
                _print(proof, options.verbose)
                if proof.problems:
                    status = max(status, 2 if proof.kind == "files" else 1)
    return status


def _check_course(path: pathlib.Path, checked: set[pathlib.Path]) -> int:
    """Check a course.yaml, once for all labs that share it; return the exit status."""
    path = path.resolve()
    if path in checked:
        return 0
    checked.add(path)
    problems = check_course(path)
    print(f"{'FAIL' if problems else 'ok  '} {path.name}")
    for problem in problems:
        print(f"       {printable(problem)}")
    return 2 if problems else 0


def _print(proof: Proof, verbose: bool) -> None:
    if not (verbose or proof.shown or proof.problems):
        return
    mark = "FAIL" if proof.problems else "ok  "
    told = f"  {mark} {proof.name:14} {proof.shown if not proof.problems else ''}".rstrip()
    print("\n".join(fitted([told, *(f"       {problem}" for problem in proof.problems)])))
    if verbose:
        for note in proof.notes:
            print("\n".join(wrap(f"- {note}", WIDTH - 7, " " * 7)))


def _progress_bar(folder: pathlib.Path) -> tqdm[NoReturn]:
    """Return a progress bar over a lab's misconceptions; it is silent unless stderr is a terminal."""
    from tqdm import tqdm

    try:
        total = len(misconceptions(load_lab(folder)))
    except InputError:
        total = 0
    return tqdm(total=total, desc="misconceptions", file=sys.stderr, disable=None, leave=False, dynamic_ncols=True)
