"""New labs and scenarios: small, whole, and sound from the first minute, so that an author changes what works.

A lab that was just made passes `grader record` and `grader check`; a scenario that was just made loads, and holds.
"""

from __future__ import annotations

import pathlib
import re

from grader.errors import InputError
from grader.files import write_file
from grader.lab.lab import Lab

#: Texts of what is made, with @PLACEHOLDERS@.
TEMPLATES = pathlib.Path(__file__).with_name("scaffold_files")

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")


def new_lab(name: str, labs: pathlib.Path) -> list[pathlib.Path]:
    """Make labs/NAME and its reference beside labs/; the files that were written.

    InputError, with nothing written, if the name cannot be used or something of that name is there.
    """
    _check_name(name, "a lab")
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
        labs / name / "hidden" / "pages-come-one-by-one.yaml": "hidden.yaml",
        labs.parent / "reference" / f"{module}.py": "reference.txt",
    }
    if (labs / name).exists():
        raise InputError([f"{labs / name}: there is something already; choose another name"])
    return _write(files, values)


def new_scenario(name: str, lab: Lab, hidden: bool = False) -> list[pathlib.Path]:
    """Make a scenario of a lab, for its first task. InputError, with nothing written, if the id is taken or odd."""
    _check_name(name, "a scenario")
    if any(scenario.id == name for scenario in lab.all_scenarios):
        raise InputError([f"{name}: {lab.name} has a scenario of this name; ids are one set, public and hidden"])
    title = name.replace("-", " ").capitalize()
    path = lab.path / ("hidden" if hidden else "scenarios") / f"{name}.yaml"
    tasks = ", ".join(task.id for task in lab.tasks)
    return _write({path: "scenario.yaml"}, {"TITLE": title, "TASK": lab.tasks[0].id, "TASKS": tasks})


def _check_name(name: str, what: str) -> None:
    if not _NAME.match(name):
        raise InputError(
            [f"{name!r} cannot name {what}; accepted are small letters, digits and single hyphens: tight-memory"]
        )


def _write(files: dict[pathlib.Path, str], values: dict[str, str]) -> list[pathlib.Path]:
    there = [path for path in files if path.exists()]
    if there:
        raise InputError([f"{path}: there is something already; choose another name" for path in there])
    for path, template in files.items():
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        write_file(path, text, make_folders=True)
    return list(files)
