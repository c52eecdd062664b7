"""`grader list`: list the labs in this folder, or the scenarios of one lab, with what the last run said of them."""

from __future__ import annotations

import argparse
import pathlib
import time

from grader.cli import streams
from grader.errors import InputError
from grader.escape import printable
from grader.grade.last_run import last_run
from grader.lab.course_order import in_course_order
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab
from grader.plural import number_of
from grader.points import points
from grader.program import command
from grader.report.text import mark, shortened

#: Columns of a lab's folder, where labs are listed.
WIDTH = 24

#: Columns of a terminal below which there is no room for that.
NARROW = 72


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="list the scenarios of this lab (default: list all labs)")


def run(options: argparse.Namespace) -> int:
    if options.lab is None and not pathlib.Path("lab.yaml").is_file():
        paths = lab_folders()
        if not paths:
            from grader.publish.start import ELSEWHERE, installed

            known = installed()
            way = f"`{command('start', known[0])}` makes a working folder" if known else ELSEWHERE
            raise InputError([f"no labs here or in labs/; {way}"])
        print("\n".join(streams.fitted(labs(paths))))
        return 0
    width = streams.columns()
    *lines, total = scenarios(load_lab(find_lab(options.lab)))
    for line in lines:
        print(shortened(line, width) if width is not None else line)
    print("\n".join(streams.fitted([total])))  # points are never cut off
    return 0


def lab_folders() -> list[pathlib.Path]:
    """Return the folders of the labs below labs/, then those in this folder, as `grader start` makes them.

    Both come in the order of the course.
    """
    places = pathlib.Path("labs"), pathlib.Path()
    return [folder for place in places for folder in in_course_order(path.parent for path in place.glob("*/lab.yaml"))]


def labs(paths: list[pathlib.Path]) -> list[str]:
    """Return two lines for each lab: what it is about, and the points of the last run."""
    lines = []
    for path in paths:
        shown = printable(str(path), limit=None)  # where downloads lie, the name and all that is in it are a stranger's
        try:
            lab = load_lab(path)
        except InputError as error:
            lines.append(f"{shown:{WIDTH}} broken: {printable(error.problems[0], limit=None)}")
            continue
        run = last_run(lab)
        state = run.told(time.time()) if run is not None else "not run yet"
        about = lab.title, f"{number_of(len(lab.scenarios), 'public scenario')}; {state}"
        # In a narrow terminal the folder has a line of its own.
        if (streams.columns() or NARROW) < NARROW:
            lines += [shown, *(f"  {line}" for line in about)]
        else:
            lines += [f"{shown:{WIDTH}} {about[0]}", f"{'':{WIDTH}} {about[1]}"]
    return lines


def scenarios(lab: Lab) -> list[str]:
    """Return a line for each public scenario: how it did last, its points, its title."""
    run = last_run(lab)
    verdicts = run.verdicts if run is not None else {}
    lines = []
    for task in lab.tasks:
        lines.append(f"task {task.number}  {task.title}  ({points(task.points)} points)")
        for scenario in lab.scenarios:
            if scenario.task == task.id:
                state = mark(verdicts[scenario.id]) if scenario.id in verdicts else ""
                id, title = printable(scenario.id, limit=None), printable(scenario.title, limit=None)
                lines.append(f"  {state:8} {id:34} {points(lab.share(scenario)):>5}  {title}")
    told = f"; {run.told(time.time())}" if run is not None else ""
    return [*lines, f"{number_of(len(lab.scenarios), 'public scenario')}{told}"]
