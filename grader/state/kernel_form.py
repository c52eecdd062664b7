"""Turns the state of a kernel into a form: equal forms, on machines with equal forms, have the same future.

Every attribute counts, followed through objects, containers, closures and bound methods. Order counts in lists and in
dicts; it does not count in sets, nor in a dict whose order the kernel's source never asks for (order.py). Two
references to one object differ from references to two equal objects.

Frames and pids are numbers that nothing else has here (start.py), so an int that equals one of them is
taken for it, and written as its name in the machine's form. A free frame counts by its place among the free ones, since
the lowest is handed out first. If a kernel holds a value that may have been made from such numbers (a larger int, a
text), the numbers themselves are added to its form, so that states are only equal if they have the same ones.
"""

from __future__ import annotations

import marshal
from collections import OrderedDict, deque
from collections.abc import Callable
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

from grader.machine import core
from grader.machine.machine import Machine
from grader.machine.pagetable import PageTable
from grader.machine.process import Process
from grader.machine.protection import Access, Protection
from grader.machine.region import Region, RegionMap
from grader.state.code import EQUALS
from grader.state.elsewhere import Watch
from grader.state.keys import check_keys
from grader.state.machine_form import MachineForm
from grader.state.memento import DICTS, Opaque, Ordered, attributes, has_attributes, layout
from grader.state.pristine import FIXED, is_foreign
from grader.state.private import PrivateForm, handle_form

#: Kinds of values that are not changed, and of which two equal ones may be two objects.
_EQUALS = frozenset({*EQUALS, Region})


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
