"""Runs a kernel in C once more as if its processes had other numbers, and its blocks other addresses.

A module sees of the machine what its functions are called with and what the operations answer. Both are noted
(wasm_journal.py), and are enough to run it again without a machine. In such a run processes and blocks can have other
names. It shows what the memory would look like then, and whether the kernel would do the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.sandbox.inside.wasm_blocks import FREED, size_of
from grader.sandbox.inside.wasm_journal import Call, Operation
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


class Names:
    """Other numbers for processes and frames, and places of blocks, for calls that are repeated.

    pids      process -> its number; frames: frame -> its number, if it has another one
    place     return where the next block lies: its address was, and its bytes
    expected  operation -> what it is with these names, and scripts: the id of a call -> the same; kept by Again
    """

    __slots__ = ("expected", "frames", "pids", "place", "scripts")

    def __init__(self, pids: Mapping[int, int], frames: Mapping[int, int], place: Callable[[int, int], int]) -> None:
        self.pids, self.frames, self.place = pids, frames, place
        self.expected: dict[Operation, _Expected] = {}
        self.scripts: dict[int, _Script] = {}


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
        self._left: list[_Expected] = []
        self.instance.start()
        self.start = self.instance.choose_places() if placed else 0

    def repeat(self, calls: tuple[Call, ...], names: Names, fuel: int, blocks: dict[int, int]) -> bool:
        """Repeat calls with other names. Return False if the kernel then does something else.

        The memory must be as it was before them, and so must be the blocks.
        """
        instance = self.instance
        self._names, scripts = names, names.scripts
        instance.fuel, self.blocks = fuel, blocks
        instance.refuel()
        for call in calls:
            script = scripts.get(id(call)) or self._script(call)
            self._left = script.operations.copy()
            try:
                result = instance.call(call.name, *script.arguments)
            except (WasmError, OutOfFuel):
                return False
            if self._left or result != call.result:
                return False
        return True

    def _script(self, call: Call) -> _Script:
        """Return a call as it is with these names, and keep it: the same calls come often."""
        processes = 2 if call.name == "fork" else 1
        arguments = list(call.arguments)
        arguments[:processes] = [self._names.pids[pid] for pid in arguments[:processes]]
        if call.name == "page_fault":
            arguments[-1] = self._entry(arguments[-1])
        expected = [self._as_named(one) for one in call.operations[::-1] if self._placed or one.name not in _BLOCKS]
        self._names.scripts[id(call)] = script = _Script(call, arguments, expected)
        return script

    def _answering(self, name: str) -> Callable[..., Any]:
        """Return what answers an operation as it was answered before. An exception, a trap, if it is another one."""
        specials: dict[str, Callable[[Any, tuple[int, ...]], Any]]
        specials = {"entries": self._write_entries, "place": self._place, "unplace": self._unplace}
        special = specials.get(name)

        def carry_out(*arguments: int) -> Any:
            expected_name, expected, answer = self._left.pop()
            if expected_name != name or (expected != arguments and expected is not None):
                raise ValueError(name)
            return answer if special is None else special(answer, arguments)

        return carry_out

    def _write_entries(self, entries: bytes, arguments: tuple[int, ...]) -> int:
        self.instance.write(arguments[2], entries)
        return len(entries) // 8

    def _place(self, before: int, arguments: tuple[int, ...]) -> int:
        if not before:
            return 0
        self.blocks[before] = place = self._names.place(before, size_of(arguments[0]))
        return place

    def _unplace(self, before: tuple[int, int], arguments: tuple[int, ...]) -> None:
        block, size = before
        if arguments != (self.blocks.pop(block),):
            raise ValueError("another block")
        self.instance.write(arguments[0], FREED * size)

    def _as_named(self, before: Operation) -> _Expected:
        """Return an operation as it is with these names, and keep it."""
        expected = self._names.expected.get(before)
        if expected is None:
            self._names.expected[before] = expected = self._named(*before)
        return expected

    def _named(self, name: str, before: tuple[int, ...], answer: Any) -> _Expected:
        if name in _TEXTS:
            return name, None, answer
        if name == "unplace":
            return name, None, (before[0], answer)  # where the block is will be known then
        arguments = list(before)
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
        return name, tuple(arguments), answer

    def _entry(self, entry: int) -> int:
        frame = entry >> FRAME_SHIFT
        return self._names.frames.get(frame, frame) << FRAME_SHIFT | entry & _LOW if entry else 0


#: An operation that must come: its name, its arguments, or None for any, and what decides what the module gets for it.
_Expected = tuple[str, tuple[int, ...] | None, Any]


class _Script(NamedTuple):
    """A call as it is with other names: its arguments, and the operations that must come, the last one first."""

    call: Call  # kept, so that no other one gets its id
    arguments: list[int]
    operations: list[_Expected]
