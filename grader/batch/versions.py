"""Which grader this is: a hash of the sources that a verdict depends on."""

from __future__ import annotations

import functools
import hashlib
import pathlib

from grader import __version__

_PACKAGE = pathlib.Path(__file__).resolve().parent.parent

#: Folders and files that decide verdicts and their explanations. Reports, marks and the command line do not.
DECIDING = (
    "machine",
    "scenario",
    "compare",
    "worker",
    "attempt.py",
    "examiner.py",
    "grading.py",
    "outputs.py",
    "twins.py",
    "verdicts.py",
    "batch/work.py",
)


@functools.cache
def grader_hash() -> str:
    """Version and sha256 of all deciding sources."""
    digest = hashlib.sha256()
    for name in DECIDING:
        path = _PACKAGE / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}-{digest.hexdigest()}"
