"""Runs in a worker that explores: the student's kernel in every situation of a small world, for `grader verify`.

The grader chooses the way. It asks to put a saved state back, to save the present one, and to carry out a step; the
answer is what the kernel did, as in any worker. Then it asks for a hash of the kernel's state (python_state.py,
wasm_state.py). Two states with one hash are continued once. A kernel whose states cannot be compared is reported with
the reason.

Each answer is sent as soon as it is ready, and what can be done after it is done then: the grader has as much to do
with an answer as there is to do here, and neither waits for the other longer than it must.

All of this shares a process with the student's code, so a kernel that changes this program can make its states look
alike. It gains a line in a report by that, and no point.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from functools import partial
from select import select
from typing import Any, Protocol

from grader.machine.kernel import Kernel
from grader.machine.machine import Machine
from grader.machine.outcome import FileSpec
from grader.protocol import wire
from grader.replay.simulated import Replay
from grader.sandbox.inside.source import CompiledSource, PythonSource
from grader.sandbox.inside.worker import Recorder, StudentCrash, Worker
from grader.scenario.model import MachineSpec, Scenario
from grader.state.machine_form import Bytes, MachineForm
from grader.state.memento import Opaque
from grader.state.start import start
from grader.state.unmergeable import Unmergeable

#: Share of its memory with which a kernel's process is full: states take it, and four more are continued after a look.
FULL = 0.75


def serve(inp: int, out: int) -> None:
    """Answer the grader until it closes the channel."""
    explorer = Explorer(out)
    for kind, payload in wire.read_frames(inp, lambda: explorer.wait(inp)):
        explorer.answer(kind, payload)


def _is_ready(inp: int) -> bool:
    """Return True if there is something to read; False, too, where nobody can say so."""
    try:
        return bool(select([inp], [], [], 0)[0])
    except (OSError, ValueError):
        return False


def _problem(what: Callable[[], None]) -> str:
    """Do something with the kernel's state. Return why it cannot be done, or ""."""
    try:
        what()
    except Unmergeable as problem:
        return str(problem)
    except Opaque as opaque:
        return f"keeps {opaque}"
    except MemoryError:
        return "needs more memory for its states than there is"
    except BaseException as error:
        return f"has state that cannot be read ({type(error).__name__})"
    return ""


class State(Protocol):
    """The state of a kernel. Unmergeable, or Opaque, from any of these if it cannot be known.

    reserved  bytes of address space that are never used
    """

    reserved: int

    def save(self, run: Replay) -> Saved:
        """Return the present state, with that of the machine."""

    def settle(self) -> None:
        """Do what is left to do for a state that was saved, before anything else."""

    def digest(self, machine: Machine, order: list[int], names: Callable[[], MachineForm]) -> bytes:
        """Return a hash that says which states are alike: equal ones are continued once.

        order  the processes that are alive, in the order in which the state is written down
        names  returns the machine's form, and the names that it gives
        """

    def notes(self) -> bytes:
        """Return what the grader need not ask again after the same steps elsewhere, as JSON, or b""."""

    def try_later(self) -> None:
        """Note that it must be tried whether the kernel would do the same, since the last state, with other numbers."""

    def catch_up(self, enough: Callable[[], bool]) -> None:
        """Try what was noted, until that is enough. Unmergeable if the kernel would not do the same."""

    def look_elsewhere(self) -> None:
        """Unmergeable if the kernel has changed anything outside of itself, or a trial that is due says so."""

    def look_quickly(self) -> None:
        """Do the same, but look only where it takes no time: after each step."""


class Saved(Protocol):
    """A saved state."""

    def restore(self) -> None:
        """Put it back."""


