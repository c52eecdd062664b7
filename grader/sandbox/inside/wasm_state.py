"""Saves and restores the state of a kernel in C, which is all in its memory, and says which states are alike.

Two states are alike if their memories are equal, byte for byte, with these exceptions:

- What is on the stack has no meaning between two calls, and here it is empty when one begins.
- Processes and frames may have other numbers, and blocks from `malloc` other addresses. What the allocator keeps for
  itself does not count. (Numbers of processes are never used twice, so that otherwise no state would ever come back in
  which processes come and go.)

The second holds for a kernel that uses these numbers as names, and each call is tried again with other ones to see
whether it does (wasm_trials.py). A kernel that asks which number is lower is explored again with `ordered`: then the
order of processes stays, and frames keep their numbers.

And nothing in memory may come from a process that has ended or a block that is free: with yet other names for these the
memory must be the same. Otherwise a state is only like one with the same numbers and addresses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.machine.machine import Machine
from grader.protocol import wire
from grader.replay.simulated import Replay
from grader.sandbox.inside.wasm_blocks import AREA
from grader.sandbox.inside.wasm_journal import Call, Journal
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_memory import Memory
from grader.sandbox.inside.wasm_renamed import BETWEEN, Past, Renamed
from grader.sandbox.inside.wasm_runtime import FUEL, MEMORY
from grader.sandbox.inside.wasm_trials import MOST, NUMBERS, Snapshot, Trials
from grader.sandbox.inside.worker import Recorder
from grader.state.machine_form import MachineForm, hashed
from grader.state.memento import Memento
from grader.state.start import FIRST_PID
from grader.state.unmergeable import ORDERED, Unmergeable

#: Chunks of memory in what is known of calls; it is forgotten when there are more, and found out again.
ROOM = 1 << 16


class CompiledState:
    """The state of a kernel in C (see State of inside/explorer.py)."""

    def __init__(self, kernel: WasmKernel, frames: range, zero: int | None, ordered: bool = False) -> None:
        """Begin with a kernel that was not called yet. frames: their numbers; zero: that of the frame of zeros."""
        self._kernel = kernel
        self._ordered = ordered
        self._journal = Journal(kernel.instance)
        kernel.call = self._journal.call
        self._end = self._journal.blocks.start + AREA  # of the blocks, unless there are very many
        self.memory = Memory(kernel.instance)
        self._again: Renamed | None = None
        self._trials = Trials(kernel.instance.program, frames, zero, ordered)
        self.reserved = (2 + len(self._trials.all)) * MEMORY  # the kernel itself, and the instance with other names
        self._tried: set[object] = set()  # states and the calls that followed, which all trials have repeated
        self._due: dict[object, _Due] = {}  # the same -> trials that have not, yet
        self._effects: dict[object, _Effect] = {}  # the same -> what is known of the kernel then
        self._room = ROOM
        beginning = _Effect(self.memory.chunks(), b"")
        beginning.begin = self._trials.start, b""
        self._from = _From((), beginning)  # the state that was saved or put back last
        self._unsettled: _Unsettled | None = None  # what `settle` has to do for it
        self._reached: dict[int, object] = {}  # trial -> where it is: such a state, and the calls that followed
        self._known: dict[object, bytes] = {}  # a state, as it is -> the hash of the one that stands for it, or b""
        self._numbers: dict[object, int] = {}  # a state that was saved, and a memory with its blocks -> its number

    def save(self, run: Replay) -> SavedState:
        """Return the present state."""
        kernel, journal, size = self._kernel, self._journal, self._kernel.instance.size()
        machine = Memento([run, kernel.processes], Recorder)
        effect = self._look()
        if effect.begin is None:
            self._unsettled = _Unsettled(effect, self._from, self._since(), kernel.instance.fuel)
        self._from = _From(journal.calls, effect)
        blocks = journal.blocks.in_use.copy()
        return SavedState(machine, self, kernel.mapped, kernel.instance.fuel, self._from, blocks, effect.chunks, size)

    def settle(self) -> None:
        """Take the Snapshots of the trials in a state that was saved. Unmergeable if the kernel does something else."""
        if self._unsettled is None:
            return
        (effect, begin, calls, fuel), self._unsettled = self._unsettled, None
        for number in self._trials.all:
            self._bring(number, begin, calls, fuel)
        snapshots = self._trials.snapshots()
        self._make_room(sum(len(snapshot.chunks) for snapshot in snapshots))
        effect.begin = snapshots, hashed(effect.hash, *map(Snapshot.hashed, snapshots))

    def restore(self, saved: SavedState) -> None:
        """Put all but the machine back."""
        # Otherwise each mmap of the whole exploration would add to what an endless loop may use.
        self._kernel.mapped, self._kernel.instance.fuel = saved.mapped, saved.fuel
        self._from, self._journal.calls = saved.begin, saved.begin.calls
        self._journal.blocks.in_use = saved.blocks.copy()
        self.memory.restore(saved.chunks, saved.size)

    def try_later(self) -> None:
        """Note that what was done since the last state must be done again, in all trials."""
        calls = self._since()
        key = self._from.hash, calls
        if calls and key not in self._tried and key not in self._due:
            left = [number for number in self._trials.all if self._reached.get(number) != key]
            self._due[key] = _Due(self._from, calls, self._kernel.instance.fuel, left)

    def catch_up(self, enough: Callable[[], bool]) -> None:
        """Do so, one after the other, until that is enough. Unmergeable if the kernel does something else."""
        while self._due and not enough():
            key, due = next(iter(self._due.items()))
            if due.left:
                self._bring(due.left[0], due.begin, due.calls, due.fuel)
            if not due.left:
                del self._due[key]
                # All trials have done the first ones of these calls, too: the end of two processes is that of one.
                self._tried.update([(due.begin.hash, due.calls[:many]) for many in range(len(due.calls) + 1)])

    def _since(self) -> tuple[Call, ...]:
        return self._journal.calls[len(self._from.calls) :]

    def _look(self) -> _Effect:
        """Return what is known after the calls since the last state.

        Whenever it is called so in this state, and gets these answers, the memory is the same, and so are the trials.
        """
        calls = self._since()
        known = self._effects.get((self._from.hash, calls))
        if known is None:
            known = _Effect(self.memory.chunks(), self.memory.hashed())
            self._make_room(len(known.chunks))
            self._effects[self._from.hash, calls] = known
        else:
            self.memory.assume(known.chunks)
        return known

    def _make_room(self, chunks: int) -> None:
        """Make room for so many chunks more: a kernel with large blocks must not fill the memory that it may use."""
        self._room -= chunks
        if self._room < 0:
            self._effects.clear()
            self._room = ROOM - chunks

    def _bring(self, number: int, begin: _From, calls: tuple[Call, ...], fuel: int) -> None:
        """Let a trial do these calls, from a state on, unless it just has. Unmergeable if it does something else."""
        key = begin.hash, calls
        if self._reached.get(number) != key:
            self._reached[number] = None
            problem = self._trials.repeat(number, begin.snapshots, calls, fuel)
            if problem:
                raise Unmergeable(ORDERED if problem == NUMBERS and not self._ordered else problem)
            self._reached[number] = key
        if key in self._due and number in self._due[key].left:
            self._due[key].left.remove(number)

    def digest(self, machine: Machine, order: list[int], names: Callable[[], MachineForm]) -> bytes:
        """Return what is equal for states that are alike. Unmergeable if the kernel needs `ordered`.

        How the machine looks is left to the grader, who has one that looks the same: a module cannot change this one.
        """
        effect = self._look()
        tables = [machine.processes[pid].page_table._entries for pid in order]
        frames = tuple(dict.fromkeys([table[page] >> FRAME_SHIFT for table in tables for page in sorted(table)]))
        in_use = tuple(sorted(self._journal.blocks.in_use.items()))
        numbers = (tuple(order), machine._pids, frames, bytes(machine._frames._allocated), in_use)
        known = effect.hash, numbers
        if known not in self._known:
            self._known[known] = self._renamed(effect, machine, names())
        form = self._known[known]
        if not form:
            return hashed(known)
        if not self._ordered:
            return form
        return hashed(form, tuple(names().frames), [sorted(order).index(pid) for pid in order])

    def notes(self) -> bytes:
        """Return what the grader need not ask again (grader/verify/known.py)."""
        calls, blocks = self._since(), tuple(sorted(self._journal.blocks.in_use.items()))
        number = self._numbers.setdefault
        begin, memory = (number(one, len(self._numbers)) for one in (self._from.hash, (self._look().hash, blocks)))
        notes = json.dumps([begin, memory, [call.report() for call in calls]]).encode()
        # Elsewhere there may be less fuel: how much there is depends on what the processes have mapped.
        if len(notes) > wire.NOTED or self._kernel.instance.used > FUEL:
            notes = json.dumps([begin, memory, None]).encode()
        return notes

    def _renamed(self, effect: _Effect, machine: Machine, names: MachineForm) -> bytes:
        """Return the hash of the state with other names; b"" if it depends on addresses, or on what is gone."""
        if machine._pids - FIRST_PID >= (BETWEEN // 3 if self._ordered else MOST):
            return b""
        if self._again is None:
            self._again = Renamed(self._kernel, self._ordered)
        blocks, past = self._journal.blocks, Past(self._journal.calls, self._kernel.instance.fuel)
        if blocks.end > self._end or not self._again.has_room(past):
            return b""
        if effect.image is None:
            self._bring(self._trials.moved, self._from, self._since(), self._kernel.instance.fuel)
            effect.image = self._trials.is_image(self.memory, blocks)
        return self._again.state(past, machine, names, blocks.in_use) if effect.image else b""

    def look_quickly(self) -> None:
        """Do nothing: a module has no elsewhere."""

    def look_elsewhere(self) -> None:
        """Do all that is due: a module has no elsewhere. Unmergeable if the kernel does something else."""
        self.catch_up(lambda: False)


class _From(NamedTuple):
    """A state that calls begin from: the calls that led there, and what is known of it."""

    calls: tuple[Call, ...]
    effect: _Effect

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return what the trials have."""
        assert self.effect.begin is not None, "it was settled"
        return self.effect.begin[0]

    @property
    def hash(self) -> bytes:
        """Return a hash of it all."""
        assert self.effect.begin is not None, "it was settled"
        return self.effect.begin[1]


