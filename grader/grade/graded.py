"""Defines Graded: one scenario with its attempt, its prints and its points."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from grader.grade.attempt import Attempt
from grader.grade.runner import Printed
from grader.scenario.model import Scenario

#: Characters of a kernel's prints that a result keeps for one scenario.
OUTPUT_LIMIT = 4000


class Graded(NamedTuple):
    """A scenario that was tried: the attempt, what the kernel printed, and the points that a pass is worth."""

    scenario: Scenario
    hidden: bool
    attempt: Attempt
    printed: Printed
    worth: Fraction
    twin: Attempt | None = None  # at the disguised twin of a scenario that passed; for staff only
    differs: tuple[str, ...] = ()  # how the twin differs from the scenario
