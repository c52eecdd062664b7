"""`grader export gradescope LAB`: package a lab as an autograder for another system."""

from __future__ import annotations

import argparse
import pathlib

from grader.cli import add_isolation
from grader.lab.lab import find_lab, load_lab


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("system", choices=("gradescope",), help="target system")
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument("--output", metavar="FILE", help="the zip to write (default: LAB-gradescope.zip)")
    add_isolation(parser)
    parser.set_defaults(isolation="require")


def run(options: argparse.Namespace) -> int:
    from grader.publish.gradescope import export_gradescope

    lab = load_lab(find_lab(options.lab))
    path = pathlib.Path(options.output or f"{lab.name}-{options.system}.zip")
    members = export_gradescope(lab, path, options.isolation)
    print(f"{path}: {len(members)} files, {path.stat().st_size >> 10} KiB; upload it under Configure Autograder")
    print(f"It contains all {len(lab.hidden)} hidden scenarios: do not give it to students.")
    return 0
