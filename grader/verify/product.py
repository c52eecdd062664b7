"""Runs the reference and a candidate side by side: one step on both, compared; the state of both, saved and restored.

The machines are as the world says, with one exception: frames and pids get large numbers (FIRST_PID, and a base that no
address or page number of the world reaches), so that the canonical form can recognise them among a kernel's numbers.
"""

from __future__ import annotations

import marshal
from typing import Any, NamedTuple

from grader.compare.judge import agree
from grader.lab.scope import World
from grader.machine.entry import FRAME_SHIFT
from grader.machine.frames import allocation_order
from grader.machine.hardware import Hardware
from grader.machine.image import POISON
from grader.machine.kernel import Kernel
from grader.replay.simulated import MakeKernel, Replay
from grader.scenario.model import Scenario, Step
from grader.trace.records import StepRecord
from grader.verify.canonical import Bytes, KernelForm, MachineForm, process_order
from grader.verify.memento import Memento
from grader.verify.source import Unmergeable, Watch, unordered

#: Number of the first process. Counters in kernels do not come near it.
FIRST_PID = 10_007

#: No frame has a number below this one.
FIRST_FRAME = 96


class ReferenceFault(Exception):
    """The reference broke a rule or crashed in a scenario that the world allows."""


def frame_base(world: World, used: frozenset[int]) -> int:
    """Return a number such that no frame of the world has one of the numbers in use."""
    base = FIRST_FRAME
    while any(base <= number <= base + world.machine.frames for number in used):
        base += world.machine.frames + 1
    return base


def plain_numbers(world: World) -> frozenset[int]:
    """Return the numbers of the pages of a world, and all addresses in them."""
    spec = world.machine
    pages = world.pages + 2 * len(world.mappings) + 2
    used = {n for page in range(spec.first_page, spec.first_page + pages) for n in (page, page * spec.page_size)}
    return frozenset(n + offset for n in used for offset in range(spec.page_size + 1))


def start(world: World, make_kernel: MakeKernel, base: int) -> Replay:
    """Return a replay of the world before its first step, on a machine whose frames count from `base`."""
    spec = world.machine

    def make(hw: Hardware) -> Kernel:
        frames = hw.frames
        frames._fresh = base
        order = allocation_order(spec.allocation, spec.frames, spec.seed)
        if order is not None:
            frames._order = [*range(base), *(base + frame for frame in order)]
            frames._rank = {frame: rank for rank, frame in enumerate(frames._order)}
        return make_kernel(hw)

    machine = spec._replace(frames=base + spec.frames, first_pid=FIRST_PID, allocation="lowest", seed=0)
    return Replay(Scenario("world", "", "", machine, world.files, world.started, ()), make)


class Node(NamedTuple):
    """A saved state of both sides. relation: frame of the reference -> the candidate's frame that stands for it."""

    reference: Memento
    candidate: Memento
    relation: dict[int, int]


class Product:
    """The reference and the candidate in one world, at some state."""

    def __init__(self, world: World, reference: MakeKernel, candidate: MakeKernel) -> None:
        self._plain = plain_numbers(world)
        self.base = frame_base(world, self._plain)
        self.reference = start(world, reference, self.base)
        self.candidate = start(world, candidate, self.base)
        self.relation: dict[int, int] = {}
        self._watch = Watch(self.candidate.machine.kernel)
        self._unordered = tuple(unordered(side.machine.kernel) for side in (self.reference, self.candidate))

    def step(self, step: Step) -> bool:
        """Carry out a step on both sides. Return True if they agree. ReferenceFault if the reference is wrong."""
        expected = self.reference.step(step)
        if expected.ends or expected.findings:
            raise ReferenceFault(f"the reference {'crashes' if expected.ends else 'breaks an audit rule'}")
        yours = self.candidate.step(step)
        if yours != expected and (yours.ends or not agree(expected, yours)):
            return False
        return self._relate(expected, yours)

    def _relate(self, expected: StepRecord, yours: StepRecord) -> bool:
        """Follow which frame stands for which; return False if a page breaks the relation (compare/renaming.py)."""
        relation = self.relation
        if expected.allocated or yours.allocated:
            old, new = set(expected.allocated), set(yours.allocated)
            relation = {a: b for a, b in relation.items() if a not in old and b not in new}
        elif expected.changes:
            relation = relation.copy()
        back = {b: a for a, b in relation.items()}
        for pid, process in self.reference.machine.processes.items():
            mine = process.page_table._entries
            theirs = self.candidate.machine.processes[pid].page_table._entries
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
        self.reference.exit_all()
        self.candidate.exit_all()
        machine = self.candidate.machine
        slots = machine._swap._in_use if machine._swap is not None else 0
        return self.candidate.failure is None and machine._frames._in_use == self.base and not slots

    def key(self) -> bytes:
        """Return the canonical form of the state of both sides. Raises Unmergeable or Opaque if there is none."""
        change = self._watch.changed()
        if change:
            raise Unmergeable(change)
        values = Bytes()
        order = process_order(self.reference.machine)
        forms: list[Any] = []
        names = []
        for side, ways in zip((self.reference, self.candidate), self._unordered, strict=True):
            machine = MachineForm(side.machine, order, self.base, values, self._plain)
            names.append(machine)
            kernel = KernelForm(side.machine, machine, ways)
            forms += (machine.form, kernel.kernel(side.machine.kernel), kernel.numbers())
        mine, theirs = names
        related = [
            (mine.frames[a], theirs.frames[b])
            for a, b in self.relation.items()
            if a in mine.frames and b in theirs.frames
        ]
        return marshal.dumps((tuple(forms), tuple(sorted(related))), 2)

    def changed_elsewhere(self) -> str:
        """Return what the candidate has changed outside of itself, or ""."""
        return self._watch.changed(thorough=True)

    def save(self) -> Node:
        """Return the present state. Raises Opaque if the candidate has state that cannot be saved."""
        return Node(Memento([self.reference]), Memento([self.candidate]), self.relation)

    def restore(self, node: Node) -> None:
        """Go back to a state."""
        node.reference.restore()
        node.candidate.restore()
        self.relation = node.relation

    def fresh_byte(self) -> int:
        """Return the lowest byte that no frame, slot or file holds on either side."""
        used = {0, POISON}
        for machine in (self.reference.machine, self.candidate.machine):
            images = [*machine._frames._contents[self.base :]]
            images += machine._swap._images.values() if machine._swap is not None else ()
            for file in machine.files.values():
                images += file._images
            for image in images:
                used.add(image.fill)
                used.update(byte for _, byte in image.written)
        return next(byte for byte in range(1, 256) if byte not in used)
