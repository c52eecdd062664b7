"""`grader check LAB …`: the author's proof."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from grader.authoring.check import check_lab
from grader.errors import InputError
from grader.lab.kernels import misconceptions
from grader.lab.lab import find_lab, load_lab
from grader.report.text import WIDTH, wrap


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labs", nargs="*", metavar="LAB", help="folders of labs (default: this one)")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="what catches each misconception, and which scenarios add nothing"
    )


def run(options: argparse.Namespace) -> int:
    status = 0
    for given in options.labs or [None]:
        folder = find_lab(given)
        print(f"{folder.resolve().name}")
        with _progress_bar(folder) as bar:

            def progress(flag: str, bar: Any = bar) -> None:
                bar.set_postfix_str(flag, refresh=False)
                bar.update()

            for proof in check_lab(folder, progress):
                bar.clear()
                _print(proof, options.verbose)
                if proof.problems:
                    status = max(status, 2 if proof.kind == "files" else 1)
    return status


def _print(proof: Any, verbose: bool) -> None:
    mark = "FAIL" if proof.problems else "ok  "
    print(f"  {mark} {proof.name:14} {proof.shown if not proof.problems else ''}".rstrip())
    for problem in proof.problems:
        print(f"       {problem}")
    if verbose:
        for note in proof.notes:
            print("\n".join(wrap(f"- {note}", WIDTH - 7, " " * 7)))


def _progress_bar(folder: Any) -> Any:
    """A bar over the misconceptions of a lab, on a terminal; nothing in a log."""
    from tqdm import tqdm

    try:
        total = len(misconceptions(load_lab(folder)))
    except InputError:
        total = 0
    return tqdm(total=total, desc="misconceptions", file=sys.stderr, disable=None, leave=False, dynamic_ncols=True)
