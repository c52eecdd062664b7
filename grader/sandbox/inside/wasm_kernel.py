"""A kernel in C, compiled to WebAssembly, as a Kernel that the worker's machine can call.

What it is called with and what it may ask for is in protocol/by_numbers.py. Each scenario has an instance of its own,
so nothing is left of an earlier one.
"""

from __future__ import annotations

from typing import NoReturn

from grader.machine.errors import HardwareError
from grader.machine.hardware import Hardware
from grader.machine.process import Process
from grader.machine.region import Region
from grader.protocol.by_numbers import ENTRY, NumberKernel
from grader.sandbox.inside.wasm_library import Trap, WasmError
from grader.sandbox.inside.wasm_runtime import OPERATION, Instance, OutOfFuel, Program
from grader.sandbox.inside.wasm_trap import Crash, c_lines, meaning

#: What functions return in words: these, and all others.
_RETURNS = {"page_fault": "0, -FL_SEGV or -FL_NOMEM", "fork": "0 or -FL_NOMEM"}
_RETURN = "0, -FL_NOMEM or -FL_INVAL"

#: The names of errors.
_WORDS = {1: "FL_SEGV", 2: "FL_NOMEM", 3: "FL_INVAL"}

#: Functions that take regions out of a map, and what else a positive result of theirs may be.
_REMOVING = ("munmap", "mprotect")
_COUNT = "region_remove returns how many pieces it took out"


class WasmKernel(NumberKernel):
    """Calls the module's functions, and carries out the operations that they ask for."""

    def __init__(self, hw: Hardware, program: Program) -> None:
        super().__init__(hw)
        self.mapped = 0  # pages of all mmap calls so far
        operations = self.operations() | {"entries": self._write_entries, "log": self._log, "todo": self._todo}
        self.instance = Instance(program, operations | {"place": self._place, "unplace": self._place})
        self.call = self.instance.call
        try:
            self.instance.start()
        except WasmError as trap:
            raise self._crash(trap) from None

    # -- what only a module asks for --------------------------------------------------------------------------

    def _write_entries(self, pid: int, page: int, start: int, most: int) -> int:
        """Write the entries from a page on to the module's memory; return how many."""
        packed = self.entries(pid, page, most)
        self.instance.write(start, packed)
        return len(packed) // ENTRY.size

    def _log(self, start: int, size: int) -> None:
        print(self.instance.text(start, size))

    def _todo(self, start: int, size: int) -> NoReturn:
        raise NotImplementedError(self.instance.text(start, size))

    def _place(self, _: int) -> NoReturn:
        raise HardwareError("only `grader verify` chooses where blocks of memory lie")

    # -- what the machine calls -------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Call kernel_mmap."""
        self.mapped += region.pages
        self.instance.allow(self.mapped * (len(self.processes) + 1))
        super().mmap(process, region)

    def fork(self, parent: Process, child: Process) -> None:
        """Call kernel_fork."""
        self.processes[child.pid] = child
        self.instance.allow(self.mapped * len(self.processes))
        super().fork(parent, child)

    def stopped(self, error: Exception) -> Exception:
        """Return what stopped the module."""
        return self._crash(error) if isinstance(error, (WasmError, OutOfFuel)) else error

    def wrong(self, name: str, result: int, arguments: tuple[int, ...]) -> Crash:
        """Return a crash that says what is wrong with a result."""
        return Crash("crash", "WrongResult", wrong_result(name, result, arguments[0] if name == "fork" else 0))

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
