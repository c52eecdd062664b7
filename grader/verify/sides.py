"""The candidate's side of an exploration: a kernel in this process, or one in the sandbox that is re-enacted here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from grader.escape import printable
from grader.lab.scope import World
from grader.protocol import wire
from grader.protocol.lockstep import WorkerEnded, read_trouble
from grader.protocol.messages import step_message
from grader.protocol.reenact import StandIn, Tampered, WorkerCrash
from grader.replay.simulated import MakeKernel, Replay
from grader.scenario.model import Scenario, Step
from grader.state.elsewhere import Watch
from grader.state.kernel_form import KernelForm
from grader.state.machine_form import MachineForm
from grader.state.memento import Memento
from grader.state.start import start
from grader.state.unmergeable import Unmergeable
from grader.trace.records import StepRecord

if TYPE_CHECKING:
    from grader.protocol.lockstep import Child


class Strayed(Exception):
    """The process of a kernel ended, or gave an answer that does not fit the state that it was put back to."""


class Side(Protocol):
    """A candidate at some state. `replay` is on a machine of this process, whatever the kernel runs on.

    full  True once no more states can be saved
    """

    replay: Replay
    full: bool

    def begin(self, step: Step | None, saved: Any = None) -> None:
        """Begin a step, or the end with None, from a saved state on if one is given. `step` or `exit_all` follows."""

    def step(self, step: Step, order: list[int]) -> StepRecord:
        """Carry out a step that was begun. order: the pids in the order in which the state after it is written down."""

    def form(self, names: MachineForm) -> object:
        """Return the form of the kernel's state. Unmergeable, or Opaque, if it has none."""

    def differs(self) -> None:
        """Note that the last step, or the end, shows a difference: nobody asks whether it is one with other numbers."""

    def check_elsewhere(self) -> None:
        """Unmergeable if the kernel has changed anything outside of itself; looks at whole modules."""

    def save(self) -> Any:
        """Return the present state."""

    def restore(self, saved: Any) -> None:
        """Go back to a state."""

    def forget(self, saved: Any) -> None:
        """Note that a state is not needed any more."""

    def exit_all(self) -> None:
        """Let all processes exit, which was begun. Only `restore`, or a step from a saved state on, may follow."""

    def spent(self) -> float:
        """Return the processor seconds that the kernel's process has used; 0 if it is this one."""


class LocalSide:
    """A kernel in this process."""

    full = False

    def __init__(self, scenario: Scenario, kernel: MakeKernel, base: int) -> None:
        self.replay = start(scenario, kernel, base)
        self._watch = Watch(self.replay.machine.kernel)
        self._unordered = self._watch.unordered

    def begin(self, step: Step | None, saved: Memento | None = None) -> None:
        """Put a state back, if one is given."""
        if saved is not None:
            saved.restore()

    def step(self, step: Step, order: list[int]) -> StepRecord:
        """Carry out a step."""
        return self.replay.step(step)

    def form(self, names: MachineForm) -> object:
        """Return the form of the kernel's state."""
        change = self._watch.changed()
        if change:
            raise Unmergeable(change)
        kernel = KernelForm(self.replay.machine, names, self._unordered, self._watch)
        return kernel.kernel(self.replay.machine.kernel), kernel.numbers()

    def differs(self) -> None:
        """Do nothing: no step is tried again here."""

    def check_elsewhere(self) -> None:
        """Unmergeable if the kernel has changed anything outside of itself."""
        change = self._watch.changed(thorough=True)
        if change:
            raise Unmergeable(change)

    def save(self) -> Memento:
        """Return the present state. Opaque if the kernel has state that cannot be saved."""
        return Memento([self.replay])

    def restore(self, saved: Memento) -> None:
        """Go back to a state."""
        saved.restore()

    def forget(self, saved: Memento) -> None:
        """Do nothing: a memento goes with its last reference."""

    def exit_all(self) -> None:
        """Let all processes exit."""
        self.replay.exit_all()

    def spent(self) -> float:
        """Return 0: the kernel runs here."""
        return 0.0


