"""The memory of a module's instance: which parts of it have changed, a hash of it, and an earlier state put back.

A kernel's arrays have room for thousands of processes and frames, of which a small world uses a few. So memory is
compared with what it was before the first call, and only chunks that differ are kept and hashed.
"""

from __future__ import annotations

import hashlib

from grader.sandbox.inside.wasm_runtime import Instance

#: Bytes of a chunk.
CHUNK = 1 << 10


class Memory:
    """The memory of an instance that has started and was not called yet."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        instance.empty_stack()
        self._beginning = bytes(instance.view())
        self._often: list[int] = []  # chunks that have differed from the beginning, the lowest first
        self._runs: list[tuple[int, bytes]] = []  # what was between them, and where
        self._divide()
        self._differs: dict[int, bytes] = {}  # what differs from the beginning, as far as it was looked at or written
        self._looked = instance.entered  # when that was

    def chunks(self) -> dict[int, bytes]:
        """Return the chunks that are not as at the beginning, by their numbers, the lowest first."""
        if self._looked != self._instance.entered:
            self._instance.empty_stack()
            self._look(self._instance.view())
            self._looked = self._instance.entered
        return self._differs

    def _look(self, now: memoryview) -> None:
        if len(now) > len(self._beginning):
            self._beginning += bytes(len(now) - len(self._beginning))
            self._divide()
        for start, before in self._runs:
            # This compares the bytes without a copy of them; `==` would go through a view one by one.
            if not before.startswith(now[start : start + len(before)]):
                self._find(start, now[start : start + len(before)])
        found = [(number, bytes(now[number * CHUNK : (number + 1) * CHUNK])) for number in self._often]
        self._differs = {number: data for number, data in found if data and data != self.before(number)}

    def _find(self, start: int, now: memoryview) -> None:
        """Note which chunks of a run have changed."""
        for at in range(0, len(now), CHUNK):
            if self.before((start + at) // CHUNK) != now[at : at + CHUNK]:
                self._often.append((start + at) // CHUNK)
        self._divide()

    def _divide(self) -> None:
        """Find the runs between the chunks that differ often."""
        self._often.sort()
        ends = [*[number * CHUNK for number in self._often], len(self._beginning)]
        starts = [0, *[end + CHUNK for end in ends[:-1]]]
        self._runs = [
            (start, self._beginning[start:end]) for start, end in zip(starts, ends, strict=True) if start < end
        ]

    def before(self, number: int) -> bytes:
        """Return what a chunk was at the beginning."""
        return self._beginning[number * CHUNK : (number + 1) * CHUNK]

    def changed(self, end: int) -> bytes:
        """Return the chunks up to an address that are not as at the beginning, one after the other."""
        return b"".join(
            [data[: end - number * CHUNK] for number, data in self.chunks().items() if number * CHUNK < end]
        )

    def hashed(self, gaps: list[tuple[int, int]] | None = None) -> bytes:
        """Return a hash of the memory and its size. gaps: where it counts as it was at the beginning, from and to."""
        digest = hashlib.sha256(self._instance.size().to_bytes(4, "little"))
        for number, data in self.chunks().items():
            first = number * CHUNK
            before = self._beginning[first : first + CHUNK]
            for start, end in gaps or ():
                if start < first + CHUNK and first < end:
                    start, end = max(start - first, 0), min(end - first, CHUNK)
                    data = data[:start] + before[start:end] + data[end:]
            if data != before:
                digest.update(number.to_bytes(4, "little") + data)
        return digest.digest()

    def restore(self, chunks: dict[int, bytes], size: int) -> None:
        """Put a state back, with all its fuel."""
        instance, differs = self._instance, self.chunks()
        if instance.stopped or instance.size() > size:
            # A trap has left the stack pointer where it was; and no memory can become smaller.
            instance.start()
            instance.choose_places()
            instance.empty_stack()
            differs = {}
        if instance.size() < size:
            instance.grow(size)
        put = {number: self.before(number) for number in differs.keys() - chunks.keys()} | chunks
        now = instance.view()
        for number, data in put.items():
            if differs.get(number) != data:
                now[number * CHUNK : (number + 1) * CHUNK] = data
        self._differs, self._looked = chunks, instance.entered
        instance.refuel()
