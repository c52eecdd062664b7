"""Saves and restores the state of a kernel in C, which is all in its memory, and says which states are alike.

Two states are alike if their memories are equal, byte for byte, with these exceptions:

- What is on the stack has no meaning between two calls, and here it is empty when one begins.
- Processes and frames may have other numbers, and blocks from `malloc` other addresses. What the allocator keeps for
  itself does not count. (Numbers of processes are never used twice, so that otherwise no state would ever come back in
  which processes come and go.)

The second holds for a kernel that uses these numbers as names, and each state shows whether it does: it is reached
again with other names (wasm_journal.py), also with names in reverse order, and the kernel must do the same. A kernel
that asks which number is lower is explored again with `ordered`: then the order of processes stays, and frames keep
their numbers.

And nothing in memory may come from a process that has ended or a block that is free: with yet other names for these the
memory must be the same. Otherwise a state is only like one with the same numbers and addresses.
"""

from __future__ import annotations

import ctypes
import hashlib
from typing import Any, NamedTuple

from grader.machine.machine import Machine
from grader.replay.simulated import Replay
from grader.sandbox.inside.wasm_blocks import size_of
from grader.sandbox.inside.wasm_journal import Again, Call, Journal, Names
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_runtime import Instance
from grader.sandbox.inside.worker import Recorder
from grader.state.canonical import MachineForm
from grader.state.memento import Memento
from grader.state.start import FIRST_PID
from grader.state.unmergeable import ORDERED, Unmergeable

#: Bytes of a chunk.
CHUNK = 4096

#: Bytes for the blocks in use when a kernel is run again, and for those that are free by the end.
AREA = 1 << 16

#: Processes that a world may have had, if they are to get other numbers.
MOST = 250


#: Numbers between those of two processes that are alive, for those that have ended between them.
BETWEEN = 180


