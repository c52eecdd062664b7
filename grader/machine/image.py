"""Stores the contents of a page: a fill byte, and the bytes that differ from it.

A page is written a few bytes at a time and copied as a whole, so an image never changes: a write makes a new one. Any
number of frames, swap slots and file pages can share an image. So zeroing and copying are one assignment each, and half
a gigabyte of simulated memory costs only what was written to it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

POISON = 0xEE

_new = tuple.__new__


class Image(NamedTuple):
    """Contents of one page: the fill byte, and the bytes that differ from it as (offset, byte), by offset."""

    fill: int
    written: tuple[tuple[int, int], ...] = ()

    def byte(self, offset: int) -> int:
        """Return the byte at an offset, 0 to 255."""
        place = bisect_left(self.written, (offset,))
        if place < len(self.written) and self.written[place][0] == offset:
            return self.written[place][1]
        return self.fill

    def with_byte(self, offset: int, byte: int) -> Image:
        """Return this page after a write of one byte."""
        written = self.written
        here = ((offset, byte),) if byte != self.fill else ()
        if not written or (len(written) == 1 and written[0][0] == offset):
            return _new(Image, (self.fill, here))
        before = bisect_left(written, (offset,))
        after = bisect_left(written, (offset + 1,))
        return _new(Image, (self.fill, written[:before] + here + written[after:]))


ZEROS = Image(0)

#: The contents of a fresh frame: a kernel that maps it without zeroing it shows 0xEE to the process.
POISONED = Image(POISON)
