"""What survives outside memory: swap slots and files. Both move whole pages and count each move."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from .errors import HardwareError, OutOfMemory
from .frames import Frames
from .image import Image
from .operations import FILE_IN, FILE_OUT, SWAP_FREE, SWAP_IN, SWAP_OUT


class DiskCounts:
    """Pages read from and written to disk, swap and files together."""

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads = 0
        self.writes = 0


#: What a step can do with a slot, in words: the three calls of `hw.swap`, and pages that leave memory for a slot.
WRITE, READ, FREE, LEAVE = "write", "read", "free", "leave"


class SwapMove(NamedTuple):
    """One thing that a step did with a swap slot.

    kind   WRITE: the frame was copied to the slot; READ: the slot was copied to the frame; FREE: the slot was given
           back (`frame` is -1); LEAVE: `pages` lost their entries for the frame, whose contents the slot holds
    pages  (pid, page); empty unless `kind` is LEAVE
    """

    kind: str
    slot: int
    frame: int = -1
    pages: tuple[tuple[int, int], ...] = ()


class Swap:
    """The handle `hw.swap`: a number of slots, one page each."""

    __slots__ = (
        "_counts",
        "_departed",
        "_frames",
        "_free",
        "_held",
        "_images",
        "_log",
        "_moves",
        "_slots",
        "_use",
        "_uses",
    )

    def __init__(self, slots: int, frames: Frames, counts: DiskCounts) -> None:
        self._slots = slots
        self._frames = frames
        self._counts = counts
        self._log = frames._log
        self._free = list(range(slots))
        self._images: dict[int, Image] = {}
        # What this step did, and what is needed to say which pages leave for which slot. A kernel may remove a frame's
        # entries before it writes the frame, after that, or without writing it because an older slot still holds it.
        self._moves: list[SwapMove] = []
        self._use = 0  # counts writes, so that a slot's contents can be told from those that it had before
        self._uses: dict[int, int] = {}  # slot in use -> the write that filled it
        self._held: dict[int, tuple[int, int]] = {}  # frame -> the slot that it was copied to or from last, and its use
        self._departed: dict[int, list[tuple[int, int]]] = {}  # frame -> pages whose entries for it were removed
        frames._swap = self

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
        self._use += 1
        self._uses[slot] = self._use
        self._held[frame] = slot, self._use
        self._moves.append(SwapMove(WRITE, slot, frame))
        if frame in self._departed:
            self._moves.append(SwapMove(LEAVE, slot, frame, tuple(self._departed[frame])))
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
        self._held[frame] = slot, self._uses[slot]
        self._moves.append(SwapMove(READ, slot, frame))

    def free(self, slot: int) -> None:
        """Give a slot back. HardwareError if it is free already."""
        self._check("free", slot)
        if self._log is not None:
            self._log += (SWAP_FREE, slot)
        del self._images[slot]
        heappush(self._free, slot)
        del self._uses[slot]
        self._moves.append(SwapMove(FREE, slot))

    def _entry_removed(self, frame: int, pid: int, page: int) -> None:
        """Note that a page lost its entry for a frame: it leaves for the slot that holds the frame's contents."""
        self._departed.setdefault(frame, []).append((pid, page))
        slot, use = self._held.get(frame, (-1, 0))
        if self._uses.get(slot) != use:
            return
        last = self._moves[-1] if self._moves else None
        if last is not None and last[:3] == (LEAVE, slot, frame):
            self._moves[-1] = last._replace(pages=(*last.pages, (pid, page)))
        else:
            self._moves.append(SwapMove(LEAVE, slot, frame, ((pid, page),)))

    def _frame_reused(self, frame: int) -> None:
        """Forget what a frame held and who mapped it. Not done when it is freed: a kernel may unmap it after that."""
        self._held.pop(frame, None)
        self._departed.pop(frame, None)

    def _check(self, call: str, slot: object) -> None:
        if slot not in self._images:
            raise HardwareError(
                f"swap.{call}({slot!r}): slot {slot!r} is not in use; in use are {sorted(self._images)}"
            )

    def _refuse_zero_frame(self, call: str, frame: int) -> None:
        if frame == self._frames._zero_frame:
            raise HardwareError(f"{call}: frame {frame} is the zero frame, which is never written")

    @property
    def _in_use(self) -> int:
        return len(self._images)


class File:
    """A file on the machine's disk. Opaque to a kernel but for its name, its length in pages, and its mode."""

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

    __slots__ = ("_counts", "_files", "_frames", "_log", "_written")

    def __init__(self, files: Sequence[File], frames: Frames, counts: DiskCounts) -> None:
        self._files = list(files)
        self._frames = frames
        self._counts = counts
        self._log = frames._log
        self._written: list[tuple[int, int, Image]] = []  # in this step: file, page, what is on disk now

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
            raise HardwareError(f"{call}: {file!r} is no file of this machine")
        if type(index) is not int or not 0 <= index < file.pages:
            raise HardwareError(
                f"{call}({file.name}, {index!r}): {file.name} has {file.pages} pages (0-{file.pages - 1})"
            )
