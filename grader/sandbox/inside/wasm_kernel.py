"""A kernel in C, compiled to WebAssembly, as a Kernel that the worker's machine can call.

The module gets numbers and gives numbers. What it may do is what the functions below do: they are the operations of the
handle, and the machine records them like those of a kernel in Python. Each scenario has an instance of its own, so
nothing is left of an earlier one. It is stopped by *fuel*, one unit for about one instruction: the same kernel uses the
same fuel everywhere, on every machine and under every load.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from grader.machine.errors import HardwareError, InvalidArgument, OutOfMemory, SegmentationFault
from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel, PageFault
from grader.machine.process import Process
from grader.machine.protection import Protection
from grader.machine.region import Region

# Read when the runtime is set up: a trap then names the line of the C source.
os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"

import wasmtime

#: Units of fuel for one scenario: ten times what the model answers need for the largest one, fork-faults.
FUEL = 200_000_000

#: Units that an operation of the machine takes, in addition to those of its instructions: about as long as it lasts.
OPERATION = 1000

#: Bytes of memory that a kernel may have: its arrays, and malloc's 16 MiB.
MEMORY = 32 << 20

#: What a host function returns after the machine has refused: the glue then traps.
REFUSED = -99

#: What the module exports for the machine to call.
CALLS = ("mmap", "munmap", "mprotect", "page_fault", "fork", "exit")

#: Negative results of a kernel's functions.
_ERRORS: dict[int, type[Exception]] = {-1: SegmentationFault, -2: OutOfMemory, -3: InvalidArgument}

#: A call of a trap's backtrace, innermost first: the function, and its place in the C source if that is known.
_FRAME = re.compile(r"^\s*(?:\d+:\s+0x[0-9a-f]+)?\s*- (?P<function>[^\n]+)(?:\n\s+at (?P<place>[^\n]*))?", re.M)

#: What clang's sanitizer found, which is the name of an inlined function.
_FOUND = re.compile(r"- __clang_trap_msg\$[^$\n]*\$(?P<found>[^\n]+)")

_PLACE = re.compile(r"(?P<file>[^/\s:]+):(?P<line>\d+)(?::\d+)?$")

_I32, _I64 = wasmtime.ValType.i32, wasmtime.ValType.i64


class Crash(Exception):
    """The kernel trapped. kind: as in a TROUBLE; lines: (file, line, function), innermost last."""

    def __init__(self, kind: str, name: str, message: str, lines: list[tuple[str, int, str]]) -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name
        self.lines = lines


class OutOfFuel(Exception):
    """The kernel has asked the machine for more operations than its fuel allows."""


class Program:
    """A compiled kernel, ready to be instantiated once a scenario."""

    def __init__(self, module: bytes) -> None:
        """Translate a module. WasmtimeError if it is none, or asks for what is not offered."""
        config = wasmtime.Config()
        config.consume_fuel = True
        config.parallel_compilation = False
        config.memory_reservation = config.memory_reservation_for_growth = config.memory_guard_size = 0
        config.memory_init_cow = False  # it would need a file in memory, which a confined process may not make
        config.wasm_threads = False
        self.engine = wasmtime.Engine(config)
        self.module = wasmtime.Module(self.engine, module)

    def __call__(self, hw: Hardware) -> WasmKernel:
        """Return a new kernel."""
        return WasmKernel(hw, self)


class WasmKernel(Kernel):
    """Calls the module's functions. `failure`: what the machine refused during the call."""

    def __init__(self, hw: Hardware, program: Program) -> None:
        super().__init__(hw)
        self.processes: dict[int, Process] = {}
        self.operations = 0
        self._pages: dict[int, list[int]] = {}  # process -> its pages in order, as they were at the last question
        self.failure: Exception | None = None
        store = self.store = wasmtime.Store(program.engine)
        store.set_limits(memory_size=MEMORY, instances=1, memories=1, tables=1, table_elements=1000)
        store.set_fuel(FUEL)
        linker = wasmtime.Linker(program.engine)
        for name, (results, parameters) in _SIGNATURES.items():
            kind = wasmtime.FuncType([_TYPES[p]() for p in parameters], [_TYPES[r]() for r in results])
            linker.define_func("forklab", name, kind, self._guarded(getattr(self, f"_{name}")))
        exports = linker.instantiate(store, program.module).exports(store)
        self.functions = {name: _function(exports.get(name), name) for name in CALLS}
        memory = exports.get("memory")
        assert isinstance(memory, wasmtime.Memory)
        self.memory = memory

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a host function that never raises: what went wrong is kept, and the glue traps."""

        def call(*arguments: int) -> Any:
            self.operations += 1
            if self.operations > FUEL // OPERATION:
                self.failure = self.failure or OutOfFuel()
                return REFUSED
            try:
                return function(*arguments)
            except OutOfMemory:
                return -2
            except Exception as error:
                self.failure = self.failure or error
                return REFUSED

        return call

    # -- what the module may call -----------------------------------------------------------------------------

    def _page_size(self) -> int:
        return self.hw.page_size

    def _zero_frame(self) -> int:
        return -1 if self.hw.zero_frame is None else self.hw.zero_frame

    def _allocate(self) -> int:
        return self.hw.frames.allocate()

    def _free(self, frame: int) -> int:
        self.hw.frames.free(frame)
        return 0

    def _zero(self, frame: int) -> int:
        self.hw.frames.zero(frame)
        return 0

    def _copy(self, source: int, target: int) -> int:
        self.hw.frames.copy(source, target)
        return 0

    def _map(self, pid: int, page: int, frame: int, protection: int, cow: int) -> int:
        self._process(pid).page_table.map(page, frame, _rights(protection), cow != 0)
        self._pages.pop(pid, None)
        return 0

    def _protect(self, pid: int, page: int, protection: int, cow: int) -> int:
        self._process(pid).page_table.protect(page, _rights(protection), cow != 0)
        return 0

    def _unmap(self, pid: int, page: int) -> int:
        self._process(pid).page_table.unmap(page)
        self._pages.pop(pid, None)
        return 0

    def _lookup(self, pid: int, page: int) -> int:
        entry = self._process(pid).page_table.get(page)
        if entry is None:
            return 0
        marks = entry.protection.bits << 1 | entry.cow << 4 | entry.accessed << 5 | entry.dirty << 6
        return entry.frame << 8 | marks | 1

    def _next_page(self, pid: int, page: int) -> int:
        pages = self._pages.get(pid)
        if pages is None:
            # Kept until the table changes: a loop over a table asks for one page after the other.
            pages = self._pages[pid] = self._process(pid).page_table.pages()
        at = bisect_left(pages, page & 0xFFFFFFFF)
        return pages[at] if at < len(pages) else -1

    def _log(self, start: int, size: int) -> None:
        print(self._text(start, size))

    def _todo(self, start: int, size: int) -> None:
        self.failure = self.failure or NotImplementedError(self._text(start, size))

    def _text(self, start: int, size: int) -> str:
        start, size = start & 0xFFFFFFFF, min(size & 0xFFFFFFFF, 1000)
        return bytes(self.memory.read(self.store, start, start + size)).decode("utf-8", "replace")

    def _process(self, pid: int) -> Process:
        try:
            return self.processes[pid & 0xFFFFFFFF]
        except KeyError:
            raise HardwareError(f"there is no process {pid & 0xFFFFFFFF}") from None

    # -- what the machine calls -------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Call kernel_mmap."""
        self._call("mmap", process, region.start, region.pages, region.protection.bits, int(region.shared))

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Call kernel_munmap."""
        self._call("munmap", process, start, pages)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Call kernel_mprotect."""
        self._call("mprotect", process, start, pages, protection.bits)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Call kernel_page_fault."""
        self._call("page_fault", process, fault.address, fault.access.bit, int(fault.present))

    def fork(self, parent: Process, child: Process) -> None:
        """Call kernel_fork."""
        self.processes[child.pid] = child
        self._call("fork", parent, child.pid)

    def exit(self, process: Process) -> None:
        """Call kernel_exit."""
        self._call("exit", process)

    def _call(self, name: str, process: Process, *arguments: int) -> None:
        """Call an exported function and raise what its result stands for. Crash if it traps."""
        self.processes[process.pid] = process
        self._pages.clear()
        try:
            result = self.functions[name](self.store, process.pid, *arguments)
        except (wasmtime.Trap, wasmtime.WasmtimeError) as trap:
            raise self._crash(trap) from None
        if result is None or result == 0:
            return
        if result not in _ERRORS:
            told = f"kernel_{name} returned {result}; it returns 0, -FL_SEGV, -FL_NOMEM or -FL_INVAL"
            raise Crash("crash", "WrongResult", told, [])
        raise _ERRORS[result]()

    def _crash(self, trap: wasmtime.Trap | wasmtime.WasmtimeError) -> Exception:
        """Return what a trap means, with the lines of the student's code that led there."""
        lines = _lines(str(trap))
        failure, self.failure = self.failure, None
        if isinstance(failure, NotImplementedError):
            return Crash("not_implemented", "NotImplementedError", str(failure), lines)
        code: object = trap.trap_code if isinstance(trap, wasmtime.Trap) else None
        if isinstance(failure, OutOfFuel) or code == wasmtime.TrapCode.OUT_OF_FUEL:
            most = FUEL // 1_000_000
            told = f"more than {most} million instructions in one scenario (an operation counts as {OPERATION})"
            return Crash("fuel", "OutOfFuel", told, lines)
        if failure is not None:
            return Crash("crash", type(failure).__name__, str(failure), lines)
        known = next((told for meant, told in _MEANINGS.items() if meant == code), "")
        found = _FOUND.search(str(trap))
        if found is not None:
            known = f"your code did what C leaves undefined: {found['found'].lower()}"
        return Crash("crash", "Trap", known or str(trap).splitlines()[0][:200], lines)


