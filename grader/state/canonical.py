"""Turns the state of two machines and their kernels into a key: equal keys have the same future.

Numbers that only name things are replaced by the order in which they are met: frames, processes, and the bytes that
were written. What is left is compared exactly:

- each machine: regions, page table entries with all bits, contents of frames, slots and files, the TLB, which frames
  are in use, and what holds them
- each kernel: every attribute, followed through objects, containers, closures and bound methods. Order counts in lists
  and in dicts; it does not count in sets, nor in a dict whose order the kernel's source never asks for (order.py).
  Two references to one object differ from references to two equal objects
- which frame of one machine stands for which of the other

Frames and pids are numbers that nothing else has here (start.py), so an int that equals one of them is
taken for it. A free frame counts by its place among the free ones, since the lowest is handed out first. If a kernel
holds a value that may have been made from such numbers (a larger int, a text), the numbers themselves are added to its
form, so that states are only equal if they have the same ones.
"""

from __future__ import annotations

import hashlib
import marshal
from collections import OrderedDict, deque
from collections.abc import Callable
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

from grader.machine import core
from grader.machine.entry import FRAME_SHIFT
from grader.machine.image import POISON, Image
from grader.machine.machine import Machine
from grader.machine.pagetable import PageTable
from grader.machine.process import Process
from grader.machine.protection import Access, Protection
from grader.machine.region import Region, RegionMap
from grader.state.code import EQUALS
from grader.state.elsewhere import Watch
from grader.state.keys import check_keys
from grader.state.memento import DICTS, Opaque, Ordered, attributes, has_attributes, layout
from grader.state.pristine import FIXED, is_foreign
from grader.state.private import PrivateForm, handle_form

_LOW = (1 << FRAME_SHIFT) - 1

#: Kinds of values that are not changed, and of which two equal ones may be two objects.
_EQUALS = frozenset({*EQUALS, Region})


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


