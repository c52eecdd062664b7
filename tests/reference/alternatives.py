"""Kernels that are correct and built differently: they prove that the labs fail nobody for how the books are kept."""

from __future__ import annotations

from grader.machine import InvalidArgument, Kernel, OutOfMemory, Protection, SegmentationFault
from reference.copy_on_write import CopyOnWriteKernel
from reference.demand_paging import DemandPagingKernel

WRITE = Protection.WRITE


class PageByPage(Kernel):
    """No RegionMap: a dict from (pid, page) to rights. No counts: users are found by looking at all tables."""

    def __init__(self, hw):
        super().__init__(hw)
        self.rights = {}
        self.tables = {}

    def users(self, frame):
        return sum(t.get(p).frame == frame for t in self.tables.values() for p in t.pages())

    def mmap(self, process, region):
        self.tables[process.pid] = process.page_table
        pages = range(region.first_page, region.end_page)
        if not pages or any((process.pid, page) in self.rights for page in pages):
            raise InvalidArgument("empty, or taken")
        for page in pages:
            self.rights[process.pid, page] = region.protection

    def munmap(self, process, start, pages):
        if not pages:
            raise InvalidArgument("no pages")
        first = start // self.hw.page_size
        for page in range(first, first + pages):
            self.rights.pop((process.pid, page), None)
            self.let_go(process, page)

    def mprotect(self, process, start, pages, protection):
        first = start // self.hw.page_size
        touched = range(first, first + pages)
        if not touched or any((process.pid, page) not in self.rights for page in touched):
            raise InvalidArgument("not mapped")
        for page in touched:
            self.rights[process.pid, page] = protection
            entry = process.page_table.get(page)
            if entry:
                process.page_table.protect(page, protection if WRITE in entry.protection else protection & ~WRITE)

    def page_fault(self, process, fault):
        page = fault.address // self.hw.page_size
        rights = self.rights.get((process.pid, page))
        if rights is None or not rights.allows(fault.access):
            raise SegmentationFault(f"page {page}")
        entry = process.page_table.get(page)
        zero = self.hw.zero_frame
        if entry is None and zero is not None and not WRITE.allows(fault.access):
            process.page_table.map(page, zero, rights & ~WRITE)
            return
        if entry is not None and entry.frame != zero and self.users(entry.frame) == 1:
            # Mapped anew instead of protected: the same frame, with all rights.
            process.page_table.map(page, entry.frame, rights)
            return
        frame = self.hw.frames.allocate()
        if entry is None:
            self.hw.frames.zero(frame)
        else:
            self.hw.frames.copy(entry.frame, frame)
        process.page_table.map(page, frame, rights)

    def fork(self, parent, child):
        self.tables[child.pid] = child.page_table
        done = []
        try:
            for page in reversed(parent.page_table.pages()):
                entry = parent.page_table.get(page)
                child.page_table.map(page, entry.frame, entry.protection & ~WRITE)
                done.append((page, entry.protection, entry.cow))
        except OutOfMemory:
            for page, _, _ in done:
                child.page_table.unmap(page)
            del self.tables[child.pid]
            raise
        for page, protection, _ in done:
            parent.page_table.protect(page, protection & ~WRITE)
        for (pid, page), rights in list(self.rights.items()):
            if pid == parent.pid:
                self.rights[child.pid, page] = rights

    def exit(self, process):
        for page in process.page_table.pages():
            self.let_go(process, page)
        self.tables.pop(process.pid, None)
        self.rights = {key: rights for key, rights in self.rights.items() if key[0] != process.pid}

    def let_go(self, process, page):
        entry = process.page_table.get(page)
        if entry is None:
            return
        process.page_table.unmap(page)
        if entry.frame != self.hw.zero_frame and not self.users(entry.frame):
            self.hw.frames.free(entry.frame)


