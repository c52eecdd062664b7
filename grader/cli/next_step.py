"""Tells students at the end of a report what to do next, with the commands and files of what was graded."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Callable

from grader.escape import printable
from grader.grade.attempt import BEFORE
from grader.grade.result import Result
from grader.grade.to_mend import first_of_all, to_mend
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE, WAITING
from grader.lab.lab import Lab
from grader.program import command, quoted


def commands(options: argparse.Namespace, lab: Lab) -> Callable[..., str]:
    """Return what makes the commands of a report: of this lab, and of this submission."""
    mine = options.submission or lab.path

    def make(name: str, *words: str) -> str:
        if name == "quiz":
            return f"{command('quiz', lab.path, *words)} {quoted(_sheet(options, lab))}"
        return f"{command(name, lab.path, *words, '--submission')} {quoted(mine)}"

    return make


def next_step(result: Result, options: argparse.Namespace, lab: Lab, refused: str = "") -> str:
    """Return what the student should do next; a second line, if there is one, is a command.

    refused  why intake rejects the kernel, or ""
    """
    if refused:
        return first_of_all(refused)
    failing = to_mend(result) or [s for s in result["scenarios"] if s["verdict"] not in (PASSED, WAITING)]
    if not failing:
        if result["points"] == result["max_points"]:
            told = "all points that can be earned here are earned."
            return f"{told} Hand in: {printable(lab.hand_in)}" if lab.hand_in else told
        return _quiz(options, lab)
    first = failing[0]
    if first["verdict"] == UNGRADABLE:
        return "run it again; if that does not help, tell the course: it is not your kernel's fault."
    if first["visibility"] == "hidden":
        return f"read task {lab.task(first['task']).number} of {lab.path / 'README.md'} again; hidden scenarios fail."
    if BEFORE in first.get("details", ()):
        return first_of_all()
    task = lab.task(first["task"])
    where = f"task {task.number} of {lab.path / 'README.md'}"
    if first["verdict"] == NOT_IMPLEMENTED:
        return f"{where}, then {_kernel(options, lab)}"
    shown = commands(options, lab)("show", first["id"])
    return f"{where}, and the whole story (with --format html --open, as pictures):\n{shown}"


def _quiz(options: argparse.Namespace, lab: Lab) -> str:
    """Return how to answer the quiz on the sheet that was graded; only a lab's own sheet is filled in by questions."""
    sheet = _sheet(options, lab)
    if (sheet.parent / "lab.yaml").is_file():
        return f"the quiz.\n{command('quiz', sheet.parent)}"
    if sheet.is_file():
        return f"the quiz; write into {quoted(sheet)}, which this marks:\n{commands(options, lab)('quiz', '--answers')}"
    return f"the quiz, on a sheet next to your kernel:\n{commands(options, lab)('quiz', '--template', '--output')}"


def _sheet(options: argparse.Namespace, lab: Lab) -> pathlib.Path:
    return _folder(options, lab) / "answers.yaml"


def _folder(options: argparse.Namespace, lab: Lab) -> pathlib.Path:
    """Return the folder that was graded; the lab's, if the submission is a file or has no folder."""
    given = pathlib.Path(options.submission or lab.path)
    return given if given.is_dir() else lab.path


def _kernel(options: argparse.Namespace, lab: Lab) -> pathlib.Path:
    """Return the file that the student writes."""
    given = pathlib.Path(options.submission or lab.path)
    if given.is_file() and given.suffix in (".py", ".c"):
        return given
    in_c = _folder(options, lab) / "kernel.c"
    return in_c if in_c.is_file() else _folder(options, lab) / lab.kernel.path.name
