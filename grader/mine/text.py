"""Writes what became of a student's scenarios as lines of text. All are harmless, although they quote its files."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase

from grader.escape import printable
from grader.grade.verdicts import NOT_IMPLEMENTED, UNGRADABLE
from grader.lab.lab import Lab
from grader.mine.hints import hints
from grader.mine.local import TriedOwn
from grader.mine.strength import Strength, needed
from grader.plural import number_of
from grader.points import points

_STAGES = ("the rule", "the rule and the verb", "the rule, the verb and the state")

#: Verdicts that say nothing about a scenario.
_STATES = {NOT_IMPLEMENTED: "kernel not written yet", UNGRADABLE: "could not be tried"}


# -- with the course's kernels ------------------------------------------------------------------------------------


def strength_lines(lab: Lab, strength: Strength, stage: int, more: str = "") -> list[str]:
    """Return the report on scenarios that the course's kernels have judged.

    stage  how much the hints say (hints.py)
    more   the sentence that says how to get the next stage, if there is a way
    """
    return [printable(line) for line in _strength(lab, strength, stage, more)]


def _strength(lab: Lab, strength: Strength, stage: int, more: str) -> Iterator[str]:
    judged = strength.judged
    yield f"{lab.name}: {number_of(len(judged), 'scenario')} of your own"
    width = max(len(one.name) for one in judged)
    for letter, one in zip(_letters(), judged, strict=False):
        state = "INVALID" if one.problems else "copied" if one.copy_of else "valid"
        catches = "-" if one.problems else f"catches {len(one.caught)}"
        yield f"  {letter}  {one.name:{width}}  {number_of(one.steps, 'step'):>9}  {state:7}  {catches}"
    for one in judged:
        if one.problems or one.copy_of:
            yield ""
            yield from _trouble(one.name, one.problems, one.copy_of)
    caught = strength.caught
    yield ""
    yield f"Caught: {len(caught)} of {len(strength.beliefs)} misconceptions{', kernels that' if caught else ''}"
    for flag in caught:
        marks = "".join(letter if flag in one.caught else "." for letter, one in zip(_letters(), judged, strict=False))
        yield f"  {marks}  {strength.beliefs[flag]}"
    yield from _missed(lab, strength, stage, more)
    if lab.mine is not None:
        full = needed(lab.mine, len(strength.beliefs))
        yield ""
        yield (
            f"Points for your scenarios: {points(strength.points)} of {points(strength.most)}, in proportion to what "
            f"they catch; {full} earn all. They are a score of their own, not part of the lab's 100."
        )


def _missed(lab: Lab, strength: Strength, stage: int, more: str) -> Iterator[str]:
    if not strength.missed:
        return
    yield ""
    yield f"Caught by none of yours: {len(strength.missed)}. They show in ({_STAGES[stage - 1]}):"
    yield from (f"  {hint}" for hint in hints(lab, strength.missed, stage))
    if more:
        yield f"  {more}"


def _trouble(name: str, problems: tuple[str, ...], copy_of: str) -> Iterator[str]:
    if copy_of:
        yield f"{name}: has the steps of the public scenario {copy_of}, so it counts for nothing"
    yield from problems


# -- without them -------------------------------------------------------------------------------------------------


def local_lines(lab: Lab, tried: list[TriedOwn]) -> list[str]:
    """Return the report on scenarios that were tried on the student's own kernel."""
    return [printable(line) for line in _local(lab, tried)]


def _local(lab: Lab, tried: list[TriedOwn]) -> Iterator[str]:
    yield f"{lab.name}: {number_of(len(tried), 'scenario')} of your own, on your kernel"
    width = max(len(one.name) for one in tried)
    for one in tried:
        state = "INVALID" if one.problems else "agrees" if one.agrees else _STATES.get(one.verdict, "DIFFERS")
        yield f"  {one.name:{width}}  {number_of(one.steps, 'step'):>9}  {state}"
    for one in tried:
        if one.problems or not one.agrees:
            yield ""
            yield from one.problems
        if one.attempt is not None and not one.agrees:
            wrong = "your kernel does not do what it expects; one of the two is wrong"
            yield f"{one.name}: {'it cannot be tried yet' if one.verdict in _STATES else wrong}"
            yield from (f"  {line}" for line in one.attempt.lines)
    yield ""
    yield (
        "This copy of the lab has no reference, so this shows only if your scenarios and your kernel agree. The course "
        "decides if they are valid, and counts which mistakes they catch."
    )


def _letters() -> Iterator[str]:
    yield from ascii_lowercase
