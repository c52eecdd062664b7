"""Describes what went wrong in a student's code: an exception, and the lines of text where it happened.

An exception's class and attributes are the student's own, and may do anything when they are asked. So its kind is read
from what C stores, and what is reported are plain texts and small numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any

#: Calls of the student's code that are shown of a traceback, innermost last.
LINES = 6


class RefusedImport(ImportError):
    """Raised if a kernel imports a module that it may not import."""


# These read what C stores of an exception and of a class, so that attributes of the student's cannot interfere.
_traceback_of = vars(BaseException)["__traceback__"].__get__
_name, _bases, _space, _flags = (vars(type)[n].__get__ for n in ("__name__", "__mro__", "__dict__", "__flags__"))

#: Py_TPFLAGS_HEAPTYPE: the class was made by a class statement.
_MADE = 1 << 9


def name_of(error: BaseException) -> str:
    """Return the name of an exception's type without running the student's code."""
    return _text(_name(type(error)), 100)


def _text(text: str, limit: int) -> str:
    """Return the beginning of a text as a plain str: a subclass of str runs the student's code when it is cut."""
    return str.__str__(text)[:limit]


def harmless(kind: type) -> bool:
    """Return True if `isinstance` of an exception of this type runs no code of the student's."""
    try:
        made = [_space(base) for base in _bases(kind) if _flags(base) & _MADE]
        return all({"__class__", "__getattribute__"}.isdisjoint(space) for space in made)
    except BaseException:
        return False  # a name in the class cannot be compared


def describe(error: BaseException, method: str, modules: dict[str, str]) -> dict[str, object]:
    """Return what went wrong, with the student's own lines and none of ours, whatever the student's exception does."""
    made = type(error)
    try:
        calls = _calls(_traceback_of(error))
        lines = _syntax_line(error) if issubclass(made, SyntaxError) else own_lines(calls, modules)
        message = _text(str(error), 2000) + _suggestion(error)
        if issubclass(made, ImportError) and error.path:  # type: ignore[attr-defined]
            message = message.removesuffix(f" ({error.path})")  # type: ignore[attr-defined]
    except BaseException as strange:
        lines, message = [], f"its message could not be read ({name_of(strange)})"
    return {"kind": _kind(made), "method": method, "type": name_of(error), "message": message, "lines": lines}


def _suggestion(error: BaseException) -> str:
    """Return what Python itself would add to a misspelt attribute: " (did you mean 'allocate'?)", or ""."""
    if type(error) is not AttributeError or type(error.name) is not str:
        return ""
    from difflib import get_close_matches

    names = [name for name in dir(error.obj) if type(name) is str and not name.startswith("_")]
    close = get_close_matches(error.name[:100], names, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _kind(made: type[BaseException]) -> str:
    if issubclass(made, NotImplementedError):
        return "not_implemented"
    if issubclass(made, RefusedImport | PermissionError):
        return "refused"
    if issubclass(made, MemoryError):
        return "memory"
    return "crash"


def _syntax_line(error: Any) -> list[list[Any]]:
    number = error.lineno
    # Only a plausible number: the student may have set one that is too long to be written.
    number = number if type(number) is int and 0 <= number < 1 << 31 else 0
    return [[_text(str(error.filename), 200), number, "", _text(str(error.text or ""), 1000).strip()[:200]]]


def _calls(traceback: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    """Return the calls of a traceback, innermost last: what was called, and the line that it had come to."""
    while traceback is not None:
        yield traceback.tb_frame.f_code, traceback.tb_lineno or traceback.tb_frame.f_code.co_firstlineno
        traceback = traceback.tb_next


def running_calls(frame: FrameType | None) -> list[tuple[CodeType, int]]:
    """Return the calls that are running, innermost last.

    Some instructions belong to no line, such as those that begin a function: the line of its `def` stands for them.
    """
    calls: list[tuple[CodeType, int]] = []
    while frame is not None:
        calls.append((frame.f_code, frame.f_lineno or frame.f_code.co_firstlineno))
        frame = frame.f_back
    return calls[::-1]


def own_lines(calls: Iterable[tuple[CodeType, int]], modules: dict[str, str]) -> list[list[object]]:
    """Return only the calls of the student's own code, with the lines of text."""
    files = {file_of(name): text for name, text in modules.items()}
    lines: list[list[object]] = []
    for code, number in calls:
        text = files.get(code.co_filename)
        if text is not None:
            lines.append([code.co_filename, number, code.co_name[:100], quoted(text, number)])
    return lines[-LINES:]


def quoted(text: str, number: int) -> str:
    """Return a line of a text as a report quotes it; "" if the text has no such line."""
    source = text.splitlines()
    return source[number - 1].strip()[:200] if 0 < number <= len(source) else ""


def file_of(module: str) -> str:
    """Return the file that a message names for a module such as `reference.demand_paging`."""
    return module.replace(".", "/") + ".py"
