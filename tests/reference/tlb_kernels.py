"""A kernel for the lab tlb that has nothing of the reference: written from the stub and the handouts."""

from __future__ import annotations

from grader.machine import Access, InvalidArgument, Kernel, OutOfMemory, Protection, SegmentationFault

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
    """A record a page, users of a frame found by looking everywhere, and one gate for every change of an entry."""

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
