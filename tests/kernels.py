"""Small kernels that tests run on: correct in what they do, and short enough to see that they are."""

from __future__ import annotations

from collections import Counter

from grader.machine import InvalidArgument, Kernel, Protection, RegionMap, SegmentationFault


class SmallKernel(Kernel):
    """Demand paging and copy-on-write fork for private anonymous memory; users[f] counts the entries of frame f."""

    def __init__(self, hw):
        super().__init__(hw)
        self.regions = {}
        self.users = Counter()

    def of(self, process):
        return self.regions.setdefault(process, RegionMap())

    def mmap(self, process, region):
        self.of(process).insert(region)

    def munmap(self, process, start, pages):
        if pages == 0:
            raise InvalidArgument("no pages")
        first = self.hw.page_of(start)
        self.of(process).remove(first, pages)
        for page in range(first, first + pages):
            if process.page_table.get(page):
                self.drop(process, page)

    def mprotect(self, process, start, pages, protection):
        first = self.hw.page_of(start)
        if any(self.of(process).find(page) is None for page in range(first, first + pages)):
            raise InvalidArgument("a page that is not mapped")
        for piece in self.of(process).remove(first, pages):
            self.of(process).insert(piece.replace(protection=protection))
        for page in range(first, first + pages):
            if process.page_table.get(page):
                process.page_table.protect(page, protection & ~Protection.WRITE)

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.of(process).find(page)
        if region is None or not region.protection.allows(fault.access):
            raise SegmentationFault
        old = process.page_table.get(page)
        if old is not None and self.users[old.frame] == 1:
            process.page_table.protect(page, region.protection, cow=False)
            return
        frame = self.hw.frames.allocate()
        if old is None:
            self.hw.frames.zero(frame)
        else:
            self.hw.frames.copy(old.frame, frame)
            self.users[old.frame] -= 1
        self.users[frame] = 1
        process.page_table.map(page, frame, region.protection)

    def fork(self, parent, child):
        self.regions[child] = self.of(parent).copy()
        for page in parent.page_table.pages():
            entry = parent.page_table.get(page)
            kept = entry.protection & ~Protection.WRITE
            parent.page_table.protect(page, kept, cow=True)
            child.page_table.map(page, entry.frame, kept, cow=True)
            self.users[entry.frame] += 1

    def exit(self, process):
        for page in process.page_table.pages():
            self.drop(process, page)
        self.regions.pop(process, None)

    def user_access(self, process, address, length, access):
        from grader.machine import PageFault

        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        for page in range(first, last + 1):
            entry = process.page_table.get(page)
            if entry is None or not entry.protection.allows(access):
                self.page_fault(process, PageFault(page * self.hw.page_size, access, entry is not None))

    def drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        self.hw.tlb.flush(process, page)
        self.users[frame] -= 1
        if self.users[frame] == 0:
            self.hw.frames.free(frame)
