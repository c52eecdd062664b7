"""The model answer to the lab demand-paging."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from grader.machine import (
    Access,
    InvalidArgument,
    Kernel,
    OutOfMemory,
    PageFault,
    Process,
    Protection,
    Region,
    RegionMap,
    SegmentationFault,
)


class DemandPagingKernel(Kernel):
    """Promise memory in mmap, hand it out at the first touch.

    Between any two calls, every page table entry of a process lies in one of `regions[process]` and allows no more
    than that region, and every frame in use is mapped by exactly one entry. The zero frame, where the machine has
    one, may be mapped by many, and is never writable.
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.regions: dict[Process, RegionMap] = defaultdict(RegionMap)

    # -- system calls -----------------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Remember the region: no frame is taken, no entry is made."""
        self.regions[process].insert(region)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Forget the range, and give back what is present of it."""
        if pages == 0:
            raise InvalidArgument("munmap of no pages")
        first = self.hw.page_of(start)
        gone = self.regions[process].remove(first, pages)
        for page in range(first, first + pages):
            if process.page_table.get(page) is not None:
                self.remove_page(process, page)
        self.regions_gone(gone)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change what the range allows: rights go at once, and the right to write comes back with the next write."""
        if pages == 0:
            raise InvalidArgument("mprotect of no pages")
        first = self.hw.page_of(start)
        regions = self.regions[process]
        for page in range(first, first + pages):
            if regions.find(page) is None:
                raise InvalidArgument(f"mprotect of page {page}, which is not mapped")
        for piece in regions.remove(first, pages):
            regions.insert(piece.replace(protection=protection))
        for page in range(first, first + pages):
            entry = process.page_table.get(page)
            if entry is not None:
                process.page_table.protect(page, self.rights_now(entry, regions.find(page)))

    def rights_now(self, entry, region: Region) -> Protection:
        """Return what an entry allows right after its region changed: it never gains the right to write here."""
        return region.protection if Protection.WRITE in entry.protection else region.protection & ~Protection.WRITE

    def exit(self, process: Process) -> None:
        """Give back every page of the process, and forget it. The entries themselves are the machine's to discard."""
        for page in process.page_table.pages():
            self.release(process.page_table.get(page).frame)
        self.regions_gone(self.regions.pop(process, ()))

    def regions_gone(self, gone: Iterable[Region]) -> None:
        """Clean up after regions that are gone, as are their entries. Private memory needs nothing more."""

    # -- page faults ------------------------------------------------------------------------------------------

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Kill an access that the region does not allow; make every other one possible."""
        page = fault.address // self.hw.page_size
        region = self.regions[process].find(page)
        if region is None or not region.protection.allows(fault.access):
            raise SegmentationFault
        if not fault.present:
            self.first_touch(process, page, region, fault.access)
        elif fault.access is Access.WRITE:
            self.first_write(process, page, region)
        else:
            process.page_table.protect(page, region.protection & ~Protection.WRITE)

    def first_touch(self, process: Process, page: int, region: Region, access: Access) -> None:
        """Give an untouched page a frame full of zeros (contract, rule 1)."""
        if self.hw.zero_frame is not None and access is not Access.WRITE:
            process.page_table.map(page, self.hw.zero_frame, region.protection & ~Protection.WRITE)
            return
        self.map_new(process, page, self.zeroed_frame(), region.protection)

    def map_new(self, process: Process, page: int, frame: int, protection: Protection) -> None:
        """Make an entry for a frame that was taken for it. OutOfFrames, and the frame is given up, if that fails."""
        try:
            process.page_table.map(page, frame, protection)
        except OutOfMemory:
            # A new entry may need memory too. Nobody will ever ask for this frame again.
            self.release(frame)
            raise

    def first_write(self, process: Process, page: int, region: Region) -> None:
        """Make a present page writable that was only read so far, or that mprotect has just opened again."""
        entry = process.page_table.get(page)
        if entry.frame == self.hw.zero_frame:
            process.page_table.map(page, self.zeroed_frame(), region.protection)
        else:
            process.page_table.protect(page, region.protection)

    # -- frames -----------------------------------------------------------------------------------------------

    def zeroed_frame(self) -> int:
        """Return a frame of zeros for one entry. Raises OutOfFrames, with nothing changed, if there is none."""
        frame = self.hw.frames.allocate()
        self.hw.frames.zero(frame)
        return frame

    def remove_page(self, process: Process, page: int) -> None:
        """Remove a present page's entry, and give up the entry's part in the frame."""
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        self.release(frame)

    def release(self, frame: int) -> None:
        """Release a frame that an entry no longer maps."""
        if frame != self.hw.zero_frame:
            self.hw.frames.free(frame)
