"""Searches a release, byte for byte and inside its zips, for what students must not get.

One line is enough to be found, unless it stands in our own description, which every wheel carries: a hidden scenario
may well have a step that the README's example has too. Such a line counts where the secret's line before or after it is
its neighbour again, and a title or a hint always counts.
"""

from __future__ import annotations

import io
import pathlib
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise

from grader.lab.lab import Lab
from grader.publish.wheel import description, package_files

#: Characters from which on a line is told apart from lines that anybody might write.
LINE = 24

#: How lines begin that tell a scenario apart by themselves.
_TELLING = ("title:", "hint:", "#")

#: Findings that are told.
TOLD = 20


def leaks(lab: Lab, folder: pathlib.Path) -> list[str]:
    """What of a lab's secrets is in a folder: a line each, with the file and the secret's own."""
    secrets = secret_lines(lab)
    pairs = {pair for path in secret_files(lab) for pair in pairwise(_lines(path))}
    described = {line for line in map(str.strip, description().splitlines()) if not line.startswith(_TELLING)}
    found = []
    for name, data in contents(folder):
        text = data.decode("utf-8", "replace")
        lines = [line for line in map(str.strip, text.splitlines()) if len(line) >= LINE]
        neighbours = {line for pair in pairwise(lines) if pair in pairs for line in pair}
        for line in sorted(set(lines) & secrets.keys()):
            if line not in described or line in neighbours:
                found.append(f"{name} has a line of {secrets[line]}: {line[:60]!r}")
        for word in sorted(secret_words(lab)):
            if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", f"{name}\n{text}"):
                found.append(f"{name} names the hidden scenario {word}")
    return found[:TOLD]


def contents(folder: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder, and every file inside its wheels and zips."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        yield name, data
        if path.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.namelist():
                    yield f"{name}/{member}", archive.read(member)


def secret_files(lab: Lab) -> list[pathlib.Path]:
    """Hidden scenarios and their outputs, the quiz with its keys, the references, model sheets and misconceptions."""
    files = sorted((lab.path / "hidden").glob("*"))
    files += [lab.outputs / f"{scenario.id}.json" for scenario in lab.hidden]
    if lab.quiz is not None:
        files += [lab.quiz, *sorted((lab.outputs / "quiz").glob("*.json"))]
    if lab.reference is not None:
        root = lab.reference.path.parent
        files += [
            *sorted(root.glob("*.py")),
            *sorted(root.glob("misconceptions/*.py")),
            *sorted(root.glob("answers/*")),
        ]
    return [path for path in files if path.is_file()]


def open_files(lab: Lab) -> list[pathlib.Path]:
    """What is public anyhow: lines that stand here tell nothing."""
    files = [
        lab.path / "README.md",
        lab.path / "answers.yaml",
        lab.path / "lab.yaml",
        lab.kernel.path,
        *package_files(),
    ]
    files += sorted((lab.path / "scenarios").glob("*"))
    files += [lab.outputs / f"{scenario.id}.json" for scenario in lab.scenarios]
    return [path for path in files if path.is_file()]


def secret_lines(lab: Lab) -> dict[str, str]:
    """line -> the file that it gives away, for all lines that stand in secret files alone."""
    known = {line for path in open_files(lab) for line in _lines(path)}
    return {line: path.name for path in secret_files(lab) for line in _lines(path) if line not in known}


def _lines(path: pathlib.Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if len(line.strip()) >= LINE:
            yield line.strip()


def secret_words(lab: Lab) -> list[str]:
    """Names of hidden scenarios, but for those that are words of one part and may stand anywhere."""
    return [scenario.id for scenario in lab.hidden if "-" in scenario.id]
