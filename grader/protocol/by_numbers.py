"""A kernel that is called with numbers and asks for operations with numbers, as one in another language is.

What it may ask for are the operations of the handle; the machine records them like those of a kernel in Python. Pages,
frames and processes are numbers, and so are entries, as the page table keeps them (machine/entry.py). A function
returns 0, or the negative number of an error.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from struct import Struct
from typing import Any

from grader.machine.errors import HardwareError, InvalidArgument, OutOfMemory, SegmentationFault
from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel, PageFault
from grader.machine.process import Process
from grader.machine.protection import PROTECTIONS, Protection
from grader.machine.region import Region

#: Negative results of a kernel's functions.
ERRORS: dict[int, type[Exception]] = {-1: SegmentationFault, -2: OutOfMemory, -3: InvalidArgument}

_NO_FRAME, _INVALID = -2, -3

#: Bits -> the protection. Others are refused.
_RIGHTS = dict(enumerate(PROTECTIONS))

#: Operation on the machine, whose answers decide what a kernel does -> its arguments.
ON_MACHINE = {
    "allocate": 0,
    "free": 1,
    "zero": 1,
    "copy": 2,
    "map": 5,
    "protect": 4,
    "unmap": 2,
    "lookup": 2,
    "entries": 3,
}

#: Function -> its arguments.
FUNCTIONS = {"mmap": 5, "munmap": 3, "mprotect": 4, "page_fault": 4, "fork": 2, "exit": 1}

#: A page and its entry, as a kernel gets them.
ENTRY = Struct("=II")

#: Entries that a kernel gets at once.
MOST_ENTRIES = 64


def is_result(name: str, result: int) -> bool:
    """Return True if a function may return a number."""
    return result == 0 or (result in ERRORS and (name != "page_fault" or result != _INVALID))


class NumberKernel(Kernel):
    """Calls functions, and has the operations that they may ask for.

    call       calls a function with numbers, and returns its result
    processes  those that it was called for, by number
    """

    call: Callable[..., int]

    def __init__(self, hw: Hardware, processes: dict[int, Process] | None = None) -> None:
        super().__init__(hw)
        self.processes = {} if processes is None else processes
        self._pages: dict[int, list[int]] = {}  # process -> its pages in order, as they were at the last question

    # -- what a function may ask for --------------------------------------------------------------------------

    def operations(self) -> dict[str, Callable[..., Any]]:
        """Return the operations. HardwareError from each that the machine refuses. Three are the machine's own."""
        frames = self.hw.frames
        return {
            "page_size": self._page_size,
            "zero_frame": self._zero_frame,
            "allocate": self._allocate,
            "free": frames.free,
            "zero": frames.zero,
            "copy": frames.copy,
            "map": self._map,
            "protect": self._protect,
            "unmap": self._unmap,
            "lookup": self._lookup,
            "entries": self.entries,
        }

    def _page_size(self) -> int:
        return self.hw.page_size

    def _zero_frame(self) -> int:
        return -1 if self.hw.zero_frame is None else self.hw.zero_frame

    def _allocate(self) -> int:
        try:
            return self.hw.frames.allocate()
        except OutOfMemory:
            return _NO_FRAME

    def _map(self, pid: int, page: int, frame: int, protection: int, cow: int) -> int:
        if self._pages:
            self._pages.pop(pid, None)
        try:
            table, rights = self.processes[pid].page_table, _RIGHTS[protection]
        except KeyError:
            raise self._mistaken(pid, protection) from None
        try:
            table.map(page, frame, rights, cow != 0)
        except OutOfMemory:
            return _NO_FRAME
        return 0

    def _protect(self, pid: int, page: int, protection: int, cow: int) -> None:
        try:
            table, rights = self.processes[pid].page_table, _RIGHTS[protection]
        except KeyError:
            raise self._mistaken(pid, protection) from None
        table.protect(page, rights, cow != 0)

    def _unmap(self, pid: int, page: int) -> None:
        self._pages.pop(pid, None)
        self._process(pid).page_table.unmap(page)

    def _lookup(self, pid: int, page: int) -> int:
        """Return an entry as the page table keeps it, 0 if there is none."""
        return self._process(pid).page_table._entries.get(page & 0xFFFFFFFF, 0)

    def entries(self, pid: int, page: int, most: int) -> bytes:
        """Return the entries from a page on, so many at most, each as an ENTRY."""
        table = self._process(pid).page_table
        pages = self._pages.get(pid)
        if pages is None:
            pages = self._pages[pid] = table.pages()  # kept until the table changes
        at = bisect_left(pages, page & 0xFFFFFFFF)
        chosen = pages[at : at + max(0, min(most, MOST_ENTRIES))]
        entries = table._entries
        if len(chosen) == 1:  # the usual number: most tables are small
            return ENTRY.pack(chosen[0], entries[chosen[0]])
        return array("I", [n for page in chosen for n in (page, entries[page])]).tobytes()

    def _process(self, pid: int) -> Process:
        try:
            return self.processes[pid]
        except KeyError:
            raise self._mistaken(pid) from None

    def _mistaken(self, pid: int, protection: int = 0) -> HardwareError:
        """Return the error for a process, or a protection, that does not exist."""
        if pid not in self.processes:
            return HardwareError(f"there is no process {pid & 0xFFFFFFFF}")
        return HardwareError(f"{protection} is not a protection; it is an `or` of PROT_READ, PROT_WRITE and PROT_EXEC")

    # -- what the machine calls -------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Call mmap."""
        self._call("mmap", process, region.start, region.pages, region.protection.bits, int(region.shared))

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Call munmap."""
        self._call("munmap", process, start, pages)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Call mprotect."""
        self._call("mprotect", process, start, pages, protection.bits)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Call page_fault, with the entry of the page, as the page table keeps it, or 0."""
        address = fault.address
        entry = process.page_table._entries[address // self.hw.page_size] if fault.present else 0
        self._call("page_fault", process, address, fault.access.bit, entry)

    def fork(self, parent: Process, child: Process) -> None:
        """Call fork."""
        self.processes[child.pid] = child
        self._call("fork", parent, child.pid)

    def exit(self, process: Process) -> None:
        """Call exit."""
        self._call("exit", process)

    def _call(self, name: str, process: Process, *arguments: int) -> None:
        """Call a function and raise what its result stands for, or what `stopped` makes of an error in it."""
        pid = process.pid
        self.processes[pid] = process
        if self._pages:
            self._pages.clear()
        try:
            result = self.call(name, pid, *arguments)
        except Exception as error:
            raise self.stopped(error) from None
        if result:
            raise ERRORS[result]() if is_result(name, result) else self.wrong(name, result, arguments)

    def stopped(self, error: Exception) -> Exception:
        """Return what the machine gets where a function did not return."""
        return error

    def wrong(self, name: str, result: int, arguments: tuple[int, ...]) -> Exception:
        """Return what the machine gets where a function returned what it may not."""
        return ValueError(f"{name} returned {result}")
