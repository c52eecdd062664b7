"""Writes steps of an exploration as a scenario."""

from __future__ import annotations

from grader.lab.scope import World
from grader.machine.outcome import OK
from grader.replay.simulated import MakeKernel, Replay
from grader.scenario.describe import in_words
from grader.scenario.model import Scenario, Step
from grader.verify.product import ReferenceFault


def written(world: World, steps: tuple[Step, ...]) -> Scenario:
    """Return steps as a scenario on the world's own machine."""
    title = f"{len(steps)} steps end as on the reference"
    return Scenario("found", title, "", world.machine, world.files, world.started, steps)


def with_outcomes(scenario: Scenario, reference: MakeKernel) -> Scenario:
    """Return a scenario in which each step that does not succeed on the reference says how it ends."""
    run = Replay(scenario, reference)
    told = []
    for step in scenario.steps:
        record = run.step(step)
        if record.ends or record.findings:
            raise ReferenceFault(f"the reference is wrong in step {step.number} of: {in_words(scenario.steps)}")
        told.append(step._replace(expect={} if record.outcome == OK else {"outcome": record.outcome}))
    return scenario._replace(steps=tuple(told))
