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
from grader.sandbox.inside.wasm_blocks import FREED, Blocks, lay_out, size_of
from grader.sandbox.inside.wasm_library import WasmError
from grader.sandbox.inside.wasm_runtime import IMPORTS, Instance, OutOfFuel, Program

#: Operation -> which of its arguments are numbers of processes, and of frames.
_PROCESSES = dict.fromkeys(("map", "protect", "unmap", "lookup", "entries"), (0,))
_FRAMES = {"free": (0,), "zero": (0,), "copy": (0, 1), "map": (2,)}

#: Operations that only a module has whose blocks lie where the grader says.
_BLOCKS = frozenset({"place", "unplace"})

#: Operations whose arguments are a place in memory with a text: what is printed decides nothing.
_TEXTS = frozenset({"log", "todo"})

_LOW = (1 << FRAME_SHIFT) - 1


class Names(NamedTuple):
    """Other numbers for processes and frames, and places of blocks, for calls that are repeated.

    pids    process -> its number; frames: frame -> its number, if it has another one
    place   return where the next block lies: its address was, and its bytes
    """

    pids: Mapping[int, int]
    frames: Mapping[int, int]
    place: Callable[[int, int], int]


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
        self.blocks = Blocks(lay_out(instance, 1))
        self._instance = instance
        self._begun: tuple[str, tuple[int, ...]] = ("", ())
        self._operations: list[Operation] = []
        instance.observer = self
        operations = instance.carry_out | {"place": self._place, "unplace": self._unplace}
        instance.carry_out = {name: self._noted(name, function) for name, function in operations.items()}

    def before(self, name: str, arguments: tuple[int, ...]) -> None:
        """Begin to note a call."""
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

    def _unplace(self, block: int) -> int:
        """Note that a block is free. Return its bytes, for whoever does it again."""
        size = self.blocks.in_use.get(block, 0)
        self.blocks.unplace(block)
        self._instance.write(block, FREED * size)
        return size


class Again:
    """An instance in which noted calls are repeated.

    blocks  where a block was that is in use -> where it now is
    """

    def __init__(self, program: Program, placed: bool = True) -> None:
        """Lay out the memory and run the module's own start function, as for any instance.

        placed  whether the names say where blocks lie; otherwise the module's allocator does
        """
        operations = {name: self._answering(name) for name in IMPORTS}
        self.instance = Instance(program, operations)
        self.blocks: dict[int, int] = {0: 0}
        self._placed = placed
        self._names = Names({}, {}, max)
        self._left: list[Operation] = []
        self._now: dict[Operation, Operation] = {}  # operations as they are with these names
        self.instance.start()
        self.start = self.instance.choose_places() if placed else 0

    def repeat(self, calls: tuple[Call, ...], names: Names, fuel: int, blocks: dict[int, int]) -> bool:
        """Repeat calls with other names. Return False if the kernel then does something else.

        The memory must be as it was before them, and so must be the blocks.
        """
        instance = self.instance
        if names is not self._names:
            self._names, self._now = names, {}
        instance.fuel, self.blocks = fuel, blocks
        instance.refuel()
        for call in calls:
            self._left = [one for one in call.operations[::-1] if self._placed or one.name not in _BLOCKS]
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
        special: Callable[[Operation, Operation, tuple[int, ...]], Any] | None
        special = {"entries": self._write_entries, "place": self._place, "unplace": self._unplace}.get(name)
        said = name in _TEXTS

        def carry_out(*arguments: int) -> Any:
            before = self._left.pop() if self._left else Operation("", (), None)
            now = self._now.get(before) or self._as_named(before)
            if now.name != name or (now.arguments != arguments and not said):
                raise ValueError(name)
            return now.answer if special is None else special(before, now, arguments)

        return carry_out

    def _write_entries(self, _before: Operation, now: Operation, arguments: tuple[int, ...]) -> int:
        self.instance.write(arguments[2], now.answer)
        return len(now.answer) // 8

    def _place(self, before: Operation, _now: Operation, arguments: tuple[int, ...]) -> int:
        if not before.answer:
            return 0
        self.blocks[before.answer] = place = self._names.place(before.answer, size_of(arguments[0]))
        return place

    def _unplace(self, before: Operation, _now: Operation, arguments: tuple[int, ...]) -> None:
        self.instance.write(arguments[0], FREED * before.answer)
        del self.blocks[before.arguments[0]]

    def _as_named(self, before: Operation) -> Operation:
        """Return an operation as it is with these names. It is kept, unless a block moves: the same come often."""
        name, arguments, answer = before.name, list(before.arguments), before.answer
        if name == "unplace":
            return Operation(name, (self.blocks[arguments[0]],), answer)
        for place in _PROCESSES.get(name, ()):
            arguments[place] = self._names.pids[arguments[place]]
        for place in _FRAMES.get(name, ()):
            arguments[place] = self._names.frames.get(arguments[place], arguments[place])
        if name in ("allocate", "zero_frame"):
            answer = self._names.frames.get(answer, answer)
        elif name == "lookup":
            answer = self._entry(answer)
        elif name == "entries":
            numbers = array("I", answer)
            numbers[1::2] = array("I", map(self._entry, numbers[1::2]))
            answer = numbers.tobytes()
        self._now[before] = now = Operation(name, tuple(arguments), answer)
        return now

    def _entry(self, entry: int) -> int:
        frame = entry >> FRAME_SHIFT
        return self._names.frames.get(frame, frame) << FRAME_SHIFT | entry & _LOW if entry else 0
