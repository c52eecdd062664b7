"""`grader export gradescope|classroom50 LAB`: package a lab as an autograder for another system."""

from __future__ import annotations

import argparse
import pathlib

from grader.cli import add_isolation
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab
from grader.plural import number_of


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("system", choices=("gradescope", "classroom50"), help="target system")
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument("--output", metavar="FILE", help="the zip to write (default: LAB-SYSTEM.zip)")
    add_isolation(parser)
    parser.set_defaults(isolation="require")


def run(options: argparse.Namespace) -> int:
    lab = load_lab(find_lab(options.lab))
    path = pathlib.Path(options.output or f"{lab.name}-{options.system}.zip")
    if options.system == "classroom50":
        return _classroom50(lab, path, options.isolation)
    from grader.publish.gradescope import export_gradescope

    members = export_gradescope(lab, path, options.isolation)
    size = f"{number_of(len(members), 'file')}, {path.stat().st_size >> 10} KiB"
    print(f"{path}: {size}; upload it under Configure Autograder")
    print(f"It contains {number_of(len(lab.hidden), 'hidden scenario')}: do not give it to students.")
    return 0


def _classroom50(lab: Lab, path: pathlib.Path, isolation: str) -> int:
    from grader.publish.classroom50 import export_classroom50

    members = export_classroom50(lab, path, isolation)
    print(f"{path}: {number_of(len(members), 'file')}, {path.stat().st_size >> 10} KiB")
    print("Unpack it in your classroom50 repository, into CLASSROOM/autograders/ASSIGNMENT/, commit and push.")
    print("That folder is publicly readable, so the zip has no hidden scenario and no reference kernel.")
    if lab.quiz is not None:
        print("It has the quiz with its answers, packed but not secret (quiz.packed), as every release does.")
    if lab.hidden:
        count = len(lab.hidden)
        what = "The hidden scenario is" if count == 1 else f"The {count} hidden scenarios are"
        print(f"{what} not graded there: after the deadline, run grader batch on the repositories.")
    return 0
