"""`grader check LAB …`: the author's proof."""

from __future__ import annotations

import argparse
import sys

from grader.check import check_lab
from grader.lab import find_lab


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labs", nargs="*", metavar="LAB", help="folders of labs (default: this one)")


def run(options: argparse.Namespace) -> int:
    status = 0
    for given in options.labs or [None]:
        folder = find_lab(given)
        print(f"{folder.resolve().name}")
        for proof in check_lab(folder, _progress):
            _progress("")
            mark = "FAIL" if proof.problems else "ok  "
            print(f"  {mark} {proof.name:14} {proof.shown if not proof.problems else ''}".rstrip())
            for problem in proof.problems:
                print(f"       {problem}")
            if proof.problems:
                status = max(status, 2 if proof.kind == "files" else 1)
    return status


def _progress(flag: str) -> None:
    """The misconception that is being tried, on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K  trying {flag}" if flag else "\r\x1b[K")
        sys.stderr.flush()
