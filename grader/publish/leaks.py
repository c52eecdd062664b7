"""Search a release, byte for byte and inside its zips, for what students must not get.

A single line of a secret file is enough for a finding. Lines of the project's README, which every wheel carries, are
an exception, because a hidden scenario may share a step with the README's example. Such a line counts only if the line
before or after it is also the same as in the secret file. A title or a hint always counts.
"""

from __future__ import annotations

import functools
import io
import pathlib
import re
import zipfile
from collections.abc import Iterator
from itertools import pairwise

from grader.lab.lab import Lab
from grader.publish.wheel import description, package_files
from grader.quiz.obfuscated import unpacked

#: Minimum length in characters of a line that identifies its file; anybody might write a shorter one.
LINE = 24

#: Beginnings of lines that identify a scenario by themselves.
_TELLING = ("title:", "hint:", "#")

#: Maximum number of findings in a message.
TOLD = 20


def leaks(lab: Lab, folder: pathlib.Path) -> list[str]:
    """Return the secrets of a lab that are in a folder: one line each, with the file and the secret's own file."""
    secrets = secret_lines(lab)
    hidden = {path.name for path in hidden_files(lab)}
    of_hidden = {line: name for line, name in secrets.items() if name in hidden}
    pairs = {pair for path in secret_files(lab) for pair in pairwise(_lines(path))}
    described = {line for line in map(str.strip, description().splitlines()) if not line.startswith(_TELLING)}
    words = sorted(secret_words(lab))
    found = []
    for name, data in contents(folder):
        inside = unpacked(data)
        # Students can unpack a quiz, so it may have its own questions and keys and nothing that is hidden.
        looked_for = secrets if inside == data else of_hidden
        text = inside.decode("utf-8", "replace")
        lines = [line for line in map(str.strip, text.splitlines()) if len(line) >= LINE]
        plain = [line.lstrip("# ") for line in lines]  # what was made a comment
        neighbours = {line for read in (lines, plain) for pair in pairwise(read) if pair in pairs for line in pair}
        for line in sorted({*lines, *plain} & looked_for.keys()):
            if line not in described or line in neighbours:
                found.append(f"{name} contains a line of {secrets[line]}: {line[:60]!r}")
        whole = f"{name}\n{text}"
        for word in words:
            # The text is searched for the plain word first, which takes a tenth of the time.
            if word in whole and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", whole):
                found.append(f"{name} names the hidden scenario {word}")
    return found[:TOLD]


def contents(folder: pathlib.Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file of a folder, and every file inside its wheels and zips."""
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        yield name, data
        if path.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for member in archive.namelist():
                    yield f"{name}/{member}", archive.read(member)


def hidden_files(lab: Lab) -> list[pathlib.Path]:
    """Return hidden scenarios and their outputs."""
    outputs = [lab.outputs / f"{scenario.id}.json" for scenario in lab.hidden]
    files = [*sorted((lab.path / "hidden").glob("*")), *outputs]
    return [path for path in files if path.is_file()]


def secret_files(lab: Lab) -> list[pathlib.Path]:
    """Return hidden scenarios and their outputs, the quiz and its keys, references, model sheets, misconceptions."""
    files = hidden_files(lab)
    if lab.quiz is not None:
        files += [lab.quiz, *sorted((lab.outputs / "quiz").glob("*.json"))]
    if lab.reference is not None:
        root = lab.reference.path.parent
        files += [
            *sorted(root.glob("*.py")),
            *sorted(root.glob("c/*.c")),
            *sorted(root.glob("misconceptions/*.py")),
            *sorted(root.glob("answers/*")),
        ]
    return [path for path in files if path.is_file()]


def open_files(lab: Lab) -> list[pathlib.Path]:
    """Return the lab's files that are public anyway: a line of theirs reveals nothing."""
    files = [
        lab.path / "README.md",
        lab.path / "answers.yaml",
        lab.path / "lab.yaml",
        lab.path / "stub.c",
        lab.kernel.path,
    ]
    files += sorted((lab.path / "scenarios").glob("*"))
    files += [lab.outputs / f"{scenario.id}.json" for scenario in lab.scenarios]
    return [path for path in files if path.is_file()]


def secret_lines(lab: Lab) -> dict[str, str]:
    """Return line -> the secret file that it reveals, for all lines that occur only in secret files."""
    known = _package_lines().union(line for path in open_files(lab) for line in _lines(path))
    return {line: path.name for path in secret_files(lab) for line in _lines(path) if line not in known}


@functools.cache
def _package_lines() -> frozenset[str]:
    """Return the lines of the package's own files, which every release has, and which stay while it runs."""
    return frozenset(line for path in package_files() for line in _lines(path))


def _lines(path: pathlib.Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if len(line.strip()) >= LINE:
            yield line.strip()


def secret_words(lab: Lab) -> list[str]:
    """Return the names of hidden scenarios, except single words, which may occur anywhere."""
    return [scenario.id for scenario in lab.hidden if "-" in scenario.id]
