"""Reads the hostile submissions of tests/hostile: kernels in Python, kernels in C, and WebAssembly modules."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import pathlib
import re
from typing import NamedTuple

from grader.errors import InputError
from grader.sandbox.isolation import LEVELS

#: The folder of the attacks. They belong to the repository, not to the grader's package.
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "hostile"

#: The kernels that attacks are built on, also used as the honest control. They are not attacks.
HONEST, HONEST_C = "honest.py", "c/honest.c"

#: What an attack in C overrides, and an honest kernel does not.
NO_STRIKE = '#include "forklab.h"\nstatic void strike(process_t parent, process_t child) {}\n'

_HEAD = re.compile(r"(?:(?:#|//|;;).*\n)+")
_FIELD = re.compile(r"(level|verdicts|machine|alone):")


class Attack(NamedTuple):
    """A hostile submission.

    about     what it tries, in one sentence
    level     the lowest level that contains it
    verdicts  the accepted verdicts of the three scenarios: before, during and after the attack
    source    the whole submission; a kernel class in Python is called `Attack`
    machine   the processor architecture that it is written for, or "" for any
    language  `python`, `c`, or `wat` for a module that comes from no compiler
    """

    name: str
    about: str
    level: str
    verdicts: tuple[frozenset[str], ...]
    source: str
    machine: str
    language: str = "python"


def read_attacks(folder: pathlib.Path = FOLDER, pattern: str = "*") -> list[Attack]:
    """Return the attacks of a folder, by name. InputError if there are none, or if the head of one is incomplete."""
    if not (folder / HONEST).is_file():
        raise InputError(
            [f"{folder}: no hostile submissions here; they are in the folder tests/hostile of the repository"]
        )
    found = []
    for paths, honest in ((folder.glob("*.py"), HONEST), (folder.glob("c/*.*"), HONEST_C)):
        chosen = [p for p in sorted(paths) if p != folder / honest and fnmatch.fnmatch(p.stem, pattern)]
        text = (folder / honest).read_text(encoding="utf-8") if chosen else ""
        found += [read_attack(p.stem, p.read_text(encoding="utf-8"), text, _language(p)) for p in chosen]
    if not found:
        raise InputError([f"{folder}: no attack matches {pattern}"])
    return found


def _language(path: pathlib.Path) -> str:
    return {".py": "python", ".c": "c", ".wat": "wat"}[path.suffix]


def read_attack(name: str, text: str, honest: str, language: str = "python") -> Attack:
    """Parse an attack file: a comment that says what it tries, then `level:` and `verdicts:`."""
    head = _HEAD.match(text)
    lines = [line.lstrip("#/;").strip() for line in head.group().splitlines()] if head else []
    fields = dict(line.split(":", 1) for line in lines if _FIELD.match(line))
    about = " ".join(line for line in lines if line and line.partition(":")[0] not in fields)
    verdicts = tuple(frozenset(word.split("|")) for word in fields.get("verdicts", "").split())
    level = fields.get("level", "").strip()
    if not about or level not in LEVELS or len(verdicts) != 3:
        raise InputError(
            [f"{name}: the comments at its head must give what the attack tries, its level, and three verdicts"]
        )
    if "alone" in fields or language == "wat":
        source = text
    else:
        source = f"{honest}\n\n{text}" if language == "python" else f"{text}\n{honest}"
    return Attack(name, about, level, verdicts, source, fields.get("machine", "").strip(), language)


def not_tried(attack: Attack, levels: dict[str, str]) -> str:
    """Return why an attack cannot be tried here, or "". levels: what the machine gives, by the kernel's language."""
    language = "python" if attack.language == "python" else "c"
    if language not in levels:
        return without_c() if language == "c" else "this level is only for kernels in C"
    if LEVELS.index(levels[language]) < LEVELS.index(attack.level):
        return f"needs {attack.level}; this sandbox is {levels[language]}"
    if attack.machine and attack.machine != os.uname().machine:
        return f"only for {attack.machine}"
    return ""


def without_c() -> str:
    """Return why kernels in C cannot run here, or ""."""
    missing = [name for name in ("ziglang", "wasmtime") if importlib.util.find_spec(name) is None]
    return f"{' and '.join(missing)} not installed (pip install ziglang wasmtime)" if missing else ""
