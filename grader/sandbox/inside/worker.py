"""Runs in the worker: the student's kernel on a machine of its own, one step at a time.

The student's code can change everything in this process, so the grader trusts no count from it. The answers are the
operations that the kernel carried out, which the grader re-enacts on a machine that the student cannot reach.
"""

from __future__ import annotations

import json
import sys
from gc import collect, freeze
from os import _exit
from types import FrameType
from typing import Any, cast

from grader.machine.errors import InvalidArgument, KernelError, OutOfMemory, SegmentationFault
from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel, PageFault
from grader.machine.outcome import FileSpec
from grader.machine.process import Process
from grader.protocol import wire
from grader.replay.simulated import Replay
from grader.sandbox.inside import stack_sampler
from grader.sandbox.inside.interpreter_state import Interpreter
from grader.sandbox.inside.source import CompiledSource, PythonSource, source_of
from grader.sandbox.inside.trouble import (
    describe,
    harmless,
    name_of,
    own_lines,
    running_calls,
)
from grader.scenario.model import Fields, MachineSpec, Scenario, Step
from grader.trace.records import CRASHED as RUN_CRASHED

#: Bytes of answers that are kept until there are no more steps.
ROOM = 1 << 15

#: Bytes that are kept free for the report of a kernel that has filled its memory.
RESERVE = 8 << 20

#: Ticks of the clock in one scenario after which the worker reports where the kernel is.
LONG = 2


_raw_decode = json.JSONDecoder().raw_decode


def _decoded(payload: bytes) -> dict[str, Any]:
    """Return a payload of the grader's. `json.loads` takes three times as long to find out what it is given."""
    given: dict[str, Any] = _raw_decode(payload.decode())[0]
    return given


class StudentCrash(Exception):
    """Stands for any exception that escaped from the student's code, including SystemExit."""


def serve(inp: int, out: int) -> None:
    """Answer the grader until it closes the channel."""
    worker = Worker(out)
    stack_sampler.listen(worker.tick, worker.tick_late)
    for kind, payload in wire.read_frames(inp, worker.send):
        worker.answer(kind, payload)


