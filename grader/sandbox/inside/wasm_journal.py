"""Runs a kernel in C once more as if its processes had other numbers, and its blocks other addresses.

A module sees of the machine what its functions are called with and what the operations answer. Both are noted here, and
are enough to run it again without a machine. In such a run processes and blocks can have other names. It shows what the
memory would look like then, and whether the kernel would do the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.sandbox.inside.wasm_blocks import Blocks
from grader.sandbox.inside.wasm_library import WasmError
from grader.sandbox.inside.wasm_runtime import IMPORTS, Instance, OutOfFuel, Program

#: Operation -> which of its arguments are numbers of processes, and of frames.
_PROCESSES = dict.fromkeys(("map", "protect", "unmap", "lookup", "entries"), (0,))
_FRAMES = {"free": (0,), "zero": (0,), "copy": (0, 1), "map": (2,)}

#: Operations whose arguments are a place in memory with a text: what is printed decides nothing.
_TEXTS = frozenset({"log", "todo"})

_LOW = (1 << FRAME_SHIFT) - 1


class Names(NamedTuple):
    """Other numbers for processes and frames, and places of blocks, for calls that are repeated.

    pids    process -> its number; frames: frame -> its number, if it has another one
    places  where the blocks lie, in the order of the calls of malloc
    """

    pids: Mapping[int, int]
    frames: Mapping[int, int]
    places: list[int]


class Operation(NamedTuple):
    """An operation, and what the module got for it: a number, or the entries that were written to its memory."""

    name: str
    arguments: tuple[int, ...]
    answer: Any


class Call(NamedTuple):
    """A call of the module: the function, its arguments, the operations during it, and what it returned."""

    name: str
    arguments: tuple[int, ...]
    operations: tuple[Operation, ...]
    result: int


class Journal:
    """Notes all calls of an instance since it started, and says where its blocks lie."""

    def __init__(self, instance: Instance) -> None:
        """Begin to note what an instance does that has not been called yet."""
        self.calls: tuple[Call, ...] = ()
        self.blocks = Blocks(instance.choose_places())
        self._instance = instance
        self._begun: tuple[str, tuple[int, ...]] = ("", ())
        self._operations: list[Operation] = []
        instance.observer = self
        operations = instance.carry_out | {"place": self._place, "unplace": self._unplace}
        instance.carry_out = {name: self._noted(name, function) for name, function in operations.items()}

    def before(self, name: str, arguments: tuple[int, ...]) -> None:
        """Begin to note a call."""
        self._instance.empty_stack()
        self._begun, self._operations = (name, arguments), []

    def after(self, result: int) -> None:
        """Note a call. One that is stopped has no state after it."""
        self.calls = (*self.calls, Call(*self._begun, tuple(self._operations), result))

    def _noted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def carry_out(*arguments: int) -> Any:
            answer = function(*arguments)
            got = self._instance.read(arguments[2], 8 * answer) if name == "entries" else answer
            self._operations.append(Operation(name, arguments, got))
            return answer

        return carry_out

    def _place(self, kind: int) -> int:
        block = self.blocks.place(kind)
        end = block + self.blocks.in_use[block]
        if self._instance.size() < end and not self._instance.grow(end):
            self.blocks.unplace(block)
            return 0
        return block

    def _unplace(self, block: int) -> None:
        self.blocks.unplace(block)


class Again:
    """An instance in which noted calls are repeated."""

    def __init__(self, program: Program) -> None:
        """Lay out the memory and run the module's own start function, as for any instance."""
        operations = {name: self._answering(name) for name in IMPORTS}
        self.instance = Instance(program, operations)
        self._names = Names({}, {}, [])
        self._blocks: dict[int, int] = {}  # where a block was -> where it is now
        self._next_place: Callable[[], int] = int
        self._left: list[Operation] = []
        self.instance.start()
        self.start = self.instance.choose_places()

    def repeat(self, calls: tuple[Call, ...], names: Names, fuel: int) -> bool:
        """Repeat calls with other names. Return False if the kernel then does something else.

        The memory must be as it was at the beginning.
        """
        instance = self.instance
        instance.fuel, self._names, self._blocks = fuel, names, {0: 0}
        places = iter(names.places)
        self._next_place = places.__next__
        instance.refuel()
        for call in calls:
            self._left = list(call.operations[::-1])
            instance.empty_stack()
            try:
                result = instance.call(call.name, *self._renamed(call))
            except (WasmError, OutOfFuel):
                return False
            if self._left or result != call.result:
                return False
        return True

    def _renamed(self, call: Call) -> list[int]:
        """Return the arguments that a call now has: processes come first, and a page fault's entry last."""
        processes = 2 if call.name == "fork" else 1
        arguments = list(call.arguments)
        arguments[:processes] = [self._names.pids[pid] for pid in arguments[:processes]]
        if call.name == "page_fault":
            arguments[-1] = self._entry(arguments[-1])
        return arguments

    def _answering(self, name: str) -> Callable[..., Any]:
        """Return what answers an operation as it was answered before. ValueError, a trap, if it is another one."""

        def carry_out(*arguments: int) -> Any:
            before = self._left.pop() if self._left else Operation("", (), None)
            if before.name != name or (name not in _TEXTS and self._expected(before) != arguments):
                raise ValueError(name)
            return self._answer(before, arguments)

        return carry_out

    def _expected(self, before: Operation) -> tuple[int, ...]:
        """Return the arguments that an operation now has."""
        name, arguments = before.name, list(before.arguments)
        for place in _PROCESSES.get(name, ()):
            arguments[place] = self._names.pids.get(arguments[place], arguments[place])
        for place in _FRAMES.get(name, ()):
            arguments[place] = self._names.frames.get(arguments[place], arguments[place])
        if name == "unplace":
            arguments[0] = self._blocks[arguments[0]]
        return tuple(arguments)

    def _answer(self, before: Operation, arguments: tuple[int, ...]) -> Any:
        """Return the answer that an operation now has."""
        answer = before.answer
        if before.name == "allocate":
            return self._names.frames.get(answer, answer)
        if before.name == "lookup":
            return self._entry(answer)
        if before.name == "entries":
            numbers = array("I", answer)
            numbers[1::2] = array("I", map(self._entry, numbers[1::2]))
            self.instance.write(arguments[2], numbers.tobytes())
            return len(numbers) // 2
        if before.name == "place" and answer:
            self._blocks[answer] = place = self._next_place()
            return place
        return answer

    def _entry(self, entry: int) -> int:
        frame = entry >> FRAME_SHIFT
        return self._names.frames.get(frame, frame) << FRAME_SHIFT | entry & _LOW if entry else 0
