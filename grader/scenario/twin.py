"""Disguises a scenario: makes its twin, the same scenario with different numbers.

A twin has the same steps and the same expectations. Its process ids, addresses, page size, order of frames and bytes
are different. None of this matters to a kernel that keeps the contract. It matters to a kernel that repeats what was
recorded in the scenario that everybody can read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from grader.machine.image import POISON
from grader.machine.outcome import FileSpec

from .model import LINUX, Expect, Fields, MachineSpec, Scenario, Step

#: Ways in which a twin can differ: pids, first page, page size, order of frames, bytes.
DIMENSIONS = 5

#: A page of a twin is at most this long, in bytes, unless the scenario's own is longer.
_PAGE_SIZE_LIMIT = 1 << 12

#: Linux maps files in windows of so many pages: a page keeps its place in its window, or faults would differ.
_WINDOW = 16

#: Machines with more frames keep their order: a list of all of them would cost more than the scenario.
_FRAMES_LIMIT = 1 << 12

#: Bytes that keep their meaning: fresh memory is zero, and poison shows memory that was never cleared.
_FIXED = (0, POISON)


class Disguise(NamedTuple):
    """The twin of a scenario, and how it differs, a few words each."""

    scenario: Scenario
    differs: tuple[str, ...]


class _Chance:
    """Numbers that depend on the seed only, on every machine and in every version of Python."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def number(self, what: str, limit: int) -> int:
        """Return a number from 0 to limit - 1."""
        return int.from_bytes(hashlib.sha256(f"{self._seed}/{what}".encode()).digest()[:8], "big") % limit


def disguise(scenario: Scenario, seed: str) -> Disguise:
    """Return the twin of a scenario. The same seed gives the same twin, which nobody can predict without the seed."""
    chance = _Chance(f"{seed}/{scenario.hash}")
    machine, differs = _machine(scenario.machine, chance)
    byte = _bytes(chance)
    files = tuple(_file(file, byte) for file in scenario.files)
    steps = tuple(_step(step, byte) for step in scenario.steps)
    if (files, steps) != (scenario.files, scenario.steps):
        differs.append("other bytes")
    return Disguise(scenario._replace(machine=machine, files=files, steps=steps), tuple(differs))


def _machine(old: MachineSpec, chance: _Chance) -> tuple[MachineSpec, list[str]]:
    further = 100 + chance.number("page", 4000)
    if old.profile == LINUX:
        further -= further % _WINDOW
    new = old._replace(first_pid=old.first_pid + 10 + chance.number("pid", 90), first_page=old.first_page + further)
    differs = [
        f"the first process is {new.first_pid}, not {old.first_pid}",
        f"the first mapping is at page {new.first_page}, not {old.first_page}",
    ]
    # Only longer pages, so that every byte that a step names still exists. Never the default size: a scenario with
    # another size may test a kernel that takes the default for granted.
    longer = [size for size in (old.page_size << n for n in range(1, 5)) if size <= _PAGE_SIZE_LIMIT]
    longer = [size for size in longer if size != MachineSpec().page_size]
    if longer:
        new = new._replace(page_size=longer[chance.number("size", len(longer))])
        differs.append(f"pages have {new.page_size} bytes, not {old.page_size}")
    if 1 < old.frames <= _FRAMES_LIMIT:
        new = new._replace(allocation="random", seed=1 + chance.number("frames", 1 << 31))
        differs.append("frames come in another order")
    return new, differs


def _bytes(chance: _Chance) -> Callable[[int], int]:
    """Return a function that gives every byte another one, the fixed ones apart, and no two the same."""
    free = [byte for byte in range(256) if byte not in _FIXED]
    order = sorted(free, key=lambda byte: (chance.number(f"byte {byte}", 1 << 62), byte))
    # A single cycle through all of them, so that none keeps its value.
    changed = dict(zip(order, order[1:] + order[:1], strict=True))
    return lambda byte: changed.get(byte, byte)


def _file(file: FileSpec, byte: Callable[[int], int]) -> FileSpec:
    return file._replace(contents=tuple(map(byte, file.contents)))


def _step(step: Step, byte: Callable[[int], int]) -> Step:
    fields, expect = _changed(step.fields, byte), _changed(step.expect, byte)
    return step._replace(fields=cast(Fields, fields), expect=cast(Expect, expect))


def _changed(given: Fields | Expect, byte: Callable[[int], int]) -> dict[str, object]:
    """Return fields, or expectations, with every byte of memory or disk changed."""
    changed: dict[str, Any] = {**given}
    if "value" in changed:
        changed["value"] = byte(changed["value"])
    if "values" in changed:
        changed["values"] = list(map(byte, changed["values"]))
    if isinstance(changed.get("file"), dict):  # a step's `file` is a name; an expectation's is a mapping to bytes
        changed["file"] = {place: byte(value) for place, value in changed["file"].items()}
    return changed
