"""Kernels that are correct and built differently: they prove that the labs fail nobody for how the books are kept."""

from __future__ import annotations

from grader.machine import InvalidArgument, Kernel, OutOfMemory, Protection, SegmentationFault
from reference.copy_on_write import CopyOnWriteKernel
from reference.demand_paging import DemandPagingKernel
from reference.kernel_access import KernelAccessKernel
from reference.shared_memory import SharedMemoryKernel
from tests.reference.solved import SolvedCopyOnWrite, SolvedDemandPaging
from tests.reference.solved_sharing import SolvedKernelAccess, SolvedSharedMemory

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
        try:
            process.page_table.map(page, frame, rights)
        except OutOfMemory:
            self.hw.frames.free(frame)
            raise

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
        if region.shared or entry.frame == self.hw.zero_frame or self.references[entry.frame] == 1:
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
        gone = self.regions.pop(process, ())
        for page in reversed(process.page_table.pages()):
            self.remove_page(process, page)
        self.regions_gone(gone)


class SlowStarter(CopyOnWriteKernel):
    """Protects each page that it shares again, although it is protected already."""

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        child.page_table.protect(page, child.page_table.get(page).protection, cow=False)


class Flat(Kernel):
    """Nothing of the reference: a record a page, shared pages by key in one dict, users found by looking at all tables.

    pages[pid][page] is (rights, key); key is None for private memory, else (object, index).
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.pages = {}
        self.tables = {}
        self.cells = {}
        self.objects = 0

    def mmap(self, process, region):
        own = self.pages.setdefault(process.pid, {})
        self.tables[process.pid] = process.page_table
        span = range(region.first_page, region.end_page)
        if not span or any(page in own for page in span):
            raise InvalidArgument("empty or taken")
        self.objects += 1
        for index, page in enumerate(span):
            own[page] = (region.protection, (self.objects, index) if region.shared else None)

    def munmap(self, process, start, pages):
        if not pages:
            raise InvalidArgument("nothing")
        first = self.hw.page_of(start)
        keys = set()
        for page in range(first, first + pages):
            keys.add(self.pages.get(process.pid, {}).pop(page, (None, None))[1])
            self.forget(process.page_table, page)
        self.tidy(keys)

    def mprotect(self, process, start, pages, protection):
        own = self.pages.get(process.pid, {})
        first = self.hw.page_of(start)
        span = range(first, first + pages)
        if not span or any(page not in own for page in span):
            raise InvalidArgument("not mapped")
        for page in span:
            key = own[page][1]
            own[page] = (protection, key)
            entry = process.page_table.get(page)
            if entry:
                at_once = key is not None or WRITE in entry.protection
                process.page_table.protect(page, protection if at_once else protection & ~WRITE)

    def page_fault(self, process, fault):
        self.provide(process, self.hw.page_of(fault.address), fault.access)

    def user_access(self, process, address, length, access):
        for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
            entry = process.page_table.get(page)
            if entry is None or not entry.protection.allows(access):
                self.provide(process, page, access)

    def provide(self, process, page, access):
        rights, key = self.pages.get(process.pid, {}).get(page, (Protection.NONE, None))
        if not rights.allows(access):
            raise SegmentationFault
        table, entry = process.page_table, process.page_table.get(page)
        if key is not None:
            new = key not in self.cells
            if new:
                self.cells[key] = self.fresh()
            try:
                table.map(page, self.cells[key], rights)
            except OutOfMemory:
                if new:
                    self.hw.frames.free(self.cells.pop(key))
                raise
        elif entry is None:
            frame = self.fresh()
            try:
                table.map(page, frame, rights)
            except OutOfMemory:
                self.hw.frames.free(frame)
                raise
        elif not WRITE.allows(access):
            table.protect(page, rights & ~WRITE)
        elif self.users(entry.frame) == 1:
            table.map(page, entry.frame, rights)
        else:
            frame = self.hw.frames.allocate()
            self.hw.frames.copy(entry.frame, frame)
            table.map(page, frame, rights)

    def fork(self, parent, child):
        self.tables[child.pid] = child.page_table
        own = self.pages.get(parent.pid, {})
        weak = {page: own[page][1] is None for page in parent.page_table.pages()}
        try:
            for page, private in weak.items():
                entry = parent.page_table.get(page)
                child.page_table.map(page, entry.frame, entry.protection & ~WRITE if private else entry.protection)
        except OutOfMemory:
            for page in child.page_table.pages():
                child.page_table.unmap(page)
            del self.tables[child.pid]
            raise
        for page, private in weak.items():
            if private:
                parent.page_table.protect(page, parent.page_table.get(page).protection & ~WRITE)
        self.pages[child.pid] = dict(own)

    def exit(self, process):
        keys = {key for _, key in self.pages.pop(process.pid, {}).values()}
        for page in process.page_table.pages():
            self.forget(process.page_table, page)
        self.tables.pop(process.pid, None)
        self.tidy(keys)

    def fresh(self):
        frame = self.hw.frames.allocate()
        self.hw.frames.zero(frame)
        return frame

    def users(self, frame):
        return sum(table.get(page).frame == frame for table in self.tables.values() for page in table.pages())

    def forget(self, table, page):
        entry = table.get(page)
        if entry is None:
            return
        table.unmap(page)
        if entry.frame not in self.cells.values() and not self.users(entry.frame):
            self.hw.frames.free(entry.frame)

    def tidy(self, keys):
        """Shared pages of objects that no process shows any more, not even at another page, go."""
        objects = {key[0] for key in keys if key is not None}
        shown = {key[0] for own in self.pages.values() for _, key in own.values() if key is not None}
        for key in [key for key in self.cells if key[0] in objects - shown]:
            self.hw.frames.free(self.cells.pop(key))


class UnmapsOneByOne(SharedMemoryKernel):
    """munmap goes page by page, and asks for each whether it is there."""

    def munmap(self, process, start, pages):
        if pages <= 1:
            super().munmap(process, start, pages)
            return
        for page in range(pages):
            super().munmap(process, start + page * self.hw.page_size, 1)


class CountsViews(SharedMemoryKernel):
    """Counts the regions that show an object, instead of looking for one at the end."""

    def __init__(self, hw):
        super().__init__(hw)
        self.views = {}

    def mmap(self, process, region):
        super().mmap(process, region)
        shown = self.regions[process].find(region.first_page).file
        if region.shared:
            self.views[shown] = self.views.get(shown, 0) + region.pages

    def fork(self, parent, child):
        super().fork(parent, child)
        for region in self.regions[child]:
            if region.shared:
                self.views[region.file] += region.pages

    def regions_gone(self, gone):
        for region in gone:
            if region.shared:
                self.views[region.file] -= region.pages
                if not self.views[region.file]:
                    del self.views[region.file]
                    self.object_gone(region.file)


class MapsInsteadOfProtecting(KernelAccessKernel):
    """Where the reference changes rights, this one makes the entry anew."""

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        if not region.shared and self.references[entry.frame] == 1:
            process.page_table.map(page, entry.frame, region.protection)
        else:
            super().first_write(process, page, region)


class FaultsByItself(KernelAccessKernel):
    """user_access goes byte by byte, and lets the page fault handler decide on each byte that is not ready."""

    def user_access(self, process, address, length, access):
        for byte in range(address, address + length):
            super().user_access(process, byte, 1, access)


def later(kernel, base):
    """A different kernel of an earlier lab on the reference of a later one."""
    return type(f"{kernel.__name__}On{base.__name__}", (kernel, base), {"__doc__": kernel.__doc__})


_PATIENT = (MapsTwice, ReleasesEarly, SlowStarter, UnmapsOneByOne, CountsViews)

ALTERNATIVES = {
    "demand-paging": [PageByPage, ListOfRegions, LeavesEntries, ZeroByCopying, CopyOnWriteKernel, ReleasesEarly],
    "copy-on-write": [PageByPage, SetsOfUsers, MapsTwice, ReleasesEarly, SlowStarter, CopyOnWriteKernel],
    "shared-memory": [
        Flat,
        KernelAccessKernel,
        *(later(kernel, SharedMemoryKernel) for kernel in _PATIENT[:3]),
        *_PATIENT[3:],
    ],
    "kernel-access": [Flat, MapsInsteadOfProtecting, FaultsByItself, *(later(k, KernelAccessKernel) for k in _PATIENT)],
}
for _lab, _solved in (
    ("demand-paging", SolvedDemandPaging),
    ("copy-on-write", SolvedCopyOnWrite),
    ("shared-memory", SolvedSharedMemory),
    ("kernel-access", SolvedKernelAccess),
):
    ALTERNATIVES[_lab].append(_solved)
