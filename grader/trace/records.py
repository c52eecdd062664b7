"""Defines the records of a replay: one per step, enough to rebuild the state after every step (state.py).

A record holds what was observed (numbers, frames, entries), never a judgement.
"""

from __future__ import annotations

from typing import NamedTuple

from grader.machine.audit import Finding
from grader.machine.image import Image
from grader.machine.moves import SwapMove

#: How a step can end, in addition to the outcomes of a scenario: two that end the replay, and one for a process that
#: is gone.
CRASHED, NO_PROGRESS, SKIPPED = "crashed", "no_progress", "skipped"


class ProcessPage(NamedTuple):
    """A page of a process."""

    pid: int
    page: int


class StepRecord(NamedTuple):
    """The effects of one step: differences to the step before, except `frames` and `slots`, the totals after it.

    actor      pid of the process that acted; 0 for `fail` and for the end
    faults     (minor, major) of the actor
    written    (file, page, contents) put on disk
    allocated  frames handed out, in order: a frame's life begins there
    changes    pid -> page -> entry as the machine's integer, 0 where it is gone
    stale      pid -> page -> entry that the TLB holds and that the page table contradicts; a total as well
    mapped     (name, first page, pages) after a successful mmap
    forked     pid of the new process, or 0
    died       pids of the processes that ended in this step
    swapped    what was done with swap slots, in order
    """

    number: int
    outcome: str
    actor: int = 0
    values: list[int] = []  # noqa: RUF012 - records are never changed
    faults: tuple[int, int] = (0, 0)
    copies: int = 0
    reads: int = 0
    writes: int = 0
    written: list[tuple[int, int, Image]] = []  # noqa: RUF012
    frames: int = 0
    slots: int = 0
    allocated: list[int] = []  # noqa: RUF012
    changes: dict[int, dict[int, int]] = {}  # noqa: RUF012
    stale: dict[int, dict[int, int]] = {}  # noqa: RUF012
    findings: list[Finding] = []  # noqa: RUF012
    mapped: tuple[str, int, int] | None = None
    forked: int = 0
    died: tuple[int, ...] = ()
    swapped: list[SwapMove] = []  # noqa: RUF012

    @property
    def ends(self) -> bool:
        """Return True if the replay ended here, before the scenario did."""
        return self.outcome in (CRASHED, NO_PROGRESS)


class Trace(NamedTuple):
    """One replay. `pids` names the processes; the last record, the end, is in `end` (None if the replay broke off)."""

    scenario: str
    hash: str
    page_size: int
    pids: dict[str, int]
    steps: list[StepRecord]
    end: StepRecord | None