class CompiledState:
    """The state of a kernel in C (see State of inside/explorer.py)."""

    def __init__(self, kernel: WasmKernel, ordered: bool = False) -> None:
        """Begin with a kernel that was not called yet."""
        self._kernel = kernel
        self._ordered = ordered
        kernel.instance.grow(kernel.instance.size() + AREA)
        self._journal = Journal(kernel.instance)
        self._end = self._journal.blocks.start + AREA  # of the blocks, unless there are very many
        self.memory = Memory(kernel.instance)
        self._again: _Renamed | None = None
        self._known: dict[object, bytes] = {}  # a state, as it is -> the hash of the one that stands for it, or b""

    def save(self, run: Replay) -> SavedState:
        """Return the present state."""
        kernel, instance, journal = self._kernel, self._kernel.instance, self._journal
        machine = Memento([run, kernel.processes], Recorder)
        chunks, size = self.memory.chunks(), instance.size()
        blocks = journal.blocks.in_use.copy()
        return SavedState(machine, self, kernel.mapped, instance.fuel, journal.calls, blocks, chunks, size)

    def restore(self, saved: SavedState) -> None:
        """Put all but the machine back."""
        # Otherwise each mmap of the whole exploration would add to what an endless loop may use.
        self._kernel.mapped, self._kernel.instance.fuel = saved.mapped, saved.fuel
        self._journal.calls = saved.calls
        self._journal.blocks.in_use = saved.blocks.copy()
        self.memory.restore(saved.chunks, saved.size)

    def write(self, machine: Machine, names: MachineForm) -> tuple[Any, ...]:
        """Return what is equal for states that are alike. Unmergeable if the kernel needs `ordered`."""
        form = b""
        if self._journal.blocks.end <= self._end:
            gaps = self._journal.blocks.gaps(self._end)
            known = (self.memory.hashed(gaps), names.order, machine._pids, *sorted(self._journal.blocks.in_use))
            known = (*known, -1, *names.frames)
            if known not in self._known:
                self._known[known] = self._renamed(machine, names)
            form = self._known[known]
        if not form:
            in_use = tuple(sorted(self._journal.blocks.in_use))
            return names.order, machine._pids, tuple(names.frames), in_use, self.memory.hashed()
        if not self._ordered:
            return (form,)
        return form, tuple(names.frames), tuple([sorted(names.order).index(pid) for pid in names.order])

    def _renamed(self, machine: Machine, names: MachineForm) -> bytes:
        """Return the hash of the memory with other names; b"" if it depends on what has ended or is free."""
        if machine._pids - FIRST_PID >= (BETWEEN // 3 if self._ordered else MOST):
            return b""
        if self._again is None:
            self._again = _Renamed(self._kernel)
        again, calls, fuel = self._again, self._journal.calls, self._kernel.instance.fuel
        pids = range(FIRST_PID, machine._pids + 1)
        if not again.has_room(calls):
            return b""
        kept = self._journal.blocks.in_order(self.memory.now)
        if not self._ordered:
            backwards = {pid: FIRST_PID + MOST - place for place, pid in enumerate(pids)}
            if not again.hashed(calls, backwards, _backwards(machine, names), kept, 1, fuel):
                raise Unmergeable(ORDERED)
        frames = {} if self._ordered else _in_order(machine, names)
        hashes = set()
        for turn in (1, 2):
            named = _between(pids, names.order, turn) if self._ordered else _after(pids, names.order, turn)
            hashes.add(again.hashed(calls, named, frames, kept, turn, fuel))
        if b"" in hashes and not self._ordered:
            raise Unmergeable(ORDERED)
        return hashes.pop() if len(hashes) == 1 else b""

    def look_elsewhere(self) -> None:
        """Do nothing: a module has no elsewhere."""


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


def _backwards(machine: Machine, names: MachineForm) -> dict[int, int]:
    every = [frame for frame in range(names.base, names.top) if frame != machine.hw.zero_frame]
    return dict(zip(every, reversed(every), strict=True))


class SavedState(NamedTuple):
    """A saved state: of the machine, of how much the kernel may use, of what was noted, and of the memory."""

    machine: Memento
    state: CompiledState
    mapped: int
    fuel: int
    calls: tuple[Call, ...]
    blocks: dict[int, int]
    chunks: dict[int, bytes]
    size: int

    def restore(self) -> None:
        """Put it back."""
        self.machine.restore()
        self.state.restore(self)


class _Renamed:
    """A second instance of a kernel, in which processes and blocks have other names."""

    def __init__(self, kernel: WasmKernel) -> None:
        self._again = Again(kernel.instance.program)
        self._start = self._again.start
        self._again.instance.grow(self._again.instance.size() + 3 * AREA)
        self._memory = Memory(self._again.instance)
        self._size = self._again.instance.size()

    def hashed(
        self,
        calls: tuple[Call, ...],
        pids: dict[int, int],
        frames: dict[int, int],
        kept: list[int],
        turn: int,
        fuel: int,
    ) -> bytes:
        """Return the hash of the memory after these calls; b"" if the kernel does not do the same.

        pids, frames  their other numbers
        kept          the blocks that are in use in the end, in the order in which they must lie
        turn          1 or 2, which says where all other blocks lie
        """
        self._memory.restore({}, self._size)
        if not self._again.repeat(calls, Names(pids, frames, self._places(calls, kept, turn)), fuel):
            return b""
        start = self._start + turn * AREA
        return self._memory.hashed([(start, start + AREA)])

    def _places(self, calls: tuple[Call, ...], kept: list[int], turn: int) -> list[int]:
        """Return where each block must lie that malloc has given."""
        given = _given(calls)
        last = {block: number for number, (block, _) in enumerate(given)}
        final, at = {}, self._start
        for block in kept:
            final[last[block]] = at
            at += given[last[block]][1]
        free = self._start + turn * AREA
        where = []
        for number, (_, size) in enumerate(given):
            where.append(final.get(number, free))
            free += 0 if number in final else size
        return where

    def has_room(self, calls: tuple[Call, ...]) -> bool:
        """Return True if all blocks that malloc has given can lie where _places wants them."""
        return sum(size for _, size in _given(calls)) <= AREA


def _given(calls: tuple[Call, ...]) -> list[tuple[int, int]]:
    """Return the blocks that malloc has given, one after the other: (address, bytes)."""
    places = [operation for call in calls for operation in call.operations if operation.name == "place"]
    return [(operation.answer, size_of(operation.arguments[0])) for operation in places if operation.answer]


class Memory:
    """The memory of an instance that has started and was not called yet.

    now  what it was when it was last looked at
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.now = self._beginning = self._read()
        self._differs: dict[int, bytes] = {}  # what differs from the beginning, as far as it was looked at or written

    def chunks(self, gaps: list[tuple[int, int]] | None = None) -> dict[int, bytes]:
        """Return the chunks that are not as at the beginning, by their numbers. gaps: where zeros are put before."""
        self._instance.empty_stack()
        self.now = now = self._read()
        if gaps:
            changed = bytearray(now)
            for start, end in gaps:
                changed[start:end] = bytes(max(min(end, len(changed)) - start, 0))
            now = bytes(changed)
        beginning, size = self._beginning, len(self._beginning)
        chunks = {}
        for place in range(0, len(now), CHUNK):
            data = now[place : place + CHUNK]
            before = beginning[place : place + CHUNK] if place < size else bytes(CHUNK)
            if data != before:
                chunks[place // CHUNK] = data
        if not gaps:
            self._differs = chunks
        return chunks

    def hashed(self, gaps: list[tuple[int, int]] | None = None) -> bytes:
        """Return a hash of the memory and its size; with zeros in gaps, if any are given."""
        digest = hashlib.sha256(self._instance.size().to_bytes(4, "little"))
        for number, data in sorted(self.chunks(gaps).items()):
            digest.update(number.to_bytes(4, "little") + data)
        return digest.digest()

    def restore(self, chunks: dict[int, bytes], size: int) -> None:
        """Put a state back, with all its fuel."""
        self.chunks()
        if self._instance.stopped or self._instance.size() > size:
            # A trap has left the stack pointer where it was; and no memory can become smaller.
            self._instance.start()
            self._instance.choose_places()
            self._differs = {}
        if self._instance.size() < size:
            self._instance.grow(size)
        for number in self._differs.keys() - chunks.keys():
            self._write(number, self._beginning[number * CHUNK : (number + 1) * CHUNK] or bytes(CHUNK))
        for number, data in chunks.items():
            if self._differs.get(number) != data:
                self._write(number, data)
        self._differs = dict(chunks)
        self._instance.refuel()

    def _read(self) -> bytes:
        return ctypes.string_at(self._instance.address(), self._instance.size())

    def _write(self, number: int, data: bytes) -> None:
        ctypes.memmove(self._instance.address() + number * CHUNK, data, len(data))
