"""A machine that does what Linux does where Linux differs from the contract (`machine: {profile: linux}`).

Three of the rules of Linux belong to the machine and not to the kernel:

    29  an access that ends in SIGSEGV counts no fault, and a process with a handler survives it
    5   an access that the kernel makes for a system call faults, and counts, like the process's own
    46  such an access moves the pages before the first bad one

So does what follows from the page cache outliving the last mapping (44) and from mprotect changing the pages before a
hole (45): the audit and the record of regions agree with a kernel that keeps to these rules. There is always a page of
zeros, and never a TLB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .audit import Audit, Finding
from .disk import File
from .entry import FRAME_SHIFT
from .hardware import Hardware
from .kernel import Kernel
from .machine import Machine
from .outcome import ERROR, OK, SEGV, FileSpec, Observation
from .process import Process
from .protection import Access, Protection


class LinuxMachine(Machine):
    """A machine with the Linux profile."""

    def __init__(
        self, make_kernel: Callable[[Hardware], Kernel], *, files: Sequence[FileSpec] = (), **given: Any
    ) -> None:
        self._preloaded: list[int] = []
        self._in_kernel = False  # whether an access is the kernel's own, for a system call
        # pid -> pages that a fork leaves out; pages that mlock keeps in memory
        self._not_inherited: dict[int, set[int]] = {}
        self._locked: dict[int, set[int]] = {}
        self._survives = False  # whether a handler catches the SIGSEGV of this access

        def kernel_with_cache(hw: Hardware) -> Kernel:
            """Make the kernel on hardware whose frames hold the cached files already, as after a start long ago."""
            self._fill_cache(files)
            return make_kernel(hw)

        super().__init__(kernel_with_cache, files=files, **{**given, "zero_page": True, "tlb": False})

    def _fill_cache(self, files: Sequence[FileSpec]) -> None:
        """Put the files that the scenario calls cached into frames. No operation of the kernel: nothing is logged."""
        frames = self._frames
        log, frames._log = frames._log, None
        for spec in files:
            if spec.cached:
                file = self.files[spec.name]
                held = self._files._cached[file] = {}
                for index, image in enumerate(file._images):
                    held[index] = frame = frames.allocate()
                    frames._contents[frame] = image
                    frames._cache(frame, file, index)
        frames._log = log
        self._preloaded = frames._born
        self._audit = LinuxAudit(frames, self.processes, self._core.quiet)

    def observe(self) -> Observation:
        """Return what the step did. The frames of cached files come into use with the first step."""
        seen = super().observe()
        if self._preloaded:
            seen = seen._replace(allocated=[*self._preloaded, *seen.allocated])
            self._preloaded = []
        return seen

    def kept_frames(self) -> int:
        """Return the number of file pages in the page cache, which outlive every process."""
        held = [held for held in self._frames._holder.values() if isinstance(held[0], File)]
        return len(set(held))

    # -- accesses ---------------------------------------------------------------------------------------------

    def _refuse(self, process: Process, major: bool) -> str:
        """End the process, or the system call, without counting a fault (rule 29)."""
        return self._kill(process, SEGV)

    def _kill(self, process: Process, outcome: str) -> str:
        """End a process, unless the access was the kernel's own, or the process has a handler for SIGSEGV."""
        if self._in_kernel:
            return ERROR
        if self._survives and outcome == SEGV:
            return SEGV
        return super()._kill(process, outcome)

    def _fault_in(self, process: Process, page: int, offset: int, access: Access) -> int:
        """Make a page fit for an access of the kernel's own; return its entry, or 0 if that is not possible."""
        pte = process.page_table._entries.get(page, 0)
        if pte & access.bit:
            return pte
        self._in_kernel = True
        try:
            failed = self._fault(process, page, offset, access) is not None
        finally:
            self._in_kernel = False
        return 0 if failed else process.page_table._entries[page]

    def copy_user(
        self,
        process: Process,
        first: int,
        count: int,
        offset: int,
        length: int,
        access: Access,
        values: Sequence[int] = (),
    ) -> str:
        """Read or write user memory as the kernel: page by page, with page faults, up to the first bad page."""
        for i in range(count):
            pte = self._fault_in(process, first + i, offset, access)
            if not pte:
                return ERROR
            self._mark_used(process, first + i, pte >> FRAME_SHIFT, access)
            self._move_byte(pte >> FRAME_SHIFT, offset, access, values, i)
        return OK

    def populate(self, process: Process, first: int, pages: int, access: Access | None = None) -> str:
        """Touch pages as MAP_POPULATE, mlock and MADV_POPULATE do; an error at the first page that cannot be had.

        access: of every page; unless given, a write in private writable regions and a read elsewhere

        For mmap and mlock all faults count as minor ones: after it has waited for the disk, Linux repeats the fault as
        if it were a new one, and that finds the page. madvise counts major faults.
        """
        major = self._major
        try:
            return self._populate(process, first, pages, access)
        finally:
            if access is None:
                self._minor += self._major - major
                self._major = major

    def _populate(self, process: Process, first: int, pages: int, access: Access | None) -> str:
        for page in range(first, first + pages):
            region = process._regions.find(page)
            if region is None:
                return ERROR
            writing = not region.shared and Protection.WRITE in region.protection
            wanted = access or (Access.WRITE if writing else Access.READ)
            pte = self._fault_in(process, page, 0, wanted) if region.protection.allows(wanted) else 0
            if not pte:
                return ERROR
            self._mark_used(process, page, pte >> FRAME_SHIFT, wanted)
        return OK

    def surviving(
        self, process: Process, first: int, count: int, offset: int, access: Access, values: Sequence[int]
    ) -> str:
        """Do what `access` does, for a process that has a handler for SIGSEGV: it lives on."""
        self._survives = True
        try:
            return self.access(process, first, count, offset, access, values)
        finally:
            self._survives = False

    # -- system calls -----------------------------------------------------------------------------------------

    def fork(self, parent: Process) -> tuple[str, Process | None]:
        """Copy a process; the child has no memory where the parent's madvise said dontfork."""
        outcome, child = super().fork(parent)
        if child is not None:
            for page in self._not_inherited.get(parent.pid, ()):
                child._regions.remove(page, 1)
        return outcome, child

    def mprotect(self, process: Process, first: int, pages: int, protection: Protection) -> str:
        """Ask the kernel to change protection; after an error, the pages before the first bad one have changed."""
        reached = self._reach(process, first, pages, protection)
        opened = self._opened(process, range(first, first + reached), protection)
        outcome = self._system_call(process, "mprotect", first * self._page_size, pages, protection)
        if outcome in (OK, ERROR) and reached:
            for piece in process._regions.remove(first, reached):
                process._regions.insert(piece.replace(protection=protection))
            self._touch(process, first, reached)
            for page in opened:
                self.populate(process, page, 1)
        return outcome

    def _opened(self, process: Process, pages: range, protection: Protection) -> list[int]:
        """Return the locked private pages that get the right to write: they are made writable at once."""
        locked = self._locked.get(process.pid, ())
        if Protection.WRITE not in protection or not locked:
            return []
        regions = [(page, process._regions.find(page)) for page in pages if page in locked]
        return [page for page, r in regions if r and not r.shared and Protection.WRITE not in r.protection]

    def mmap(
        self,
        process: Process,
        pages: int,
        protection: Protection,
        shared: bool = False,
        file: str | None = None,
        offset: int = 0,
        at: int | None = None,
        fixed: bool = False,
        populate: bool = False,
    ) -> str:
        """Ask the kernel for a region; `fixed` unmaps what is there first, `populate` touches every page."""
        read_only = file is not None and not self.files[file].writable
        refused = shared and read_only and Protection.WRITE in protection  # before anything is unmapped
        if fixed and at is not None and pages and not refused:
            outcome = self.munmap(process, at // self._page_size, pages)
            if outcome != OK:
                return outcome
        outcome = super().mmap(process, pages, protection, shared, file, offset, at)
        if outcome == OK:
            first = self.start // self._page_size
            self._forget_marks(process, first, pages)
            if populate:
                self.populate(process, first, pages)  # pages that cannot be had are no error of mmap
        return outcome

    def munmap(self, process: Process, first: int, pages: int) -> str:
        """Ask the kernel to unmap pages."""
        outcome = super().munmap(process, first, pages)
        if outcome == OK:
            self._forget_marks(process, first, pages)
        return outcome

    def _forget_marks(self, process: Process, first: int, pages: int) -> None:
        """Forget what madvise and mlock said of pages: the memory that it was about has gone."""
        for marks in (self._not_inherited, self._locked):
            if marks.get(process.pid):
                marks[process.pid].difference_update(range(first, first + pages))

    def madvise(self, process: Process, first: int, pages: int, advice: str) -> str:
        """Pass advice on to the kernel; to populate, touch the pages as the process would."""
        if advice in ("populate_read", "populate_write"):
            return self.populate(process, first, pages, Access.READ if advice == "populate_read" else Access.WRITE)
        outcome = self._system_call(process, "madvise", first * self._page_size, pages, advice)
        if advice == "dontfork" and outcome in (OK, ERROR):
            mapped = {page for page in range(first, first + pages) if process._regions.find(page) is not None}
            self._not_inherited.setdefault(process.pid, set()).update(mapped)
        return outcome

    def mlock(self, process: Process, first: int, pages: int) -> str:
        """Let the kernel note that pages must stay, then touch them; an error at the first that is not mapped."""
        outcome = self._system_call(process, "mlock", first * self._page_size, pages)
        unmapped = (page for page in range(first, first + pages) if process._regions.find(page) is None)
        end = next(unmapped, first + pages)
        self._locked.setdefault(process.pid, set()).update(range(first, end))
        return self.populate(process, first, pages) if outcome == OK else outcome

    def mremap(self, process: Process, first: int, pages: int, to_pages: int) -> str:
        """Ask the kernel to move pages to a new place, which the machine picks; `self.start` is its address then."""
        to = process._next_page
        arguments = (first * self._page_size, pages, to * self._page_size, to_pages)
        outcome = self._system_call(process, "mremap", *arguments)
        if outcome == OK:
            self.start = to * self._page_size
            for piece in process._regions.remove(first, pages):
                self._released.append(piece)
                process._regions.insert(piece.replace(start=self.start, pages=to_pages))
            self._touch(process, first, pages)
            process._next_page = to + to_pages + 1
            self._move_marks(process, first, pages, to, to_pages)
            if to_pages > pages and to in self._locked.get(process.pid, ()):
                self.populate(process, to + pages, to_pages - pages)
        return outcome

    def _move_marks(self, process: Process, first: int, pages: int, to: int, to_pages: int) -> None:
        """Let what madvise and mlock said of pages hold for where they are now."""
        moved = []
        for marks in (self._not_inherited, self._locked):
            held = marks.setdefault(process.pid, set())
            moved.append((held, [to + i for i in range(to_pages) if first + min(i, pages - 1) in held]))
        self._forget_marks(process, first, pages)
        for held, there in moved:
            held.update(there)

    def _reach(self, process: Process, first: int, pages: int, protection: Protection) -> int:
        """Return how many pages of a range mprotect can change before it fails."""
        for page in range(first, first + pages):
            region = process._regions.find(page)
            if region is None:
                return page - first
            read_only = isinstance(region.file, File) and not region.file.writable
            if read_only and region.shared and Protection.WRITE in protection:
                return page - first
        return pages


class LinuxAudit(Audit):
    """The audit of a page cache that outlives its mappings, and of swapped pages that stay in memory for sharers."""

    __slots__ = ()

    def _held(self, frame: int) -> bool:
        held = self._frames._holder.get(frame)
        return (held is not None and isinstance(held[0], File)) or super()._held(frame)

    def _check_owners(self, released: Any, findings: list[Finding]) -> None:
        found: list[Finding] = []
        super()._check_owners(released, found)
        findings.extend(one for one in found if not self._in_swap_cache(one.frame))

    def _in_swap_cache(self, frame: int) -> bool:
        """Return True if a slot in use holds what the frame holds, so that a sharer may still come for it."""
        moves = self._frames._moves
        if moves is None:
            return False
        slot, use = moves._held.get(frame, (-1, 0))
        return moves._uses.get(slot) == use
