"""A kernel as a student might build it, unlike the reference in every way, with mistakes that can be switched on.

Regions are rights by (pid, page); a frame's users are counted in a list that is as long as memory; the fault handler is
one function. `student("parent_w")` makes the same mistake as the misconception of that name, in its own way;
`student("nocopy", "no_dec")` makes two at once, and the UNLISTED ones are on no list.
"""

from grader.machine import Access, InvalidArgument, Kernel, OutOfMemory, Protection, SegmentationFault

W = Protection.WRITE


class Student(Kernel):
    """Demand paging and copy-on-write fork, in one piece."""

    bugs: frozenset[str] = frozenset()

    def __init__(self, hw):
        super().__init__(hw)
        self.rights = {}
        self.count = {}
        self.tables = {}

    # -- system calls ---------------------------------------------------------------------------------------------

    def mmap(self, process, region):
        self.tables[process.pid] = process.page_table
        pages = range(region.first_page, region.end_page)
        taken = [page for page in pages if (process.pid, page) in self.rights]
        if not pages or (taken and "overlap" not in self.bugs):
            raise InvalidArgument("no")
        for page in taken:
            if process.page_table.get(page):
                self.drop(process, page)
        for page in pages:
            self.rights[process.pid, page] = region.protection
            if "eager" in self.bugs:
                self.fill(process, page, region.protection)

    def munmap(self, process, start, pages):
        first = start // self.hw.page_size
        if pages == 0 and "empty_range" not in self.bugs:
            raise InvalidArgument("no")
        for page in range(first, first + pages):
            if "unmap_forgets" not in self.bugs:
                self.rights.pop((process.pid, page), None)
            entry = process.page_table.get(page)
            if entry is None or "unmap_later" in self.bugs:
                continue
            if "unmap_leak" in self.bugs:
                process.page_table.unmap(page)
            elif "stale_pte" in self.bugs and self.count.get(entry.frame, 1) > 1:
                self.count[entry.frame] -= 1
            else:
                self.drop(process, page)

    def mprotect(self, process, start, pages, protection):
        first = start // self.hw.page_size
        span = range(first, first + pages)
        if not span or any((process.pid, page) not in self.rights for page in span):
            raise InvalidArgument("no")
        for page in span:
            if "protect_entry" not in self.bugs:
                self.rights[process.pid, page] = protection
            entry = process.page_table.get(page)
            if entry and "protect_later" not in self.bugs:
                process.page_table.protect(page, protection if W in entry.protection else protection & ~W)

    def fork(self, parent, child):
        self.tables[child.pid] = child.page_table
        done = []
        try:
            for page in parent.page_table.pages():
                entry = parent.page_table.get(page)
                self.share(parent, child, page, entry)
                done.append((page, entry))
        except OutOfMemory:
            if "fork_no_undo" not in self.bugs:
                self.undo(parent, child, done)
            raise
        if "fork_noregion" not in self.bugs:
            for (pid, page), rights in list(self.rights.items()):
                if pid == parent.pid:
                    self.rights[child.pid, page] = rights
                    if "fork_populate" in self.bugs and not child.page_table.get(page):
                        self.fill(child, page, rights)

    def share(self, parent, child, page, entry):
        if entry.frame == self.hw.zero_frame:
            child.page_table.map(page, entry.frame, entry.protection)
            return
        if "eager_fork" in self.bugs:
            frame = self.hw.frames.allocate()
            self.hw.frames.copy(entry.frame, frame)
            child.page_table.map(page, frame, entry.protection)
            self.count[frame] = 1
            return
        weak = entry.protection & ~W
        cow = W in entry.protection or (entry.cow and "refork_ro" not in self.bugs)
        loose = bool({"child_w", "parent_w_and_child_w"} & self.bugs)
        child.page_table.map(page, entry.frame, entry.protection if loose else weak, cow=cow)
        if not {"parent_w", "parent_w_and_child_w"} & self.bugs:
            parent.page_table.protect(page, weak, cow=cow)
        if "no_inc" in self.bugs or ("inc_if_w" in self.bugs and W not in entry.protection):
            return
        self.count[entry.frame] += 2 if "inc_twice" in self.bugs else 1

    def undo(self, parent, child, done):
        for page, entry in done:
            if "eager_fork" in self.bugs:
                self.drop(child, page)
                continue
            child.page_table.unmap(page)
            if "fork_undo_counts" not in self.bugs and entry.frame in self.count:
                self.count[entry.frame] -= 1
            if "fork_undo_half" not in self.bugs:
                parent.page_table.protect(page, entry.protection, cow=entry.cow)

    def exit(self, process):
        if "exit_leak" not in self.bugs:
            for page in process.page_table.pages():
                self.drop(process, page)
        self.rights = {key: value for key, value in self.rights.items() if key[0] != process.pid}
        self.tables.pop(process.pid, None)

    # -- faults ---------------------------------------------------------------------------------------------------

    def page_fault(self, process, fault):
        if "noop" in self.bugs:
            return
        page = fault.address // self.hw.page_size
        if "roundup" in self.bugs:
            page = -(-fault.address // self.hw.page_size)
        rights = self.rights.get((process.pid, page))
        if rights is None and "nobounds" in self.bugs:
            rights = Protection.READ | W
        entry = process.page_table.get(page)
        allowed = rights is not None and (
            rights.allows(fault.access)
            or (entry is None and "guard_fill" in self.bugs)
            or (entry is not None and "anycow" in self.bugs and fault.access is Access.WRITE)
            or (fault.access is Access.EXECUTE and "exec_any" in self.bugs)
        )
        if not allowed:
            raise SegmentationFault
        if entry is None:
            self.fill(process, page, rights, fault.access)
            after = self.rights.get((process.pid, page + 1))
            if "readahead" in self.bugs and after is not None and process.page_table.get(page + 1) is None:
                self.fill(process, page + 1, after)
        elif fault.access is Access.WRITE:
            self.write(process, page, rights | W if "anycow" in self.bugs else rights, entry)
        else:
            process.page_table.protect(page, rights & ~W)

    def fill(self, process, page, rights, access=Access.WRITE):
        zero = self.hw.zero_frame
        if zero is not None and access is not Access.WRITE and "no_zero_page" not in self.bugs:
            process.page_table.map(page, zero, rights & ~W)
            return
        frame = self.hw.frames.allocate()
        if "nozero" not in self.bugs:
            self.hw.frames.zero(frame)
        self.count[frame] = 1
        given = rights | Protection.READ | W if "fill_rw" in self.bugs else rights
        if "read_ro" in self.bugs and access is not Access.WRITE:
            given = rights & ~W
        try:
            process.page_table.map(page, frame, given)
        except OutOfMemory:
            del self.count[frame]
            self.hw.frames.free(frame)
            raise

    def write(self, process, page, rights, entry):
        old = entry.frame
        users = self.count.get(old)
        if old == self.hw.zero_frame:
            self.fill(process, page, rights)
            return
        alone = users is None or users <= (2 if "reuse_off1" in self.bugs else 1)
        if "reuse_off1" in self.bugs and users == 1:
            alone = False
        if "private_shared" in self.bugs or (alone and "always_copy" not in self.bugs):
            process.page_table.protect(page, rights, cow=False)
            return
        if "upgrade_first" in self.bugs:
            process.page_table.protect(page, rights, cow=False)
        try:
            new = self.hw.frames.allocate()
        except OutOfMemory:
            if "oom_steals" not in self.bugs:
                raise
            process.page_table.protect(page, rights, cow=False)
            return
        if "nocopy" in self.bugs:
            self.hw.frames.copy(old, new)
            self.hw.frames.zero(new)
        else:
            self.hw.frames.copy(old, new)
        self.count[new] = 1
        given = Protection.READ | W | Protection.EXECUTE if "copy_rwx" in self.bugs else rights
        process.page_table.map(page, new, given)
        if "no_dec" not in self.bugs:
            self.let_go(old)
        if "upgrade_other" in self.bugs or "eager_upgrade" in self.bugs:
            self.open_others(old, rights)

    def open_others(self, frame, rights):
        """Make the rest of a frame's users writable: all of them, or only one that is left alone."""
        users = [(t, p) for t in self.tables.values() for p in t.pages() if t.get(p).frame == frame]
        if "eager_upgrade" in self.bugs and len(users) != 1:
            return
        for table, page in users[:1] if "upgrade_other" in self.bugs else users:
            table.protect(page, rights, cow=False)

    # -- frames ---------------------------------------------------------------------------------------------------

    def drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        if frame != self.hw.zero_frame:
            self.let_go(frame)
            if "eager_upgrade" in self.bugs and self.count.get(frame) == 1:
                self.open_others(frame, Protection.READ | W)

    def let_go(self, frame):
        if frame not in self.count:
            return
        self.count[frame] -= 1
        if self.count[frame] == 0 or "free_always" in self.bugs:
            del self.count[frame]
            self.hw.frames.free(frame)


def student(*bugs: str) -> type:
    """The class with these mistakes."""
    return type("Student_" + "_".join(bugs), (Student,), {"bugs": frozenset(bugs)})


#: Mistakes that are also on the list of misconceptions, made in this kernel's own way.
LISTED = [
    "nozero",
    "eager",
    "nobounds",
    "read_ro",
    "exit_leak",
    "noop",
    "roundup",
    "no_zero_page",
    "readahead",
    "unmap_leak",
    "unmap_later",
    "unmap_forgets",
    "overlap",
    "empty_range",
    "stale_pte",
    "fill_rw",
    "guard_fill",
    "exec_any",
    "protect_later",
    "protect_entry",
    "anycow",
    "copy_rwx",
    "parent_w",
    "child_w",
    "parent_w_and_child_w",
    "eager_fork",
    "nocopy",
    "always_copy",
    "reuse_off1",
    "no_inc",
    "inc_twice",
    "no_dec",
    "free_always",
    "upgrade_other",
    "upgrade_first",
    "refork_ro",
    "inc_if_w",
    "fork_populate",
    "fork_noregion",
    "fork_no_undo",
    "fork_undo_half",
    "fork_undo_counts",
    "eager_upgrade",
    "private_shared",
    "oom_steals",
]

#: Two at once.
TWO = (
    ("nocopy", "no_dec"),
    ("parent_w", "exit_leak"),
    ("always_copy", "nozero"),
    ("no_inc", "fork_noregion"),
    ("refork_ro", "unmap_leak"),
    ("inc_twice", "copy_rwx"),
    ("readahead", "read_ro"),
)
