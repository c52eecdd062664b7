"""Simulates physical memory: which frames are in use, the order in which they are handed out, and their contents.

A fresh frame is filled with poison. A kernel that maps it without zeroing it shows 0xEE to the process.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from .errors import HardwareError, OutOfFrames, OutOfMemory
from .image import POISONED, ZEROS, Image
from .moves import SwapMoves
from .operations import ALLOCATE, COPY, FREE, ZERO

#: What a writable entry adds to a frame's users; a read-only one adds 1. So `users > WRITER` means that one
#: entry may write and that the frame has another user.
WRITER = (1 << 24) + 1

ALLOCATION_ORDERS = ("lowest", "stride", "random")


class Failure:
    """An injected failure: how many calls still succeed before one fails; -1 when none is armed."""

    __slots__ = ("allocate", "fired", "map")

    def __init__(self) -> None:
        self.disarm()

    def arm(self, operation: str, after: int) -> None:
        """Let `after` more calls of `operation` (allocate or map) succeed, then fail one."""
        self.disarm()
        setattr(self, operation, after)

    def disarm(self) -> None:
        """Cancel any waiting failure, and forget whether one has fired."""
        self.allocate = -1
        self.map = -1
        self.fired = False

    def count(self, operation: str) -> None:
        """Count one call of an armed operation; raise OutOfFrames if it is the one to fail."""
        left = getattr(self, operation)
        setattr(self, operation, left - 1)
        if left == 0:
            self.fired = True
            raise OutOfFrames(f"no frame for this {operation} (a failure that the scenario asked for)")


def allocation_order(order: str, frames: int, seed: int) -> list[int] | None:
    """Return frame numbers in the order in which fresh ones are handed out; None stands for 0, 1, 2 …"""
    if order == "lowest":
        return None
    if order == "stride":
        # A step that shares no divisor with the number of frames visits each of them once.
        step = next(s for s in range(max(frames * 2 // 5, 1), frames + 2) if _coprime(s, frames))
        return [(i * step + seed) % frames for i in range(frames)]
    if order == "random":
        from random import Random

        numbers = list(range(frames))
        Random(seed).shuffle(numbers)
        return numbers
    raise ValueError(f"allocation order {order!r}; use one of {', '.join(ALLOCATION_ORDERS)}")


def _coprime(a: int, b: int) -> bool:
    while b:
        a, b = b, a % b
    return a == 1


class Frames:
    """The handle `hw.frames`.

    Frames are opaque numbers. A freed frame is handed out again before a fresh one, the lowest in the machine's order
    first; no verdict may depend on which one it is.
    """

    __slots__ = (
        "_allocated",
        "_born",
        "_contents",
        "_copies",
        "_evict",
        "_evicting",
        "_failure",
        "_free",
        "_freed",
        "_fresh",
        "_holder",
        "_log",
        "_moves",
        "_number",
        "_order",
        "_orphans",
        "_rank",
        "_suspects",
        "_users",
        "_zero_frame",
    )

    def __init__(
        self,
        number: int,
        *,
        allocation: str = "lowest",
        seed: int = 0,
        zero_frame: bool = False,
        failure: Failure | None = None,
        log: list[int] | None = None,
    ) -> None:
        self._number = number
        self._zero_frame = number if zero_frame else None
        self._failure = failure or Failure()
        self._log = log
        self._moves: SwapMoves | None = None  # the swap disk's, where there is one
        self._order = allocation_order(allocation, number, seed)
        self._rank: dict[int, int] | None = None
        if self._order is not None:
            self._rank = {frame: rank for rank, frame in enumerate(self._order)}
        self._free: list[int] = []  # a heap of the ranks of freed frames
        self._fresh = 0  # ranks from here on were never handed out
        self._allocated = bytearray(number + 1)
        self._contents: list[Image] = [POISONED] * (number + 1)  # of a free frame always: poison
        self._holder: dict[int, tuple[object, int]] = {}  # frame -> (file, page), or (shared object, -1)
        self._copies = 0
        self._born: list[int] = []  # handed out in this step, in order
        self._freed: list[int] = []  # freed in this step
        # Entries that map each frame, the writable ones counted in the high half as well (see WRITER). The page cache
        # and the pinning of the zero frame count as one entry each.
        self._users = [0] * (number + 1)
        self._suspects: set[int] = set()  # frames that had a writer and another user at some time in this step
        self._orphans: list[int] = []  # frames that lost their last user in this step
        self._evict: Callable[[], None] | None = None
        self._evicting = False
        if zero_frame:
            self._allocated[number] = 1
            self._users[number] = 1
            self._contents[number] = ZEROS

    def allocate(self) -> int:
        """Return the number of an unused frame, now in use and filled with poison.

        Asks the kernel's `evict` once if none is free; raises OutOfFrames, with nothing changed, if there is none then.
        """
        if self._log is not None:
            self._log.append(ALLOCATE)
        if self._failure.allocate >= 0:
            self._failure.count("allocate")
        if self._free:
            rank = heappop(self._free)
        else:
            rank = self._fresh
            if rank < self._number:
                self._fresh = rank + 1
            else:
                rank = self._rank_after_eviction()
        frame = rank if self._order is None else self._order[rank]
        self._allocated[frame] = 1
        self._born.append(frame)
        if self._moves is not None:
            self._moves.frame_reused(frame)
        return frame

    def free(self, frame: int) -> None:
        """Give a frame back. HardwareError if it is free already, or is the zero frame."""
        try:
            if not self._allocated[frame] or frame < 0:
                raise IndexError
        except (TypeError, IndexError):
            self._check("free", frame)
        if frame == self._zero_frame:
            raise HardwareError(f"free({frame}): frame {frame} is the zero frame, which is never freed")
        if self._log is not None:
            self._log += (FREE, frame)
        self._allocated[frame] = 0
        self._contents[frame] = POISONED
        self._freed.append(frame)
        if self._holder:
            self._let_go(frame)
        heappush(self._free, frame if self._rank is None else self._rank[frame])

    def zero(self, frame: int) -> None:
        """Fill a frame with zeros."""
        try:
            if not self._allocated[frame] or frame < 0:
                raise IndexError
        except (TypeError, IndexError):
            self._check("zero", frame)
        if self._log is not None:
            self._log += (ZERO, frame)
        self._contents[frame] = ZEROS

    def copy(self, source: int, target: int) -> None:
        """Copy the contents of one frame to another. Counted, unless the source is the zero frame."""
        try:
            if not self._allocated[source] or not self._allocated[target] or source < 0 or target < 0:
                raise IndexError
        except (TypeError, IndexError):
            self._check("copy", source)
            self._check("copy", target)
        if target == self._zero_frame:
            raise HardwareError(f"copy({source}, {target}): frame {target} is the zero frame, which is never written")
        if self._log is not None:
            self._log += (COPY, source, target)
        self._contents[target] = self._contents[source]
        if source != self._zero_frame:
            self._copies += 1

    # -- for the machine, not for kernels ---------------------------------------------------------------------

    @property
    def _in_use(self) -> int:
        return self._fresh - len(self._free)

    def _check(self, call: str, frame: int) -> None:
        """Raise HardwareError unless `frame` is the number of a frame in use."""
        if type(frame) is not int:
            raise HardwareError(f"{call}: a frame is an int, not {type(frame).__name__}")
        if not 0 <= frame <= self._number or (frame == self._number and self._zero_frame is None):
            raise HardwareError(
                f"{call}({frame}): frame {frame} is out of range; this machine has {self._number} frames "
                f"(0-{self._number - 1})"
            )
        if not self._allocated[frame]:
            raise HardwareError(f"{call}({frame}): frame {frame} is free; it was never allocated or was freed before")

    def _cache(self, frame: int, file: object, index: int) -> None:
        """Note that this frame is the page cache's copy of a page of a file."""
        self._let_go(frame)
        self._holder[frame] = (file, index)
        self._users[frame] += 1

    def _let_go(self, frame: int) -> None:
        """Note that this frame no longer holds a page of a shared object or file."""
        held = self._holder.pop(frame, None)
        if held is not None and held[1] >= 0:
            self._users[frame] -= 1

    def _rank_after_eviction(self) -> int:
        if self._evict is None or self._evicting:
            raise OutOfFrames(f"all {self._number} frames are in use")
        self._evicting = True
        try:
            self._evict()
        except OutOfMemory:
            raise OutOfFrames(f"all {self._number} frames are in use and nothing could be evicted") from None
        finally:
            self._evicting = False
        if not self._free:
            raise OutOfFrames(f"all {self._number} frames are in use and evict() made none free")
        return heappop(self._free)
