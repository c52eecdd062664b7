"""Knows the names under which the machine keeps what is not for kernels.

No kernel needs them, and most of what is there is left out of a machine's form, because it follows from the rest or
only counts. If the code of a kernel has such a name, even for an attribute of its own, what the machine keeps there
is compared as well.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType, MemberDescriptorType
from typing import Any

from grader.machine import core
from grader.machine.machine import Machine
from grader.state.memento import Opaque
from grader.state.pristine import CLASSES, names_in

_MACHINE = "grader.machine"


def private_slots(names: Iterable[str]) -> dict[type, tuple[str, ...]]:
    """Return the slots that code can reach by some names, class by class: directly, or by the machine's own methods."""
    classes = {cls: held for cls, held in CLASSES.items() if cls.__module__.startswith(_MACHINE)}
    reached = _reached({name for name in names if _is_private(name)}, classes.values())
    found: dict[type, tuple[str, ...]] = {}
    for cls, held in classes.items():
        slots = tuple(sorted(n for n in reached & held.keys() if type(held[n]) is MemberDescriptorType))
        if slots:
            found[cls] = slots
    for compiled, python in zip(core.current()[:4], core.PYTHON[:4], strict=True):
        if python in found:
            found[compiled] = found[python]
    return found


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _reached(names: set[str], classes: Iterable[dict[str, Any]]) -> set[str]:
    """Return these names, and those that the private methods of these names use, and so on."""
    waiting, reached = list(names), set(names)
    while waiting:
        name = waiting.pop()
        for held in classes:
            function = getattr(held.get(name), "fget", held.get(name))
            if isinstance(function, FunctionType):
                new = {other for other in names_in(function.__code__) if _is_private(other)} - reached
                reached |= new
                waiting += new
    return reached


class PrivateForm:
    """Writes down what the machine keeps under names that the code of a kernel has, too.

    order, frames  the processes and the frames in use, in the order of the machine's form
    slots          what `private_slots` has found
    write          returns the form of any value
    """

    __slots__ = ("_frames", "_machine", "_order", "_slots", "_write")

    def __init__(
        self,
        machine: Machine,
        order: Sequence[int],
        frames: Mapping[int, int],
        slots: dict[type, tuple[str, ...]],
        write: Callable[[Any], Any],
    ) -> None:
        self._machine = machine
        self._order = order
        self._frames = frames
        self._slots = slots
        self._write = write

    def all(self) -> list[object]:
        """Return the forms of all that a kernel reaches from the handle and from the processes that are alive."""
        if not self._slots:
            return []
        hw = self._machine.hw
        objects: list[object] = [hw.frames, hw.tlb, hw.swap, hw.files, *self._machine.files.values()]
        for pid in self._order:
            process = self._machine.processes[pid]
            objects += (process, process.page_table)
        return list(map(self.of, objects))

    def of(self, value: object) -> object:
        """Return the form of one object of the machine."""
        names = self._slots.get(type(value), ())
        return tuple([self._users() if name == "_users" else self._write(getattr(value, name, None)) for name in names])

    def _users(self) -> object:
        """Return the users of the frames, those in use in the order of their names."""
        users = self._machine._frames._users
        free = [number for frame, number in enumerate(users) if frame not in self._frames]
        return tuple([users[frame] for frame in self._frames]), tuple(free)


def handle_form(machine: Machine) -> tuple[object, ...]:
    """Return the form of what a kernel may have changed of the handle, and a machine's form does not show.

    Raises Opaque if it has exchanged parts of its machine.
    """
    hw = machine.hw
    parts = (hw.frames, hw.tlb, hw.swap, hw.files, hw.zero_frame)
    made = (machine._frames, machine._tlb, machine._swap, machine._files, machine._frames._zero_frame)
    if not all(map(operator.is_, parts, made)) or (type(hw.page_size), type(hw.replacement)) != (int, str):
        raise Opaque(hw)
    for pid, process in machine.processes.items():
        if process.pid != pid or process.page_table._pid != pid:
            raise Opaque(process)
    for name, file in machine.files.items():
        if (file.name, file.pages) != (name, len(file._images)) or type(file.writable) is not bool:
            raise Opaque(file)
    return tuple([file.writable for file in machine.files.values()])
