"""Says what stopped a WebAssembly module, with the lines of the C source that led there."""

from __future__ import annotations

import re

import wasmtime

#: A call of a trap's backtrace, innermost first: the function, and its place in the C source if that is known.
_FRAME = re.compile(r"^\s*(?:\d+:\s+0x[0-9a-f]+)?\s*- (?P<function>[^\n]+)(?:\n\s+at (?P<place>[^\n]*))?", re.M)

#: What clang's sanitizer found, which is the name of an inlined function.
_FOUND = re.compile(r"- __clang_trap_msg\$[^$\n]*\$(?P<found>[^\n]+)")

_PLACE = re.compile(r"(?P<file>[^/\s:]+):(?P<line>\d+)(?::\d+)?$")

_UNDEFINED = (
    "your code did what C leaves undefined: an index outside an array, a null pointer, an overflow of a signed number, "
    "or a shift that is too wide"
)

_MEANINGS = {
    wasmtime.TrapCode.UNREACHABLE: _UNDEFINED,
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: "an address outside your kernel's memory: a wild pointer",
    wasmtime.TrapCode.STACK_OVERFLOW: "the stack is used up: a recursion without end?",
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: "a division by zero",
    wasmtime.TrapCode.INTEGER_OVERFLOW: "an overflow of a signed number",
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: "a call through a null pointer",
    wasmtime.TrapCode.BAD_SIGNATURE: "a call through a pointer to another kind of function",
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: "a call through a pointer that leads to no function",
}


class Crash(Exception):
    """The kernel was stopped. kind: as in a TROUBLE; lines: (file, line, function), innermost last."""

    def __init__(self, kind: str, name: str, message: str, lines: list[tuple[str, int, str]] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.lines = lines or []


def out_of_fuel(trap: Exception) -> bool:
    """Return True if a trap says that the fuel is used up."""
    return isinstance(trap, wasmtime.Trap) and trap.trap_code == wasmtime.TrapCode.OUT_OF_FUEL


def meaning(trap: Exception) -> str:
    """Return what a trap means for whoever wrote the C source."""
    found = _FOUND.search(str(trap))
    if found is not None:
        return f"your code did what C leaves undefined: {found['found'].lower()}"
    code: object = trap.trap_code if isinstance(trap, wasmtime.Trap) else None
    return next((words for known, words in _MEANINGS.items() if known == code), "") or str(trap).splitlines()[0][:200]


def c_lines(trap: Exception) -> list[tuple[str, int, str]]:
    """Return the places of a trap's backtrace that are in kernel.c, innermost last."""
    found = []
    for match in _FRAME.finditer(str(trap)):
        place = _PLACE.search(match["place"] or "")
        if place is not None and place["file"] == "kernel.c":
            found.append(("kernel.c", int(place["line"]), match["function"]))
    return found[::-1]
