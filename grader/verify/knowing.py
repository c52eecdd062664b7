"""The side of a kernel in C in an exploration: what is known is done here, and only the rest by the kernel's process.

Most steps of an exploration lead from a state of the kernel's memory that was met before, in which only the machine
looks different, to one that was met before. They need not be asked for.
"""

from __future__ import annotations

import time
from typing import Any

from grader.machine.entry import FRAME_SHIFT
from grader.protocol import wire
from grader.scenario.model import Step
from grader.state.machine_form import MachineForm
from grader.state.memento import Memento
from grader.trace.records import StepRecord
from grader.verify.known import Known, KnownKernel, Notes, Point, Unknown
from grader.verify.sides import RemoteSide, Strayed


class KnowingSide(RemoteSide):
    """A kernel in C in the sandbox, of which some steps are carried out here without it.

    without  states that are explored before there are notes: in fewer they take more time than they save
    """

    without = 30
    notes = 500 * wire.NOTED  # hardly more steps begin from one state

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Begin a world (see RemoteSide)."""
        self._skipped = 0  # answers that will come, to steps that are known
        super().__init__(*arguments, **options)
        self._known = Known()
        self._kernel = KnownKernel(self.replay.machine.hw, self._standin._processes)
        self._points: dict[int, Point] = {}  # saved state -> the kernel's then
        self._saved_at: tuple[int, Memento] | None = None  # the state from which the last steps began
        self._steps: list[Step] = []  # these steps
        self._ahead: list[Step] = []  # those of them that the kernel's process has not carried out
        self._point: Point | None = None  # the kernel's present state, if that is known
        self._record: StepRecord | None = None  # what the last step did, if that was known
        self._reported = False  # whether a report of the last step will come, with which the grader agrees
        self._noted = False  # whether the last question for the state asked for notes, too
        self._order: list[int] = []
        self._recalling = 0.0  # seconds that known steps took

    def begin(self, step: Step | None, saved: tuple[int, Memento] | None = None) -> None:
        """Carry out a step if it is known what the kernel does; otherwise let its process do so."""
        self._learn()
        if saved is not None:
            self._go_to(saved)
        self._record = None
        tried = step is not None and self._point is not None
        if step is not None and tried:
            if saved is not None:
                saved[1].restore()
            self._record = self._recalled(step)
            if self._record is not None:
                self._steps.append(step)
                self._ahead.append(step)
                return
        self._bring_up()
        self._visit(step)
        if tried or saved is not None:
            self._put_back()
        self._point = None
        if step is not None:
            self._steps.append(step)

    def _ask(self, **what: Any) -> None:
        """Ask for the kernel's state, and for notes once they are worth it."""
        self._noted = self._saved >= self.without
        super()._ask(**what, notes=self._noted)

    def step(self, step: Step, order: list[int]) -> StepRecord:
        """Return what a known step did, or do here what the kernel's process did."""
        self._order = order
        if self._record is not None:
            return self._record
        record = super().step(step, order)
        self._reported = True
        return record

    def form(self, names: MachineForm) -> bytes:
        """Return the hash of the kernel's state after the last step."""
        machine = self.replay.machine
        tables = [machine.processes[pid].page_table._entries for pid in names.order]
        mapped = tuple([table[page] >> FRAME_SHIFT for table in tables for page in sorted(table)])
        key = names.order, machine._pids, mapped, tuple(names.frames), bytes(machine._frames._allocated)
        if self._record is not None:
            assert self._point is not None, "a known step leads to a known state"
            known = self._known.form(self._point.memory, key)
            if known is not None:
                return known
            self._catch_up()
            self._ask(order=self._order)
            self._reported = True
        form = super().form(names)
        self._learn()
        if self._point is not None:
            self._known.keep(self._point.memory, key, form)
        return form

    def differs(self) -> None:
        """Let the kernel's process forget the last step, if it knows of it."""
        self._reported = False
        if self._record is None:
            super().differs()

    def check_elsewhere(self, found: bool = False) -> None:
        """Ask for a thorough look at once (see RemoteSide)."""
        self._learn()
        super().check_elsewhere(found)

    def save(self) -> tuple[int, Memento]:
        """Return the present state, and let the kernel's process save it with the next message."""
        self._catch_up()
        saved = super().save()
        self._saved_at, self._steps, self._point = saved, [], None
        return saved

    def restore(self, saved: tuple[int, Memento]) -> None:
        """Go back to a state."""
        self._learn()
        self._go_to(saved)
        saved[1].restore()

    def forget(self, saved: tuple[int, Memento]) -> None:
        """Let the kernel's process drop a state with the next message."""
        super().forget(saved)
        self._points.pop(saved[0], None)

    def spent(self) -> float:
        """Return the processor seconds of the kernel's process, and those that known steps took here."""
        return super().spent() + self._recalling

    def _go_to(self, saved: tuple[int, Memento]) -> None:
        self._next["restore"] = saved[0]
        self._saved_at, self._steps, self._ahead = saved, [], []
        self._point = self._points.get(saved[0])

    def _put_back(self) -> None:
        """Let the machine here be what it was before a step that is not known was tried."""
        assert self._saved_at is not None
        number, memento = self._saved_at
        memento.restore()
        self._point = self._points.get(number)
        if not all(map(self._recalled, self._steps)):
            raise Strayed("a step that was known is not known any more")

    def _recalled(self, step: Step) -> StepRecord | None:
        """Carry out a step that is known. None if it is not; the machine must be put back then."""
        assert self._point is not None
        machine, kernel = self.replay.machine, self._kernel
        kernel.point, machine.kernel, machine._frames._evict = self._point, kernel, kernel.evict
        began = time.perf_counter()
        try:
            record = self.replay.step(step)
        except Unknown:
            return None
        finally:
            machine.kernel, machine._frames._evict = self._standin, self._standin.evict
            self._recalling += time.perf_counter() - began
        if record.ends:
            return None  # the kernel's process says how
        self._point = kernel.point
        return record

    def _bring_up(self) -> None:
        """Let the kernel's process carry out what was done here without it."""
        for step in self._ahead:
            self._visit(step)
        self._skipped += len(self._ahead)
        self._ahead = []

    def _catch_up(self) -> None:
        """Do so, and take the answers."""
        self._bring_up()
        self._skip()

    def _skip(self) -> None:
        while self._skipped:
            self._skipped -= 1
            super()._answer()

    def _answer(self) -> Any:
        self._skip()
        return super()._answer()

    def _learn(self) -> None:
        """Take the report of the last step, once the grader agrees with it."""
        if not self._reported:
            return
        self._reported = False
        state = self._taken()
        if state[:1] != b"\1" or not self._noted:
            return
        try:
            notes = Notes(state[1 + wire.HASHED :])
        except ValueError as error:
            raise Strayed(str(error)) from None
        point = self._known.learn(notes)
        if self._saved_at is not None:
            self._points[self._saved_at[0]] = self._known.point(notes.begin)
            self._point = point
