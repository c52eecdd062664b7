"""The commands that messages print: they can be pasted where they are read, and work there."""

from __future__ import annotations

import os
import shlex
import sys

from grader.escape import printable

#: Set by the script `forklab` at the top of a checkout and of a release: how it was called.
VARIABLE = "FORKLAB_PROGRAM"


def command(*words: object) -> str:
    """Return a command line of this program that works in the current folder, quoted for a shell and harmless to show.

    words  the command and its arguments; empty ones and a lab in the current folder (`.`) are left out
    """
    return " ".join([program(), *(quoted(word) for word in words if str(word) not in ("", "."))])


def quoted(word: object) -> str:
    """Return a word quoted for a shell and harmless to show: a submission may be called anything."""
    return printable(shlex.quote(str(word)))


def program() -> str:
    """Return what a shell in the current folder has to be given to run this program."""
    called = os.environ.get(VARIABLE, "")
    if called and os.path.isfile(called):
        return printable(shlex.quote(called))
    script = os.path.join(os.path.dirname(sys.executable), "grader.exe" if os.name == "nt" else "grader")
    if not os.path.isfile(script):
        return f"{_shortest(sys.executable)} -I -m grader"
    on_path = _found("grader")
    return "grader" if on_path and os.path.realpath(on_path) == os.path.realpath(script) else _shortest(script)


def _found(name: str) -> str | None:
    """Return the file that a shell would run, or None."""
    import shutil

    return shutil.which(name)


def _shortest(path: str) -> str:
    """Return a path from the current folder if that leads downwards, else the absolute one."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        relative = os.pardir
    below = not relative.startswith(os.pardir)
    return printable(shlex.quote(relative if below else path))
