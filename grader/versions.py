"""Says which grader this is: a hash of the sources that a verdict depends on."""

from __future__ import annotations

import functools
import hashlib
import pathlib

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


def deciding_files() -> list[pathlib.Path]:
    """Return the source files that a verdict depends on: the deciding folders, shared modules, and a worker's task."""
    folders = [path for name in DECIDING for path in (_PACKAGE / name).rglob("*.py")]
    batch = [_PACKAGE / "batch" / name for name in ("__init__.py", "work.py")]
    header = [_PACKAGE / "wasm" / name for name in ("forklab.h", "forklab.c")]
    return sorted([*folders, *_PACKAGE.glob("*.py"), *batch, *header])


@functools.cache
def grader_hash() -> str:
    """Return the grader's version and the sha256 of all deciding sources."""
    digest = hashlib.sha256()
    for file in deciding_files():
        digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return f"{__version__}-{digest.hexdigest()}"
