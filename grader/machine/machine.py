"""Simulates the machine: processes, the access loop, system calls, and the observation of each step.

A machine is driven step by step:

    machine.begin()                          forget what the last step touched
    machine.access(process, …) / mmap / …    one step; the answer is its outcome: "ok", "segv", "oom" or "error"
    machine.observe()                        audit, and everything the step did that can be seen

Two things end a run: KernelCrash (the kernel raised an exception that the contract does not allow) and NoProgress (an
access that still faults after two calls of page_fault). The machine has no notion of time. Several machines can exist
side by side; they share only `Region.current_page_size`, the page size of regions built by hand, which `begin` sets in
every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import repeat

from . import core
from .audit import Audit, Finding
from .disk import File, Files, Swap
from .entry import ACCESSED, DIRTY, FRAME_SHIFT, RIGHTS
from .errors import InvalidArgument, KernelError, OutOfMemory, SegmentationFault
from .hardware import Hardware
from .image import POISON, POISONED
from .kernel import Kernel, PageFault
from .moves import LEAVE, SwapMove
from .outcome import (
    ERROR,
    OK,
    OOM,
    RETRIES,
    SEGV,
    FileSpec,
    KernelCrash,
    NoProgress,
    Observation,
    SharedObject,
)
from .pagetable import PageTable
from .process import FIRST_PAGE, Process
from .protection import Access, Protection
from .region import Region
from .tlb import Tlb

_new = tuple.__new__


class Machine:
    """One machine and the kernel that runs on it.

    make_kernel  called with the hardware handle; its result is the kernel
    frames       page frames of memory; page_size, in bytes
    swap         slots (0: no swap); tlb, zero_page: whether the machine has them
    allocation   order in which frames are handed out (`lowest`, `stride`, `random` with `seed`)
    first_pid    number of the first process; first_page, page number of the first mapping of each process
    log          a list to which every operation of the kernel is appended (see operations.py), or None
    """

    def __init__(
        self,
        make_kernel: Callable[[Hardware], Kernel],
        *,
        frames: int = 16,
        page_size: int = 8,
        swap: int = 0,
        tlb: bool = False,
        zero_page: bool = False,
        max_processes: int = 64,
        allocation: str = "lowest",
        seed: int = 0,
        replacement: str = "fifo",
        first_pid: int = 1,
        first_page: int = FIRST_PAGE,
        files: Sequence[FileSpec] = (),
        log: list[int] | None = None,
    ) -> None:
        self._core = core.current()
        self.failure = self._core.failure()
        self._frames = self._core.frames(
            frames, allocation=allocation, seed=seed, zero_frame=zero_page, failure=self.failure, log=log
        )
        self._disk = self._core.disk_counts()
        self._swap = Swap(swap, self._frames, self._disk) if swap else None
        self.files = {
            spec.name: File(spec.name, spec.pages, spec.writable, spec.contents, number)
            for number, spec in enumerate(files)
        }
        self._files = Files(list(self.files.values()), self._frames, self._disk)
        self._tlb = Tlb(tlb, log)
        self._page_size = page_size
        self._max_processes = max_processes
        self.processes: dict[int, Process] = {}  # alive, by pid, in order of creation
        self._pids = first_pid - 1
        self._first_page = first_page
        self._touched: list[PageTable] = []
        self._released: list[Region] = []
        self._audit = Audit(self._frames, self.processes, self._core.quiet)
        self._stale: dict[int, dict[int, int]] = {}
        self.start = 0  # address that the last successful mmap got
        self.begin()
        self.hw = Hardware(page_size, self._frames, self._tlb, self._swap, self._files, replacement)
        self.kernel = make_kernel(self.hw)
        self._frames._evict = self.kernel.evict

    # -- steps ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a step: forget what the last one touched."""
        Region.current_page_size = self._page_size
        self._audit.clear(self._touched)
        self._released.clear()
        self._values: list[int] = []
        self._minor = self._major = 0
        self._copies_before = self._frames._copies
        self._reads_before, self._writes_before = self._disk.reads, self._disk.writes
        self._files._written = []
        if self._swap is not None:
            self._swap._moves.moves = []
        self._failed_fork: list[Finding] = []
        self.died: list[int] = []  # pids of the processes that this step ended

    def observe(self) -> Observation:
        """End a step: audit it, and return what it did."""
        findings = self._audit.settle(self._touched, self._released)
        if self._tlb._on:
            self._update_stale()
        return Observation(
            self._values,
            (self._minor, self._major),
            self._frames._copies - self._copies_before,
            self._disk.reads - self._reads_before,
            self._disk.writes - self._writes_before,
            self._files._written,
            self._frames._in_use,
            self._swap._in_use if self._swap else 0,
            self._frames._born,
            {table._pid: table._changes for table in self._touched if table._changes},
            {pid: dict(pages) for pid, pages in self._stale.items() if pages},
            self._failed_fork + findings,
            self._swap_moves() if self._swap else [],
        )

    def _swap_moves(self) -> list[SwapMove]:
        """Return what the step did with swap slots, without the pages that it took from a process for good."""
        moves = []
        for move in self._swap._moves.moves if self._swap else ():
            pages = tuple(pair for pair in move.pages if self._in_region(*pair))
            if pages or move.kind != LEAVE:
                moves.append(move._replace(pages=pages))
        return moves

    def _in_region(self, pid: int, page: int) -> bool:
        process = self.processes.get(pid)
        return process is not None and process._regions.find(page) is not None

    def kept_frames(self) -> int:
        """Return the number of frames that stay in use after the last process has gone: none."""
        return 0

    def close(self) -> None:
        """Break reference cycles, so that an unused machine is freed at once while the garbage collector is off."""
        self._frames._evict = None
        self._touched.clear()

    # -- processes --------------------------------------------------------------------------------------------

    def spawn(self) -> Process:
        """Return a new process with an empty address space; no kernel method is called."""
        self._pids += 1
        page_table = self._core.page_table(self._pids, self._frames, self._touched)
        process = Process(self._pids, page_table, self._first_page)
        self.processes[process.pid] = process
        return process

    def fork(self, parent: Process) -> tuple[str, Process | None]:
        """Copy a process: return ("ok", child), or the outcome and None. A failed fork must leave no trace."""
        if len(self.processes) >= self._max_processes:
            return ERROR, None
        child = self.spawn()
        before = parent.page_table._entries.copy()
        try:
            self._call("fork", parent, child)
        except SegmentationFault:
            self._drop(child)
            return self._kill(parent, SEGV), None
        except (OutOfMemory, InvalidArgument):
            self._check_failed_fork(parent, child, before)
            self._drop(child)
            return ERROR, None
        child._regions = parent._regions.copy()
        child._next_page = parent._next_page
        return OK, child

    def exit(self, process: Process) -> str:
        """End a process that exits by itself."""
        self._finish(process)
        return OK

    def _kill(self, process: Process, outcome: str) -> str:
        self._finish(process)
        return outcome

    def _finish(self, process: Process) -> None:
        """Let the kernel release what the process held; then discard its page table and TLB entries."""
        self._audit.note_holders(process)
        try:
            self.kernel.exit(process)
        except (Exception, SystemExit) as error:
            raise KernelCrash("exit", error) from error
        self._released.extend(process._regions)
        self._drop(process)
        self.died.append(process.pid)

    def _drop(self, process: Process) -> None:
        process.page_table._discard()
        process._alive = False
        self._tlb._cached.pop(process, None)
        self._stale.pop(process.pid, None)
        del self.processes[process.pid]

    def _check_failed_fork(self, parent: Process, child: Process, before: dict[int, int]) -> None:
        """Check that nothing is left in the child, and that the parent's entries are what they were."""
        entries = parent.page_table._entries
        left = [(child.pid, page) for page in child.page_table.pages()]
        changed = [
            (parent.pid, page) for page in entries.keys() | before.keys() if entries.get(page) != before.get(page)
        ]
        if left or changed:
            self._failed_fork.append(Finding("FORK", -1, tuple(sorted(changed) + left)))

    # -- system calls -----------------------------------------------------------------------------------------

    def _call(self, method: str, *arguments: object) -> None:
        """Call the kernel: its three answers pass, anything else is a crash."""
        try:
            getattr(self.kernel, method)(*arguments)
        except KernelError:
            raise
        except (Exception, SystemExit) as error:
            raise KernelCrash(method, error) from error

    def _system_call(self, process: Process, method: str, *arguments: object) -> str:
        try:
            self._call(method, process, *arguments)
        except SegmentationFault:
            return self._kill(process, SEGV)
        except (OutOfMemory, InvalidArgument):
            return ERROR
        return OK

    def mmap(
        self,
        process: Process,
        pages: int,
        protection: Protection,
        shared: bool = False,
        file: str | None = None,
        offset: int = 0,
        at: int | None = None,
    ) -> str:
        """Ask the kernel for a region. The machine picks its start unless `at`, a byte address, is given.

        `self.start` is the region's address after a success.
        """
        start = process._next_page * self._page_size if at is None else at
        backing = self.files[file] if file else None
        region = Region(start, pages, protection, shared, backing, offset, page_size=self._page_size)
        outcome = self._system_call(process, "mmap", region)
        if outcome == OK and pages > 0:
            self.start = start
            # A kernel that accepts an overlap has replaced what was there, as far as the machine's record goes.
            self._released.extend(process._regions.remove(region.first_page, pages))
            anonymous = shared and file is None
            process._regions.insert(region.replace(file=SharedObject()) if anonymous else region)
            process._next_page = max(process._next_page, region.end_page + 1)
        return outcome

    def munmap(self, process: Process, first: int, pages: int) -> str:
        """Ask the kernel to unmap `pages` pages from page number `first` on."""
        outcome = self._system_call(process, "munmap", first * self._page_size, pages)
        if outcome == OK:
            self._released.extend(process._regions.remove(first, pages))
            self._touch(process, first, pages)
        return outcome

    def mprotect(self, process: Process, first: int, pages: int, protection: Protection) -> str:
        """Ask the kernel to change the protection of `pages` pages from page number `first` on."""
        outcome = self._system_call(process, "mprotect", first * self._page_size, pages, protection)
        if outcome == OK:
            for piece in process._regions.remove(first, pages):
                process._regions.insert(piece.replace(protection=protection))
            self._touch(process, first, pages)
        return outcome

    def _touch(self, process: Process, first: int, pages: int) -> None:
        """Mark entries as touched, so that the audit checks those that a call should have changed but did not."""
        table = process.page_table
        for page in range(first, first + pages):
            pte = table._entries.get(page)
            if pte is not None:
                table._put(page, pte)

    # -- accesses ---------------------------------------------------------------------------------------------

    def access(
        self,
        process: Process,
        first: int,
        count: int,
        offset: int,
        access: Access,
        values: Sequence[int] = (),
    ) -> str:
        """Access one byte in each of `count` pages, in order; stop at the first page that fails.

        offset: of the byte in its page; values: for a write, one per page
        """
        if self._tlb._on:
            return self._access_through_tlb(process, first, count, offset, access, values)
        if self._core.access is not None:
            return self._core.access(self, process, first, count, offset, access, values)
        return self._access_pages(process, first, count, offset, access, values)

    def _access_pages(
        self, process: Process, first: int, count: int, offset: int, access: Access, values: Sequence[int]
    ) -> str:
        """Do what `access` does on a machine without a TLB. The compiled core has this loop too (compiled/core.c)."""
        table = process.page_table
        entries, changes = table._entries, table._changes
        contents = self._frames._contents
        # Pages of a range often have the same image; then the image after the write, or the byte read, is reused.
        before = after = POISONED
        byte = POISON
        page_fault, page_size, disk = self.kernel.page_fault, self._page_size, self._disk
        writing = access is Access.WRITE
        right = access.bit
        need = right | ACCESSED | DIRTY if writing else right | ACCESSED
        read = self._values.append
        for page, value in enumerate(values or repeat(0, count), first):
            pte = entries.get(page, 0)
            if pte & need != need:
                if not pte & right:
                    # Inlined for speed: the common case, where one call allows the access. _settle does the rest.
                    reads = disk.reads
                    error = None
                    try:
                        page_fault(process, _new(PageFault, (page * page_size + offset, access, pte != 0)))
                    except (Exception, SystemExit) as raised:
                        error = raised
                    pte = entries.get(page, 0)
                    if pte & right and error is None and disk.reads == reads:
                        self._minor += 1
                    else:
                        try:
                            ending = self._settle(process, page, offset, access, error, disk.reads != reads)
                        finally:
                            error = None  # break the cycle exception -> traceback -> this frame -> exception
                        if ending is not None:
                            return ending
                        pte = entries[page]
                if not changes:
                    self._touched.append(table)
                pte |= need
                changes[page] = entries[page] = pte
            frame = pte >> FRAME_SHIFT
            image = contents[frame]
            if not writing:
                if image is not before:
                    before, byte = image, image.byte(offset)
                read(byte)
            else:
                if image is not before or value != byte:
                    before, byte = image, value
                    after = image.with_byte(offset, value)
                contents[frame] = after
        return OK

    def _settle(
        self, process: Process, page: int, offset: int, access: Access, error: BaseException | None, major: bool
    ) -> str | None:
        """Count the first call of page_fault, then call again until the access is allowed or the process ends.

        Returns None, or how the process ended. error: what the call raised; major: whether it read from disk.
        """
        entries = process.page_table._entries
        for retry in range(RETRIES):
            if retry:
                error, major = self._ask(process, page, offset, access)
            if isinstance(error, SegmentationFault):
                return self._refuse(process, major)
            if major:
                self._major += 1
            else:
                self._minor += 1
            if isinstance(error, OutOfMemory):
                return self._kill(process, OOM)
            if error is not None:
                raise KernelCrash("page_fault", error) from error
            if entries.get(page, 0) & access.bit:
                return None
        self._minor += 1
        raise NoProgress(process.pid, page, access, page not in entries)

    def _refuse(self, process: Process, major: bool) -> str:
        """Count the fault of an access that the kernel does not allow, and end the process."""
        if major:
            self._major += 1
        else:
            self._minor += 1
        return self._kill(process, SEGV)

    def _ask(self, process: Process, page: int, offset: int, access: Access) -> tuple[BaseException | None, bool]:
        """Call page_fault; return what it raised, and whether a page came from disk."""
        reads = self._disk.reads
        present = page in process.page_table._entries
        try:
            self.kernel.page_fault(process, PageFault(page * self._page_size + offset, access, present))
        except (Exception, SystemExit) as error:
            return error, self._disk.reads != reads
        return None, self._disk.reads != reads

    def _fault(self, process: Process, page: int, offset: int, access: Access) -> str | None:
        """Handle a whole page fault; return None once the access is allowed, or how the process ended."""
        return self._settle(process, page, offset, access, *self._ask(process, page, offset, access))

    def _access_through_tlb(
        self, process: Process, first: int, count: int, offset: int, access: Access, values: Sequence[int]
    ) -> str:
        """Do what `access` does, through a TLB: a cached translation that allows the access is used, stale or not."""
        for i in range(count):
            page = first + i
            cached = self._tlb._of(process)
            pte = cached.get(page, 0)
            if not pte & access.bit:
                pte = process.page_table._entries.get(page, 0)
                if not pte & access.bit:
                    ending = self._fault(process, page, offset, access)
                    if ending is not None:
                        return ending
                    pte = process.page_table._entries[page]
                self._tlb._of(process)[page] = pte
            self._mark_used(process, page, pte >> FRAME_SHIFT, access)
            self._move_byte(pte >> FRAME_SHIFT, offset, access, values, i)
        return OK

    def _mark_used(self, process: Process, page: int, frame: int, access: Access) -> None:
        """Set accessed and dirty in the entry, if the page table still maps the page to that frame."""
        table = process.page_table
        pte = table._entries.get(page, 0)
        used = ACCESSED | DIRTY if access is Access.WRITE else ACCESSED
        if pte and pte >> FRAME_SHIFT == frame and pte & used != used:
            table._put(page, pte | used)

    def _move_byte(self, frame: int, offset: int, access: Access, values: Sequence[int], i: int) -> None:
        contents = self._frames._contents
        if access is Access.WRITE:
            contents[frame] = contents[frame].with_byte(offset, values[i])
        else:
            self._values.append(contents[frame].byte(offset))

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
        """Read or write user memory as the kernel: user_access is called once, no fault is raised or counted.

        Access.WRITE is copy_to_user, Access.READ copy_from_user; `length` in bytes. Then the bytes move through the
        page table, as a kernel moves them: write permission is not looked at.
        """
        address = first * self._page_size + offset
        try:
            self._call("user_access", process, address, length, access)
        except KernelError:
            return ERROR
        for i in range(count):
            pte = process.page_table._entries.get(first + i, 0)
            if not pte:
                raise NoProgress(process.pid, first + i, access, True)
            self._mark_used(process, first + i, pte >> FRAME_SHIFT, access)
            self._move_byte(pte >> FRAME_SHIFT, offset, access, values, i)
        return OK

    def _update_stale(self) -> None:
        """Update the stale TLB entries; only pages that this step touched can have become stale."""
        for table in self._touched:
            self._stale.setdefault(table._pid, {}).update(dict.fromkeys(table._changes, 0))
        for pid, pages in list(self._stale.items()):
            process = self.processes.get(pid)
            cached = self._tlb._cached.get(process, {}) if process is not None else {}
            entries = process.page_table._entries if process is not None else {}
            self._stale[pid] = {
                page: cached[page] for page in pages if page in cached and _is_stale(cached[page], entries.get(page, 0))
            }


def _is_stale(cached: int, entry: int) -> bool:
    """Return True if a cached translation allows more than the entry, or maps another frame."""
    return not entry or cached >> FRAME_SHIFT != entry >> FRAME_SHIFT or bool(cached & RIGHTS & ~entry)
