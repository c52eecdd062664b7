"""The model answer to the lab file-backed: files in memory, through one page cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grader.machine import Access, InvalidArgument, Process, Protection, Region, SegmentationFault
from reference.copy_on_write import NOT_WRITE
from reference.kernel_access import KernelAccessKernel
from reference.shared_memory import SharedObject


class CachedFile(SharedObject):
    """A file's part of the page cache: frames[i] holds page i of the file, once somebody has touched that page."""

    def __init__(self, file: Any):
        super().__init__()
        self.file = file


class FileBackedKernel(KernelAccessKernel):
    """Files are objects that existed before they were mapped: their pages come from disk, and go back there if changed.

    The regions of one file, private ones too, all show the same CachedFile. Between any two calls, the cache has one
    reference to each frame in it, so no private region ever finds itself the only user of a cached frame and writes to
    it; as with any object, that reference is given up when the last region that shows the file has gone.
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.cached: dict[Any, CachedFile] = {}

    # -- system calls -----------------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Let a region of a file show the file's pages in the cache."""
        if region.file is not None:
            self.check_may_write_back(region.file, region.shared, region.protection)
            region = region.replace(file=self.cached.setdefault(region.file, CachedFile(region.file)))
        super().mmap(process, region)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change protection, but never let a shared region of a read-only file become writable."""
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            region = self.regions[process].find(page)
            if region is not None and isinstance(region.file, CachedFile):
                self.check_may_write_back(region.file.file, region.shared, protection)
        super().mprotect(process, start, pages, protection)

    def check_may_write_back(self, file: Any, shared: bool, protection: Protection) -> None:
        """Raise InvalidArgument for rights that would allow writing to a read-only file."""
        if shared and Protection.WRITE in protection and not file.writable:
            raise InvalidArgument(f"a writable shared mapping of {file.name}, which is read-only")

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Save what was changed before the entries, which know it, are gone."""
        first = self.hw.page_of(start)
        self.write_back(process, range(first, first + pages))
        super().munmap(process, start, pages)

    def exit(self, process: Process) -> None:
        """Do the same for everything that the process still maps."""
        self.write_back(process, process.page_table.pages())
        super().exit(process)

    def write_back(self, process: Process, pages: Iterable[int]) -> None:
        """Write those of the pages to their file that the process has changed through a shared region."""
        for page in pages:
            entry = process.page_table.get(page)
            if entry is None or not entry.dirty:
                continue
            region = self.regions[process].find(page)
            if region.shared and isinstance(region.file, CachedFile):
                self.hw.files.write(region.file.file, self.index_in_object(region, page), entry.frame)

    # -- page faults ------------------------------------------------------------------------------------------

    def first_touch(self, process: Process, page: int, region: Region, access: Access) -> None:
        """Map the cached page; a private region's first write gets a copy of it at once.

        If there is no frame for the copy or no memory for the entry, the page that was read stays in the cache.
        """
        if not isinstance(region.file, CachedFile):
            super().first_touch(process, page, region, access)
            return
        cached = self.object_frame(region, page)
        if access is Access.WRITE and not region.shared:
            self.map_new(process, page, self.copied_frame(cached), region.protection)
        else:
            self.references[cached] += 1
            rights = region.protection if region.shared else region.protection & NOT_WRITE
            self.map_new(process, page, cached, rights)

    # -- the page cache ---------------------------------------------------------------------------------------

    def new_object_frame(self, shown: SharedObject, index: int) -> int:
        """Read a page of a file from disk, which makes the fault a major one. Raises SegmentationFault past its end."""
        if not isinstance(shown, CachedFile):
            return super().new_object_frame(shown, index)
        if index >= shown.file.pages:
            raise SegmentationFault
        frame = self.hw.frames.allocate()
        self.hw.files.read(shown.file, index, frame)
        self.references[frame] = 1
        return frame
