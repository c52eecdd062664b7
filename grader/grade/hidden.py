"""Decide what students learn about hidden scenarios: one outcome per task, never one per scenario.

A kernel sees the steps of a hidden scenario while it runs, and it chooses how to end. Each ending that a student could
tell from another would carry information about the scenario out. So a summary depends on the hidden scenarios only
through "did all of this task pass?", plus one question more where the course allows it:

    kind      summaries that one task can have, for one public behaviour
    passed    2: passed, not passed
    rule      3: passed, not passed, not passed with the rule of the task's first public failure
    points    5: quarters of the hidden points, rounded down
    nothing   1

If any hidden scenario of a run could not be graded, no task has an outcome. A kernel that pretends to be a fault of
ours therefore gains one more outcome for the whole run, and loses all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from grader.compare.explain import ABOUT
from grader.grade.verdicts import FAILED, MEANINGS, NOT_IMPLEMENTED, PASSED, UNGRADABLE, WAITING
from grader.lab.feedback import POINTS, RULE
from grader.language import say

#: Steps in which `points` shows the hidden points of a task.
STEPS = 4


class Outcome(NamedTuple):
    """The outcome of one scenario. rule: that of the first difference, "" if there is none."""

    verdict: str
    rule: str
    worth: Fraction


class Summary(NamedTuple):
    """The summary of the hidden scenarios of one task, as a student sees it."""

    verdict: str
    message: str
    earned: Fraction
    most: Fraction


def summarize(public: Sequence[Outcome], hidden: Sequence[Outcome], kind: str, waits: bool, complete: bool) -> Summary:
    """Summarize the hidden scenarios of one task.

    public    its public scenarios, with the verdicts that the student sees
    kind      PASSED, RULE or POINTS of grader/lab/feedback.py
    waits     whether the task needs another one that has not passed
    complete  whether every hidden scenario of the run could be graded
    """
    most = sum((one.worth for one in hidden), Fraction(0))
    if not complete:
        return Summary(UNGRADABLE, say(MEANINGS[UNGRADABLE]), Fraction(0), most)
    if all(one.verdict == PASSED for one in hidden):
        return Summary(PASSED, say("passed"), most, most)
    verdict = _not_passed(public, waits)
    message = say("not passed: the hidden scenario")
    if len(hidden) > 1:
        message = say("not passed: not all {count} hidden ones", count=len(hidden))
    if kind == RULE and verdict == FAILED:
        rule = next((one.rule for one in public if one.verdict == FAILED and one.rule), "")
        if rule and any(one.rule == rule for one in hidden):
            told = "not passed: differs in {rule} as in public: {about}"
            message = say(told, rule=rule, about=say(ABOUT[rule]))
    return Summary(verdict, message, _quarters(hidden, most) if kind == POINTS else Fraction(0), most)


def _not_passed(public: Sequence[Outcome], waits: bool) -> str:
    """Return the verdict that stands for "not passed", which only public scenarios decide.

    A stub's and a waiting task's reports would be full of failures otherwise, as many as there are tasks.
    """
    failing = {one.verdict for one in public if one.verdict != PASSED}
    if failing == {NOT_IMPLEMENTED}:
        return NOT_IMPLEMENTED
    return WAITING if waits else FAILED


def _quarters(hidden: Sequence[Outcome], most: Fraction) -> Fraction:
    """Return the points of the passed ones, rounded down to a step. All points are shown only if all passed."""
    earned = sum((one.worth for one in hidden if one.verdict == PASSED), Fraction(0))
    return most * (earned * STEPS // most) / STEPS if most else Fraction(0)
