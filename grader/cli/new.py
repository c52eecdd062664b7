"""`grader new lab NAME` and `grader new scenario NAME`: create a small working lab or scenario to edit."""

from __future__ import annotations

import argparse
import pathlib

from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.lab.lookup import find_lab
from grader.program import command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("lab", "scenario"), help="what to create")
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and hyphens, such as tight-memory")
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the scenario's lab (default: this folder)")
    parser.add_argument("--hidden", action="store_true", help="create a hidden scenario")


def run(options: argparse.Namespace) -> int:
    from grader.authoring.scaffold import new_lab, new_scenario

    if options.what == "lab" and options.lab is not None:
        name = f"{options.name}-{options.lab}"
        raise InputError([f"a lab's name is one word: `{command('new', 'lab', name)}`, if {name} is meant"])
    if options.what == "lab":
        written = new_lab(options.name, _labs())
        lab = written[0].parent
        following = f"{command('record', lab)} && {command('check', lab)}"
    else:
        lab_folder = find_lab(options.lab)
        written = new_scenario(options.name, load_lab(lab_folder), options.hidden)
        following = f"edit it, then: {command('record', lab_folder)}"
    for path in written:
        print(path)
    print(f"Next: {following}")
    return 0


def _labs() -> pathlib.Path:
    """Return the folder of labs: `labs` in this folder, or this folder if that is its name."""
    here = pathlib.Path()
    return here if here.resolve().name == "labs" else here / "labs"