class Worker:
    """One submission: its code, and the scenario that is under way."""

    def __init__(self, out: int) -> None:
        self.out = out
        self.interpreter = Interpreter()
        self.source: PythonSource | CompiledSource | None = None
        self.run: Replay | None = None
        self.log: list[int] = []
        self.trouble: dict[str, object] | None = None
        self.step = 0
        self.begun = False  # True once a scenario has been run here
        self.ticks = 0  # of processor time, since the scenario began; negative once the kernel's place was reported
        self.faults = 0  # calls of page_fault, since the scenario began
        self.reached = 0, 0  # step and faults that the grader knows of
        self.late_in = -1  # step in which the last tick of the wall clock found the student's code under way
        self.reserve = bytes(RESERVE)
        self.unsent = b""  # frames that are sent when no more steps are there

    def answer(self, kind: int, payload: bytes) -> None:
        if kind == wire.SOURCE:
            self.read_source(_decoded(payload))
            return
        if kind == wire.BEGIN:
            self.begin(_decoded(payload))
        elif kind == wire.STEP:
            self.perform(_decoded(payload))
        elif kind == wire.END and self.run is not None:
            self.run.exit_all()
        self.reply()
        if kind == wire.END:
            self.send()  # the next scenario may be here already, and this one is not to wait for it

    def reply(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        if self.trouble is not None:
            self.unsent += wire.frame(wire.TROUBLE, json.dumps(self.trouble).encode())
            self.trouble = None
        self.unsent += wire.frame(wire.ANSWER, wire.pack_numbers(self.log))
        self.log.clear()
        if len(self.unsent) > ROOM:
            self.send()

    def send(self) -> None:
        """Send the frames that are ready. One system call for the answers to many steps costs much less than many."""
        data, self.unsent = self.unsent, b""
        wire.write_all(self.out, data)

    def read_source(self, given: dict[str, Any]) -> None:
        try:
            self.source = source_of(given)
        except BaseException as error:
            self.make_room(error)
            trouble = describe(error, "compile", given["modules"])
            wire.write_frame(self.out, wire.TROUBLE, json.dumps(trouble).encode())
            return
        # What is here now stays until the process ends, so that no scenario has to look through it for garbage.
        freeze()
        translated = self.source.translated
        wire.write_frame(self.out, wire.READY, translated if len(translated) <= wire.TRANSLATED_LIMIT else b"")

    def begin(self, given: dict[str, Any]) -> None:
        if self.begun and not self.interpreter.untouched():
            _exit(0)  # the grader gives this scenario a fresh child
        self.begun = True
        self.log = []  # what the last kernel does while it is freed (__del__) does not answer this one
        self.let_go()
        if not self.reserve:
            self.reserve = bytes(RESERVE)
        self.step, self.ticks, self.late_in = 0, 0, -1
        self.faults, self.reached = 0, (0, 0)
        files = tuple(FileSpec(name, pages, tuple(bytes), *rest) for name, pages, bytes, *rest in given["files"])
        machine, processes = MachineSpec(**given["machine"]), tuple(given["processes"])
        self.log += (wire.INIT, 0)
        try:
            scenario = Scenario("", "", "", machine, files, processes, ())  # its steps come one by one
            self.run = Replay(scenario, self.make_kernel, self.log)
        except StudentCrash:
            self.log.append(wire.CRASHED)

    def let_go(self) -> None:
        """Let go of the last kernel and its machine, which refer to each other: the next has the whole memory."""
        self.run = None
        if self.source is not None:
            self.source.forget()
        collect()

    def make_kernel(self, hw: Hardware) -> Kernel:
        """Return a new kernel from a module that is executed again, so that no scenario sees what another has left."""
        assert self.source is not None
        method = "import"
        try:
            kernel_class = self.source.kernel_class()
            method = "__init__"
            kernel = kernel_class(hw)
        except BaseException as error:
            self.note(error, method)
            raise StudentCrash from error
        self.log.append(wire.RETURNED)
        return Recorder(kernel, self.log, self, hw.page_size)  # type: ignore[return-value]

    def perform(self, given: dict[str, Any]) -> None:
        if self.run is None:
            return
        self.step += 1
        verb, by = given.pop("verb"), given.pop("by")
        outcome = self.run.execute(Step(self.step, verb, by, cast(Fields, given), {}))
        if outcome == RUN_CRASHED:
            self.run = None

    def tick(self, number: int, frame: FrameType | None) -> None:
        """Say that the kernel comes further, if it does, and report once where it is: it may never come back.

        Called between any two instructions. While the student's code is under way, no other frame is half written.
        """
        self.ticks += 1
        lines = self.under_way(frame)
        if not lines:
            return
        if self.reached != (self.step, self.faults):
            self.reached = self.step, self.faults
            self.unsent += wire.frame(wire.FURTHER)
            self.send()
        if self.ticks >= LONG:
            self.report(lines)

    def tick_late(self, number: int, frame: FrameType | None) -> None:
        """Send the answers that are ready, if the student's code is under way, which may never come back.

        At the second such tick in one step, report where the kernel is: it sleeps, or waits for its prints to be read.
        """
        lines = self.under_way(frame)
        if not lines:
            return
        if self.late_in == self.step and self.ticks >= 0:
            self.report(lines)
        self.late_in = self.step
        if self.unsent:
            self.send()

    def under_way(self, frame: FrameType | None) -> list[list[object]]:
        """Return the lines of the student's code that are under way; none if ours is."""
        return own_lines(running_calls(frame), self.source.texts) if self.source is not None else []

    def report(self, lines: list[list[object]]) -> None:
        """Send where the kernel is, once in a scenario."""
        self.ticks = -sys.maxsize
        place = {"kind": "time", "method": lines[0][2], "type": "", "message": "", "lines": lines}
        self.unsent += wire.frame(wire.TROUBLE, json.dumps(place).encode())
        self.send()

    def make_room(self, error: BaseException) -> None:
        """Give up the reserve if the memory is full: what it was filled with lives as long as the exception does."""
        if issubclass(type(error), MemoryError):
            self.reserve = b""

    def note(self, error: BaseException, method: str) -> None:
        """Keep only the first trouble of a step: later ones follow from it and would hide it."""
        self.make_room(error)
        if self.trouble is None:
            try:
                self.trouble = (
                    describe(error, method, {}) if self.source is None else self.source.describe(error, method)
                )
            except BaseException:
                # The stack or the memory is exhausted, so no details can be collected.
                self.trouble = {"kind": "crash", "method": method, "type": "", "message": "", "lines": []}
            if len(self.log) > wire.ANSWER_LIMIT:
                self.trouble["kind"] = "operations"


class Recorder:
    """The student's kernel, with every call and its ending written to the log."""

    def __init__(self, kernel: Kernel, log: list[int], worker: Worker, page_size: int) -> None:
        self.kernel = kernel
        self._log = log
        self._worker = worker
        self._page_size = page_size

    def page_fault(self, process: Process, fault: PageFault) -> None:
        self._log += (wire.FAULT, process.pid, fault.address // self._page_size)
        self._worker.faults += 1
        try:
            self.kernel.page_fault(process, fault)
        except BaseException as error:
            instead = self._ended(error, "page_fault")
            if instead is None:
                raise
            raise _made(instead, error) from error
        self._log.append(wire.RETURNED)

    def mmap(self, process: Process, *arguments: object) -> None:
        self._call(wire.MMAP, "mmap", process, *arguments)

    def munmap(self, process: Process, *arguments: object) -> None:
        self._call(wire.MUNMAP, "munmap", process, *arguments)

    def mprotect(self, process: Process, *arguments: object) -> None:
        self._call(wire.MPROTECT, "mprotect", process, *arguments)

    def fork(self, parent: Process, child: Process) -> None:
        self._call(wire.FORK, "fork", parent, child)

    def exit(self, process: Process) -> None:
        self._call(wire.EXIT, "exit", process)

    def user_access(self, process: Process, *arguments: object) -> None:
        self._call(wire.USER_ACCESS, "user_access", process, *arguments)

    def madvise(self, process: Process, *arguments: object) -> None:
        self._call(wire.MADVISE, "madvise", process, *arguments)

    def mremap(self, process: Process, *arguments: object) -> None:
        self._call(wire.MREMAP, "mremap", process, *arguments)

    def mlock(self, process: Process, *arguments: object) -> None:
        self._call(wire.MLOCK, "mlock", process, *arguments)

    def evict(self) -> None:
        self._call(wire.EVICT, "evict", None)

    def _call(self, call: int, method: str, process: Process | None, *arguments: object) -> None:
        self._log += (call, process.pid if process is not None else 0)
        try:
            function = getattr(self.kernel, method)
            function(process, *arguments) if process is not None else function()
        except BaseException as error:
            instead = self._ended(error, method)
            if instead is None:
                raise
            raise _made(instead, error) from error
        self._log.append(wire.RETURNED)

    def _ended(self, error: BaseException, method: str) -> type[Exception] | None:
        """Log how a call ended. Return the class of what the machine gets instead of the exception; None for itself.

        An exception's own `__class__`, metaclass and the like are the student's: only its real type is looked at, which
        is what `except` does. What is logged and what the machine gets go by one look: to describe it may run code that
        changes it. The machine gets the exception itself only if nothing in it could answer a question.
        """
        self._worker.make_room(error)
        kinds = [(ending, kind) for ending, kind in _ENDINGS if issubclass(type(error), kind)]
        if not kinds:
            self._worker.note(error, method)
            self._log.append(wire.CRASHED)
            return StudentCrash
        ending, kind = kinds[0]
        if method == "exit" or (ending == wire.INVALID_ARGUMENT and method == "page_fault"):
            self._worker.note(error, method)
        self._log.append(ending)
        return None if len(kinds) == 1 and harmless(type(error)) else kind


def _made(kind: type[Exception], error: BaseException) -> Exception:
    """Return what the machine gets instead of an exception."""
    return StudentCrash(name_of(error)) if kind is StudentCrash else kind()


_ENDINGS: tuple[tuple[int, type[KernelError]], ...] = (
    (wire.SEGMENTATION_FAULT, SegmentationFault),
    (wire.OUT_OF_MEMORY, OutOfMemory),
    (wire.INVALID_ARGUMENT, InvalidArgument),
)
