"""Kernels for the lab linux that are correct and different from the reference."""

from __future__ import annotations

from collections import defaultdict

from grader.machine import Access, InvalidArgument, OutOfMemory, Protection, SegmentationFault
from reference.file_backed import CachedFile, FileBackedKernel
from reference.linux import LinuxKernel

R = ~Protection.WRITE


class MarksPages(FileBackedKernel):
    """Written from the handout on a file-backed kernel: marks are sets of pages, and so is what is exclusive."""

    def __init__(self, hw):
        super().__init__(hw)
        self.marked = defaultdict(set)
        self.own = set()

    def mmap(self, process, region):
        file = region.file
        new = file is not None and file not in self.cached
        super().mmap(process, region)
        if new:
            for index, frame in self.hw.files.cached(file).items():
                self.cached[file].frames[index] = frame
                self.references[frame] = 1

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if region is None:
            raise SegmentationFault
        access = fault.access
        if access is Access.EXECUTE and not fault.present and not region.protection.allows(access):
            access = Access.READ
        if not region.protection.allows(access):
            raise SegmentationFault
        if fault.present:
            self.first_write(process, page, region)
        elif region.file is None or access is Access.WRITE:
            super().first_touch(process, page, region, access)
        else:
            self.read_object(process, page, region)
        if access is Access.WRITE and not region.shared:
            self.marked[process].update(range(region.first_page, region.end_page))
            self.own.add((process, page))

    def read_object(self, process, page, region):
        self.object_frame(region, page)
        begin = max(page // 16 * 16, region.first_page)
        for near in [page, *range(begin, min(begin + 16, region.end_page))]:
            frame = region.file.frames.get(self.index_in_object(region, near))
            if frame is not None and process.page_table.get(near) is None:
                full = region.shared and not isinstance(region.file, CachedFile)
                process.page_table.map(near, frame, region.protection if full else region.protection & R)
                self.references[frame] += 1

    def new_object_frame(self, shown, index):
        frame = super().new_object_frame(shown, index)
        if isinstance(shown, CachedFile):
            shown.frames[index] = frame
            try:
                begin = max(0, index - 16)
                for near in range(begin, min(begin + 32, shown.file.pages)):
                    if near not in shown.frames:
                        shown.frames[near] = super().new_object_frame(shown, near)
            except OutOfMemory:
                pass
        return frame

    def object_gone(self, shown):
        if not isinstance(shown, CachedFile):
            super().object_gone(shown)

    def share_page(self, parent, child, page, entry):
        if page in self.marked[parent] and not self.regions[parent].find(page).shared:
            super().share_page(parent, child, page, entry)

    def fork(self, parent, child):
        super().fork(parent, child)
        self.marked[child] = set(self.marked[parent])
        self.own = {(process, page) for process, page in self.own if process is not parent}

    def munmap(self, process, start, pages):
        super().munmap(process, start, pages)
        first = self.hw.page_of(start)
        self.forget(process, range(first, first + pages))

    def exit(self, process):
        super().exit(process)
        self.forget(process, list(self.marked.pop(process, ())))

    def forget(self, process, pages):
        self.marked[process].difference_update(pages)
        self.own.difference_update({(process, page) for page in pages})

    def mprotect(self, process, start, pages, protection):
        first = self.hw.page_of(start)
        bad = (page for page in range(first, first + pages) if not self.may_have(process, page, protection))
        end = next(bad, first + pages)
        dirty = {page for page in process.page_table.pages() if process.page_table.get(page).dirty}
        if end > first:
            super().mprotect(process, start, end - first, protection)
        for page in range(first, end):
            region = self.regions[process].find(page)
            writable = region.shared and (page in dirty or not isinstance(region.file, CachedFile))
            if process.page_table.get(page) is not None:
                right = writable or (process, page) in self.own
                process.page_table.protect(page, protection if right else protection & R)
        if end < first + pages:
            raise InvalidArgument(f"page {end}")

    def may_have(self, process, page, protection):
        region = self.regions[process].find(page)
        return region is not None and not (
            isinstance(region.file, CachedFile)
            and region.shared
            and Protection.WRITE in protection
            and not region.file.file.writable
        )


class MapsBackwards(LinuxKernel):
    """Maps the window from its end, reads ahead from the far end, and shares pages in the other order."""

    def map_object_page(self, process, page, region, frame):
        anonymous = region.shared and not isinstance(region.file, CachedFile)
        process.page_table.map(page, frame, region.protection & R)
        self.references[frame] += 1
        if anonymous:
            process.page_table.protect(page, region.protection)

    def read_ahead(self, region, index):
        frames, pages = region.file.frames, region.file.file.pages
        begin = max(0, index - 16)
        for near in reversed(range(begin, min(begin + 32, pages))):
            if near not in frames:
                frames[near] = self.new_object_frame(region.file, near)


KERNELS = [MarksPages, MapsBackwards]
