"""Records what a step did with swap slots, and which pages left memory for which slot.

The kernel's calls do not show the latter. A kernel may remove a frame's entries before it writes the frame to a slot,
after that, or without writing it at all, because a slot still holds what was once read from there. So each frame is
followed wherever an entry is removed.
"""

from __future__ import annotations

from typing import NamedTuple

#: The three calls of `hw.swap`, and pages that leave memory for a slot.
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


class SwapMoves:
    """Follows what the swap disk, the page tables and the frames do. `moves` are the present step's, in order."""

    __slots__ = ("_departed", "_held", "_left", "_use", "_uses", "moves")

    def __init__(self) -> None:
        self.moves: list[SwapMove] = []
        self._use = 0  # counts writes, so that a slot's contents can be distinguished from earlier ones
        self._uses: dict[int, int] = {}  # slot in use -> the write that filled it
        self._held: dict[int, tuple[int, int]] = {}  # frame -> the slot that it was copied to or from last, and its use
        # The pages that were unmapped from a frame, each with its page table; a page is in the list of one frame.
        self._departed: dict[int, dict[tuple[int, int], dict[int, int]]] = {}
        self._left: dict[tuple[int, int], int] = {}  # page -> the frame that it was unmapped from last

    def written(self, slot: int, frame: int) -> None:
        """Note that a frame was copied to a slot that was free. Pages that it was unmapped from are out now."""
        self._use += 1
        self._uses[slot] = self._use
        self._held[frame] = slot, self._use
        self.moves.append(SwapMove(WRITE, slot, frame))
        departed = self._departed.get(frame, {})
        pages = tuple(pair for pair, entries in departed.items() if pair[1] not in entries)
        if pages:
            self.moves.append(SwapMove(LEAVE, slot, frame, pages))

    def read(self, slot: int, frame: int) -> None:
        """Note that a slot was copied to a frame."""
        self._held[frame] = slot, self._uses[slot]
        self.moves.append(SwapMove(READ, slot, frame))

    def freed(self, slot: int) -> None:
        """Note that a slot was given back."""
        del self._uses[slot]
        self.moves.append(SwapMove(FREE, slot))

    def entry_removed(self, frame: int, pid: int, page: int, entries: dict[int, int]) -> None:
        """Note that a page lost its entry for a frame: it leaves for the slot that holds the frame's contents.

        entries: the page table, in which the page may get another entry later
        """
        before = self._left.get((pid, page), frame)
        if before != frame:
            self._departed.get(before, {}).pop((pid, page), None)
        self._left[pid, page] = frame
        self._departed.setdefault(frame, {})[pid, page] = entries
        slot, use = self._held.get(frame, (-1, 0))
        if self._uses.get(slot) != use:
            return
        last = self.moves[-1] if self.moves else None
        if last is not None and last[:3] == (LEAVE, slot, frame):
            self.moves[-1] = last._replace(pages=(*last.pages, (pid, page)))
        else:
            self.moves.append(SwapMove(LEAVE, slot, frame, ((pid, page),)))

    def frame_reused(self, frame: int) -> None:
        """Forget what a frame held and who mapped it. Not done when it is freed: a kernel may unmap it after that."""
        self._held.pop(frame, None)
        self._departed.pop(frame, None)
