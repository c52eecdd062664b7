"""The model answer to the lab shared-memory: anonymous memory that parent and child go on sharing after a write."""

from __future__ import annotations

from collections.abc import Iterable

from grader.machine import Access, OutOfMemory, Process, Protection, Region
from reference.copy_on_write import CopyOnWriteKernel


class SharedObject:
    """The memory behind one shared mapping: frames[i] holds its page i, once somebody has touched that page.

    The regions that show an object name it in `file`, so that a region that is split or inherited still shows it.
    """

    def __init__(self):
        self.frames: dict[int, int] = {}


class SharedMemoryKernel(CopyOnWriteKernel):
    """MAP_SHARED: one frame a page for all who map it, writable by all, alive as long as a region shows it.

    Between any two calls, an object has one reference to each of its frames, besides those of the entries; it gives
    them up when the last region that shows it, in any process, has gone.
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Give a shared anonymous region an object of its own."""
        if region.shared and region.file is None:
            region = region.replace(file=SharedObject())
        super().mmap(process, region)

    def first_touch(self, process: Process, page: int, region: Region, access: Access) -> None:
        """Map the object's frame for this page, with all rights; the first to come brings it."""
        if not region.shared:
            super().first_touch(process, page, region, access)
            return
        frames, index = region.file.frames, self.index_in_object(region, page)
        brought = index not in frames
        frame = self.object_frame(region, page)
        try:
            process.page_table.map(page, frame, region.protection)
        except OutOfMemory:
            if brought:
                # Nobody has touched the page after all, so the object must not have it either.
                self.release(frames.pop(index))
            raise
        self.references[frame] += 1

    def index_in_object(self, region: Region, page: int) -> int:
        """Return the page of its object that a region shows at this page."""
        return region.offset + page - region.first_page

    def object_frame(self, region: Region, page: int) -> int:
        """Return the frame of a region's object for this page. Raises OutOfFrames if it needs a new one in vain."""
        frames, index = region.file.frames, self.index_in_object(region, page)
        if index not in frames:
            frames[index] = self.new_object_frame(region.file, index)
        return frames[index]

    def new_object_frame(self, shown: SharedObject, index: int) -> int:
        """Return a frame for an untouched page of an object, with one reference: the object's own."""
        return self.zeroed_frame()

    def rights_now(self, entry, region: Region) -> Protection:
        """Return the full rights for shared memory at once: a write to it needs no fault."""
        return region.protection if region.shared else super().rights_now(entry, region)

    def first_write(self, process: Process, page: int, region: Region) -> None:
        """Make a shared page writable without a copy: every process sees what is written."""
        if region.shared:
            process.page_table.protect(page, region.protection)
        else:
            super().first_write(process, page, region)

    def share_page(self, parent: Process, child: Process, page: int, entry) -> None:
        """Copy entries of shared regions to the child as they are."""
        if self.regions[parent].find(page).shared:
            child.page_table.map(page, entry.frame, entry.protection)
            self.references[entry.frame] += 1
        else:
            super().share_page(parent, child, page, entry)

    def regions_gone(self, gone: Iterable[Region]) -> None:
        """Let go of the objects that no region shows any more."""
        for shown in {region.file for region in gone if region.file is not None}:
            if not any(region.file is shown for regions in self.regions.values() for region in regions):
                self.object_gone(shown)

    def object_gone(self, shown: SharedObject) -> None:
        """Release the frames of an object that no region of any process shows any more."""
        for frame in shown.frames.values():
            self.release(frame)
        shown.frames.clear()
