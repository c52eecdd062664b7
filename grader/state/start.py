"""Starts a replay whose states can be compared: frames and processes have numbers that nothing else in it has.

The machine is as the scenario says, with this one exception: frames count from a base that no page number or address
reaches, and pids from FIRST_PID, so that the canonical form can recognise them among a kernel's numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

from grader.machine.frames import allocation_order
from grader.machine.hardware import Hardware
from grader.machine.kernel import Kernel
from grader.replay.simulated import MakeKernel, Replay
from grader.scenario.model import Scenario

#: Number of the first process. Counters in kernels do not come near it; kernels in C have arrays of 4096 processes.
FIRST_PID = 3001

#: No frame has a number below this one.
FIRST_FRAME = 96


def frame_base(frames: int, used: Iterable[int]) -> int:
    """Return a number such that none of so many frames, counted from it, has one of the numbers in use."""
    used, base = frozenset(used), FIRST_FRAME
    while any(base <= number <= base + frames for number in used):
        base += frames + 1
    return base


def start(scenario: Scenario, make_kernel: MakeKernel, base: int, log: list[int] | None = None) -> Replay:
    """Return a replay of a scenario before its first step, on a machine whose frames count from `base`."""
    spec = scenario.machine

    def make(hw: Hardware) -> Kernel:
        frames = hw.frames
        frames._fresh = base
        order = allocation_order(spec.allocation, spec.frames, spec.seed)
        if order is not None:
            frames._order = [*range(base), *(base + frame for frame in order)]
            frames._rank = {frame: rank for rank, frame in enumerate(frames._order)}
        return make_kernel(hw)

    machine = spec._replace(frames=base + spec.frames, first_pid=FIRST_PID, allocation="lowest", seed=0)
    return Replay(scenario._replace(machine=machine), make, log)
