"""One scenario three ways: by the lab's rules, on Linux as modelled, and on this machine."""

from __future__ import annotations

from typing import NamedTuple

from grader.lab.kernels import load_class
from grader.lab.lab import ClassAt, Lab
from grader.lab.recordings import load_recording
from grader.replay.simulated import MakeKernel, replay
from grader.scenario.linux_rules import RULES
from grader.scenario.model import LINUX, Scenario
from grader.scenario.profile import on_linux
from grader.trace.records import Trace
from grader.trace.state import State

from .compare import Side, compare, host_side, simulated_side
from .machine import HostMachine
from .replay import HostReplay, HostStep
from .rules import lab_differences


class StepRuns(NamedTuple):
    """A step on all sides.

    linux  None in a released lab, which has no model of Linux
    rules  why the first two differ: numbers of rules
    odd    in which respects the model and this machine differ; without the model, nothing
    """

    lab: Side
    linux: Side | None
    host: Side
    rules: tuple[int, ...]
    odd: tuple[str, ...]


class Runs(NamedTuple):
    """A scenario on all sides.

    recorded  the run by the lab's rules
    modelled  the run on Linux as modelled; None in a released lab
    seconds   the processor time on this machine
    """

    scenario: Scenario
    steps: list[StepRuns]
    played: list[HostStep]
    seconds: float
    recorded: Trace
    modelled: Trace | None

    @property
    def rules(self) -> list[int]:
        """Return the rules that the scenario shows."""
        return sorted({number for step in self.steps for number in step.rules})

    @property
    def alarms(self) -> list[int]:
        """Return the steps in which this machine is not as modelled."""
        return [number for number, step in enumerate(self.steps, 1) if step.odd]


def linux_kernel(lab: Lab) -> MakeKernel | None:
    """Return the kernel of the Linux profile; None in a released lab, which has no references."""
    path = lab.path.resolve().parent.parent / "reference" / "linux.py"
    return load_class(ClassAt(path, "LinuxKernel")) if path.is_file() else None


def run(host: HostMachine, lab: Lab, scenario: Scenario, kernel: MakeKernel | None) -> Runs:
    """Play a scenario three ways."""
    recorded = load_recording(lab, scenario).traces[0]
    plain = scenario if scenario.machine.profile == LINUX else on_linux(scenario)
    linux = replay(plain, kernel) if kernel is not None else None
    why = lab_differences(scenario, recorded, plain, linux) if linux is not None else {}
    played, seconds = HostReplay(host, plain).run()
    ours = _sides(scenario, recorded)
    theirs = _sides(plain, linux) if linux is not None else [None] * len(ours)
    steps = []
    for number, (mine, other, seen) in enumerate(zip(ours, theirs, played, strict=True), 1):
        real = host_side(seen)
        odd = tuple(compare(other, real)) if other is not None else ()
        rules = tuple(rule for rule in why.get(number, ([], []))[1] if rule in RULES)
        steps.append(StepRuns(mine, other, real, rules, odd))
    return Runs(plain, steps, played, seconds, recorded, linux)


def _sides(scenario: Scenario, trace: Trace) -> list[Side]:
    state = State(scenario)
    sides = []
    for step, record in zip(scenario.steps, trace.steps, strict=True):
        state.follow(record)
        sides.append(simulated_side(step, record, state))
    return sides
