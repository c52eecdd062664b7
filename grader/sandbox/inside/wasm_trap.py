"""Says what stopped a WebAssembly module, with the lines of the C source that led there."""

from __future__ import annotations

import re

from grader.sandbox.inside.wasm_library import Trap

# These become regular expressions only when a module is stopped: most never are, and a worker starts sooner without.

#: A call of a trap's backtrace, innermost first: the function, and its place in the C source if that is known.
_FRAME = r"(?m)^\s*(?:\d+:\s+0x[0-9a-f]+)?\s*- (?P<function>[^\n]+)(?:\n\s+at (?P<place>[^\n]*))?"

#: What clang's sanitizer found, which is the name of an inlined function.
_FOUND = r"- __clang_trap_msg\$[^$\n]*\$(?P<found>[^\n]+)"

#: What comes before the second frame of a backtrace.
_CALLER = "\n    1: "

_PLACE = r"(?P<file>[^/\s:]+):(?P<line>\d+)(?::\d+)?$"

_UNDEFINED = (
    "your code did what C leaves undefined: an index outside an array, a null pointer, an overflow of a signed number, "
    "or a shift that is too wide"
)

_OUTSIDE = "an address outside your kernel's memory: a wild pointer"

#: What the sanitizer found, where a beginner would not know what is meant.
_PLAIN = {
    "alignment, null, or object-size error": "a null pointer is followed, or one that leads to no such object any more",
    "integer divide or remainder overflowed": "a division by zero, or of the most negative number by -1",
}

#: Calls of one function in a backtrace that look like a recursion without end.
_MANY = 3

#: Code of a trap -> what it means. The codes of others are not the same in all versions.
_MEANINGS = {
    0: "the stack is used up: a recursion without end?",
    1: _OUTSIDE,
    3: "a call through a pointer that leads to no function",
    4: "a call through a null pointer",
    5: "a call through a pointer to another kind of function",
    6: "an overflow of a signed number",
    7: "a division by zero",
    9: _UNDEFINED,
}


class Crash(Exception):
    """The kernel was stopped. kind: as in a TROUBLE; lines: (file, line, function), innermost last."""

    def __init__(self, kind: str, name: str, message: str, lines: list[tuple[str, int, str]] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.lines = lines or []


def meaning(trap: Exception) -> str:
    """Return what a trap means for whoever wrote the C source."""
    innermost = str(trap).partition(_CALLER)[0]  # what is inlined further out is not what stopped it
    found = re.search(_FOUND, innermost)
    if found is not None:
        words = found["found"].lower()
        return f"your code did what C leaves undefined: {_PLAIN.get(words, words)}"
    known = _MEANINGS.get(trap.code) if isinstance(trap, Trap) and trap.code is not None else None
    calls = [function for _, _, function in c_lines(trap)]
    if known == _OUTSIDE and calls and calls.count(calls[-1]) >= _MANY:
        return f"{_OUTSIDE}, or a recursion without end that has used up the stack"
    return known or str(trap).splitlines()[0][:200]


def c_lines(trap: Exception) -> list[tuple[str, int, str]]:
    """Return the places of a trap's backtrace that are in kernel.c, innermost last."""
    found = []
    for match in re.finditer(_FRAME, str(trap)):
        place = re.search(_PLACE, match["place"] or "")
        if place is not None and place["file"] == "kernel.c":
            found.append(("kernel.c", int(place["line"]), match["function"]))
    return found[::-1]
