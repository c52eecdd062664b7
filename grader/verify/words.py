"""Puts what an exploration has covered into words."""

from __future__ import annotations

from grader.verify.outcome import Outcome
from grader.verify.verified import Verified


def headline(outcome: Outcome) -> str:
    """Return what the difference is, such as "the shortest scenario with a difference"."""
    if outcome.shortest:
        return "the shortest scenario with a difference"
    without = f"; none of up to {_steps(outcome.steps)} has one" if outcome.steps else ""
    return f"a scenario with a difference{without}"


def certificate(outcome: Outcome) -> str:
    """Return one sentence on what holds, such as "no difference in any scenario of any length (38 states, …)"."""
    if not outcome.scenarios:
        return "nothing was covered"
    steps = _steps(outcome.steps)
    scenarios = f"{outcome.scenarios:,} scenario{'s' * (outcome.scenarios != 1)}"
    if not outcome.merged:
        return f"no difference in any of {scenarios} of up to {steps}"
    seen = f"{outcome.states:,} states, {outcome.edges:,} steps between them"
    if outcome.closed:
        return f"no difference in a scenario of any length ({seen}; {scenarios} of up to {steps})"
    return f"no difference in any of {scenarios} of up to {steps} ({seen})"


def remarks(outcome: Outcome) -> list[str]:
    """Return what limits the certificate, as sentences."""
    found = []
    if not outcome.shortest:
        why = f"this kernel {outcome.reason}" if outcome.reason else "the search was stopped"
        found.append(f"There may be a shorter one, because {why}.")
    elif not outcome.merged:
        found.append(f"Every scenario was run from its beginning, because this kernel {outcome.reason}.")
    elif outcome.reason:
        found.append(f"The exploration ended there, because this kernel {outcome.reason}.")
    if outcome.stopped and (outcome.shortest or outcome.reason):
        covered = "; what is shown above has been covered" if outcome.scenarios else ""
        found.append(f"Stopped before it was finished{covered}.")
    if outcome.kept:
        found.append("The same command goes on from there.")
    if outcome.resumed:
        states = f"{outcome.resumed:,} state{'s' * (outcome.resumed != 1)}"
        found.append(f"An earlier run that was stopped had found {states}; this one went on from there.")
    return found


def _steps(number: int) -> str:
    return f"{number} step{'s' * (number != 1)}"


def summary(found: list[Verified]) -> str:
    """Return one sentence on several worlds, for a report: the difference, or the weakest of the certificates."""
    for world, outcome, _ in found:
        if outcome.difference is not None:
            steps = len(outcome.difference.steps)
            return f"verified: a scenario of {_steps(steps)} differs, in scope {world.name}"
    worlds = f"{len(found)} small world{'s' * (len(found) != 1)}"
    verified = "verified until it was stopped" if found[-1].outcome.stopped else "verified"
    if all(outcome.closed for _, outcome, _ in found):
        return f"verified: no difference in a scenario of any length, in {worlds}"
    scenarios = sum(outcome.scenarios for _, outcome, _ in found)
    steps = min(outcome.steps for _, outcome, _ in found)
    return f"{verified}: no difference in {scenarios:,} scenarios, all those of up to {_steps(steps)} in {worlds}"
