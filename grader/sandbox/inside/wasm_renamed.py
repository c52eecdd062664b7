"""The memory of a kernel in C as it would be with other names: processes, frames and blocks have other numbers there.

Nobody can see which bytes of a memory come from such a number. So all calls that led to a state are repeated in a
second instance, with the names that are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from grader.machine.machine import Machine
from grader.sandbox.inside.wasm_again import Again, Names
from grader.sandbox.inside.wasm_blocks import AREA, Blocks, lay_out, size_of
from grader.sandbox.inside.wasm_journal import Call
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_memory import Memory
from grader.sandbox.inside.wasm_trials import MOST
from grader.state.machine_form import MachineForm, hashed
from grader.state.start import FIRST_PID
from grader.state.unmergeable import ORDERED, Unmergeable

#: Namings whose calls are kept.
NAMINGS = 256

#: Numbers between those of two processes that are alive, for those that have ended between them.
BETWEEN = 180


def _after(pids: range, alive: tuple[int, ...], turn: int) -> dict[int, int]:
    """Return numbers for processes: the first ones for those that are alive, and others in each turn for the rest."""
    ended = [pid for pid in pids if pid not in alive]
    numbers = {pid: FIRST_PID + place for place, pid in enumerate(alive)}
    return numbers | {pid: FIRST_PID + turn * MOST + place for place, pid in enumerate(ended)}


def _between(pids: range, alive: tuple[int, ...], turn: int) -> dict[int, int]:
    """Do the same, but let all numbers have the order that they had."""
    numbers, last, ended = {}, FIRST_PID, 0
    for pid in pids:
        if pid in alive:
            numbers[pid] = last = last + BETWEEN
            ended = 0
        else:
            ended += 1
            numbers[pid] = last + turn * (BETWEEN // 3) + ended
    return numbers


def _in_order(machine: Machine, names: MachineForm) -> dict[int, int]:
    """Return a number for each frame: those in use first, as MachineForm numbers them, then the free ones."""
    zero = machine.hw.zero_frame
    used = [frame for frame in names.frames if names.base <= frame < names.top]
    free = [frame for frame in range(names.base, names.top) if frame not in names.frames]
    every = [frame for frame in (*used, *free) if frame != zero]
    return dict(zip(every, sorted(every), strict=True))


class Past(NamedTuple):
    """The way to a state: the calls of the kernel, and the fuel that it had for them."""

    calls: tuple[Call, ...]
    fuel: int

    def owners(self) -> dict[int, int]:
        """Return block -> the process for which malloc gave it last: the one that was called, or the child in fork."""
        return {
            operation.answer: call.arguments[call.name == "fork"]
            for call in self.calls
            for operation in call.operations
            if operation.name == "place"
        }

    def given(self) -> list[tuple[int, int]]:
        """Return the blocks that malloc has given, one after the other: (address, bytes)."""
        places = [operation for call in self.calls for operation in call.operations if operation.name == "place"]
        return [(operation.answer, size_of(operation.arguments[0])) for operation in places if operation.answer]


class _Turn(NamedTuple):
    """Other numbers for processes and frames; `number`, 1 or 2, says where blocks lie that are free in the end."""

    number: int
    pids: dict[int, int]
    frames: dict[int, int]


class Renamed:
    """A second instance of a kernel, in which processes, frames and blocks have other names."""

    def __init__(self, kernel: WasmKernel, ordered: bool) -> None:
        """Begin with a kernel's module. ordered: whether the order of processes stays, and the numbers of frames."""
        self._ordered = ordered
        self._again = Again(kernel.instance.program)
        self._start = lay_out(self._again.instance, 3)
        self._memory = Memory(self._again.instance)
        self._size = self._again.instance.size()
        self._final: dict[int, tuple[int, int]] = {}  # block that is in use in the end -> where it now is, its bytes
        self._places: Iterator[int] = iter(())  # of the blocks that come next
        self._names: dict[object, Names] = {}  # the same names come often

    def state(self, past: Past, machine: Machine, names: MachineForm, in_use: dict[int, int]) -> bytes:
        """Return the hash of a state with the first numbers for processes and frames, in the order of their names.

        in_use  the blocks in use, and their bytes

        b"" if it depends on what is gone. Unmergeable if the kernel does something else, and was not ordered yet.
        """
        pids = range(FIRST_PID, machine._pids + 1)
        # The order that is likely: as the processes are ordered, so are the blocks that were made for them.
        owners, places = past.owners(), {pid: place for place, pid in enumerate(names.order)}
        kept = sorted(in_use, key=lambda block: places.get(owners[block], len(places)))
        named, frames = (_between, {}) if self._ordered else (_after, _in_order(machine, names))
        one, other = [_Turn(number, named(pids, names.order, number), frames) for number in (1, 2)]
        # The blocks lie in the order in which they are met with these names, which the same state has on every way.
        same = self._repeat(past, one, kept)
        met = self._met()
        same = same and (met == kept or self._repeat(past, one, met))
        hashes = {self._memory.hashed()}
        if other.pids != one.pids or len(met) < len(past.given()):
            same = same and self._repeat(past, other, met)
            hashes.add(self._memory.hashed())
        if not same and not self._ordered:
            raise Unmergeable(ORDERED)
        sizes = [in_use[block] for block in met]
        return hashed(hashes.pop(), sizes) if same and len(hashes) == 1 else b""

    def _repeat(self, past: Past, turn: _Turn, kept: list[int]) -> bool:
        """Do what led to a state with other names. Return False if the kernel does something else.

        kept  the blocks that are in use in the end, in the order in which they must lie
        """
        self._memory.restore({}, self._size)
        self._places = iter(self._chosen(past, turn, kept))
        return self._again.repeat(past.calls, self._named(turn), past.fuel, {0: 0})

    def _named(self, turn: _Turn) -> Names:
        """Return the names of a turn, and keep them."""
        key = *turn.pids.items(), None, *turn.frames.items()
        if key not in self._names:
            if len(self._names) >= NAMINGS:
                self._names.clear()
            self._names[key] = Names(turn.pids, turn.frames, lambda at, size: next(self._places))
        return self._names[key]

    def _met(self) -> list[int]:
        """Return the blocks in use in the order in which a reader of the memory, as it now is, meets them."""
        now = {at: block for block, (at, _) in self._final.items()}
        blocks = Blocks(self._start, dict(self._final.values()))
        # No address of a block stands where all is as it was before there were any.
        found = blocks.in_order(self._memory.changed(self._start), self._again.instance.read)
        return [now[at] for at in found]

    def _chosen(self, past: Past, turn: _Turn, kept: list[int]) -> list[int]:
        """Return where each block must lie that malloc has given."""
        given = past.given()
        last = {block: number for number, (block, _) in enumerate(given)}
        final, at = {}, self._start
        self._final = {}
        for block in kept:
            size = given[last[block]][1]
            final[last[block]], self._final[block] = at, (at, size)
            at += size
        free = self._start + turn.number * AREA
        where = []
        for number, (_, size) in enumerate(given):
            where.append(final.get(number, free))
            free += 0 if number in final else size
        return where

    def has_room(self, past: Past) -> bool:
        """Return True if all blocks that malloc has given can lie where _chosen wants them."""
        return sum(size for _, size in past.given()) <= AREA
