"""Collect what the scenarios of a lab use. Random scenarios use nothing else, so that they stay on its subject."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from grader.errors import InputError
from grader.lab.lab import Lab
from grader.machine.outcome import FileSpec
from grader.scenario.model import MachineSpec

#: verb -> its share among random steps. The simplest comes first, because shrinking moves towards the first.
SHARES = {
    "write": 5,
    "read": 3,
    "fork": 3,
    "mmap": 2,
    "exit": 1,
    "munmap": 2,
    "mprotect": 2,
    "execute": 1,
    "copy_to_user": 2,
    "copy_from_user": 2,
    "fail": 3,
}

#: Number of frames of a machine that soon runs out of memory.
TIGHT = (2, 3, 5)

#: More frames or larger pages than this only make random scenarios slower.
FRAMES, PAGE_SIZE = 64, 64


class Hardware(NamedTuple):
    """A machine, the files on its disk, and the processes that exist at the start."""

    machine: MachineSpec
    files: tuple[FileSpec, ...]
    processes: tuple[str, ...]


class Vocabulary(NamedTuple):
    """Holds what random scenarios are made of.

    verbs      by their shares, repeated
    mappings   (protection, shared, of a file)
    at         whether mmap may say where; linux: whether it may be fixed or populate, and accesses survive a SIGSEGV

    The rest is as in the lab's scenarios.
    """

    verbs: list[str]
    hardware: list[Hardware]
    mappings: list[tuple[str, bool, bool]]
    protections: list[str]
    failures: list[str]
    at: bool
    linux: bool = False


def vocabulary(lab: Lab) -> Vocabulary:
    """Return what a lab's public scenarios use. InputError if a search cannot start from any of them."""
    steps = [step for scenario in lab.scenarios for step in scenario.steps]
    used = {step.verb for step in steps}
    hardware = {
        Hardware(scenario.machine._replace(allocation="lowest", seed=0), scenario.files, scenario.processes): None
        for scenario in lab.scenarios
        if scenario.machine.frames <= FRAMES and scenario.machine.page_size <= PAGE_SIZE
    }
    if "mmap" not in used or not hardware:
        raise InputError([f"{lab.name}: no public scenario maps memory on a machine of up to {FRAMES} frames"])
    maps = [step.fields for step in steps if step.verb == "mmap"]
    kinds = [(f.get("protection", "rw-"), f.get("shared", False), "file" in f) for f in maps]
    return Vocabulary(
        [verb for verb, share in SHARES.items() if verb in used for _ in range(share)],
        [*sorted(hardware, key=_plainness), *_tight(hardware)],
        sorted(dict.fromkeys(kinds), key=lambda kind: (-kinds.count(kind), kind)),
        sorted({step.fields["protection"] for step in steps if step.verb == "mprotect"}, reverse=True),
        sorted({step.fields["operation"] for step in steps if step.verb == "fail"}),
        any("at" in fields for fields in maps),
    )


def _tight(hardware: Iterable[Hardware]) -> list[Hardware]:
    """Return the same machines with very little memory: kernels often break rules when memory runs out."""
    small = [
        h._replace(machine=h.machine._replace(frames=frames))
        for h in hardware
        for frames in TIGHT
        if not any(file.cached for file in h.files)  # these are in memory from the start, so they need their frames
    ]
    return list(dict.fromkeys(small))


def _plainness(hardware: Hardware) -> tuple[int, str]:
    """Return a sort key that puts the default machine first."""
    default = MachineSpec()
    other = sum(a != b for a, b in zip(hardware.machine, default, strict=True))
    return other + len(hardware.files) + len(hardware.processes), repr(hardware)
