"""`grader list`: list the labs in this folder, or the scenarios of one lab."""

from __future__ import annotations

import argparse
import pathlib

from grader.errors import InputError
from grader.lab.lab import find_lab, load_lab
from grader.points import points


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="list the scenarios of this lab (default: list all labs)")


def run(options: argparse.Namespace) -> int:
    if options.lab is None and not pathlib.Path("lab.yaml").is_file():
        return _labs()
    lab = load_lab(find_lab(options.lab))
    for task in lab.tasks:
        print(f"task {task.number}  {task.title}  ({points(task.points)} points)")
        for scenario in lab.scenarios:
            if scenario.task == task.id:
                print(f"    {scenario.id:34} {points(lab.share(scenario)):>5}  {scenario.title}")
    print(f"{len(lab.scenarios)} public scenarios")
    return 0


def _labs() -> int:
    paths = sorted(pathlib.Path("labs").glob("*/lab.yaml"))
    if not paths:
        raise InputError(["no labs found in labs/ here"])
    for path in paths:
        try:
            lab = load_lab(path.parent)
            print(f"{path.parent!s:28} {lab.title} ({len(lab.scenarios)} public scenarios)")
        except InputError as error:
            print(f"{path.parent!s:28} broken: {error.problems[0]}")
    return 0
