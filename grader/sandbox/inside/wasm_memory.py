"""The memory of a module's instance: which parts of it have changed, a hash of it, and an earlier state put back.

A kernel's arrays have room for thousands of processes and frames, of which a small world uses a few. So memory is
compared with what it was before the first call, and only chunks that differ are kept and hashed.
"""

from __future__ import annotations

import ctypes
import hashlib
from bisect import bisect_left

from grader.sandbox.inside.wasm_runtime import Instance

#: Bytes of a chunk.
CHUNK = 1 << 10


class Memory:
    """The memory of an instance."""

    def __init__(self, instance: Instance, placed: bool = True) -> None:
        """Begin with an instance that has started and was not called yet.

        placed  whether the grader says where its blocks lie
        """
        self._instance = instance
        self._placed = placed
        instance.empty_stack()
        self._beginning = bytes(instance.view())
        self._often: list[int] = []  # chunks that have differed from the beginning, the lowest first
        self._runs: list[tuple[int, bytes]] = []  # what was between them, and where
        self._views: list[tuple[memoryview, bytes]] = []  # what is there now, and what was
        self._viewed = (0, 0)  # the address and the size of the memory that the views are of
        self._wanted: tuple[dict[int, bytes] | None, int] = (None, 0)  # what _pieces are of
        self._pieces: list[tuple[int, bytes]] = []  # what the chunks above are in it, and where
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
            self._beginning += bytes(size - len(self._beginning))
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
            self._views = [(now[start : start + len(before)], before) for start, before in self._runs]
        # This compares the bytes without a copy of them; `==` would go through a view one by one.
        changed = [place for place, (now, before) in enumerate(self._views) if not before.startswith(now)]
        return [(self._runs[place][0], self._runs[place][0] + len(self._runs[place][1])) for place in changed]

    def _find(self, start: int, now: memoryview) -> None:
        """Note which chunks of a run have changed."""
        for at in range(0, len(now), CHUNK):
            if self.before((start + at) // CHUNK) != now[at : at + CHUNK]:
                self._often.append((start + at) // CHUNK)
        self._divide()

    def _divide(self) -> None:
        """Find the runs between the chunks that differ often."""
        self._often.sort()
        self._wanted, self._viewed = (None, 0), (0, 0)
        ends = [*[number * CHUNK for number in self._often], len(self._beginning)]
        starts = [0, *[end + CHUNK for end in ends[:-1]]]
        self._runs = [
            (start, self._beginning[start:end]) for start, end in zip(starts, ends, strict=True) if start < end
        ]

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
        differs, address = self.chunks(), instance.address
        if differs is not chunks:
            put = {number: self.before(number) for number in differs.keys() - chunks.keys()} | chunks
            for number, data in put.items():
                if differs.get(number) is not data:
                    ctypes.memmove(address + number * CHUNK, data, len(data))
        self._differs, self._looked = chunks, instance.entered
        instance.refuel()

    def put_back(self, chunks: dict[int, bytes], size: int) -> None:
        """Do the same as `restore`, faster where it is not known what has changed: all that ever did is written."""
        instance = self._instance
        instance.empty_stack()
        if instance.stopped or instance.size() != size or self._changed_runs(size):
            self.restore(chunks, size)
            return
        if self._wanted[0] is not chunks or self._wanted[1] != size:
            self._wanted, self._pieces = (chunks, size), self._joined(chunks, size)
        address = instance.address
        for start, data in self._pieces:
            ctypes.memmove(address + start, data, len(data))
        self._differs, self._looked = chunks, instance.entered
        instance.refuel()

    def _joined(self, chunks: dict[int, bytes], size: int) -> list[tuple[int, bytes]]:
        """Return what the chunks that differ often are in a state, and where; neighbours are one piece."""
        groups: list[list[int]] = []
        for number in self._often[: bisect_left(self._often, size // CHUNK)]:
            if groups and groups[-1][-1] == number - 1:
                groups[-1].append(number)
            else:
                groups.append([number])
        return [
            (group[0] * CHUNK, b"".join([chunks.get(number) or self.before(number) for number in group]))
            for group in groups
        ]
