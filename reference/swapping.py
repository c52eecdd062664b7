"""The model answer to the lab swapping: when memory is full, pages leave for the disk and come back when asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from grader.machine import Access, OutOfMemory, PageFault, Process, Protection, Region
from reference.copy_on_write import NOT_WRITE
from reference.file_backed import FileBackedKernel


class Slot:
    """A page on the swap disk.

    number   of the slot
    sharers  how many pages, of different processes, are out and would come back from here
    frame    where the page also is in memory, because one sharer has come back before the others; else None
    """

    def __init__(self, number: int):
        self.number = number
        self.sharers = 0
        self.frame: int | None = None


class SwappingKernel(FileBackedKernel):
    """Private memory may be larger than memory: what is not needed now waits on disk.

    Between any two calls, a page of a process has an entry, or is in `out`, or was never touched; a slot has as many
    sharers as `out` has pages that name it. A slot that is also in memory is a user of that frame, so that nobody may
    write to it, and some entry maps the frame. `references` has the frames in the order of their allocation.
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.out: dict[Process, dict[int, Slot]] = defaultdict(dict)
        self.pinned: set[tuple[Process, int]] = set()

    # -- pages leave ------------------------------------------------------------------------------------------

    def evict(self) -> None:
        """Free one frame. OutOfMemory if no page may leave, or none can because no slot is free."""
        if self.hw.swap is not None:
            for frame in self.victims():
                try:
                    self.swap_out(frame)
                    return
                except OutOfMemory:
                    # No slot is free. A frame that still has one may leave all the same.
                    continue
        raise OutOfMemory("nothing can be evicted")

    def victims(self) -> Iterator[int]:
        """Yield the private frames that may be evicted, in the order of the machine's policy (contract, rule 10)."""
        of_objects = self.object_frames()
        order = [frame for frame in self.references if frame not in of_objects]
        for frame in order:
            entries = self.entries_of(frame)
            if self.pinned.intersection(entries):
                continue
            if self.hw.replacement == "clock" and self.used_lately(entries):
                self.references[frame] = self.references.pop(frame)  # a second chance: it is the youngest now
                order.append(frame)
            else:
                yield frame

    def used_lately(self, entries: list[tuple[Process, int]]) -> bool:
        """Return True if an entry was used since the last call. Clears their accessed bits."""
        used = [(process, page) for process, page in entries if process.page_table.get(page).accessed]
        for process, page in used:
            process.page_table.clear_accessed(page)
        return bool(used)

    def swap_out(self, frame: int) -> None:
        """Move a frame to disk, for all who map it. OutOfMemory, with nothing changed, if no slot is free for it."""
        # The slot that a frame has come from is still right: nobody could write to the frame meanwhile.
        slot = self.slot_of(frame) or Slot(self.hw.swap.write(frame))
        for process, page in self.entries_of(frame):
            self.out[process][page] = slot
            slot.sharers += 1
            self.remove_page(process, page)

    # -- pages come back --------------------------------------------------------------------------------------

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Handle a fault as before, but protect the page's frame from eviction while a frame for its copy is sought."""
        before = self.pinned
        self.pinned = before | {(process, self.hw.page_of(fault.address))}
        try:
            super().page_fault(process, fault)
        finally:
            self.pinned = before

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Prepare a buffer as before, but protect its pages from eviction while the others are made ready."""
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        self.pinned = {(process, page) for page in range(first, last + 1)}
        try:
            super().user_access(process, address, length, access)
        finally:
            self.pinned = set()

    def first_touch(self, process: Process, page: int, region: Region, access: Access) -> None:
        """Bring a page back first if it is swapped out; then a write to it is handled as for any present page."""
        if page not in self.out[process]:
            super().first_touch(process, page, region, access)
            return
        self.swap_in(process, page, region)
        if access is Access.WRITE and Protection.WRITE not in process.page_table.get(page).protection:
            self.first_write(process, page, region)

    def swap_in(self, process: Process, page: int, region: Region) -> None:
        """Bring a page back for this process. If it fails, raises OutOfFrames; only evictions have happened then.

        The other sharers find the frame through the slot at their own next touch.
        """
        slot = self.out[process][page]
        if slot.frame is None:
            slot.frame = self.frame_from(slot)
        frame = slot.frame
        alone = slot.sharers == 1 and self.references[frame] == 1
        self.references[frame] += 1
        self.map_new(process, page, frame, region.protection if alone else region.protection & NOT_WRITE)
        if not alone and Protection.WRITE in region.protection:
            process.page_table.protect(page, region.protection & NOT_WRITE, cow=True)
        self.leave_slot(process, page)

    def frame_from(self, slot: Slot) -> int:
        """Return a frame with a slot's contents, and one reference: the slot's. This makes the fault a major one."""
        frame = self.hw.frames.allocate()
        self.hw.swap.read(slot.number, frame)
        self.references[frame] = 1
        return frame

    def leave_slot(self, process: Process, page: int) -> None:
        """Remove a page from its slot, as it is back or gone for ever; the last one to leave a slot frees it."""
        slot = self.out[process].pop(page)
        slot.sharers -= 1
        if slot.sharers == 0:
            self.hw.swap.free(slot.number)
            if slot.frame is not None:
                self.release(slot.frame)

    # -- system calls -----------------------------------------------------------------------------------------

    def fork(self, parent: Process, child: Process) -> None:
        """Share swapped-out pages like present ones: their slots get one more sharer."""
        super().fork(parent, child)
        for page, slot in self.out[parent].items():
            self.out[child][page] = slot
            slot.sharers += 1

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Unmap the range, including pages that are swapped out."""
        super().munmap(process, start, pages)
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            if page in self.out[process]:
                self.leave_slot(process, page)

    def exit(self, process: Process) -> None:
        """Release a process's memory, including pages that are swapped out."""
        super().exit(process)
        for page in list(self.out[process]):
            self.leave_slot(process, page)
        del self.out[process]

    # -- who uses what ----------------------------------------------------------------------------------------

    def release(self, frame: int) -> None:
        """Release a frame; one that only its slot still uses is freed too, since the contents are on disk."""
        super().release(frame)
        if self.references.get(frame) == 1:
            slot = self.slot_of(frame)
            if slot is not None:
                slot.frame = None
                super().release(frame)

    def entries_of(self, frame: int) -> list[tuple[Process, int]]:
        """Return every entry that maps a frame, as (process, page)."""
        found = []
        for process in self.regions:
            table = process.page_table
            found += [(process, page) for page in table.pages() if table.get(page).frame == frame]
        return found

    def slot_of(self, frame: int) -> Slot | None:
        """Return the slot that a frame was read from if other pages are still in it, or None."""
        return next((slot for pages in self.out.values() for slot in pages.values() if slot.frame == frame), None)

    def object_frames(self) -> set[int]:
        """Return the frames of shared objects and of the page cache, which stay in memory."""
        objects = {region.file for regions in self.regions.values() for region in regions if region.file is not None}
        return {frame for shown in objects for frame in shown.frames.values()}
