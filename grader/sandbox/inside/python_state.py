"""Saves and restores the state of a kernel in Python in an exploration, and says which states are alike."""

from __future__ import annotations

from collections.abc import Callable

from grader.machine.machine import Machine
from grader.replay.simulated import Replay
from grader.sandbox.inside.worker import Recorder
from grader.state.elsewhere import Watch
from grader.state.kernel_form import KernelForm
from grader.state.machine_form import MachineForm, hashed
from grader.state.memento import Memento
from grader.state.unmergeable import Unmergeable


class PythonState:
    """The state of a kernel in Python: its attributes, and all that can be reached from them."""

    reserved = 0

    def __init__(self, kernel: object, texts: dict[str, str]) -> None:
        self._kernel = kernel
        self._watch = Watch(kernel, texts)
        self._without_order = self._watch.unordered

    def save(self, run: Replay) -> Memento:
        """Return the present state."""
        return Memento([run, self._kernel], Recorder)

    def settle(self) -> None:
        """Do nothing: all is saved at once."""

    def digest(self, machine: Machine, order: list[int], names: Callable[[], MachineForm]) -> bytes:
        """Return the hash of the kernel's form, in which numbers of frames and processes are names.

        This machine's own form is there for what only the kernel can have changed of it, such as hw.replacement.
        """
        self.look_quickly()
        machine_form = names()
        form = KernelForm(machine, machine_form, self._without_order, self._watch)
        return hashed(machine_form.form, form.kernel(self._kernel), form.numbers())

    def notes(self) -> bytes:
        """Return nothing: what a kernel in Python does depends on more than it asks the machine for."""
        return b""

    def try_later(self) -> None:
        """Do nothing: the form of a kernel in Python shows where it keeps numbers."""

    def catch_up(self, enough: Callable[[], bool]) -> None:
        """Do nothing, since nothing was noted."""

    def look_quickly(self) -> None:
        """Unmergeable if the kernel has changed anything outside of itself; modules are not looked through."""
        change = self._watch.changed()
        if change:
            raise Unmergeable(change)

    def look_elsewhere(self) -> None:
        """Unmergeable if the kernel has changed anything outside of itself."""
        change = self._watch.changed(thorough=True)
        if change:
            raise Unmergeable(change)
