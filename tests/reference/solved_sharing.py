"""Kernels for shared memory and kernel access, written from their handouts alone."""

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


class SharedObject:
    """Frames by page of the object, and how many pages of regions show it."""

    def __init__(self):
        self.frames = {}
        self.shown = 0


class SolvedSharedMemory(Kernel):
    """Solved from the handout alone."""

    def __init__(self, hw):
        super().__init__(hw)
        self.regions = defaultdict(RegionMap)
        self.users = Counter()

    def mmap(self, process: Process, region: Region) -> None:
        if region.shared:
            region = region.replace(file=SharedObject())
        self.regions[process].insert(region)
        if region.shared:
            region.file.shown += region.pages

    def page_fault(self, process: Process, fault: PageFault) -> None:
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if region is None or not region.protection.allows(fault.access):
            raise SegmentationFault
        zero = self.hw.zero_frame
        table = process.page_table
        entry = table.get(page)
        if region.shared:
            self._shared_fault(table, page, region)
            return
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

    def _shared_fault(self, table, page, region):
        frames, number = region.file.frames, region.offset + page - region.first_page
        fresh = number not in frames
        present = table.get(page) is not None
        frame = self.hw.frames.allocate() if fresh else frames[number]
        if fresh:
            self.hw.frames.zero(frame)
        try:
            table.map(page, frame, region.protection)
        except OutOfFrames:
            if fresh:
                self.hw.frames.free(frame)
            raise
        frames[number] = frame
        self.users[frame] += fresh + (not present)

    def _hide(self, piece):
        if not piece.shared:
            return
        piece.file.shown -= piece.pages
        if piece.file.shown == 0:
            for frame in piece.file.frames.values():
                self._release(frame)

    def _drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        self._release(frame)

    def _release(self, frame):
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
                theirs.map(page, entry.frame, self._inherited(parent, page))
                done.append(page)
        except OutOfFrames:
            for page in done:
                theirs.unmap(page)
            raise
        for page in done:
            entry = mine.get(page)
            mine.protect(page, self._inherited(parent, page))
            self.users[entry.frame] += 1
        self.regions[child] = self.regions[parent].copy()
        for region in self.regions[child]:
            if region.shared:
                region.file.shown += region.pages

    def _inherited(self, parent, page):
        rights = parent.page_table.get(page).protection
        return rights if self.regions[parent].find(page).shared else rights & ~Protection.WRITE

    def exit(self, process: Process) -> None:
        for page in list(process.page_table.pages()):
            self._drop(process, page)
        for region in self.regions.pop(process, ()):
            self._hide(region)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        if pages == 0:
            raise InvalidArgument("pages is 0")
        first = self.hw.page_of(start)
        pieces = self.regions[process].remove(first, pages)
        for page in list(process.page_table.pages()):
            if first <= page < first + pages:
                self._drop(process, page)
        for piece in pieces:
            self._hide(piece)

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


class SolvedKernelAccess(Kernel):
    """Solved from the handout alone."""

    def __init__(self, hw):
        super().__init__(hw)
        self.regions = defaultdict(RegionMap)
        self.users = Counter()

    def mmap(self, process: Process, region: Region) -> None:
        if region.shared:
            region = region.replace(file=SharedObject())
        self.regions[process].insert(region)
        if region.shared:
            region.file.shown += region.pages

    def page_fault(self, process: Process, fault: PageFault) -> None:
        self._make_ready(process, self.hw.page_of(fault.address), fault.access)

    def user_access(self, process, address, length, access):
        for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
            entry = process.page_table.get(page)
            if entry is None or not entry.protection.allows(access):
                self._make_ready(process, page, access)

    def _make_ready(self, process, page, access):
        region = self.regions[process].find(page)
        if region is None or not region.protection.allows(access):
            raise SegmentationFault
        zero = self.hw.zero_frame
        table = process.page_table
        entry = table.get(page)
        if region.shared:
            self._shared_fault(table, page, region)
            return
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
        if zero is not None and access is not Access.WRITE:
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

    def _shared_fault(self, table, page, region):
        frames, number = region.file.frames, region.offset + page - region.first_page
        fresh = number not in frames
        present = table.get(page) is not None
        frame = self.hw.frames.allocate() if fresh else frames[number]
        if fresh:
            self.hw.frames.zero(frame)
        try:
            table.map(page, frame, region.protection)
        except OutOfFrames:
            if fresh:
                self.hw.frames.free(frame)
            raise
        frames[number] = frame
        self.users[frame] += fresh + (not present)

    def _hide(self, piece):
        if not piece.shared:
            return
        piece.file.shown -= piece.pages
        if piece.file.shown == 0:
            for frame in piece.file.frames.values():
                self._release(frame)

    def _drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        self._release(frame)

    def _release(self, frame):
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
                theirs.map(page, entry.frame, self._inherited(parent, page))
                done.append(page)
        except OutOfFrames:
            for page in done:
                theirs.unmap(page)
            raise
        for page in done:
            entry = mine.get(page)
            mine.protect(page, self._inherited(parent, page))
            self.users[entry.frame] += 1
        self.regions[child] = self.regions[parent].copy()
        for region in self.regions[child]:
            if region.shared:
                region.file.shown += region.pages

    def _inherited(self, parent, page):
        rights = parent.page_table.get(page).protection
        return rights if self.regions[parent].find(page).shared else rights & ~Protection.WRITE

    def exit(self, process: Process) -> None:
        for page in list(process.page_table.pages()):
            self._drop(process, page)
        for region in self.regions.pop(process, ()):
            self._hide(region)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        if pages == 0:
            raise InvalidArgument("pages is 0")
        first = self.hw.page_of(start)
        pieces = self.regions[process].remove(first, pages)
        for page in list(process.page_table.pages()):
            if first <= page < first + pages:
                self._drop(process, page)
        for piece in pieces:
            self._hide(piece)

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
                if Protection.WRITE not in table.get(page).protection and not regions.find(page).shared:
                    rights = rights & ~Protection.WRITE
                table.protect(page, rights)
