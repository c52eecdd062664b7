"""Notes what a kernel in C does in an exploration, and says where its blocks of memory lie.

A module sees of the machine what its functions are called with and what the operations answer. Both are noted here, and
are enough to run it again without a machine (wasm_again.py), or to know what it will do (verify/known.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from grader.protocol.by_numbers import ON_MACHINE
from grader.sandbox.inside.wasm_blocks import FREED, Blocks, lay_out
from grader.sandbox.inside.wasm_runtime import Instance


class Operation(NamedTuple):
    """An operation, and what the module got for it: a number, or the entries that were written to its memory."""

    name: str
    arguments: tuple[int, ...]
    answer: Any


class Call:
    """A call of the module: the function, its arguments, the operations during it, and what it returned.

    A Journal has one object for equal calls, and no other one is equal to it, so that they need not be compared.
    """

    __slots__ = ("arguments", "name", "operations", "result")

    def __init__(self, name: str, arguments: tuple[int, ...], operations: tuple[Operation, ...], result: int) -> None:
        self.name, self.arguments, self.operations, self.result = name, arguments, operations, result

    def report(self) -> list[Any]:
        """Return it as the grader gets it: with the operations on the machine only, and entries in hexadecimal."""
        asked = [(name, arguments, answer) for name, arguments, answer in self.operations if name in ON_MACHINE]
        operations = [
            (name, (*arguments[:2], arguments[3]), answer.hex()) if name == "entries" else (name, arguments, answer)
            for name, arguments, answer in asked
        ]
        return [self.name, self.arguments, operations, self.result]


class Journal:
    """Notes all calls of an instance since it started, and says where its blocks lie."""

    def __init__(self, instance: Instance) -> None:
        """Begin to note what an instance does that has not been called yet, if its functions are called by `call`."""
        self.calls: tuple[Call, ...] = ()
        self.blocks = Blocks(lay_out(instance, 1))
        self._instance = instance
        self._operations: list[Operation] = []
        self._same: dict[object, Call] = {}
        operations = instance.carry_out | {"place": self._place, "unplace": self._unplace}
        instance.carry_out = {name: self._noted(name, function) for name, function in operations.items()}

    def call(self, name: str, *arguments: int) -> int:
        """Call a function, and note what it did. One that is stopped has no state after it (see Instance.call)."""
        self._operations = []
        result = self._instance.call(name, *arguments)
        key = name, arguments, tuple(self._operations), result
        call = self._same.get(key)
        if call is None:
            call = self._same[key] = Call(*key)
        self.calls = (*self.calls, call)
        return result

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