class _Unsettled(NamedTuple):
    """A state in which the trials still have to be looked at, after these calls from an earlier one."""

    effect: _Effect
    begin: _From
    calls: tuple[Call, ...]
    fuel: int


class _Due(NamedTuple):
    """Trials that must still do these calls from a state on, with so much fuel; left: their numbers."""

    begin: _From
    calls: tuple[Call, ...]
    fuel: int
    left: list[int]


class _Effect:
    """Holds what is known of the kernel after certain calls in a state: the chunks of its memory, and a hash of it.

    begin  what the trials have then, and a hash of it all; None before the state was saved
    image  whether the memory is an image of that in which blocks lie elsewhere; None if that was not asked
    """

    __slots__ = ("begin", "chunks", "hash", "image")

    def __init__(self, chunks: dict[int, bytes], hash: bytes) -> None:
        self.chunks, self.hash = chunks, hash
        self.begin: tuple[tuple[Snapshot, ...], bytes] | None = None
        self.image: bool | None = None


class SavedState(NamedTuple):
    """A saved state: of the machine, of how much the kernel may use, of what was noted, and of the memory."""

    machine: Memento
    state: CompiledState
    mapped: int
    fuel: int
    begin: _From
    blocks: dict[int, int]
    chunks: dict[int, bytes]
    size: int

    def restore(self) -> None:
        """Put it back."""
        self.machine.restore()
        self.state.restore(self)
