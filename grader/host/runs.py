"""One scenario three ways: by the lab's rules, on Linux as modelled, and on this machine."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from grader.lab.lab import Lab
from grader.lab.recordings import load_recording
from grader.scenario.linux_rules import RULES
from grader.scenario.model import LINUX, Scenario
from grader.trace.records import Trace
from grader.trace.state import State

from .compare import Side, compare, host_side, simulated_side
from .machine import HostMachine
from .model import LinuxModel, with_profile
from .replay import HostReplay, HostStep
from .rules import lab_differences


class StepRuns(NamedTuple):
    """A step on all sides.

    linux  None in a released lab without a model of Linux
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
    modelled  the run on Linux as modelled; None without a model
    seconds   the processor time on this machine
    profiled  whether the lab's scenario has the Linux profile itself, so that no lab's rules are left to compare with
    """

    scenario: Scenario
    steps: list[StepRuns]
    played: list[HostStep]
    seconds: float
    recorded: Trace
    modelled: Trace | None
    profiled: bool

    @property
    def rules(self) -> list[int]:
        """Return the rules that the scenario shows."""
        return sorted({number for step in self.steps for number in step.rules})

    @property
    def odd(self) -> list[int]:
        """Return the steps in which this machine is not as modelled."""
        return [number for number, step in enumerate(self.steps, 1) if step.odd]

    def excuses(self, breaks: Collection[int]) -> list[int]:
        """Return those of the rules that this kernel breaks that may be why it is not as modelled.

        In a scenario with the profile, the rules that it shows are not known, so it may be any.
        """
        return sorted(set(breaks) if self.profiled else set(breaks) & set(self.rules))

    def alarms(self, breaks: Collection[int]) -> list[int]:
        """Return the steps in which this machine is not as modelled, unless a rule that it breaks may be why."""
        return [] if self.excuses(breaks) else self.odd


def run(host: HostMachine, lab: Lab, scenario: Scenario, model: LinuxModel | None) -> Runs:
    """Play a scenario three ways."""
    recorded = load_recording(lab, scenario).traces[0]
    plain = with_profile(scenario)
    linux = model.run(scenario) if model is not None else None
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
    return Runs(plain, steps, played, seconds, recorded, linux, scenario.machine.profile == LINUX)


def _sides(scenario: Scenario, trace: Trace) -> list[Side]:
    state = State(scenario)
    sides = []
    for step, record in zip(scenario.steps, trace.steps, strict=True):
        state.follow(record)
        sides.append(simulated_side(step, record, state))
    return sides
