"""Measures how strong a student's scenarios are: which misconceptions they catch, and the points for it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from grader.grade.attempt import attempt_each
from grader.grade.verdicts import PASSED
from grader.intake.own_scenarios import OwnScenario
from grader.lab.lab import Lab, Mine
from grader.lab.mistakes import misconception_kernel, misconceptions, mistakes
from grader.lab.recordings import Recording
from grader.mine.validity import meets_expectations, problems_with
from grader.scenario.model import Scenario

#: Fields that name a mapping, a file or a process.
_NAMING = ("name", "at", "child", "file")

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Judged(NamedTuple):
    """A student's scenario after it was run.

    problems  why it is not valid; empty if it is
    caught    flags of the misconceptions that it catches
    copy_of   the public scenario that has the same steps, or ""; a copy catches nothing
    """

    name: str
    steps: int
    problems: tuple[str, ...]
    caught: tuple[str, ...] = ()
    copy_of: str = ""


class Strength(NamedTuple):
    """Holds what all scenarios of a student achieve together.

    beliefs  flag -> what a kernel with this misconception does, for all misconceptions that the lab teaches against
    """

    judged: list[Judged]
    beliefs: dict[str, str]
    points: Fraction
    most: Fraction

    @property
    def valid(self) -> bool:
        """Return True if no scenario has a problem."""
        return not any(one.problems for one in self.judged)

    @property
    def caught(self) -> list[str]:
        """Return the flags that at least one scenario catches."""
        found = {flag for one in self.judged for flag in one.caught}
        return [flag for flag in self.beliefs if flag in found]

    @property
    def missed(self) -> list[str]:
        """Return the flags that no scenario catches."""
        caught = set(self.caught)
        return [flag for flag in self.beliefs if flag not in caught]


def strength_of(lab: Lab, own: Iterable[OwnScenario]) -> Strength:
    """Judge a student's scenarios. InputError in a released lab, which has no kernels to judge with."""
    known = mistakes(lab)
    beliefs = {flag: known[flag].belief for flag in misconceptions(lab, taught=True)}
    judged = [_judge(lab, one, list(beliefs)) for one in own]
    caught = len({flag for one in judged for flag in one.caught})
    mine = lab.mine or Mine(Fraction(0), Fraction(1), 0)
    return Strength(judged, beliefs, curve(mine, caught, len(beliefs)), mine.points)


def needed(mine: Mine, taught: int) -> int:
    """Return how many misconceptions earn all of the points."""
    return max(1, math.ceil(mine.full * taught))


def curve(mine: Mine, caught: int, taught: int) -> Fraction:
    """Return the points for what was caught: in proportion up to `full`, rounded down to hundredths."""
    share = min(Fraction(1), Fraction(caught, needed(mine, taught)))
    return Fraction(math.floor(mine.points * share * 100), 100)


def _judge(lab: Lab, own: OwnScenario, flags: list[str]) -> Judged:
    scenario = own.scenario
    if scenario is None or own.problems:
        return Judged(own.name, len(scenario.steps) if scenario is not None else 0, own.problems)
    output, problems = problems_with(lab, scenario)
    if problems or output is None:
        return Judged(own.name, len(scenario.steps), tuple(problems))
    shape = shape_of(scenario)
    copy = next((public.id for public in lab.scenarios if shape_of(public) == shape), "")
    caught = () if copy else tuple(flag for flag in flags if catches(lab, flag, scenario, output))
    return Judged(own.name, len(scenario.steps), (), caught, copy)


def catches(lab: Lab, flag: str, scenario: Scenario, output: Recording) -> bool:
    """Return True if a misconception does not pass a scenario.

    It is not compared with the reference: what the scenario itself expects must catch it, or the machine's audit. So a
    scenario that does much and expects nothing is weak, and a student can predict what is judged.
    """
    kernel = misconception_kernel(lab, flag)
    return attempt_each(scenario, output, partial(meets_expectations, kernel=kernel)).verdict != PASSED


def shape_of(scenario: Scenario) -> tuple[object, ...]:
    """Return what a scenario does, without what it expects, and with its names and bytes replaced by their order."""
    order: dict[str, str] = {}

    def renamed(text: str) -> str:
        return _WORD.sub(lambda word: order.setdefault(word[0], f"n{len(order)}"), text)

    steps = []
    for step in scenario.steps:
        # In one order, so that the order of a file's fields does not matter.
        fields = sorted((key, str(value)) for key, value in step.fields.items() if key not in ("value", "values"))
        plain = tuple((key, renamed(value) if key in _NAMING else value) for key, value in fields)
        steps.append((step.verb, renamed(step.by), plain))
    return tuple(steps)
