"""Kernels for the first two labs, written from their handouts alone."""

from __future__ import annotations

from collections import Counter, defaultdict

from grader.machine import (
    Access,
    InvalidArgument,
    Kernel,
    OutOfFrames,
    PageFault,
    Process,
    Protection,
    Region,
    RegionMap,
    SegmentationFault,
)


class SolvedDemandPaging(Kernel):
    """Solved from the handout alone."""

    def __init__(self, hw):
        super().__init__(hw)
        self.regions = defaultdict(RegionMap)

    def mmap(self, process: Process, region: Region) -> None:
        self.regions[process].insert(region)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if region is None or not region.protection.allows(fault.access):
            raise SegmentationFault
        zero = self.hw.zero_frame
        table = process.page_table
        entry = table.get(page)
        if entry is not None and entry.frame != zero:
            table.map(page, entry.frame, region.protection)
            return
        if zero is not None and fault.access is not Access.WRITE:
            table.map(page, zero, region.protection & ~Protection.WRITE)
            return
        frame = self.hw.frames.allocate()
        self.hw.frames.zero(frame)
        table.map(page, frame, region.protection)

    def _drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        if frame != self.hw.zero_frame:
            self.hw.frames.free(frame)

    def exit(self, process: Process) -> None:
        for page in list(process.page_table.pages()):
            self._drop(process, page)
        self.regions.pop(process, None)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        if pages == 0:
            raise InvalidArgument("pages is 0")
        first = self.hw.page_of(start)
        self.regions[process].remove(first, pages)
        for page in list(process.page_table.pages()):
            if first <= page < first + pages:
                self._drop(process, page)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        if pages == 0:
            raise InvalidArgument("pages is 0")
        first = self.hw.page_of(start)
        regions = self.regions[process]
        if any(regions.find(p) is None for p in range(first, first + pages)):
            raise InvalidArgument("not mapped")
        for piece in regions.remove(first, pages):
            regions.insert(piece.replace(protection=protection))
        table = process.page_table
        for page in table.pages():
            if first <= page < first + pages:
                rights = protection
                if Protection.WRITE not in table.get(page).protection:
                    rights = rights & ~Protection.WRITE
                table.protect(page, rights)


class SolvedCopyOnWrite(Kernel):
    """Solved from the handout alone."""

    def __init__(self, hw):
        super().__init__(hw)
        self.regions = defaultdict(RegionMap)
        self.users = Counter()

    def mmap(self, process: Process, region: Region) -> None:
        self.regions[process].insert(region)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if region is None or not region.protection.allows(fault.access):
            raise SegmentationFault
        zero = self.hw.zero_frame
        table = process.page_table
        entry = table.get(page)
        if entry is not None and entry.frame != zero:
            if self.users[entry.frame] > 1:
                frame = self.hw.frames.allocate()
                self.hw.frames.copy(entry.frame, frame)
                self.users[entry.frame] -= 1
                self.users[frame] = 1
                table.map(page, frame, region.protection)
                return
            table.map(page, entry.frame, region.protection)
            return
        if zero is not None and fault.access is not Access.WRITE:
            table.map(page, zero, region.protection & ~Protection.WRITE)
            return
        frame = self.hw.frames.allocate()
        self.hw.frames.zero(frame)
        try:
            table.map(page, frame, region.protection)
        except OutOfFrames:
            self.hw.frames.free(frame)
            raise
        self.users[frame] = 1

    def _drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        if frame == self.hw.zero_frame:
            return
        self.users[frame] -= 1
        if self.users[frame] == 0:
            self.hw.frames.free(frame)

    def fork(self, parent: Process, child: Process) -> None:
        mine, theirs = parent.page_table, child.page_table
        done = []
        try:
            for page in mine.pages():
                entry = mine.get(page)
                theirs.map(page, entry.frame, entry.protection & ~Protection.WRITE)
                done.append(page)
        except OutOfFrames:
            for page in done:
                theirs.unmap(page)
            raise
        for page in done:
            entry = mine.get(page)
            mine.protect(page, entry.protection & ~Protection.WRITE)
            self.users[entry.frame] += 1
        self.regions[child] = self.regions[parent].copy()

    def exit(self, process: Process) -> None:
        for page in list(process.page_table.pages()):
            self._drop(process, page)
        self.regions.pop(process, None)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        if pages == 0:
            raise InvalidArgument("pages is 0")
        first = self.hw.page_of(start)
        self.regions[process].remove(first, pages)
        for page in list(process.page_table.pages()):
            if first <= page < first + pages:
                self._drop(process, page)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        if pages == 0:
            raise InvalidArgument("pages is 0")
        first = self.hw.page_of(start)
        regions = self.regions[process]
        if any(regions.find(p) is None for p in range(first, first + pages)):
            raise InvalidArgument("not mapped")
        for piece in regions.remove(first, pages):
            regions.insert(piece.replace(protection=protection))
        table = process.page_table
        for page in table.pages():
            if first <= page < first + pages:
                rights = protection
                if Protection.WRITE not in table.get(page).protection:
                    rights = rights & ~Protection.WRITE
                table.protect(page, rights)
