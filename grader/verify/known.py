"""Knows what a kernel in C does, as far as it has done it in the same state before: then nobody need ask it again.

All that a kernel in C has is its memory. So what a function of it does depends on that, on what it is called with, and
on what the operations of the machine answer. With each hash of its state the kernel's process reports which calls led
from which state to which memory (wire.STATE). A call that is known is carried out here: the operations that it asked
for, on the grader's machine, as long as they answer what they did. At the first other answer it is unknown.

This believes the kernel's process as much as an exploration must anyhow, which takes its word for which states are
alike. Nothing is counted by it but on the grader's machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from grader.machine.hardware import Hardware
from grader.machine.process import Process
from grader.protocol import wire
from grader.protocol.by_numbers import FUNCTIONS, ON_MACHINE, NumberKernel, is_result

#: Ways and forms that are kept, some 100 MB; all is forgotten when there are more, and asked for again.
ROOM = 200_000


class Unknown(BaseException):
    """Nobody knows what the kernel would do. Not an Exception: it must pass through the machine untouched."""


class Point:
    """A state of a kernel between two calls. memory: the number of its memory; None if that is not known.

    calls  function and arguments -> how such a call goes from here
    """

    __slots__ = ("calls", "memory")

    def __init__(self) -> None:
        self.calls: dict[tuple[str, tuple[int, ...]], Way] = {}
        self.memory: int | None = None


class Way:
    """A call from some point on: the next operation and its arguments, and after each answer a Way; or its end.

    end  what the function returned, and the state after it
    """

    __slots__ = ("after", "end", "operation")

    def __init__(self) -> None:
        self.operation: tuple[str, tuple[int, ...]] = ("", ())
        self.after: dict[object, Way] = {}
        self.end: tuple[int, Point] | None = None


class Notes:
    """The notes of a kernel's process after a step: the state where its last calls began, these, and its memory.

    begin, memory  numbers that the process has given to states and to memories; calls: None if they are long, or
                   took more fuel than there is in every state
    """

    def __init__(self, data: bytes) -> None:
        """Read what follows the hash of a state. ValueError if it is something else."""
        if len(data) > wire.NOTED:
            raise ValueError(f"{len(data)} bytes of notes, more than {wire.NOTED}")
        try:
            self.begin, self.memory, calls = json.loads(data)
            self.calls = None if calls is None else [_call(*call) for call in calls]
        except (TypeError, KeyError, IndexError, RecursionError) as error:
            raise ValueError(f"notes that are none ({type(error).__name__})") from None
        if type(self.begin) is not int or type(self.memory) is not int:
            raise ValueError("states without numbers")


_Call = tuple[str, tuple[int, ...], list[tuple[str, tuple[int, ...], object]], int]


def _call(name: str, arguments: list[int], operations: list[Any], result: int) -> _Call:
    """Return a call from its report. ValueError, KeyError or TypeError unless an honest process reports such a one."""
    asked = [(name, _numbers(given, ON_MACHINE[name]), _answer(name, answer)) for name, given, answer in operations]
    if type(result) is not int:
        raise ValueError("a result that is not a number")
    return name, _numbers(arguments, FUNCTIONS[name]), asked, result


def _answer(name: str, answer: Any) -> object:
    """Return what an operation answered."""
    if name == "entries":
        return bytes.fromhex(answer)
    if answer is not None and type(answer) is not int:
        raise ValueError("an answer that is not a number")
    return answer


def _numbers(given: list[int], count: int) -> tuple[int, ...]:
    if type(given) is not list or len(given) != count or any(type(one) is not int for one in given):
        raise ValueError(f"{count} numbers were expected")
    return tuple(given)


class Known:
    """All that is known of a kernel: what calls do in its states, and the hashes of states."""

    def __init__(self) -> None:
        self._points: dict[int, Point] = {}
        self._forms: dict[object, bytes] = {}
        self._room = ROOM

    def point(self, number: int) -> Point:
        """Return a state by its number."""
        return self._points.setdefault(number, Point())

    def learn(self, notes: Notes) -> Point | None:
        """Add notes. Return the state after these calls; None if that is not known, or one had a wrong result."""
        if notes.calls is None:
            return None
        self._make_room(sum(len(operations) + 1 for _, _, operations, _ in notes.calls))
        point = self.point(notes.begin)
        for name, arguments, operations, result in notes.calls:
            way = point.calls.setdefault((name, arguments), Way())
            for operation, given, answer in operations:
                way.operation = operation, given
                way = way.after.setdefault(answer, Way())
            if not is_result(name, result):
                return None
            if way.end is None:
                way.end = result, Point()
            point = way.end[1]
        point.memory = notes.memory
        return point

    def form(self, memory: int | None, rest: object) -> bytes | None:
        """Return the hash of the state with a memory and the rest that decides it; None if that is not known."""
        return self._forms.get((memory, rest))

    def keep(self, memory: int | None, rest: object, form: bytes) -> None:
        """Note the hash of a state."""
        self._make_room(1)
        self._forms[memory, rest] = form

    def _make_room(self, many: int) -> None:
        """Make room for so many ways and forms more."""
        self._room -= many
        if self._room < 0:
            self._points.clear()
            self._forms.clear()
            self._room = ROOM - many


class KnownKernel(NumberKernel):
    """Does on a machine what is known. Unknown where it ends. point: the state of the kernel."""

    def __init__(self, hw: Hardware, processes: dict[int, Process]) -> None:
        super().__init__(hw, processes)
        self.point = Point()
        self._operations: dict[str, Callable[..., Any]] = self.operations()
        self.call = self._known

    def _known(self, name: str, *arguments: int) -> int:
        way = self.point.calls.get((name, arguments))
        while way is not None:
            if way.end is not None:
                result, self.point = way.end
                return result
            operation, given = way.operation
            way = way.after.get(self._answer(operation, given))
        raise Unknown

    def _answer(self, operation: str, arguments: tuple[int, ...]) -> object:
        try:
            return self._operations[operation](*arguments)
        except Exception:  # the machine refuses it
            raise Unknown from None