class Explorer(Worker):
    """One submission in one world at a time."""

    def __init__(self, out: int) -> None:
        super().__init__(out)
        self.saved: dict[int, Saved] = {}
        self.base = 0
        self.plain: frozenset[int] = frozenset()
        self.ordered = False
        self.world: Replay | None = None  # what `run` is again when a state from before a crash is put back
        self.state: State | None = None
        self.reason = ""  # why two states of the kernel cannot be compared, or ""
        self.found_late = ""  # such a reason, found while the grader was busy, and told after the next thorough look
        self.reason_before = ""  # what `reason` was before the last step
        self.noted = True  # False if the last step must be tried again, if the grader agrees with it

    def answer(self, kind: int, payload: bytes) -> None:
        """Answer one frame."""
        if kind == wire.VISIT:
            self.visit(json.loads(payload))
        elif kind == wire.FORM:
            self.form(json.loads(payload))
        else:
            super().answer(kind, payload)

    def begin(self, given: dict[str, Any]) -> None:
        """Begin a world. The kernel's module is executed once for it, so that what it keeps there can be noticed."""
        self.run, self.world, self.state, self.saved, self.step = None, None, None, {}, 0
        if self.begun:
            self.let_go()
        self.begun = True
        self.reason = self.found_late = self.reason_before = ""
        self.noted = True
        self.base, self.plain, self.ordered = given["base"], frozenset(given["plain"]), given["ordered"]
        files = tuple(FileSpec(name, pages, tuple(bytes), *rest) for name, pages, bytes, *rest in given["files"])
        scenario = Scenario("", "", "", MachineSpec(**given["machine"]), files, tuple(given["processes"]), ())
        self.log += (wire.INIT, 0)
        try:
            self.run = self.world = start(scenario, self.make_kernel, self.base, self.log)
        except StudentCrash:
            self.log.append(wire.CRASHED)
            return
        recorder = self.run.machine.kernel
        assert isinstance(recorder, Recorder)
        self.attempt(lambda: self._look(recorder.kernel))

    def _look(self, kernel: Kernel) -> None:
        if isinstance(self.source, CompiledSource):
            from grader.sandbox.inside.wasm_kernel import WasmKernel
            from grader.sandbox.inside.wasm_state import CompiledState

            gc.disable()  # no Python code of a student's runs, and ours leaves nothing to collect
            assert isinstance(kernel, WasmKernel) and self.run is not None
            machine = self.run.machine
            frames = range(self.base, machine._frames._number + 1)
            self.state = CompiledState(kernel, frames, machine.hw.zero_frame, self.ordered)
        elif isinstance(self.source, PythonSource):
            from grader.sandbox.inside.python_state import PythonState

            self.state = PythonState(kernel, self.source.texts)

    def attempt(self, what: Callable[[], None]) -> None:
        """Do something with the kernel's state; note the reason if it cannot be done."""
        if not self.reason:
            self.reason = _problem(what)

    def visit(self, given: dict[str, Any]) -> None:
        """Put a state back, save the present one, and carry out a step or the end, as far as each is asked for."""
        self.note_last(given)
        for number in given.get("drop", ()):
            self.saved.pop(number, None)
        wanted = given.get("restore", given.get("save"))
        if wanted in self.saved:
            self.saved[wanted].restore()
            self.run = self.world
        elif wanted != given.get("save"):
            # There was a reason against saving it. Nothing is done, and the next STATE tells the reason.
            self.run = None
        if "save" in given:
            self.attempt(lambda: self._save(given["save"]))
        self.reason_before = self.reason
        if "step" in given:
            self.step = given["number"] - 1
            self.perform(given["step"])
        elif self.run is not None:
            self.run.exit_all()
        self.noted = self.run is None
        self.reply()
        self.send()
        if "save" in given and not self.reason:
            self.attempt(lambda: self._known_state().settle())
            self.reason_before = self.reason

    def note_last(self, given: dict[str, Any]) -> None:
        """Note that the last step must be tried again, unless the grader does not agree with it."""
        if given.get("differs"):
            self.noted = True
        if not self.noted:
            self.noted = True
            self.attempt(lambda: self._known_state().try_later())

    def form(self, given: dict[str, Any]) -> None:
        """Say what the state is, written down with the processes in some order; without one, look at it thoroughly."""
        hashed, order = b"", given.get("order")
        if order is None:
            self.note_last(given)
            if given.get("found"):
                self.reason = self.reason_before
            self.reason = self.reason or self.found_late
            self.attempt(lambda: self._known_state().look_elsewhere())
        elif self.run is not None:
            hashed = self._hash(order, given.get("notes", False))
        elif self.state is not None:
            # The step crashed. What it has changed outside of the kernel is there when another state is put back.
            self.attempt(self.state.look_quickly)
        known = b"\2" if order is None and self._is_full() else b"\1" + hashed
        payload = b"\0" + self.reason.encode("utf-8", "replace")[:200] if self.reason else known
        self.unsent += wire.frame(wire.STATE, payload)
        self.send()

    def _is_full(self) -> bool:
        """Return True if most of the memory is used that this process may have; False where that is not limited."""
        try:
            import resource
        except ImportError:
            return False
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        reserved = self.state.reserved if self.state is not None else 0
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return limit != resource.RLIM_INFINITY and used > FULL * (limit - reserved)

    def wait(self, inp: int) -> None:
        """Send what is ready, and do what is due until the grader says something.

        A reason that is found now is kept for the next thorough look: whether a difference is found before must not
        depend on how busy the machine is. No exploration ends without such a look.
        """
        self.send()
        state = self.state
        if state is not None and not (self.reason or self.found_late):
            self.found_late = _problem(lambda: state.catch_up(lambda: _is_ready(inp)))

    def _save(self, number: int) -> None:
        assert self.run is not None
        self.saved[number] = self._known_state().save(self.run)

    def _known_state(self) -> State:
        assert self.state is not None, "asked for only while there is no reason against it"
        return self.state

    def _hash(self, order: list[int], notes: bool) -> bytes:
        found = b""

        def write() -> None:
            nonlocal found
            assert self.run is not None
            machine = self.run.machine
            names = partial(MachineForm, machine, order, self.base, Bytes(), self.plain)
            state = self._known_state()
            found = state.digest(machine, order, names)[: wire.HASHED] + (state.notes() if notes else b"")

        self.attempt(write)
        return found
