"""Tries a student's scenarios on the student's own kernel, in a lab without a reference.

A released lab has no reference kernel, no correct variants and no misconceptions, and nothing that travels with it can
stand for them without revealing what they do. So a scenario is checked as far as its file goes, and its own
expectations and the audit are judged on the student's kernel. Where the two disagree, either may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from grader.grade.attempt import Attempt
from grader.grade.runner import Runner
from grader.grade.verdicts import PASSED
from grader.intake.own_scenarios import OwnScenario
from grader.lab.lab import Lab
from grader.mine.validity import check_task


class TriedOwn(NamedTuple):
    """A student's scenario on the student's own kernel. attempt: None if the file cannot be used, see `problems`."""

    name: str
    steps: int
    problems: tuple[str, ...]
    attempt: Attempt | None

    @property
    def verdict(self) -> str:
        """Return the verdict of the attempt, or "" if there was none."""
        return self.attempt.verdict if self.attempt is not None else ""

    @property
    def agrees(self) -> bool:
        """Return True if the kernel does what the scenario expects."""
        return self.attempt is not None and self.attempt.verdict == PASSED


def try_own(lab: Lab, own: Iterable[OwnScenario], runner: Runner) -> list[TriedOwn]:
    """Try each scenario, with `after: each` at its first failure point."""
    tried = []
    for one in own:
        problems = one.problems
        if one.scenario is not None and not problems:
            problems = tuple(check_task(lab, one.scenario))
        attempt = None
        if one.scenario is not None and not problems:
            attempt = runner(one.scenario.at_failure_point(0), None, True)
        tried.append(TriedOwn(one.name, len(one.scenario.steps) if one.scenario else 0, problems, attempt))
    return tried
