"""Says, where no command was given, which lab is here and what to do first."""

from __future__ import annotations

import pathlib

from grader.cli.list import lab_folders, labs
from grader.errors import InputError
from grader.escape import printable
from grader.program import command


def welcome() -> list[str]:
    """Return the lines: in a lab, above labs, or anywhere else."""
    lines = [
        "Labs on demand paging and copy-on-write: you write a small kernel, and see the first step that differs.",
        "",
    ]
    try:
        lines += _here()
    except InputError as error:
        lines += [printable(problem, limit=None) for problem in error.problems]
    return [*lines, "", f"All commands: {command('--help')}"]


def _here() -> list[str]:
    if pathlib.Path("lab.yaml").is_file():
        from grader.lab.lab import load_lab

        lab = load_lab(pathlib.Path())
        return [
            f"This folder is the lab {lab.name}: {lab.title}. Read README.md, write {lab.kernel.path}, then",
            f"  {command('watch')}    grades on every save",
            f"  {command('run')}      grades once",
        ]
    folders = lab_folders()
    if folders:
        # A working folder is the student's own, where labs/ is the course's.
        first = next((folder for folder in folders if folder.parent == pathlib.Path()), folders[0])
        return [
            *labs(folders),
            "",
            f"Read {printable(str(first / 'README.md'), limit=None)}, then",
            f"  {command('watch', first)}",
        ]
    from grader.publish.start import ELSEWHERE, installed

    known = installed()
    if not known:
        return [f"There is no lab here: {ELSEWHERE}."]
    return ["To begin:", f"  {command('start', known[0])}"]
