"""Saves, restores and writes down the state of a kernel in C, which is all in its memory.

Two states are equal if their memories are, byte for byte; nothing is renamed, and only the stack is left out. What is
on the stack has no meaning between two calls, and here it is empty when a step begins. Of a memory only the chunks
are kept that are not as the module laid them out.
"""

from __future__ import annotations

import ctypes
import hashlib
from typing import Any, NamedTuple

from grader.machine.machine import Machine
from grader.replay.simulated import Replay
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_runtime import Instance
from grader.sandbox.inside.worker import Recorder
from grader.state.canonical import MachineForm
from grader.state.memento import Memento

#: Bytes of a chunk.
CHUNK = 4096


class CompiledState:
    """The state of a kernel in C (see State of inside/explorer.py)."""

    def __init__(self, kernel: WasmKernel) -> None:
        self._kernel = kernel
        self._memory = _Memory(kernel.instance)

    def save(self, run: Replay) -> SavedState:
        """Return the present state."""
        kernel = self._kernel
        machine = Memento([run, kernel.processes], Recorder)
        chunks, size = self._memory.chunks(), kernel.instance.size()
        return SavedState(machine, kernel, kernel.mapped, kernel.instance.fuel, self._memory, chunks, size)

    def write(self, machine: Machine, names: MachineForm) -> tuple[Any, ...]:
        """Return a hash of the memory with its size, and the numbers of frames and processes, which it may hold."""
        digest = hashlib.sha256(self._kernel.instance.size().to_bytes(4, "little"))
        for number, data in sorted(self._memory.chunks().items()):
            digest.update(number.to_bytes(4, "little") + data)
        return names.order, tuple(names.frames), machine._pids, digest.digest()

    def look_elsewhere(self) -> None:
        """Do nothing: a module has no elsewhere."""


class SavedState(NamedTuple):
    """A saved state: of the machine, of how much the kernel may use, and of the memory."""

    machine: Memento
    kernel: WasmKernel
    mapped: int
    fuel: int
    memory: _Memory
    chunks: dict[int, bytes]
    size: int

    def restore(self) -> None:
        """Put it back."""
        self.machine.restore()
        # Otherwise each mmap of the whole exploration would add to what an endless loop may use.
        self.kernel.mapped, self.kernel.instance.fuel = self.mapped, self.fuel
        self.memory.restore(self.chunks, self.size)


class _Memory:
    """The memory of an instance that has started and was not called yet."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._beginning = self._read()
        self._stack = instance.stack()
        self._now: dict[int, bytes] = {}  # what differs from the beginning, as far as it was looked at or written

    def chunks(self) -> dict[int, bytes]:
        """Return the chunks that are not as at the beginning, by their numbers."""
        self._empty_stack()
        now, beginning, size = self._read(), self._beginning, len(self._beginning)
        chunks = {}
        for place in range(0, len(now), CHUNK):
            data = now[place : place + CHUNK]
            before = beginning[place : place + CHUNK] if place < size else bytes(CHUNK)
            if data != before:
                chunks[place // CHUNK] = data
        self._now = chunks
        return chunks

    def restore(self, chunks: dict[int, bytes], size: int) -> None:
        """Put a state back, with all its fuel."""
        self.chunks()
        if self._instance.stopped or self._instance.size() > size:
            # A trap has left the stack pointer where it was; and no memory can become smaller.
            self._instance.start()
            self._now = {}
        if self._instance.size() < size:
            self._instance.grow(size)
        for number in self._now.keys() - chunks.keys():
            self._write(number, self._beginning[number * CHUNK : (number + 1) * CHUNK] or bytes(CHUNK))
        for number, data in chunks.items():
            if self._now.get(number) != data:
                self._write(number, data)
        self._now = dict(chunks)
        self._instance.refuel()

    def _empty_stack(self) -> None:
        start, end = self._stack
        ctypes.memset(self._instance.address() + start, 0, end - start)

    def _read(self) -> bytes:
        return ctypes.string_at(self._instance.address(), self._instance.size())

    def _write(self, number: int, data: bytes) -> None:
        ctypes.memmove(self._instance.address() + number * CHUNK, data, len(data))
