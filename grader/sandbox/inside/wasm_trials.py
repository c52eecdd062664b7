"""Lets a kernel in C do everything again under other circumstances, for `grader verify`: it must do the same.

A certificate assumes that a kernel uses the numbers of processes and frames, and addresses, as names. Nobody can see
that in its memory, so each call of an exploration is tried again in further instances, which have gone the same way:

- with processes, frames, and both, in another order
- with blocks from `malloc` elsewhere, in reverse order, and none at an address where one was before. Here the whole
  memory must be an image of the kernel's: where they differ, one has an address in a block, and the other one the
  address of the same byte of that block
- in the surroundings of grading: processes from 1, frames from 0, no byte of memory more than the module asks for, and
  the module's own allocator

That finds a kernel that does something else in a state that was met. It proves nothing of one that computes with the
numbers in a way that shows only with other ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from grader.sandbox.inside.wasm_again import Again, Names
from grader.sandbox.inside.wasm_blocks import AREA, Blocks, lay_out
from grader.sandbox.inside.wasm_journal import Call
from grader.sandbox.inside.wasm_memory import CHUNK, Memory
from grader.sandbox.inside.wasm_runtime import Program
from grader.state.machine_form import hashed
from grader.state.start import FIRST_PID

#: Processes that a world may have had, if they are to get other numbers.
MOST = 250


class Snapshot(NamedTuple):
    """A state of a trial: its memory, its bytes, and where the blocks are that the kernel has at other addresses."""

    chunks: dict[int, bytes]
    size: int
    blocks: dict[int, int]
    lowest: int

    def hashed(self) -> bytes:
        """Return a hash of it."""
        return hashed(self.size, list(self.chunks.items()), list(self.blocks.items()), self.lowest)


class Trial:
    """An instance that repeats the calls of a kernel with other numbers, and its own Snapshots."""

    def __init__(
        self,
        program: Program,
        pids: Callable[[int], int],
        frames: Mapping[int, int],
        *,
        moved: bool = False,
        placed: bool = True,
    ) -> None:
        """Begin with a module that was not called yet.

        moved   whether blocks lie elsewhere; placed: whether the grader says at all where they lie
        """
        self._again = Again(program, placed)
        self._names = Names(_Numbers(pids), frames, self._place)
        self._moved = moved
        self._lowest = 0
        if placed:
            start = lay_out(self._again.instance, 3 if moved else 1)
            self._lowest = start + 3 * AREA
        self.memory = Memory(self._again.instance, placed)
        self.start = self.snapshot({0: 0})

    def snapshot(self, blocks: dict[int, int] | None = None) -> Snapshot:
        """Return the present state."""
        blocks = self._again.blocks if blocks is None else blocks
        return Snapshot(self.memory.chunks(), self._again.instance.size(), blocks.copy(), self._lowest)

    def repeat(self, begin: Snapshot, calls: tuple[Call, ...], fuel: int) -> bool:
        """Repeat calls from a state on. Return False if the kernel does something else; True without room for it."""
        self._lowest = begin.lowest
        if not self.has_room():
            return True
        self.memory.put_back(begin.chunks, begin.size)
        return self._again.repeat(calls, self._names, fuel, begin.blocks.copy()) or not self.has_room()

    def has_room(self) -> bool:
        """Return True unless there were so many blocks that one found no place for itself alone."""
        return self._lowest >= 0

    def is_image(self, memory: Memory, blocks: Blocks) -> bool:
        """Return True if this memory differs from the kernel's only by where blocks lie."""
        now = self._again.blocks
        image = _Image({block: (now[block], size) for block, size in blocks.in_use.items()})
        mine, theirs = memory.chunks(), self.memory.chunks()
        for number in sorted(mine.keys() | theirs.keys()):
            variables = max(self._again.start - number * CHUNK, 0)  # bytes of the chunk in front of all blocks
            one, other = mine.get(number, memory.before(number)), theirs.get(number, self.memory.before(number))
            if not image.same(one[:variables], other[:variables]):
                return False
        read, there = memory.read, self.memory.read
        return all(image.same(read(block, size), there(now[block], size)) for block, size in blocks.in_use.items())

    def _place(self, at: int, size: int) -> int:
        """Return where a block lies. ValueError, a trap, without room for it."""
        instance = self._again.instance
        if not self._moved:
            instance.grow(max(instance.size(), at + size))
            return at
        # The kernel's own blocks are in the first area, unless there are very many.
        self._lowest = self._lowest - size if self._lowest - size >= self._again.start + AREA else -1
        if self._lowest < 0:
            raise ValueError("no room for another block")
        return self._lowest


