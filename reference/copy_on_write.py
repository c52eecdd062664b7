"""The model answer to the lab copy-on-write: demand paging, and a fork that copies nothing."""

from __future__ import annotations

from grader.machine import OutOfMemory, Process, Protection, Region
from reference.demand_paging import DemandPagingKernel

NOT_WRITE = ~Protection.WRITE


class CopyOnWriteKernel(DemandPagingKernel):
    """Fork by sharing frames; copy a frame when one of its sharers first writes.

    Between any two calls, references[f] is the number of page table entries that map frame f, and a frame with
    references[f] > 1 is writable through none of them. The zero frame is not counted: it is never given back.
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.references: dict[int, int] = {}

    # -- fork -------------------------------------------------------------------------------------------------

    def fork(self, parent: Process, child: Process) -> None:
        """Let the child share every present page. OutOfMemory, with nothing changed, if an entry cannot be made."""
        shared = []
        try:
            for page in parent.page_table.pages():
                entry = parent.page_table.get(page)
                shared.append((page, entry))
                self.share_page(parent, child, page, entry)
        except OutOfMemory:
            for page, entry in shared:
                self.unshare_page(parent, child, page, entry)
            raise
        self.regions[child] = self.regions[parent].copy()

    def share_page(self, parent: Process, child: Process, page: int, entry) -> None:
        """Map the parent's frame in the child, writable by neither. If `map` fails, only the parent has changed."""
        readable = entry.protection & NOT_WRITE
        cow = entry.cow or entry.protection != readable
        if cow:
            parent.page_table.protect(page, readable, cow=True)
        child.page_table.map(page, entry.frame, readable, cow=cow)
        if entry.frame != self.hw.zero_frame:
            self.references[entry.frame] += 1

    def unshare_page(self, parent: Process, child: Process, page: int, entry) -> None:
        """Take back what share_page did, or the half of it that it could do."""
        if child.page_table.get(page) is not None:
            self.remove_page(child, page)
        parent.page_table.protect(page, entry.protection, cow=entry.cow)

    # -- page faults ------------------------------------------------------------------------------------------

    def first_write(self, process: Process, page: int, region: Region) -> None:
        """Give the writer a frame that nobody else uses (contract, rule 3)."""
        entry = process.page_table.get(page)
        if entry.frame == self.hw.zero_frame:
            super().first_write(process, page, region)
        elif self.references[entry.frame] == 1:
            # The last sharer needs no copy: the frame is already its own.
            process.page_table.protect(page, region.protection, cow=False)
        else:
            # Take the new frame before letting go of the old one, so that running out of memory here leaves everybody
            # exactly as they were.
            copy = self.copied_frame(entry.frame)
            process.page_table.map(page, copy, region.protection)
            self.release(entry.frame)

    # -- frames -----------------------------------------------------------------------------------------------

    def zeroed_frame(self) -> int:
        """Return a frame of zeros with one reference: that of the entry it is for."""
        frame = self.hw.frames.allocate()
        self.hw.frames.zero(frame)
        self.references[frame] = 1
        return frame

    def copied_frame(self, source: int) -> int:
        """Return a copy of a frame, with one reference."""
        frame = self.hw.frames.allocate()
        self.hw.frames.copy(source, frame)
        self.references[frame] = 1
        return frame

    def release(self, frame: int) -> None:
        """Drop one reference; without any left, free the frame."""
        if frame == self.hw.zero_frame:
            return
        left = self.references[frame] - 1
        if left:
            self.references[frame] = left
        else:
            del self.references[frame]
            self.hw.frames.free(frame)