def _function(export: object, name: str) -> wasmtime.Func:
    assert isinstance(export, wasmtime.Func), f"the module does not export {name}"
    return export


def _rights(bits: int) -> Protection:
    if not 0 <= bits <= 7:
        raise HardwareError(f"{bits} is not a protection; it is an `or` of PROT_READ, PROT_WRITE and PROT_EXEC")
    return Protection(bits)


def _lines(backtrace: str) -> list[tuple[str, int, str]]:
    """Return the places of a backtrace that are in kernel.c, innermost last."""
    found = []
    for match in _FRAME.finditer(backtrace):
        place = _PLACE.search(match["place"] or "")
        if place is not None and place["file"] == "kernel.c":
            found.append(("kernel.c", int(place["line"]), match["function"]))
    return found[::-1]


_TYPES = {"i": _I32, "l": _I64}

#: Host function -> types of its results and of its parameters.
_SIGNATURES = {
    "page_size": ("i", ""),
    "zero_frame": ("i", ""),
    "allocate": ("i", ""),
    "free": ("i", "i"),
    "zero": ("i", "i"),
    "copy": ("i", "ii"),
    "map": ("i", "iiiii"),
    "protect": ("i", "iiii"),
    "unmap": ("i", "ii"),
    "lookup": ("l", "ii"),
    "next_page": ("i", "ii"),
    "log": ("", "ii"),
    "todo": ("", "ii"),
}

_UNDEFINED = (
    "your code did what C leaves undefined: an index outside an array, a null pointer, an overflow of a signed number, "
    "or a shift that is too wide"
)

_MEANINGS = {
    wasmtime.TrapCode.UNREACHABLE: _UNDEFINED,
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: "an address outside your kernel's memory: a wild pointer",
    wasmtime.TrapCode.STACK_OVERFLOW: "the stack is used up: a recursion without end?",
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: "a division by zero",
    wasmtime.TrapCode.INTEGER_OVERFLOW: "an overflow of a signed number",
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: "a call through a null pointer",
    wasmtime.TrapCode.BAD_SIGNATURE: "a call through a pointer to another kind of function",
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: "a call through a pointer that leads to no function",
}