class _Numbers(dict[int, int]):
    """Other numbers of processes."""

    def __init__(self, number_of: Callable[[int], int]) -> None:
        super().__init__()
        self._number_of = number_of

    def __missing__(self, pid: int) -> int:
        return self._number_of(pid)


class _Image(NamedTuple):
    """The places of blocks in another memory: address -> address there, and bytes."""

    blocks: Mapping[int, tuple[int, int]]

    def same(self, one: bytes, other: bytes) -> bool:
        """Return True if all words of two areas are equal, or addresses of one byte of a block; its end counts, too."""
        if one == other:
            return True
        words = zip(memoryview(one).cast("I"), memoryview(other).cast("I"), strict=True)
        return all(a == b or self._same_place(a, b) for a, b in words)

    def _same_place(self, one: int, other: int) -> bool:
        found = self.blocks.items()
        return any(at <= one <= at + size and one - at == other - there for at, (there, size) in found)


class Trials:
    """All trials of a kernel, and where they are.

    all    their numbers, in the order in which they must be made
    moved  that of the one in which blocks lie elsewhere
    """

    def __init__(self, program: Program, every: range, zero: int | None, ordered: bool) -> None:
        """Begin with a kernel that was not called yet.

        every    the numbers of frames; zero: that of the frame of zeros, which it keeps
        ordered  whether the order of processes stays, and the numbers of frames
        """
        frames = [frame for frame in every if frame != zero]
        plain = {frame: place for place, frame in enumerate(every)}
        moved, graded = Trial(program, _same, {}, moved=True), Trial(program, _from_one, plain, placed=False)
        renamed = [Trial(program, _apart, {})]
        if not ordered:
            mixed = frames.copy()
            random.Random(1).shuffle(mixed)
            backwards, another = dict(zip(frames, reversed(frames), strict=True)), dict(zip(frames, mixed, strict=True))
            renamed = [Trial(program, _backwards, {}), Trial(program, _same, backwards)]
            renamed.append(Trial(program, _mixed, another))
        self._every = [*renamed, moved, graded]
        self._problems = [*[NUMBERS] * len(renamed), ADDRESSES, SURROUNDINGS]
        self.start = tuple([trial.start for trial in self._every])
        self.all = range(len(self._every))
        self.moved = len(renamed)

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return the present states."""
        return tuple([trial.snapshot() for trial in self._every])

    def repeat(self, number: int, begin: tuple[Snapshot, ...], calls: tuple[Call, ...], fuel: int) -> str:
        """Repeat calls in one trial, from these states on. Return "" if the kernel does the same, else what it does."""
        return "" if self._every[number].repeat(begin[number], calls, fuel) else self._problems[number]

    def is_image(self, memory: Memory, blocks: Blocks) -> bool:
        """Return True if the kernel's memory tells nothing of where its blocks lie but their addresses."""
        moved = self._every[self.moved]
        return moved.has_room() and moved.is_image(memory, blocks)


#: What a kernel does that does something else in a trial, after "it".
NUMBERS = "computes with the numbers of processes or frames"
ADDRESSES = "does something else where its memory lies at other addresses"
SURROUNDINGS = "does something else with processes from 1, frames from 0, or less memory"


def _same(pid: int) -> int:
    return pid


def _from_one(pid: int) -> int:
    return pid - FIRST_PID + 1


def _apart(pid: int) -> int:
    """Return a number in the same order, with others between them."""
    return FIRST_PID + 4 * (pid - FIRST_PID)


def _backwards(pid: int) -> int:
    return FIRST_PID + MOST - (pid - FIRST_PID)


def _mixed(pid: int) -> int:
    return FIRST_PID + _MIXED[pid - FIRST_PID]


_MIXED = random.Random(1).sample(range(MOST), MOST)
