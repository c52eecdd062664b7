"""Turns the state of a machine into a form: with equal forms, and equal ones of their kernels, machines do the same.

Numbers that only name things are replaced by the order in which they are met: frames, processes, and the bytes that
were written. What is left is compared exactly: regions, page table entries with all bits, contents of frames, slots and
files, the TLB, which frames are in use, and what holds them.

The kernel's form is in kernel_form.py; that of a kernel in C is a hash (sandbox/inside/wasm_state.py).
"""

from __future__ import annotations

import hashlib
import marshal
from typing import Any

from grader.machine.entry import FRAME_SHIFT
from grader.machine.image import POISON, Image
from grader.machine.machine import Machine
from grader.machine.process import Process
from grader.machine.region import RegionMap

_LOW = (1 << FRAME_SHIFT) - 1


def hashed(*forms: Any) -> bytes:
    """Return the hash of forms: equal ones have equal hashes."""
    return hashlib.sha256(marshal.dumps(forms, 2)).digest()


class Bytes:
    """Renames the bytes in memory, jointly for both sides: 0 and poison stay, others count in order of appearance."""

    def __init__(self) -> None:
        self._known = {0: 0, POISON: POISON}

    def image(self, image: Image) -> object:
        """Return an image with its bytes renamed."""
        known = self._known
        fill = known.setdefault(image.fill, len(known))
        if not image.written:
            return fill
        return fill, tuple([(offset, known.setdefault(byte, len(known))) for offset, byte in image.written])


def process_order(machine: Machine) -> list[int]:
    """Return the pids that are alive in an order that depends on how their page tables look, not on who came first."""
    users = machine._frames._users

    def look(process: Process) -> object:
        entries = sorted(process.page_table._entries.items())
        regions = tuple([(r.first_page, r.pages, r.protection.bits) for r in process._regions._regions])
        return regions, tuple([(page, pte & _LOW, users[pte >> FRAME_SHIFT]) for page, pte in entries])

    processes = list(machine.processes.values())
    if len(processes) > 1:
        processes.sort(key=look)  # type: ignore[arg-type]
    return [process.pid for process in processes]


class MachineForm:
    """The canonical form of one machine, and the names that its kernel's form uses."""

    __slots__ = ("_allocated", "base", "form", "frames", "names", "objects", "order", "pids", "plain", "top")

    def __init__(
        self, machine: Machine, order: list[int], base: int, values: Bytes, plain: frozenset[int] = frozenset()
    ) -> None:
        frames = machine._frames
        self.plain = plain
        self.order = tuple(order)
        self.base, self.top = base, frames._number + 1
        self._allocated = frames._allocated
        self.frames: dict[int, int] = {}
        self.objects: dict[int, int] = {}
        self.pids: dict[int, tuple[str, int]] = {pid: ("p", place) for place, pid in enumerate(order)}
        self.names = {id(machine.processes[pid]): ("P", place) for place, pid in enumerate(order)}
        number = self.frames.setdefault
        known = self.frames
        tables = []
        for place, pid in enumerate(order):
            process = machine.processes[pid]
            table = process.page_table
            self.names[id(table)] = ("T", place)
            entries = table._entries
            row = tuple(
                [
                    (page, entries[page] & _LOW, number(entries[page] >> FRAME_SHIFT, len(known)))
                    for page in sorted(entries)
                ]
            )
            tables.append((self._regions(process._regions), process._next_page, row))
        for frame in range(base, self.top):
            if frames._allocated[frame]:
                number(frame, len(known))
        contents = [values.image(frames._contents[frame]) for frame in known]
        self.form: tuple[object, ...] = (tuple(tables), tuple(contents), self._rest(machine, order, values))

    def _regions(self, regions: RegionMap) -> tuple[object, ...]:
        return tuple(
            [(r.first_page, r.pages, r.protection.bits, r.shared, self.held(r.file), r.offset) for r in regions]
        )

    def held(self, thing: object) -> int:
        """Return the number of a file or shared object: in the order in which they are met."""
        return -1 if thing is None else self.objects.setdefault(id(thing), len(self.objects))

    def _rest(self, machine: Machine, order: list[int], values: Bytes) -> tuple[object, ...]:
        """Return what only some machines have: holders of frames, the TLB, swap, files."""
        frames = machine._frames
        rest: list[object] = []
        if frames._holder:
            held = [(self.frames[f], self.held(o), page) for f, (o, page) in frames._holder.items()]
            rest.append(("held", tuple(sorted(held))))
        if machine._tlb._on:
            for pid in order:
                cached = machine._tlb._cached.get(machine.processes[pid], {})
                rest.append(tuple([(page, self.entry(pte)) for page, pte in sorted(cached.items())]))
                stale = machine._stale.get(pid, {})
                rest.append(tuple([(page, self.entry(pte)) for page, pte in sorted(stale.items())]))
        if machine._swap is not None:
            images = machine._swap._images
            rest.append(tuple([(slot, values.image(images[slot])) for slot in sorted(images)]))
        for file in machine.files.values():
            rest.append(tuple([values.image(image) for image in file._images]))
        hw = machine.hw
        rest.append((hw.page_size, hw.replacement, hw.zero_frame == self.top - 1))
        return tuple(rest)

    def entry(self, pte: int) -> tuple[int, object]:
        """Return an entry with its frame renamed."""
        return pte & _LOW, self.frame(pte >> FRAME_SHIFT)

    def frame(self, frame: int) -> object:
        """Return the name of a frame: its number if it is in use, else its place among the free ones."""
        known = self.frames.get(frame)
        if known is not None:
            return ("f", known)
        return ("free", sum(not used for used in self._allocated[self.base : frame]))
