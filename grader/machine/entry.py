"""Defines page table entries: one integer in the machine, an immutable view for a kernel.

    bits   0 1 2      3     4          5       6         7…
           r w x     cow   accessed   dirty   present   frame

`present` is set in every entry, so that no entry is zero; zero means "no entry". `cow` is the kernel's own bit: the
machine stores and shows it and never looks at it.
"""

from __future__ import annotations

from typing import NamedTuple

from .protection import PROTECTIONS, Protection

COW = 8
ACCESSED = 16
DIRTY = 32
PRESENT = 64
FRAME_SHIFT = 7

RIGHTS = 7


class Entry(NamedTuple):
    """The page table entry of one page."""

    frame: int
    protection: Protection
    cow: bool
    accessed: bool
    dirty: bool

    def __str__(self) -> str:
        marks = [name for name, there in (("cow", self.cow), ("dirty", self.dirty)) if there]
        return " ".join([f"frame {self.frame}", str(self.protection), *marks])


def pack(frame: int, protection: Protection, cow: bool = False) -> int:
    """Return the integer of a fresh entry: not accessed, not dirty."""
    return frame << FRAME_SHIFT | PRESENT | (COW if cow else 0) | protection.bits


#: The last four fields of an entry, by the integer's low bits: a table look-up instead of four tests.
_FIELDS = [
    (PROTECTIONS[low & RIGHTS], low & COW != 0, low & ACCESSED != 0, low & DIRTY != 0)
    for low in range(1 << FRAME_SHIFT)
]
_new = tuple.__new__


def unpack(pte: int) -> Entry:
    """Return the view of a non-zero integer."""
    protection, cow, accessed, dirty = _FIELDS[pte & 127]
    return _new(Entry, (pte >> FRAME_SHIFT, protection, cow, accessed, dirty))