class RemoteSide:
    """A kernel in the sandbox (inside/explorer.py), re-enacted on a machine of this process.

    What is compared is counted here. Only the hash that says which states are alike comes from the kernel's process.

    notes  bytes that it may send in addition to its answers, between two states that are forgotten
    """

    notes = 0

    def __init__(
        self, child: Child, world: World, scenario: Scenario, base: int, plain: frozenset[int], ordered: bool = False
    ) -> None:
        """Begin a world in a child that has the kernel's source, and may have had a world before. Strayed if it ends.

        ordered  whether a kernel in C asks which of two numbers is lower
        """
        self._child = child
        self._spent_before = child.spent()[0]  # in an earlier world
        self._next: dict[str, Any] = {}  # what the next VISIT says in addition to its step
        self._dropped: list[int] = []
        self._saved = 0
        self.full = False
        self.ended = False  # True once the process is gone
        self._state: bytes | None = b""  # None: it was asked for, and not taken yet
        self._due = 256 * (world.pages + 4) * (world.processes + 2)
        files = [[f.name, f.pages, list(f.contents), f.writable, *[True] * f.cached] for f in scenario.files]
        spec = scenario.machine._asdict()
        beginning = {"machine": spec, "files": files, "processes": list(scenario.processes), "base": base}
        child.begin_scenario(self._due + self.notes, self._due)
        child.send(wire.BEGIN, json.dumps({**beginning, "plain": sorted(plain), "ordered": ordered}).encode())
        numbers = self._answer()
        try:
            self.replay = start(scenario, lambda hw: StandIn(hw, numbers), base)
        except (Tampered, WorkerCrash) as error:
            raise Strayed(str(error)) from None
        standin = self.replay.machine.kernel
        assert isinstance(standin, StandIn)
        self._standin = standin

    def begin(self, step: Step | None, saved: tuple[int, Memento] | None = None) -> None:
        """Let the kernel's process carry out a step, or the end, while this one does what else there is to do."""
        if saved is not None:
            self._next["restore"] = saved[0]
        self._visit(step)
        if saved is not None:
            saved[1].restore()

    def _visit(self, step: Step | None) -> None:
        """Let the kernel's process carry out a step, or the end."""
        self._taken()
        what = {} if step is None else {"step": json.loads(step_message(step)), "number": step.number}
        message = {**self._next, **what, "drop": self._dropped}
        self._next, self._dropped = {}, []
        self._child.send(wire.VISIT, json.dumps(message).encode())

    def step(self, step: Step, order: list[int]) -> StepRecord:
        """Do here what the kernel's process did. Strayed if that fails."""
        self._ask(order=order)
        self._standin.feed(self._answer())
        try:
            record = self.replay.step(step)
            self._standin.finished()
        except Tampered as error:
            self._checked()  # a state that could not be saved was not put back, either, for a reason that it reports
            raise Strayed(str(error)) from None
        return record

    def form(self, names: MachineForm) -> bytes:
        """Return the hash of the kernel's state after the last step."""
        return self._checked()[: 1 + wire.HASHED]

    def _checked(self) -> bytes:
        state = self._taken()
        if state[:1] != b"\1":
            reason = printable(state[1:].decode("utf-8", "replace"), 200)
            raise Unmergeable(reason or "does not report its state")
        return state

    def differs(self) -> None:
        """Let the kernel's process forget the last step with the next message."""
        self._next["differs"] = True

    def check_elsewhere(self, found: bool = False) -> None:
        """Ask for a thorough look at once: after the last level there is no other message that could carry it.

        found  whether the search has ended: if the last step shows a difference, a reason of it alone is none
        """
        self._taken()
        differs = self._next.pop("differs", False)
        self._ask(differs=differs, found=differs and found)
        self.full = self._taken() == b"\2"
        if not self.full:
            self._checked()

    def save(self) -> tuple[int, Memento]:
        """Return the present state, and let the kernel's process save it with the next message."""
        self._saved += 1
        self._next["save"] = self._saved
        return self._saved, Memento([self.replay, self._standin._processes], StandIn)

    def restore(self, saved: tuple[int, Memento]) -> None:
        """Go back to a state."""
        self._next["restore"] = saved[0]
        saved[1].restore()

    def forget(self, saved: tuple[int, Memento]) -> None:
        """Let the kernel's process drop a state with the next message."""
        self._dropped.append(saved[0])
        self._child.take_output()
        self._child.begin_scenario(self._due + self.notes, self._due)

    def exit_all(self) -> None:
        """Let all processes exit on both sides."""
        self._standin.feed(self._answer())
        try:
            self.replay.exit_all()
            self._standin.finished()
        except Tampered as error:
            raise Strayed(str(error)) from None

    def spent(self) -> float:
        """Return the processor seconds that the kernel's process has used in this world."""
        return self._child.spent()[0] - self._spent_before

    def _ask(self, **what: Any) -> None:
        """Ask for the kernel's state, which is taken when it is needed."""
        self._state = None
        self._child.send(wire.FORM, json.dumps(what).encode())

    def _taken(self) -> bytes:
        """Return the answer to the last question for the state."""
        if self._state is None:
            kind, self._state = self._frame()
            if kind != wire.STATE:
                raise Strayed(f"a frame of kind {kind} instead of a state")
        return self._state

    def _answer(self) -> Any:
        kind, payload = self._frame()
        if kind == wire.TROUBLE:
            read_trouble(payload)
            kind, payload = self._frame()
        if kind != wire.ANSWER:
            raise Strayed(f"a frame of kind {kind} instead of an answer")
        try:
            return wire.unpack_numbers(payload)
        except wire.Malformed as error:
            raise Strayed(str(error)) from None

    def _frame(self) -> tuple[int, bytes]:
        received = self._child.receive()
        if type(received) is not tuple:
            self.ended = True
            raise Strayed(str(WorkerEnded(received)))
        return received