class KernelForm:
    """Writes down a kernel. One object makes one form.

    unordered  attributes that hold dicts whose order does not count
    watch      what is known of the kernel's code; None for a kernel of ours, which is trusted
    """

    def __init__(
        self, machine: Machine, names: MachineForm, unordered: frozenset[str], watch: Watch | None = None
    ) -> None:
        self._names = names.names
        self._watch = watch
        self._same: dict[int, object] = {}  # id of a value that is not changed -> its number
        self._plain: set[int] = set()  # ids of the dicts that were written without their order
        #: Returns the form of any value. Raises Opaque if its state cannot be read.
        self.write: Callable[[Any], Any] = self._write
        if watch is not None and watch.identities:
            self._same.update(watch.constants)
            self._same |= {id(machine.processes[pid].pid): ("pid", place) for place, pid in enumerate(names.order)}
            self.write = self._write_with_identity
        self._machine = names
        self._hardware = machine
        self._private = PrivateForm(
            machine, names.order, names.frames, watch.private if watch is not None else {}, self.write
        )
        self._pids = names.pids
        self._base, self._top = names.base, names.top
        self._seen: dict[int, int] = {}
        self._unordered = unordered
        self.computed = False  # True once a value was met that may have been made from a frame's or process's number
        hw = machine.hw
        for name, part in (("hw", hw), ("frames", hw.frames), ("tlb", hw.tlb), ("swap", hw.swap), ("disk", hw.files)):
            self._names[id(part)] = (name, 0)
        self._names.pop(id(None), None)
        for number, file in enumerate(machine.files.values()):
            self._names[id(file)] = ("file", number)

    def kernel(self, kernel: object) -> object:
        """Return the form of a kernel's attributes."""
        self._seen[id(kernel)] = 0
        state = attributes(kernel, layout(kernel))
        form: list[Any] = []
        # Those without order come last: one that is also reached in another way is written there, with its order.
        for name in [*sorted(state.keys() - self._unordered), *sorted(state.keys() & self._unordered)]:
            value = state[name]
            if name in self._unordered and type(value) in DICTS:
                form.append((name, self._plain_dict(value)))
            else:
                form.append((name, self.write(value)))
        if self._watch is not None:
            form += (handle_form(self._hardware), *self._private.all())
            if self._watch.identities:
                form.append(self._identities())
        return tuple(form)

    def _identities(self) -> object:
        """Return which are one object of the values that the machine holds and a kernel may have given to it."""
        machine = self._hardware
        swap, hw = machine._swap, machine.hw
        held: list[object] = [hw.page_size, hw.replacement, *sorted(machine._frames._free)]
        held += sorted(swap._free) if swap is not None else ()
        for file in machine.files.values():
            held += (file.name, file.pages)
        for pid in self._machine.order:
            held += sorted(machine.processes[pid].page_table._entries)
        return tuple([self._same.setdefault(id(value), ("same", len(self._same))) for value in held])

    def _plain_dict(self, value: dict[Any, Any]) -> object:
        """Return the form of a dict without the order of its keys."""
        if id(value) in self._seen:
            return ("again", self._seen[id(value)])
        if has_attributes(value):
            raise Opaque(value)
        check_keys(value)
        self._plain.add(id(value))
        self._seen[id(value)] = len(self._seen)
        keys = [(self.write(key), key) for key in dict.keys(value)]
        keys.sort(key=lambda pair: marshal.dumps(pair[0], 2))
        factory = self.write(getattr(value, "default_factory", None))
        return (type(value).__name__, factory, *[(form, self.write(value[key])) for form, key in keys])

    def numbers(self) -> object:
        """Return the numbers behind the names, if the kernel holds a value that may have been made from them."""
        return (self._machine.order, tuple(self._machine.frames)) if self.computed else None

    def _write_with_identity(self, value: Any) -> Any:
        """Return the form of a value, and which one it is of those that are equal."""
        form = self._write(value)
        if type(value) in _EQUALS or isinstance(value, tuple):
            return (form, self._same.setdefault(id(value), ("same", len(self._same))))
        return form

    def _write(self, value: Any) -> Any:
        kind = type(value)
        if kind is int:
            if self._base <= value < self._top:
                return self._machine.frame(value)
            if value >= self._base and value not in self._machine.plain:
                if value in self._pids:
                    return self._pids[value]
                self.computed = True
            return value
        if value is None or kind is bool or kind is str or kind is float or kind is bytes:
            if kind is float or kind is bytes or (kind is str and not self._is_written(value)):
                self.computed = True
            if value != value:  # containers find such a number by its identity
                raise Opaque(value)
            return value
        known = self._names.get(id(value))
        if known is not None:
            return known
        if kind is Protection:
            return ("prot", value.bits)
        if kind is Access:
            if id(value) not in FIXED:
                raise Opaque(value)
            return ("access", value.bit)
        if kind is Region:
            parts = (*value._key()[:4], value.offset, value.file)
            if self._watch is not None and self._watch.identities:
                parts += (value._page_size, value.first_page, value.end_page)
            return ("region", value._page_size, *map(self.write, parts))
        if issubclass(kind, tuple):
            if has_attributes(value):
                raise Opaque(value)
            name = kind.__name__ if kind is tuple else self._class(kind)
            return (name, *map(self.write, tuple.__iter__(value)))
        return self._object(value, kind)

    def _is_written(self, text: str) -> bool:
        """Return True if a text is from the kernel's code or from the scenario, and not made from a number."""
        if self._watch is None:
            return text.isidentifier()
        return text in self._watch.texts or text in self._hardware.files or text == self._hardware.hw.replacement

    def _class(self, cls: type) -> object:
        """Return the name of a class. Opaque if it was made while the kernel ran, so that nobody has read its code."""
        if self._watch is not None and id(cls) in self._watch.known:
            return ("class", self._watch.known[id(cls)])
        if self._watch is not None and not is_foreign(cls):
            raise Opaque(cls)
        return ("named", cls.__module__, cls.__qualname__)

    def _ordered(self, value: OrderedDict[Any, Any]) -> object:
        """Return the form of an OrderedDict; with its second order if the kernel may ask for it."""
        held = Ordered(value)
        items = [(self.write(key), self.write(value[key])) for key in held.keys]
        second = [self.write(key) for key, _ in held.items] if self._watch is None or self._watch.two_orders else []
        return ("OrderedDict", tuple(items), tuple(second))

    def _code(self, function: FunctionType) -> object:
        """Return the name of a function's code. Opaque if nobody has read it."""
        code = function.__code__
        if self._watch is None:
            return (code.co_qualname, code.co_firstlineno)
        if id(code) not in self._watch.known:
            raise Opaque(function)
        return self._watch.known[id(code)]

    def _object(self, value: Any, kind: type) -> object:
        """Return the form of an object with an identity: a second reference to it is written as such."""
        if id(value) in self._seen:
            if id(value) in self._plain:
                raise Opaque(value)  # what leads to it here may ask for its order
            return ("again", self._seen[id(value)])
        self._seen[id(value)] = len(self._seen)
        if kind in DICTS:
            if has_attributes(value):
                raise Opaque(value)
            check_keys(value)
            if kind is OrderedDict:
                return self._ordered(value)
            factory = getattr(value, "default_factory", None)
            return (kind.__name__, self.write(factory), *((self.write(k), self.write(v)) for k, v in value.items()))
        if kind is list or kind is deque:
            return (kind.__name__, getattr(value, "maxlen", None), *map(self.write, value))
        if kind is set or kind is frozenset:
            check_keys(value)
            return (kind.__name__, *sorted(map(self.write, value), key=lambda form: marshal.dumps(form, 2)))
        if kind is RegionMap:
            return ("map", *map(self.write, value._regions), self._private.of(value))
        if kind is bytearray:
            self.computed = True
            return ("bytearray", bytes(value))
        if kind is Process:
            return ("dead", value.pid, self.write(value.page_table), self._private.of(value))
        if kind in (PageTable, core.current().page_table):
            # Of a process that has ended; a kernel may still write to it.
            if value._frames is not self._hardware._frames:
                raise Opaque(value)
            self.computed = self.computed or bool(value._entries)
            entries = [(self.write(page), pte) for page, pte in sorted(value._entries.items())]
            return ("table", value._pid, tuple(entries), self._private.of(value))
        if kind is BuiltinFunctionType and type(value.__self__) in core.current():
            return ("method", value.__qualname__, self.write(value.__self__))
        if issubclass(kind, type):
            return self._class(value)
        if kind is BuiltinFunctionType:
            owner = value.__self__
            held = owner.__name__ if isinstance(owner, ModuleType) else self.write(owner)
            return ("builtin", value.__qualname__, held)
        if kind is MethodType:
            return ("method", self.write(value.__func__), self.write(value.__self__))
        if kind is FunctionType:
            held = (value.__closure__ or (), value.__defaults__ or (), value.__kwdefaults__ or {}, value.__dict__)
            return ("function", self._code(value), *map(self.write, held))
        if kind is CellType:
            return ("cell", self.write(value.cell_contents))
        where = layout(value)
        if issubclass(kind, BaseException) or kind.__module__.startswith("grader."):
            raise Opaque(value)
        state = attributes(value, where)
        return ("object", self._class(kind), tuple([(name, self.write(state[name])) for name in sorted(state)]))
