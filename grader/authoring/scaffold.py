"""Create new labs and scenarios: small, complete and working, so that an author starts from something sound.

A new lab passes `grader record` and `grader check`. A new scenario loads, and the reference meets its expectations.
"""

from __future__ import annotations

import pathlib

from grader.errors import InputError
from grader.files import write_file
from grader.lab.fields import is_name
from grader.lab.lab import Lab
from grader.program import command

#: Templates of the files to create, with @PLACEHOLDERS@.
TEMPLATES = pathlib.Path(__file__).with_name("scaffold_files")


def new_lab(name: str, labs: pathlib.Path) -> list[pathlib.Path]:
    """Create labs/NAME, and its reference with a misconception in `reference` next to labs/; return the files written.

    If the name is not valid or is taken, write nothing and raise InputError.
    """
    _check_name(name, "a lab")
    if name[0].isdigit():  # its reference is a module
        raise InputError([f"{name!r} is not a valid name for a lab; begin it with a letter"])
    module = name.replace("-", "_")
    values = {
        "LAB": name,
        "TITLE": name.replace("-", " ").capitalize(),
        "MODULE": module,
        "CLASS": "".join(part.capitalize() for part in name.split("-")) + "Kernel",
    }
    files = {
        labs / name / "lab.yaml": "lab.yaml",
        labs / name / "README.md": "handout.md",
        labs / name / "kernel.py": "stub.txt",
        labs / name / "scenarios" / "first-write-faults-once.yaml": "first.yaml",
        # One word: this module goes into every release, which may not have the name of a hidden scenario.
        labs / name / "hidden" / "separately.yaml": "hidden.yaml",
        labs.parent / "reference" / f"{module}.py": "reference.txt",
        labs.parent / "reference" / "misconceptions" / f"{module}.py": "misconceptions.txt",
    }
    if (labs / name).exists():
        raise InputError([f"{labs / name}: already exists; choose another name"])
    return _write(files, values)


def new_scenario(name: str, lab: Lab, hidden: bool = False) -> list[pathlib.Path]:
    """Create a scenario for a lab's first task. If the id is not valid or is taken, write nothing, raise InputError."""
    _check_name(name, "a scenario")
    if lab.reference is None:
        problem = "a released lab has no reference that could record a new scenario"
        raise InputError(
            [f"{lab.path}: {problem}; write your own into {lab.path / 'mine'}, see `{command('test', '-h')}`"]
        )
    if any(scenario.id == name for scenario in lab.all_scenarios):
        raise InputError([f"{name}: {lab.name} already has a scenario of this name, public or hidden"])
    title = name.replace("-", " ").capitalize()
    path = lab.path / ("hidden" if hidden else "scenarios") / f"{name}.yaml"
    tasks = ", ".join(task.id for task in lab.tasks)
    return _write({path: "scenario.yaml"}, {"TITLE": title, "TASK": lab.tasks[0].id, "TASKS": tasks})


def _check_name(name: str, what: str) -> None:
    if not is_name(name):
        allowed = "small letters, digits and single hyphens, such as tight-memory"
        raise InputError([f"{name!r} is not a valid name for {what}; use {allowed}"])


def _write(files: dict[pathlib.Path, str], values: dict[str, str]) -> list[pathlib.Path]:
    there = [path for path in files if path.exists()]
    if there:
        raise InputError([f"{path}: already exists; choose another name" for path in there])
    for path, template in files.items():
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        write_file(path, text, make_folders=True)
    return list(files)
