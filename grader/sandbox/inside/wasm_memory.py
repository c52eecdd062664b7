"""The memory of a module's instance: which parts of it have changed, a hash of it, and an earlier state put back.

A kernel's arrays have room for thousands of processes and frames, of which a small world uses a few. So memory is
compared with what it was before the first call, and only chunks that differ are kept and hashed.
"""

from __future__ import annotations

import ctypes
import hashlib
from bisect import bisect_left
from itertools import groupby
from typing import NamedTuple

from grader.sandbox.inside import wasm_library as library
from grader.sandbox.inside.wasm_runtime import Instance

#: Bytes of a chunk.
CHUNK = 1 << 10

#: Bytes that a stretch of equal ones begins with. They are so many that what comes after them is aligned, too.
_FIRST = 64


class Memory:
    """The memory of an instance."""

    def __init__(self, instance: Instance, placed: bool = True) -> None:
        """Begin with an instance that has started and was not called yet.

        placed  whether the grader says where its blocks lie
        """
        self._instance = instance
        self._placed = placed
        instance.empty_stack()
        self._beginning, self._stretches = _beginning(instance.view())
        self._often: list[int] = []  # chunks that have differed from the beginning, the lowest first
        self._runs: list[_Run] = []  # what was between them
        self._views: list[_View] = []  # what is there now
        self._viewed = (0, 0)  # the address and the size of the memory that the views are of
        # What _pieces are of: the chunks, and the size and the address of the memory.
        self._wanted: tuple[dict[int, bytes] | None, int, int] = (None, 0, 0)
        self._pieces: list[tuple[memoryview, bytes]] = []  # where the chunks above are, and what they are in it
        self._divide()
        self._differs: dict[int, bytes] = {}  # what differs from the beginning, as far as it was looked at or written
        self._looked = instance.entered  # when that was

    def chunks(self) -> dict[int, bytes]:
        """Return the chunks that are not as at the beginning, by their numbers, the lowest first."""
        if self._looked != self._instance.entered:
            self._instance.empty_stack()
            self._look()
            self._looked = self._instance.entered
        return self._differs

    def _look(self) -> None:
        size = self._instance.size()
        if size > len(self._beginning):
            self._beginning, self._stretches = _beginning(self._beginning + bytes(size - len(self._beginning)))
            self._divide()
        now = self._instance.view()
        for start, end in self._changed_runs(size):
            self._find(start, now[start:end])
        found = {}
        for number in self._often:
            data, known = bytes(now[number * CHUNK : (number + 1) * CHUNK]), self._differs.get(number)
            if data and data != self.before(number):
                found[number] = known if known == data else data  # many states share a chunk
        self._differs = found

    def _changed_runs(self, size: int) -> list[tuple[int, int]]:
        """Return the runs that are not what they were: from where to where. size: the bytes that the memory has."""
        if self._viewed != (self._instance.address, size):
            self._viewed, now = (self._instance.address, size), self._instance.view()
            self._views = [_view(run, now, self._instance.address) for run in self._runs if run.start < size]
        changed, compare = [], library.compare
        for now, before, rest, start, end in self._views:
            # This compares the bytes without a copy of them; `==` would go through a view one by one.
            if not before.startswith(now) or (rest and compare(*rest)):
                changed.append((start, end))
        return changed

    def _find(self, start: int, now: memoryview) -> None:
        """Note which chunks of a run have changed."""
        for at in range(0, len(now), CHUNK):
            if self.before((start + at) // CHUNK) != now[at : at + CHUNK]:
                self._often.append((start + at) // CHUNK)
        self._divide()

    def _divide(self) -> None:
        """Find the runs between the chunks that differ often."""
        self._often.sort()
        self._wanted, self._viewed = (None, 0, 0), (0, 0)
        self._runs = []
        for start, end, byte in self._stretches:
            inside = self._often[bisect_left(self._often, start // CHUNK) : bisect_left(self._often, end // CHUNK)]
            ends = [*[number * CHUNK for number in inside], end]
            starts = [start, *[end + CHUNK for end in ends[:-1]]]
            for one, last in zip(starts, ends, strict=True):
                if one < last:
                    self._runs.append(_Run(one, last, self._beginning[one : last if byte is None else one + _FIRST]))

    def assume(self, chunks: dict[int, bytes]) -> None:
        """Note which chunks are not as at the beginning, without a look: a call like the last one is known."""
        self._differs, self._looked = chunks, self._instance.entered

    def before(self, number: int) -> bytes:
        """Return what a chunk was at the beginning."""
        return self._beginning[number * CHUNK : (number + 1) * CHUNK]

    def changed(self, end: int) -> bytes:
        """Return the chunks up to an address that are not as at the beginning, one after the other."""
        return b"".join(
            [data[: end - number * CHUNK] for number, data in self.chunks().items() if number * CHUNK < end]
        )

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of the memory, which must be there."""
        return self._instance.read(start, size)

    def hashed(self) -> bytes:
        """Return a hash of the memory and its size."""
        digest = hashlib.sha256(self._instance.size().to_bytes(4, "little"))
        for number, data in self.chunks().items():
            digest.update(number.to_bytes(4, "little") + data)
        return digest.digest()

    def restore(self, chunks: dict[int, bytes], size: int) -> None:
        """Put a state back, with all its fuel."""
        instance, has = self._instance, self._instance.size()
        if instance.stopped or has > size:
            # A trap has left the stack pointer where it was; and no memory can become smaller.
            instance.start()
            if self._placed:
                instance.choose_places()
            self._looked, has = -1, instance.size()
        if has < size:
            instance.grow(size)
        differs = self.chunks()
        if differs is not chunks:
            put = {number: self.before(number) for number in differs.keys() - chunks.keys()} | chunks
            for number, data in put.items():
                if differs.get(number) is not data:
                    instance.write(number * CHUNK, data)
        self._differs, self._looked = chunks, instance.entered
        instance.refuel()

    def put_back(self, chunks: dict[int, bytes], size: int) -> None:
        """Put a state back, faster where it is not known what has changed: all that ever did is written.

        The fuel stays what it is.
        """
        instance = self._instance
        instance.empty_stack()
        if instance.stopped or instance.size() != size or self._changed_runs(size):
            self.restore(chunks, size)
            return
        wanted, at_size, at = self._wanted
        if wanted is not chunks or at_size != size or at != instance.address:
            self._wanted, self._pieces = (chunks, size, instance.address), self._joined(chunks, size)
        for place, data in self._pieces:
            place[:] = data
        self._differs, self._looked = chunks, instance.entered

    def _joined(self, chunks: dict[int, bytes], size: int) -> list[tuple[memoryview, bytes]]:
        """Return the places of the chunks that differ often, and what is there in a state; neighbours are one piece."""
        groups: list[list[int]] = []
        for number in self._often[: bisect_left(self._often, size // CHUNK)]:
            if groups and groups[-1][-1] == number - 1:
                groups[-1].append(number)
            else:
                groups.append([number])
        now = self._instance.view()
        return [
            (
                now[group[0] * CHUNK : (group[-1] + 1) * CHUNK],
                b"".join([chunks.get(number) or self.before(number) for number in group]),
            )
            for group in groups
        ]


class _Run(NamedTuple):
    """A part of a memory at the beginning, from where to where. If `before` is less than that, all bytes are equal."""

    start: int
    end: int
    before: bytes


class _View(NamedTuple):
    """A run as it now is, and what it must begin with; rest: how the rest is compared, if all bytes must be equal."""

    now: memoryview
    before: bytes
    rest: tuple[ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t] | None
    start: int
    end: int


def _view(run: _Run, memory: memoryview, address: int) -> _View:
    """Return how a run is compared in a memory, which may end in it and begins at an address."""
    start, end = run.start, min(run.end, len(memory))
    now = memory[start : min(start + len(run.before), end)]
    if run.end - start == len(run.before):
        return _View(now, run.before, None, start, end)
    # All bytes are equal if the first ones are, and each other one is equal to the one so many places before it. Other
    # memory with the same bytes would have left the processor's cache since the last time.
    here, there = address + start, address + start + _FIRST
    rest = ctypes.c_void_p(there), ctypes.c_void_p(here), ctypes.c_size_t(max(end - start - _FIRST, 0))
    return _View(now, run.before, rest, start, end)


#: Parts of a memory, from where to where, and the byte that they are filled with; None if their bytes differ.
_Stretches = list[tuple[int, int, int | None]]

#: Memories at the beginning, and their stretches: most instances of a module begin alike.
_beginnings: list[tuple[bytes, _Stretches]] = []

#: Most of them that are kept.
_KEPT = 3


def _beginning(memory: bytes | memoryview) -> tuple[bytes, _Stretches]:
    """Return a memory, the object that an equal one has already if there is one, and its stretches."""
    for known in _beginnings:
        if len(known[0]) == len(memory) and known[0].startswith(memory):
            return known
    new = bytes(memory)
    _beginnings[:] = [(new, _stretches(new)), *_beginnings[: _KEPT - 1]]
    return _beginnings[0]


def _stretches(memory: bytes) -> _Stretches:
    """Return the parts of a memory, from where to where: those whose bytes are all equal to one, and those between."""
    found = []
    for byte, places in groupby(range(0, len(memory), CHUNK), lambda at: _filled_with(memory, at)):
        every = [*places]
        found.append((every[0], every[-1] + CHUNK, byte))
    return found


def _filled_with(memory: bytes, at: int) -> int | None:
    """Return the byte that a chunk is filled with; None if its bytes are not all equal."""
    return memory[at] if memory.startswith(memory[at : at + 1] * CHUNK, at) else None
