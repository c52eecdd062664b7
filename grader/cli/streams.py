"""Prepare the standard streams: all open, and able to print any character. Fit lines to a terminal, say, and ask."""

from __future__ import annotations

import os
import sys


def prepare() -> str:
    """Make the standard streams usable; return what is wrong with standard output, or "".

    The next file opened would get the descriptor of a closed stream and so receive everything that is printed.
    Therefore each closed stream is opened again on the null device.
    """
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for _ in closed:
        os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor: that of a closed stream
    names = ("stdin", "stdout", "stderr")
    for number in closed:
        setattr(sys, names[number], open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Print escapes instead of failing: an encoding may lack characters, and all lack a path that is not UTF-8.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="surrogateescape")  # what is typed may be bytes of another encoding
    return "standard output is closed; use > /dev/null to discard it" if 1 in closed else ""


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def columns() -> int | None:
    """Return the columns of the terminal that standard output is, or None if it is not a terminal."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def fitted(lines: list[str]) -> list[str]:
    """Return lines that fit the terminal, broken between words. What is not for a terminal stays as it is.

    So does a line with a command: broken by us it could not be pasted, broken by the terminal it can.
    """
    width = columns()
    if width is None:
        return lines
    from grader.program import program
    from grader.report.text import wrap

    called = program()
    whole = [not line or "`" in line or called in line for line in lines]
    return [part for line, kept in zip(lines, whole, strict=True) for part in ([line] if kept else wrap(line, width))]


#: Characters of a line of a text that is read as it comes.
WIDTH = 79


def say(text: str) -> None:
    """Print a paragraph, broken at blanks where it is longer than a line."""
    from grader.escape import printable
    from grader.report.text import wrap

    print("\n".join(wrap(printable(text, limit=None), WIDTH)), flush=True)


def answer(prompt: str) -> str:
    """Ask for a line, and return it. EOFError at the end of the input.

    A terminal shows what is typed. From a pipe, the answer is printed, so that the output reads the same.
    """
    from grader.escape import printable

    print(prompt, end="", flush=True)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        print(printable(line.rstrip("\n"), limit=None), flush=True)
    if not line:
        raise EOFError
    return line
