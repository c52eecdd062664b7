"""Finds a method that a kernel lacks under a name that is misspelt: `mprotec`, `kernel_exitt`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from grader.errors import similar
from grader.grade.attempt import Attempt
from grader.grade.verdicts import NOT_IMPLEMENTED
from grader.machine.kernel import Kernel

#: Language -> what names a function in its source.
_DEFINED = {"python": r"(?m)^\s+def\s+(\w+)", "c": r"\b(kernel_\w+)\s*\("}

#: How alike two names have to be: `do_fork` and `fork` are not.
_ALIKE = 0.8


def defined_in(text: str, language: str) -> list[str]:
    """Return the names of the methods, or of the functions for the machine, in a kernel's source."""
    return re.findall(_DEFINED[language], text)


def with_misspelt(attempt: Attempt, defined: Callable[[], Iterable[str]]) -> Attempt:
    """Return the attempt; if it lacks a method that may be there under a misspelt name, with a line that says so.

    defined  returns the names of the kernel's methods; it is called only if one is lacking
    """
    lacks = attempt.message.rpartition(" ")[2]
    if attempt.verdict != NOT_IMPLEMENTED or not hasattr(Kernel, lacks.removeprefix("kernel_")):
        return attempt
    others = [name for name in defined() if not hasattr(Kernel, name.removeprefix("kernel_"))]
    for name in similar(lacks, others, 1, _ALIKE):
        return attempt._replace(lines=(*attempt.lines, f"Your kernel has {name!r}: did you mean {lacks!r}?"))
    return attempt
