"""Finds whose a frame was: the pages that led to it last, for the messages on frames that are still allocated."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from grader.machine.entry import FRAME_SHIFT
from grader.scenario.model import Scenario
from grader.trace.records import ProcessPage, StepRecord
from grader.trace.state import State


def last_users(
    scenario: Scenario, records: Iterable[StepRecord], frames: Collection[int]
) -> dict[int, list[ProcessPage]]:
    """Return frame -> the pages that map it after the last record, or else that mapped it last after an earlier one.

    Only the present life of a frame counts: pages that mapped it before it was freed and handed out again do not. The
    list is empty where no page mapped the frame at the end of any step.
    """
    state = State(scenario)
    found: dict[int, list[ProcessPage]] = {frame: [] for frame in frames}
    for record in records:
        state.follow(record)
        found |= {frame: [] for frame in found.keys() & set(record.allocated)}
        found |= _users(state, frames)
    return found


def _users(state: State, frames: Collection[int]) -> dict[int, list[ProcessPage]]:
    """Return the pages that map these frames now, for those that any page maps. This searches every page table once."""
    users: dict[int, list[ProcessPage]] = {}
    for pid, table in state.tables.items():
        for page, pte in table.items():
            if pte >> FRAME_SHIFT in frames:
                users.setdefault(pte >> FRAME_SHIFT, []).append(ProcessPage(pid, page))
    return users