class ListOfRegions(DemandPagingKernel):
    """Regions in a plain list of (first, end, protection), searched from the back; looks before it leaps."""

    def __init__(self, hw):
        super().__init__(hw)
        self.lists = {}

    def mmap(self, process, region):
        spans = self.lists.setdefault(process.pid, [])
        if region.pages == 0 or any(region.first_page < end and first < region.end_page for first, end, _ in spans):
            raise InvalidArgument(f"{region.pages} pages at {region.first_page}")
        spans.append((region.first_page, region.end_page, region.protection))

    def cut(self, process, first, end):
        """Take a range out; the pieces that were there."""
        kept, taken = [], []
        for start, stop, rights in self.lists.get(process.pid, []):
            kept += [(a, b, rights) for a, b in ((start, min(stop, first)), (max(start, end), stop)) if a < b]
            taken += [(a, b, rights) for a, b in ((max(start, first), min(stop, end)),) if a < b]
        self.lists[process.pid] = kept
        return taken

    def munmap(self, process, start, pages):
        first = start // self.hw.page_size
        if not pages:
            raise InvalidArgument("no pages")
        self.cut(process, first, first + pages)
        for page in set(process.page_table.pages()).intersection(range(first, first + pages)):
            self.remove_page(process, page)

    def mprotect(self, process, start, pages, protection):
        first = start // self.hw.page_size
        before = list(self.lists.get(process.pid, []))
        taken = self.cut(process, first, first + pages)
        if sum(stop - begin for begin, stop, _ in taken) != pages or not pages:
            self.lists[process.pid] = before
            raise InvalidArgument("not all of it is mapped")
        self.lists[process.pid] += [(begin, stop, protection) for begin, stop, _ in taken]
        for page in set(process.page_table.pages()).intersection(range(first, first + pages)):
            had = process.page_table.get(page).protection
            process.page_table.protect(page, protection if WRITE in had else protection & ~WRITE)

    def page_fault(self, process, fault):
        page = fault.address // self.hw.page_size
        for first, end, rights in reversed(self.lists.get(process.pid, [])):
            if first <= page < end and rights.allows(fault.access):
                self.fill(process, page, rights, fault)
                return
        raise SegmentationFault

    def fill(self, process, page, rights, fault):
        zero = self.hw.zero_frame
        entry = process.page_table.get(page)
        if entry is not None and entry.frame != zero:
            process.page_table.protect(page, rights)
        elif zero is not None and not WRITE.allows(fault.access):
            process.page_table.map(page, zero, rights & ~WRITE)
        else:
            process.page_table.map(page, self.zeroed_frame(), rights)

    def exit(self, process):
        super().exit(process)
        self.lists.pop(process.pid, None)


class LeavesEntries(DemandPagingKernel):
    """exit frees frames and leaves the entries to the machine, which discards them."""

    def exit(self, process):
        for page in process.page_table.pages():
            frame = process.page_table.get(page).frame
            if frame != self.hw.zero_frame:
                self.hw.frames.free(frame)
        self.regions.pop(process, None)


class ZeroByCopying(DemandPagingKernel):
    """Copies the zero frame, where there is one, instead of zeroing: that counts as zeroing."""

    def zeroed_frame(self):
        if self.hw.zero_frame is None:
            return super().zeroed_frame()
        frame = self.hw.frames.allocate()
        self.hw.frames.copy(self.hw.zero_frame, frame)
        return frame


class SetsOfUsers(CopyOnWriteKernel):
    """Sets of (pid, page) instead of counts; the cow bit is never used."""

    def __init__(self, hw):
        super().__init__(hw)
        self.sets = {}

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        self.own(process, page)

    def own(self, process, page):
        frame = process.page_table.get(page).frame
        if frame != self.hw.zero_frame:
            self.sets.setdefault(frame, set()).add((process.pid, page))

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        users = self.sets.get(entry.frame, set())
        if users == {(process.pid, page)}:
            process.page_table.protect(page, region.protection)
            return
        frame = self.hw.frames.allocate()
        self.hw.frames.copy(entry.frame, frame)
        users.discard((process.pid, page))
        process.page_table.map(page, frame, region.protection)
        self.sets[frame] = {(process.pid, page)}

    def share_page(self, parent, child, page, entry):
        child.page_table.map(page, entry.frame, entry.protection & ~WRITE)
        parent.page_table.protect(page, entry.protection & ~WRITE)
        self.own(child, page)

    def exit(self, process):
        for page in process.page_table.pages():
            self.remove_page(process, page)
        self.regions.pop(process, None)

    def remove_page(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        if frame != self.hw.zero_frame:
            self.sets[frame].discard((process.pid, page))
            if not self.sets[frame]:
                del self.sets[frame]
                self.hw.frames.free(frame)


class MapsTwice(CopyOnWriteKernel):
    """Takes an entry out before it puts the new one in, and asks twice before it acts."""

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        if entry.frame == self.hw.zero_frame or self.references[entry.frame] == 1:
            super().first_write(process, page, region)
            return
        frame = self.copied_frame(entry.frame)
        process.page_table.unmap(page)
        self.release(entry.frame)
        process.page_table.map(page, frame, Protection.NONE)
        process.page_table.protect(page, region.protection)


class ReleasesEarly(CopyOnWriteKernel):
    """exit unmaps from the highest page down and forgets its regions first."""

    def exit(self, process):
        self.regions.pop(process, None)
        for page in reversed(process.page_table.pages()):
            self.remove_page(process, page)


class SlowStarter(CopyOnWriteKernel):
    """Protects each page that it shares again, although it is protected already."""

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        child.page_table.protect(page, child.page_table.get(page).protection, cow=False)


ALTERNATIVES = {
    "demand-paging": [PageByPage, ListOfRegions, LeavesEntries, ZeroByCopying, CopyOnWriteKernel, ReleasesEarly],
    "copy-on-write": [PageByPage, SetsOfUsers, MapsTwice, ReleasesEarly, SlowStarter, CopyOnWriteKernel],
}
