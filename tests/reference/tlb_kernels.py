"""Correct kernels for the lab tlb: one that has nothing of the reference, and others that flush in another way."""

from __future__ import annotations

from grader.machine import Access, InvalidArgument, Kernel, OutOfMemory, Protection, SegmentationFault
from reference.swapping import SwappingKernel
from reference.tlb import TlbKernel
from tests.reference.alternatives import FaultsByItself, UnmapsOneByOne, later

WRITE = Protection.WRITE


class Record:
    """What a process may do with one page, what the page shows, and the slot it is in when it is out."""

    def __init__(self, rights, shared, file, key, slot=None):
        self.rights = rights
        self.shared = shared
        self.file = file
        self.key = key
        self.slot = slot

    def copy(self):
        return Record(self.rights, self.shared, self.file, self.key, self.slot)


class RecordPerPage(Kernel):
    """Written from the stub and the handouts: a record a page, one gate for every change, no count of users."""

    def __init__(self, hw):
        super().__init__(hw)
        self.space = {}
        self.cells = {}  # (file or number of an object, index) -> frame
        self.home = {}  # slot -> frame, while the page is in memory as well
        self.order = []
        self.pinned = []
        self.objects = 0

    # the gate

    def change(self, process, page, frame, rights):
        process.page_table.map(page, frame, rights)
        self.hw.tlb.flush(process, page)

    def weaken(self, process, page, rights):
        process.page_table.protect(page, rights)
        self.hw.tlb.flush(process, page)

    def drop(self, process, page):
        entry = process.page_table.get(page)
        if entry is not None:
            process.page_table.unmap(page)
            self.hw.tlb.flush(process, page)
            self.unused(entry.frame)

    # system calls

    def mmap(self, process, region):
        own = self.space.setdefault(process, {})
        span = range(region.first_page, region.end_page)
        if not span or any(page in own for page in span):
            raise InvalidArgument("empty or taken")
        self.check_mode(region.shared, region.file, region.protection)
        self.objects += 1
        named = region.file or (self.objects if region.shared else None)
        for index, page in enumerate(span, region.offset):
            own[page] = Record(region.protection, region.shared, region.file, named and (named, index))

    def check_mode(self, shared, file, rights):
        if shared and file is not None and WRITE in rights and not file.writable:
            raise InvalidArgument("read-only file")

    def munmap(self, process, start, pages):
        if not pages:
            raise InvalidArgument("nothing")
        first = self.hw.page_of(start)
        self.forget(process, [page for page in range(first, first + pages) if page in self.space.get(process, {})])

    def mprotect(self, process, start, pages, protection):
        own = self.space.get(process, {})
        first = self.hw.page_of(start)
        span = range(first, first + pages)
        if not span or any(page not in own for page in span):
            raise InvalidArgument("not mapped")
        for page in span:
            self.check_mode(own[page].shared, own[page].file, protection)
        for page in span:
            own[page].rights = protection
            entry = process.page_table.get(page)
            if entry is not None:
                at_once = own[page].shared or WRITE in entry.protection
                self.weaken(process, page, protection if at_once else protection & ~WRITE)

    def fork(self, parent, child):
        own = self.space.get(parent, {})
        weak = [page for page in parent.page_table.pages() if not own[page].shared]
        try:
            for page in parent.page_table.pages():
                entry = parent.page_table.get(page)
                child.page_table.map(page, entry.frame, entry.protection & ~WRITE if page in weak else entry.protection)
        except OutOfMemory:
            for page in child.page_table.pages():
                child.page_table.unmap(page)
            raise
        for page in weak:
            self.weaken(parent, page, parent.page_table.get(page).protection & ~WRITE)
        self.space[child] = {page: record.copy() for page, record in own.items()}

    def exit(self, process):
        self.forget(process, sorted(self.space.get(process, ()), reverse=True))
        self.space.pop(process, None)

    def forget(self, process, pages):
        own = self.space.get(process, {})
        for page in pages:
            entry, record = process.page_table.get(page), own[page]
            if entry is not None and entry.dirty and record.shared and record.file is not None:
                self.hw.files.write(record.file, record.key[1], entry.frame)
        for page in pages:
            slot = own.pop(page).slot
            self.drop(process, page)
            self.left(slot)
        shown = {record.key[0] for records in self.space.values() for record in records.values() if record.key}
        for key in [key for key in self.cells if key[0] not in shown]:
            self.unused(self.cells.pop(key))

    # faults

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        self.ready(process, [page], fault.access)

    def user_access(self, process, address, length, access):
        self.ready(process, range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1), access)

    def ready(self, process, pages, access):
        self.pinned = [(process, page) for page in pages]
        try:
            for page in pages:
                entry = process.page_table.get(page)
                if entry is None or not entry.protection.allows(access):
                    self.provide(process, page, access)
        finally:
            self.pinned = []

    def provide(self, process, page, access):
        record = self.space.get(process, {}).get(page)
        if record is None or not record.rights.allows(access):
            raise SegmentationFault
        entry = process.page_table.get(page)
        if record.shared:
            self.change_or_undo(process, page, self.cell(record), record.rights)
            return
        if entry is None:
            self.bring(process, page, record, access)
            entry = process.page_table.get(page)
            if entry.protection.allows(access):
                return
        if access is not Access.WRITE:
            self.weaken(process, page, record.rights & ~WRITE)
        elif self.users(entry.frame) == 1 and entry.frame != self.hw.zero_frame:
            self.weaken(process, page, record.rights)
        else:
            frame = self.frame()
            if entry.frame == self.hw.zero_frame:
                self.hw.frames.zero(frame)
            else:
                self.hw.frames.copy(entry.frame, frame)
            self.change(process, page, frame, record.rights)
            self.unused(entry.frame)

    def bring(self, process, page, record, access):
        """The page has no entry: it is out, or of a file, or nobody has touched it."""
        if record.slot is not None:
            slot = record.slot
            if slot not in self.home:
                frame = self.frame()
                self.hw.swap.read(slot, frame)
                self.home[slot] = frame
            frame = self.home[slot]
            self.change_or_undo(process, page, frame, record.rights & ~WRITE)
            record.slot = None
            self.left(slot)
            if self.users(frame) == 1:
                self.weaken(process, page, record.rights)
        elif record.key is not None:
            cached, rights = self.cell(record), record.rights & ~WRITE
            if access is Access.WRITE:
                frame, rights = self.frame(), record.rights
                self.hw.frames.copy(cached, frame)
                cached = frame
            self.change_or_undo(process, page, cached, rights)
        elif access is not Access.WRITE and self.hw.zero_frame is not None:
            self.change(process, page, self.hw.zero_frame, record.rights & ~WRITE)
        else:
            frame = self.frame()
            self.hw.frames.zero(frame)
            self.change_or_undo(process, page, frame, record.rights)

    def cell(self, record):
        if record.key not in self.cells:
            index = record.key[1]
            if record.file is not None and index >= record.file.pages:
                raise SegmentationFault
            frame = self.frame()
            if record.file is None:
                self.hw.frames.zero(frame)
            else:
                self.hw.files.read(record.file, index, frame)
            self.cells[record.key] = frame
        return self.cells[record.key]

    def change_or_undo(self, process, page, frame, rights):
        try:
            self.change(process, page, frame, rights)
        except OutOfMemory:
            for key in [key for key in self.cells if self.cells[key] == frame]:
                if isinstance(key[0], int) and self.users(frame) == 1:
                    del self.cells[key]
            self.unused(frame)
            raise

    # memory

    def frame(self):
        frame = self.hw.frames.allocate()
        self.order.append(frame)
        return frame

    def entries(self, frame):
        return [(p, n) for p in self.space for n in p.page_table.pages() if p.page_table.get(n).frame == frame]

    def users(self, frame):
        held = list(self.cells.values()) + list(self.home.values())
        return len(self.entries(frame)) + held.count(frame)

    def unused(self, frame):
        if frame == self.hw.zero_frame or self.entries(frame) or frame in self.cells.values():
            return
        for slot in [slot for slot in self.home if self.home[slot] == frame]:
            del self.home[slot]
        self.order.remove(frame)
        self.hw.frames.free(frame)

    def left(self, slot):
        waiting = [record for records in self.space.values() for record in records.values() if record.slot == slot]
        if slot is not None and not waiting:
            self.hw.swap.free(slot)
            frame = self.home.pop(slot, None)
            if frame is not None:
                self.unused(frame)

    def evict(self):
        if self.hw.swap is None:
            raise OutOfMemory("no swap")
        queue = [frame for frame in self.order if frame not in self.cells.values()]
        for frame in queue:
            entries = self.entries(frame)
            if any(entry in self.pinned for entry in entries):
                continue
            used = [(p, n) for p, n in entries if p.page_table.get(n).accessed]
            if self.hw.replacement == "clock" and used:
                for process, page in used:
                    process.page_table.clear_accessed(page)
                self.order.remove(frame)
                self.order.append(frame)
                queue.append(frame)
            elif self.push_out(frame, entries):
                return
        raise OutOfMemory("nobody can leave")

    def push_out(self, frame, entries):
        slot = next((slot for slot in self.home if self.home[slot] == frame), None)
        if slot is None:
            try:
                slot = self.hw.swap.write(frame)
            except OutOfMemory:
                return False
        for process, page in entries:
            self.space[process][page].slot = slot
        for process, page in entries:
            self.drop(process, page)
        return True


