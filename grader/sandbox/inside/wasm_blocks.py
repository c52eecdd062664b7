"""Chooses where the blocks lie that a module gets from `malloc`, for `grader verify`.

Addresses are names, as the numbers of processes are: which one a block has is the allocator's business. So the module's
allocator asks here, and two memories can be compared in which equal blocks have equal addresses.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from grader.sandbox.inside.wasm_runtime import Instance

#: Bytes in front of what `malloc` returns (struct block in forklab.c).
HEADER = 8

#: What memory from `malloc` is filled with while it is free (forklab.c).
FREED = b"\xdb"

#: Bytes for blocks, unless there are very many.
AREA = 1 << 16

#: Sizes of blocks are powers of two; these are the exponents that `malloc` asks for.
KINDS = range(4, 25)


def size_of(kind: int) -> int:
    """Return the bytes of a block with its header, a multiple of 16. ValueError if malloc has no such block."""
    if kind not in KINDS:
        raise ValueError(f"malloc has no blocks of kind {kind}")
    return (HEADER + (1 << kind) + 15) & ~15


def lay_out(instance: Instance, areas: int) -> int:
    """Let the grader say from now on where blocks lie, with room for so many AREAs. Return where the first one begins.

    All of it looks free, so that it does not show whether there ever was a block.
    """
    start = instance.choose_places()
    instance.grow(max(instance.size(), start + areas * AREA))
    instance.write(start, FREED * (areas * AREA))
    return start


class Blocks:
    """The blocks that are in use: address -> bytes, lowest address first."""

    def __init__(self, start: int, in_use: Mapping[int, int] | None = None) -> None:
        """Begin at an address that nothing else reaches."""
        self.start = start
        self.in_use = dict(in_use or {})

    def place(self, kind: int) -> int:
        """Return the lowest address at which a block has room, and note it."""
        size, at = size_of(kind), self.start
        for used in sorted(self.in_use):
            if used - at >= size:
                break
            at = used + self.in_use[used]
        self.in_use[at] = size
        return at

    def unplace(self, block: int) -> None:
        """Note that a block is free. ValueError if it is not in use."""
        if self.in_use.pop(block, None) is None:
            raise ValueError("free of memory that is not from malloc, or that was freed before")

    @property
    def end(self) -> int:
        """Return the first address above all blocks."""
        return max((block + size for block, size in self.in_use.items()), default=self.start)

    def in_order(self, variables: bytes, read: Callable[[int, int], bytes]) -> list[int]:
        """Return the blocks in the order in which a reader of the memory meets their addresses.

        variables  what is read first, from the lowest address; then come the blocks in this order
        read       return what is at an address, so many bytes

        Blocks that nothing points to come last. Where they lie makes no difference to the order of those that are met.
        """
        order: dict[int, None] = {}
        waiting = [variables]
        while waiting and len(order) < len(self.in_use):
            area = waiting.pop(0)
            met = [(_found(area, block + HEADER), block) for block in self.in_use if block not in order]
            for place, block in sorted(met):
                if place >= 0:
                    order[block] = None
                    waiting.append(read(block + HEADER, self.in_use[block] - HEADER))
        order.update(dict.fromkeys(self.in_use))
        return list(order)


def _found(area: bytes, address: int) -> int:
    """Return where an address stands in memory, on a multiple of 4; -1 if it does not."""
    word, at = struct.pack("<I", address), -1
    while True:
        at = area.find(word, at + 1)
        if at % 4 == 0 or at < 0:
            return at
