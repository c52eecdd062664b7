"""Says which grader this is: a hash of the sources that a verdict depends on."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator

from grader import __version__

_PACKAGE = pathlib.Path(__file__).resolve().parent

#: Folders whose code decides verdicts and points. They are the rows of the house (grader/README.md) up to `grade`, so
#: that a new file in one of them is never forgotten; `language`, whose sentences they use; and `verify`, whose
#: certificates are kept as verdicts are. The others only report.
DECIDING = (
    "language",
    "machine",
    "formats",
    "scenario",
    "trace",
    "replay",
    "compare",
    "protocol",
    "state",
    "sandbox",
    "lab",
    "intake",
    "wasm",
    "quiz",
    "grade",
    "verify",
)

#: What Python makes of sources.
_NO_SOURCES = (".pyc", ".pyo")


def deciding_files() -> list[pathlib.Path]:
    """Return the source files that a verdict depends on: the deciding folders, shared modules, and a worker's task."""
    folders = [path for name in DECIDING for path in (_PACKAGE / name).rglob("*.py")]
    batch = [_PACKAGE / "batch" / name for name in ("__init__.py", "work.py")]
    header = [_PACKAGE / "wasm" / name for name in ("forklab.h", "forklab.c")]
    core = _PACKAGE / "machine" / "compiled" / "core.c"
    return sorted([*folders, *_PACKAGE.glob("*.py"), *batch, *header, core])


@functools.cache
def whole_hash() -> str:
    """Return a hash of all files of the package, and of Python's version: whatever is made from the same data by the
    same programs is the same."""
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(path for path in _PACKAGE.rglob("*") if path.suffix not in _NO_SOURCES and path.is_file()):
        name = file.relative_to(_PACKAGE).as_posix()
        digest.update(f"\0{name}\0".encode("utf-8", "surrogatepass") + file.read_bytes())
    return digest.hexdigest()


def files_hash(first: str, paths: Iterable[pathlib.Path]) -> str:
    """Return a hash of a text, and of the paths and bytes of files; what cannot be read counts as missing."""
    digest = hashlib.sha256(first.encode())
    for path in sorted(set(paths)):
        with contextlib.suppress(OSError):  # a folder, or gone by now
            data = path.read_bytes()
            digest.update(f"\0{path}\0{len(data)}\0".encode("utf-8", "surrogatepass") + data)
    return digest.hexdigest()


@functools.cache
def grader_hash() -> str:
    """Return the grader's version, Python's (3.12 as cpython-312), and the sha256 of all deciding sources.

    A later bug fix of Python (3.12.4) is the same Python: what a kernel may use of it has the same meaning.
    """
    digest = hashlib.sha256()
    for file in deciding_files():
        digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}-{sys.implementation.cache_tag}-{digest.hexdigest()}"


@functools.cache
def stamp() -> str:
    """Return a hash that differs between any two graders or Pythons. It takes a millisecond.

    It has place, size and times of every deciding source. Python itself goes by these to take a compiled module for a
    source's. The time at which the system last changed the file's entry is one of them, because archives set the other
    one: a grader that is unpacked in the place of an earlier one has other entries. Good for what one computer keeps;
    not for a record.
    """
    files = [*_sources(_PACKAGE, False), *(file for name in DECIDING for file in _sources(_PACKAGE / name, True))]
    found = sorted(f"{file.path}\0{mark_of(file.stat())}" for file in files)
    text = "\0".join([__version__, sys.version, *found])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def mark_of(status: os.stat_result) -> str:
    """Return what is different as soon as a file on this computer was changed: its size and times."""
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _sources(folder: str | os.PathLike[str], below: bool) -> Iterator[os.DirEntry[str]]:
    """Yield the Python sources and compiled modules in a folder, and in the folders below it if that is wanted."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".so", ".pyd")):
                yield entry
            elif below and entry.name != "__pycache__" and entry.is_dir():
                yield from _sources(entry.path, True)
