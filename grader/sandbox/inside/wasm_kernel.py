"""A kernel in C, compiled to WebAssembly, as a Kernel that the worker's machine can call.

The module gets numbers and gives numbers. What it may do is what the functions below do: they are the operations of the
handle, and the machine records them like those of a kernel in Python. Each scenario has an instance of its own, so
nothing is left of an earlier one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from struct import Struct
from typing import Any, NoReturn

from grader.machine.errors import HardwareError, InvalidArgument, OutOfMemory, SegmentationFault
from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel, PageFault
from grader.machine.process import Process
from grader.machine.protection import PROTECTIONS, Protection
from grader.machine.region import Region
from grader.sandbox.inside.wasm_library import Trap, WasmError
from grader.sandbox.inside.wasm_runtime import OPERATION, Instance, OutOfFuel, Program
from grader.sandbox.inside.wasm_trap import Crash, c_lines, meaning

#: Negative results of a kernel's functions.
_ERRORS: dict[int, type[Exception]] = {-1: SegmentationFault, -2: OutOfMemory, -3: InvalidArgument}

#: What functions return in words: these, and all others.
_RETURNS = {"page_fault": "0, -FL_SEGV or -FL_NOMEM", "fork": "0 or -FL_NOMEM"}
_RETURN = "0, -FL_NOMEM or -FL_INVAL"

#: The names of errors.
_WORDS = {1: "FL_SEGV", 2: "FL_NOMEM", 3: "FL_INVAL"}

#: Functions that take regions out of a map, and what else a positive result of theirs may be.
_REMOVING = ("munmap", "mprotect")
_COUNT = "region_remove returns how many pieces it took out"

_NO_FRAME, _INVALID = -2, -3

#: Bits -> the protection. Others are refused.
_RIGHTS = dict(enumerate(PROTECTIONS))

#: A page and its entry in a module's memory.
_ENTRY = Struct("=II")

#: Entries that a module gets at once.
MOST_ENTRIES = 64


class WasmKernel(Kernel):
    """Calls the module's functions, and carries out the operations that they ask for."""

    def __init__(self, hw: Hardware, program: Program) -> None:
        super().__init__(hw)
        self.processes: dict[int, Process] = {}
        self.mapped = 0  # pages of all mmap calls so far
        self._pages: dict[int, list[int]] = {}  # process -> its pages in order, as they were at the last question
        self.instance = Instance(program, self._operations())
        try:
            self.instance.start()
        except WasmError as trap:
            raise self._crash(trap) from None

    # -- what the module may call -----------------------------------------------------------------------------

    def _operations(self) -> dict[str, Callable[..., Any]]:
        """Return what the functions of IMPORTS do. Three are the machine's own."""
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
            "entries": self._entries,
            "log": self._log,
            "todo": self._todo,
            "place": self._place,
            "unplace": self._unplace,
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
        """Return an entry as the page table keeps it, 0 if there is none (machine/entry.py)."""
        return self._process(pid).page_table._entries.get(page & 0xFFFFFFFF, 0)

    def _entries(self, pid: int, page: int, start: int, most: int) -> int:
        """Write the entries from a page on to the module's memory, each as page and entry; return how many."""
        table = self._process(pid).page_table
        pages = self._pages.get(pid)
        if pages is None:
            pages = self._pages[pid] = table.pages()  # kept until the table changes
        at = bisect_left(pages, page & 0xFFFFFFFF)
        chosen = pages[at : at + max(0, min(most, MOST_ENTRIES))]
        entries = table._entries
        if len(chosen) == 1:  # the usual number: most tables are small
            packed = _ENTRY.pack(chosen[0], entries[chosen[0]])
        else:
            packed = array("I", [n for page in chosen for n in (page, entries[page])]).tobytes()
        self.instance.write(start, packed)
        return len(chosen)

    def _log(self, start: int, size: int) -> None:
        print(self.instance.text(start, size))

    def _todo(self, start: int, size: int) -> NoReturn:
        raise NotImplementedError(self.instance.text(start, size))

    def _place(self, _kind: int) -> NoReturn:
        raise HardwareError("only `grader verify` chooses where blocks of memory lie")

    def _unplace(self, _block: int) -> NoReturn:
        raise HardwareError("only `grader verify` chooses where blocks of memory lie")

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
        """Call kernel_mmap."""
        self.mapped += region.pages
        self.instance.allow(self.mapped * (len(self.processes) + 1))
        self._call("mmap", process, region.start, region.pages, region.protection.bits, int(region.shared))

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Call kernel_munmap."""
        self._call("munmap", process, start, pages)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Call kernel_mprotect."""
        self._call("mprotect", process, start, pages, protection.bits)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Call kernel_page_fault, with the entry of the page, as the page table keeps it, or 0."""
        address = fault.address
        entry = process.page_table._entries[address // self.hw.page_size] if fault.present else 0
        self._call("page_fault", process, address, fault.access.bit, entry)

    def fork(self, parent: Process, child: Process) -> None:
        """Call kernel_fork."""
        self.processes[child.pid] = child
        self.instance.allow(self.mapped * len(self.processes))
        self._call("fork", parent, child.pid)

    def exit(self, process: Process) -> None:
        """Call kernel_exit."""
        self._call("exit", process)

    def _call(self, name: str, process: Process, *arguments: int) -> None:
        """Call an exported function and raise what its result stands for. Crash if it traps."""
        pid = process.pid
        self.processes[pid] = process
        if self._pages:
            self._pages.clear()
        try:
            result = self.instance.call(name, pid, *arguments)
        except (WasmError, OutOfFuel) as trap:
            raise self._crash(trap) from None
        if result == 0:
            return
        if result not in _ERRORS or (name == "page_fault" and result == _INVALID):
            raise Crash("crash", "WrongResult", wrong_result(name, result, arguments[0] if name == "fork" else 0))
        raise _ERRORS[result]()

    def _crash(self, trap: Exception) -> Crash:
        """Return what stopped the module, with the lines of the student's code that led there."""
        lines, failure = c_lines(trap), self.instance.failure
        if isinstance(failure, NotImplementedError):
            return Crash("not_implemented", "NotImplementedError", str(failure), lines)
        if isinstance(trap, OutOfFuel) or isinstance(failure, OutOfFuel) or self._used_up(trap):
            most = f"{self.instance.fuel // 1_000_000} million instructions"
            told = f"a loop without end? More than {most} in one scenario (an operation counts as {OPERATION})"
            return Crash("fuel", "OutOfFuel", told, lines)
        if failure is not None:
            return Crash("crash", type(failure).__name__, str(failure), lines)
        return Crash("crash", "Trap", meaning(trap), lines)

    def _used_up(self, trap: Exception) -> bool:
        return isinstance(trap, Trap) and trap.code is not None and self.instance.left == 0


def wrong_result(name: str, result: int, child: int = 0) -> str:
    """Return what is wrong with a function's result: what it may be meant for, and what the function may return.

    child  the number of the child, for fork
    """
    returns = _RETURNS.get(name, _RETURN)
    meant = _meant(name, result, child, returns)
    return f"kernel_{name} returned {result}{f' ({meant})' if meant else ''}; it returns {returns}"


def _meant(name: str, result: int, child: int, returns: str) -> str:
    """Return what a wrong result may be meant for, "" if nothing is likely."""
    word = _WORDS.get(abs(result), "")
    if result < 0:
        return f"-{word}" if word else ""
    error = f"{word} without the minus sign" if word and word in returns else ""
    if result == child:
        return f"the child's number?{f' or {error}' if error else ''}"
    if name in _REMOVING:
        return f"{error}? or a count: {_COUNT}" if error else f"a count? {_COUNT}"
    return f"{error}?" if error else ""
