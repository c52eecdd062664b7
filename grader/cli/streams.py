"""Standard streams as the commands need them: open, and able to take any character."""

from __future__ import annotations

import os
import sys


def prepare() -> str:
    """Make the standard streams usable; return what is wrong with standard output, or "".

    A closed stream's number would go to the next file that is opened, and that file would receive what is printed. So
    each one is opened again on the null device.
    """
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is the closed stream's
    names = ("stdin", "stdout", "stderr")
    for number in closed:
        setattr(sys, names[number], open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # A terminal or log of another encoding gets escapes instead of an error.
        if hasattr(stream, "reconfigure") and stream.encoding and stream.encoding.lower() not in ("utf-8", "utf8"):
            stream.reconfigure(errors="backslashreplace")
    return "standard output is closed; use > /dev/null to drop it" if 1 in closed else ""


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
