"""Runs the reference and a candidate side by side: one step on both, compared; the state of both, saved and restored.

The candidate is in this process or in the sandbox (sides.py).
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from grader.compare.judge import agree
from grader.lab.scope import World
from grader.machine.entry import FRAME_SHIFT
from grader.machine.image import POISON
from grader.machine.outcome import KernelCrash
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario, Step
from grader.state.kernel_form import KernelForm
from grader.state.machine_form import Bytes, MachineForm, process_order
from grader.state.memento import Memento
from grader.state.order import unordered
from grader.state.start import frame_base, start
from grader.trace.records import StepRecord
from grader.verify.sides import Side

#: Makes a candidate: from the beginning of a world, the base of frames, and the numbers of pages and addresses.
MakeSide = Callable[[Scenario, int, frozenset[int]], Side]


class ReferenceFault(Exception):
    """The reference broke a rule or crashed in a scenario that the world allows."""


def plain_numbers(world: World) -> frozenset[int]:
    """Return the numbers of the pages of a world, and all addresses in them."""
    spec = world.machine
    pages = world.pages + 2 * len(world.mappings) + 2
    used = {n for page in range(spec.first_page, spec.first_page + pages) for n in (page, page * spec.page_size)}
    return frozenset(n + offset for n in used for offset in range(spec.page_size + 1))


class Node(NamedTuple):
    """A saved state of both sides. relation: frame of the reference -> the candidate's frame that stands for it."""

    reference: Memento
    candidate: Any
    relation: dict[int, int]


class Product:
    """The reference and the candidate in one world, at some state."""

    def __init__(self, world: World, reference: MakeKernel, make_side: MakeSide) -> None:
        self._plain = plain_numbers(world)
        self.base = frame_base(world.machine.frames, self._plain)
        scenario = Scenario("world", "", "", world.machine, world.files, world.started, ())
        self.reference = start(scenario, reference, self.base)
        self.candidate = make_side(scenario, self.base, self._plain)
        self.relation: dict[int, int] = {}
        self._order: list[int] = []
        self._unordered = unordered(self.reference.machine.kernel)

    def step(self, step: Step, begin: Node | None = None) -> bool:
        """Carry out a step on both sides. Return True if they agree. ReferenceFault if the reference is wrong.

        begin  the state from which it is carried out; None: the present one
        """
        self.candidate.begin(step, None if begin is None else begin.candidate)
        if begin is not None:
            begin.reference.restore()
            self.relation = begin.relation
        expected = self.reference.step(step)
        self._order = process_order(self.reference.machine)
        yours = self.candidate.step(step, self._order)
        if expected.ends or expected.findings:
            raise ReferenceFault(f"the reference {self._broken(expected)}")
        agrees = yours == expected or (not yours.ends and agree(expected, yours))
        return self._told(agrees and self._relate(expected, yours))

    def _told(self, agrees: bool) -> bool:
        """Tell the candidate's side if the last step shows a difference."""
        if not agrees:
            self.candidate.differs()
        return agrees

    def _broken(self, record: StepRecord) -> str:
        """Return in words what the reference did wrong in a step."""
        if not record.ends:
            return f"breaks audit check {record.findings[0].check}"
        failure = self.reference.failure
        if not isinstance(failure, KernelCrash):
            return "makes no progress"
        return f"crashes in {failure.method} ({type(failure.cause).__name__}: {failure.cause})"

    def _relate(self, expected: StepRecord, yours: StepRecord) -> bool:
        """Follow which frame stands for which; return False if a page breaks the relation (compare/renaming.py)."""
        relation = self.relation
        if expected.allocated or yours.allocated:
            old, new = set(expected.allocated), set(yours.allocated)
            relation = {a: b for a, b in relation.items() if a not in old and b not in new}
        elif expected.changes:
            relation = relation.copy()
        back = {b: a for a, b in relation.items()}
        candidate, alive = self.candidate.replay.machine, self.reference.machine.processes
        if _made_elsewhere(expected, alive) != _made_elsewhere(yours, alive):
            return False
        for pid, process in alive.items():
            mine = process.page_table._entries
            theirs = candidate.processes[pid].page_table._entries
            if mine.keys() != theirs.keys():
                return False
            for page, pte in mine.items():
                a, b = pte >> FRAME_SHIFT, theirs[page] >> FRAME_SHIFT
                if relation.setdefault(a, b) != b or back.setdefault(b, a) != a:
                    return False
        self.relation = relation
        return True

    def ends_well(self) -> bool:
        """Let all processes exit on both sides. Return True if nothing is left over on the candidate's."""
        self.candidate.begin(None)
        self.reference.exit_all()
        self.candidate.exit_all()
        replay = self.candidate.replay
        slots = replay.machine._swap._in_use if replay.machine._swap is not None else 0
        left = replay.machine._frames._in_use - replay.machine.kept_frames()
        return self._told(replay.failure is None and left == self.base and not slots)

    def key(self) -> bytes:
        """Return the canonical form of the state of both sides. Raises Unmergeable or Opaque if there is none."""
        values, order = Bytes(), self._order
        mine = MachineForm(self.reference.machine, order, self.base, values, self._plain)
        kernel = KernelForm(self.reference.machine, mine, self._unordered)
        forms: tuple[Any, ...] = (mine.form, kernel.kernel(self.reference.machine.kernel), kernel.numbers())
        theirs = MachineForm(self.candidate.replay.machine, order, self.base, values, self._plain)
        forms += (theirs.form, self.candidate.form(theirs))
        related = [
            (mine.frames[a], theirs.frames[b])
            for a, b in self.relation.items()
            if a in mine.frames and b in theirs.frames
        ]
        return marshal.dumps((forms, tuple(sorted(related))), 2)

    def save(self) -> Node:
        """Return the present state. Raises Opaque if the candidate has state that cannot be saved."""
        return Node(Memento([self.reference]), self.candidate.save(), self.relation)

    def restore(self, node: Node) -> None:
        """Go back to a state."""
        node.reference.restore()
        self.candidate.restore(node.candidate)
        self.relation = node.relation

    def forget(self, node: Node) -> None:
        """Note that a state is not needed any more."""
        self.candidate.forget(node.candidate)

    def fresh_byte(self) -> int:
        """Return the lowest byte that no frame, slot or file holds on either side."""
        used = {0, POISON}
        for machine in (self.reference.machine, self.candidate.replay.machine):
            images = [*machine._frames._contents[self.base :]]
            images += machine._swap._images.values() if machine._swap is not None else ()
            for file in machine.files.values():
                images += file._images
            for image in images:
                used.add(image.fill)
                used.update(byte for _, byte in image.written)
        return next(byte for byte in range(1, 256) if byte not in used)


def _made_elsewhere(record: StepRecord, alive: Iterable[int]) -> set[tuple[int, int]]:
    """Return the pages for which a step made entries although their process has ended, or was never born."""
    gone = record.changes.keys() - alive
    return {(pid, page) for pid in gone for page, pte in record.changes[pid].items() if pte}
