"""Compare a step on the host with the same step on the simulated machine: outcome, faults, values, pages, sharing."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.scenario.model import Step
from grader.trace.records import StepRecord
from grader.trace.state import State

from .replay import HostStep
from .sharing import Page

#: Verbs whose values are compared.
_READING = ("read", "execute", "copy_from_user")


class Side(NamedTuple):
    """Holds what can be compared of a step, whoever carried it out.

    faults  None where they are not measured
    frames  page of a process -> a label that pages with the same frame have in common; None where nothing shows it
    """

    outcome: str
    faults: tuple[int, int] | None
    values: list[int]
    frames: Mapping[Page, Hashable] | None


def simulated_side(step: Step, record: StepRecord, state: State) -> Side:
    """Return what the simulated machine did in a step; `state` is that after it."""
    names = {pid: name for name, pid in state.pids.items()}
    frames = {
        (names[pid], page): entry >> FRAME_SHIFT for pid, table in state.tables.items() for page, entry in table.items()
    }
    return Side(record.outcome, record.faults, record.values if step.verb in _READING else [], frames)


def host_side(step: HostStep) -> Side:
    """Return what this machine did in a step."""
    frames = None if step.present is None else step.frames
    return Side(step.outcome, step.faults, step.values, frames)


def compare(one: Side, other: Side) -> list[str]:
    """Return in which respects two sides differ: outcome, faults, values, present, shared."""
    found = []
    if one.outcome != other.outcome:
        found.append("outcome")
    if one.faults is not None and other.faults is not None and one.faults != other.faults:
        found.append("faults")
    if one.values != other.values:
        found.append("values")
    if one.frames is not None and other.frames is not None:
        if one.frames.keys() != other.frames.keys():
            found.append("present")
        elif groups(one.frames) != groups(other.frames):
            found.append("shared")
    return found


def groups(frames: Mapping[Page, Hashable]) -> set[frozenset[Page]]:
    """Return which pages have a frame in common."""
    by_label: dict[Hashable, list[Page]] = {}
    for page, label in frames.items():
        by_label.setdefault(label, []).append(page)
    return {frozenset(pages) for pages in by_label.values()}


def differences(step: Step, record: StepRecord, state: State, host: HostStep) -> list[str]:
    """Return in which respects the profile and this machine differ in a step."""
    return compare(simulated_side(step, record, state), host_side(host))
