"""Defines `hw`, the handle through which a kernel uses the machine. No counter can be reached through it."""

from __future__ import annotations

from .disk import Files, Swap
from .frames import Frames
from .tlb import Tlb


class Hardware:
    """The handle `hw`.

    page_size     bytes a page
    frames        physical memory
    tlb           the translation look-aside buffer (does nothing where the machine has none)
    swap          swap slots, or None
    files         the disk's files
    zero_frame    number of a pinned frame that reads as zero, or None
    replacement   the policy that the scenario asks for: "fifo" or "clock"
    """

    __slots__ = ("files", "frames", "page_size", "replacement", "swap", "tlb", "zero_frame")

    def __init__(
        self, page_size: int, frames: Frames, tlb: Tlb, swap: Swap | None, files: Files, replacement: str
    ) -> None:
        self.page_size = page_size
        self.frames = frames
        self.tlb = tlb
        self.swap = swap
        self.files = files
        self.zero_frame = frames._zero_frame
        self.replacement = replacement

    def page_of(self, address: int) -> int:
        """Return the number of the page that a byte address lies in."""
        return address // self.page_size
