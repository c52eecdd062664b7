"""Says what came out for a kernel in a world: what was covered, and a run of the difference from the beginning."""

from __future__ import annotations

from typing import NamedTuple

from grader.grade.attempt import Attempt
from grader.grade.runner import Runner
from grader.grade.verdicts import PASSED
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab
from grader.lab.scope import World
from grader.replay.simulated import replay
from grader.verify.outcome import Outcome
from grader.verify.written import with_outcomes


class Verified(NamedTuple):
    """A world, what its exploration covered, and the attempt at the difference that was found, if any."""

    world: World
    outcome: Outcome
    attempt: Attempt | None = None

    @property
    def confirmed(self) -> bool:
        """Return True if there is a difference, and a run from the beginning does not pass."""
        return self.attempt is not None and self.attempt.verdict != PASSED


def with_attempt(lab: Lab, world: World, outcome: Outcome, runner: Runner) -> Verified:
    """Add the attempt at the difference, as a scenario of the lab that states what the reference does."""
    if outcome.difference is None:
        return Verified(world, outcome)
    reference = reference_kernel(lab)
    scenario = with_outcomes(outcome.difference._replace(task=lab.tasks[0].id), reference)
    attempt = runner(scenario, replay(scenario, reference), True)
    if outcome.stopped and attempt.verdict == PASSED:
        # Why that is, nobody has asked, and until then its states cannot be trusted.
        return Verified(world, Outcome(0, 0, 0, 0, False, stopped=True))
    return Verified(world, outcome._replace(difference=scenario), attempt)