#: What the machine calls.
_METHODS = ("mmap", "munmap", "mprotect", "fork", "exit", "page_fault", "user_access", "evict")


def after_each(finish):
    """A swapping kernel that calls finish(kernel, its processes) at the end of every method, however that ends."""

    def begin(self, hw):
        SwappingKernel.__init__(self, hw)
        self.known = {}

    def wrapped(name, inherited):
        def method(self, *arguments):
            for process in arguments[: 2 if name == "fork" else 1]:
                self.known.setdefault(process, {})
            try:
                return inherited(self, *arguments)
            finally:
                finish(self, self.known)
                if name == "exit":
                    del self.known[arguments[0]]

        return method

    methods = {name: wrapped(name, getattr(SwappingKernel, name)) for name in _METHODS}
    return type(finish.__name__, (SwappingKernel,), {"__init__": begin, **methods})


def flushes_everything(kernel, known):
    """Forget all pages of all processes after every call."""
    for process in known:
        kernel.hw.tlb.flush(process)


def flushes_what_changed(kernel, known):
    """Remember the page tables as they were after the last call, and flush every page that looks different."""
    for process, seen in known.items():
        table = process.page_table
        now = {page: (table.get(page).frame, table.get(page).protection) for page in table.pages()}
        for page in {*seen, *now}:
            if seen.get(page) != now.get(page):
                kernel.hw.tlb.flush(process, page)
        known[process] = now


