"""Re-enacts on the grader's own machine what the worker's kernel did.

At every trap the stand-in takes the next call from the worker's answer and applies the operations that follow it. An
answer that does not fit (another call than the machine made, an operation that the machine refuses, numbers left over
after the step) raises Tampered: an honest worker never sends it, no matter which kernel it runs.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

from grader.machine import core
from grader.machine import operations as op
from grader.machine.errors import HardwareError, InvalidArgument, KernelError, OutOfMemory, SegmentationFault
from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel, PageFault
from grader.machine.pagetable import flags_of
from grader.machine.process import Process
from grader.machine.protection import Access, Protection
from grader.machine.region import Region
from grader.protocol import wire


class Tampered(BaseException):
    """An answer that no honest worker gives. Not an Exception: it must pass through the machine untouched."""


class WorkerCrash(Exception):
    """Raised if the call ended in a crash of the student's code. The worker reports the details separately."""


class StandIn(Kernel):
    """Applies answers. `feed(numbers)` before a step, `finished()` after it."""

    def __init__(self, hw: Hardware, numbers: Sequence[int]) -> None:
        super().__init__(hw)
        self._processes: dict[int, Process] = {}
        self._numbers: Any  # an iterator; of the compiled core, or Python's
        self._operation: Callable[[], int]
        self.feed(numbers)
        self._enter(wire.INIT, 0)
        try:
            self._apply()
        except KernelError as error:
            raise Tampered(f"creating a kernel cannot end in {type(error).__name__}") from None

    def feed(self, numbers: Sequence[int]) -> None:
        """Supply the answer to the next step."""
        answer = core.current().answer
        if answer is None or type(numbers) is not array:
            self._numbers = iter(numbers)
            self._operation = self._numbers.__next__
        else:
            # The compiled core applies the common operations itself, and hands out the number of any other.
            self._numbers = answer(numbers, StandIn)
            self._operation = partial(self._numbers.apply, self._processes, self.hw.frames)

    def finished(self) -> None:
        """Raise Tampered if the answer holds more than the machine asked for."""
        left = next(self._numbers, None)
        if left is not None:
            raise Tampered(f"the answer goes on after the step ({left})")

    # -- traps ------------------------------------------------------------------------------------------------

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Re-enact one page fault."""
        self._enter(wire.FAULT, process.pid)
        page = next(self._numbers, None)
        if page != fault.address // self.hw.page_size:
            raise Tampered(f"a fault in page {page}, where the machine had one in {fault.address // self.hw.page_size}")
        self._processes[process.pid] = process
        self._apply()

    def mmap(self, process: Process, region: Region) -> None:
        """Re-enact mmap."""
        self._trap(wire.MMAP, process)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Re-enact munmap."""
        self._trap(wire.MUNMAP, process)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Re-enact mprotect."""
        self._trap(wire.MPROTECT, process)

    def fork(self, parent: Process, child: Process) -> None:
        """Re-enact fork."""
        self._processes[child.pid] = child
        self._trap(wire.FORK, parent)

    def exit(self, process: Process) -> None:
        """Re-enact exit."""
        self._trap(wire.EXIT, process)

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Re-enact user_access."""
        self._trap(wire.USER_ACCESS, process)

    def madvise(self, process: Process, start: int, pages: int, advice: str) -> None:
        """Re-enact madvise."""
        self._trap(wire.MADVISE, process)

    def mremap(self, process: Process, start: int, pages: int, to: int, to_pages: int) -> None:
        """Re-enact mremap."""
        self._trap(wire.MREMAP, process)

    def mlock(self, process: Process, start: int, pages: int) -> None:
        """Re-enact mlock."""
        self._trap(wire.MLOCK, process)

    def evict(self) -> None:
        """Re-enact evict."""
        self._enter(wire.EVICT, 0)
        self._apply()

    def _trap(self, call: int, process: Process) -> None:
        self._processes[process.pid] = process
        self._enter(call, process.pid)
        self._apply()

    def _enter(self, call: int, pid: int) -> None:
        found, whose = next(self._numbers, None), next(self._numbers, None)
        if found != call or whose != pid:
            answer = "ends" if found is None else f"is for {wire.CALL_NAMES.get(found, found)} (pid {whose})"
            raise Tampered(f"the machine called {wire.CALL_NAMES[call]} (pid {pid}), but the worker's answer {answer}")

    # -- operations -------------------------------------------------------------------------------------------

    def _apply(self) -> None:
        """Apply operations up to the end of the call, and end as it did."""
        number, operation = self._numbers.__next__, self._operation
        frames = self.hw.frames
        processes = self._processes
        try:
            while True:
                code = operation()
                if code == wire.RETURNED:
                    return
                try:
                    if code == op.MAP:
                        table = processes[number()].page_table
                        page, frame = number(), number()
                        table.map(page, frame, *flags_of(number()))
                    elif code == op.ALLOCATE:
                        frames.allocate()
                    elif code == op.ZERO:
                        frames.zero(number())
                    elif code == op.COPY:
                        frames.copy(number(), number())
                    elif code == op.PROTECT:
                        table = processes[number()].page_table
                        page = number()
                        table.protect(page, *flags_of(number()))
                    elif code == op.FREE:
                        frames.free(number())
                    elif code == op.UNMAP:
                        processes[number()].page_table.unmap(number())
                    else:
                        self._apply_other(code)
                except (KernelError, WorkerCrash):
                    # The student's kernel got the same error at this point; its next operations follow.
                    if code >= wire.RETURNED:
                        raise
        except StopIteration:
            raise Tampered("the answer ends in the middle of a call") from None
        except HardwareError as error:
            raise Tampered(f"an operation that the machine refuses: {error}") from None
        except KeyError as error:
            raise Tampered(f"an operation on process {error}, which does not exist") from None

    def _apply_other(self, code: int) -> None:
        """Apply the rarer operations, and the endings."""
        number = self._numbers.__next__
        hw = self.hw
        if code in _ENDINGS:
            raise _ENDINGS[code]()
        if code == op.CLEAR:
            self._processes[number()].page_table.clear_accessed(number())
        elif code == op.FLUSH:
            process, page = self._processes[number()], number()
            hw.tlb.flush(process, None if page == -1 else page)
        elif code in (op.FILE_IN, op.FILE_OUT):
            file, index, frame = number(), number(), number()
            if not 0 <= file < len(hw.files._files):
                raise Tampered(f"file {file} does not exist")
            (hw.files.read if code == op.FILE_IN else hw.files.write)(hw.files._files[file], index, frame)
        elif hw.swap is None:
            self._unknown(code)
        elif code == op.SWAP_OUT:
            hw.swap.write(number())
        elif code == op.SWAP_IN:
            hw.swap.read(number(), number())
        elif code == op.SWAP_FREE:
            hw.swap.free(number())
        else:
            self._unknown(code)

    def _unknown(self, code: int) -> NoReturn:
        raise Tampered(f"{code} is not an operation of this machine")


_ENDINGS: dict[int, type[Exception]] = {
    wire.SEGMENTATION_FAULT: SegmentationFault,
    wire.OUT_OF_MEMORY: OutOfMemory,
    wire.INVALID_ARGUMENT: InvalidArgument,
    wire.CRASHED: WorkerCrash,
}
