"""Simulates the disk: swap slots and files. Both move whole pages and count each move."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from .errors import HardwareError, OutOfMemory
from .frames import Frames
from .image import Image
from .moves import SwapMoves
from .operations import FILE_IN, FILE_OUT, SWAP_FREE, SWAP_IN, SWAP_OUT


class DiskCounts:
    """Pages read from and written to disk, swap and files together."""

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads = 0
        self.writes = 0


class Swap:
    """The handle `hw.swap`: a number of slots, one page each."""

    __slots__ = ("_counts", "_frames", "_free", "_images", "_log", "_moves", "_slots")

    def __init__(self, slots: int, frames: Frames, counts: DiskCounts) -> None:
        self._slots = slots
        self._frames = frames
        self._counts = counts
        self._log = frames._log
        self._free = list(range(slots))
        self._images: dict[int, Image] = {}
        self._moves = frames._moves = SwapMoves()

    def write(self, frame: int) -> int:
        """Copy a frame to a free slot and return the slot's number. OutOfMemory if no slot is free."""
        self._frames._check("swap.write", frame)
        if not self._free:
            raise OutOfMemory(f"swap.write({frame}): all {self._slots} slots are in use")
        if self._log is not None:
            self._log += (SWAP_OUT, frame)
        slot = heappop(self._free)
        self._images[slot] = self._frames._contents[frame]
        self._counts.writes += 1
        self._moves.written(slot, frame)
        return slot

    def read(self, slot: int, frame: int) -> None:
        """Copy a slot's page into a frame; the slot stays in use."""
        self._check("read", slot)
        self._frames._check("swap.read", frame)
        self._refuse_zero_frame("swap.read", frame)
        if self._log is not None:
            self._log += (SWAP_IN, slot, frame)
        self._frames._contents[frame] = self._images[slot]
        self._counts.reads += 1
        self._moves.read(slot, frame)

    def free(self, slot: int) -> None:
        """Give a slot back. HardwareError if it is free already."""
        self._check("free", slot)
        if self._log is not None:
            self._log += (SWAP_FREE, slot)
        del self._images[slot]
        heappush(self._free, slot)
        self._moves.freed(slot)

    def _check(self, call: str, slot: object) -> None:
        if slot not in self._images:
            raise HardwareError(
                f"swap.{call}({slot!r}): slot {slot!r} is not in use (slots in use: {sorted(self._images)})"
            )

    def _refuse_zero_frame(self, call: str, frame: int) -> None:
        if frame == self._frames._zero_frame:
            raise HardwareError(f"{call}: frame {frame} is the zero frame, which is never written")

    @property
    def _in_use(self) -> int:
        return len(self._images)


class File:
    """A file on the machine's disk. A kernel sees only its name, its length in pages, and its mode."""

    __slots__ = ("_images", "_number", "name", "pages", "writable")

    def __init__(self, name: str, pages: int, writable: bool, contents: Sequence[int], number: int) -> None:
        self.name = name
        self.pages = pages
        self.writable = writable
        self._number = number
        self._images = [Image(byte) for byte in contents]

    def __repr__(self) -> str:
        return f"<file {self.name}, {self.pages} pages{'' if self.writable else ', read-only'}>"


class Files:
    """The handle `hw.files`: one page of a file from and to disk."""

    __slots__ = ("_cached", "_counts", "_files", "_frames", "_log", "_written")

    def __init__(self, files: Sequence[File], frames: Frames, counts: DiskCounts) -> None:
        self._files = list(files)
        self._frames = frames
        self._counts = counts
        self._log = frames._log
        self._cached: dict[File, dict[int, int]] = {}  # filled by a machine with the Linux profile
        self._written: list[tuple[int, int, Image]] = []  # in this step: file, page, what is on disk now

    def cached(self, file: File) -> dict[int, int]:
        """Return the frames that held pages of a file when the scenario began: page of the file -> frame."""
        return dict(self._cached.get(file, {}))

    def read(self, file: File, index: int, frame: int) -> None:
        """Read page `index` of a file into a frame, which thereby holds that page of the file."""
        self._check("files.read", file, index)
        self._frames._check("files.read", frame)
        if frame == self._frames._zero_frame:
            raise HardwareError(f"files.read: frame {frame} is the zero frame, which is never written")
        if self._log is not None:
            self._log += (FILE_IN, file._number, index, frame)
        self._frames._contents[frame] = file._images[index]
        self._frames._cache(frame, file, index)
        self._counts.reads += 1

    def write(self, file: File, index: int, frame: int) -> None:
        """Write a frame to page `index` of a file. HardwareError if the file is read-only."""
        self._check("files.write", file, index)
        self._frames._check("files.write", frame)
        if not file.writable:
            raise HardwareError(f"files.write({file.name}, {index}): the file is read-only")
        if self._log is not None:
            self._log += (FILE_OUT, file._number, index, frame)
        file._images[index] = self._frames._contents[frame]
        self._written.append((file._number, index, file._images[index]))
        self._counts.writes += 1

    def _check(self, call: str, file: object, index: object) -> None:
        if not isinstance(file, File) or not any(file is known for known in self._files):
            raise HardwareError(f"{call}: {file!r} is not a file of this machine")
        if type(index) is not int or not 0 <= index < file.pages:
            raise HardwareError(
                f"{call}({file.name}, {index!r}): {file.name} has {file.pages} pages (0-{file.pages - 1})"
            )