def flushes_whole_processes(kernel, known):
    """As above, but a process of which any page changed is flushed as a whole."""
    for process, seen in known.items():
        table = process.page_table
        now = {page: (table.get(page).frame, table.get(page).protection) for page in table.pages()}
        if seen != now:
            kernel.hw.tlb.flush(process)
        known[process] = now


class FlushesFirst(SwappingKernel):
    """Before the change instead of after it: nobody runs in between."""

    def share_page(self, parent, child, page, entry):
        self.hw.tlb.flush(parent, page)
        super().share_page(parent, child, page, entry)

    def first_write(self, process, page, region):
        self.hw.tlb.flush(process, page)
        super().first_write(process, page, region)

    def mprotect(self, process, start, pages, protection):
        for page in range(pages):
            self.hw.tlb.flush(process, self.hw.page_of(start) + page)
        super().mprotect(process, start, pages, protection)

    def remove_page(self, process, page):
        self.hw.tlb.flush(process, page)
        super().remove_page(process, page)


class FlushesAtTheEndOfFork(TlbKernel):
    """fork succeeds first, and then flushes the parent as a whole; a failed one flushes nothing."""

    def share_page(self, parent, child, page, entry):
        super(TlbKernel, self).share_page(parent, child, page, entry)

    def fork(self, parent, child):
        super().fork(parent, child)
        self.hw.tlb.flush(parent)


class KernelPathOnly(TlbKernel):
    """Flushes a page that moved in user_access alone: after a page fault the hardware copies the entry anew."""

    def first_write(self, process, page, region):
        super(TlbKernel, self).first_write(process, page, region)

    def user_access(self, process, address, length, access):
        try:
            super().user_access(process, address, length, access)
        finally:
            for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
                self.hw.tlb.flush(process, page)


KERNELS = [
    RecordPerPage,
    *map(after_each, (flushes_everything, flushes_what_changed, flushes_whole_processes)),
    FlushesFirst,
    FlushesAtTheEndOfFork,
    KernelPathOnly,
    *(later(kernel, TlbKernel) for kernel in (UnmapsOneByOne, FaultsByItself)),
]
