"""Works out how many pages a write has changed before it failed.

A record does not name the page at which a write failed, but it counts page faults. Pages are written in order, each
page whose entry does not allow it costs one fault, and a write fails in a fault. So the last fault shows the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.machine.moves import READ, WRITE
from grader.machine.outcome import OK, RETRIES, SEGV, FileSpec
from grader.machine.protection import Protection
from grader.scenario.model import LINUX, Step

from .records import NO_PROGRESS, ProcessPage, StepRecord
from .state import State


def pages_written(before: State, step: Step, record: StepRecord) -> int:
    """Return how many pages of its place a step has written: all, or those before the page at which it failed."""
    pages = before.pages_of(step.fields["at"])
    if record.outcome == OK:
        return len(pages)
    entries = _Entries(before, record)
    linux = before.scenario.machine.profile == LINUX
    if step.verb == "copy_to_user" and not linux:
        # No byte is written before user_access has made all pages ready; then, up to a page that still has no entry.
        return entries.present(pages) if record.outcome == NO_PROGRESS else 0
    # Linux does not count the fault that ends in SIGSEGV.
    return _before_last_fault(pages, entries, record, counted=record.outcome != SEGV or not linux)


def _before_last_fault(pages: range, entries: _Entries, record: StepRecord, counted: bool) -> int:
    """Return how many pages lie before the one whose fault failed: each that needed a fault uses one up.

    A system call on Linux fails alike if its last fault found no memory, which is counted, and if the page after that
    is refused, which is not. The entry shows whether the last fault succeeded.

    counted  whether the fault that failed is among those of the record
    """
    faults, major = sum(record.faults), record.faults[1]
    if record.outcome == NO_PROGRESS:
        faults -= RETRIES
    for reached, page in enumerate(pages):
        last = faults == 1 and counted
        if entries.faulted(page) or (last and entries.found_no_frame(page, pages[reached + 1 :], major)):
            if (last or faults <= 0) and not entries.writable(page):
                return reached
            faults -= 1
            major -= entries.may_have_read(page)
    return len(pages)


class _Swapped(NamedTuple):
    """Says if a page that had a frame of its own went out to swap in a step, and if it returned in it."""

    left: bool
    returned: bool


class _Entries:
    """The entries of the process that acted in a step, before and after it, and what it moved to swap and back."""

    def __init__(self, before: State, record: StepRecord) -> None:
        self._before = before
        self._pid = record.actor
        self._table = before.tables.get(record.actor, {})
        self._changes = record.changes.get(record.actor, {})
        self._died = record.actor in record.died
        self._moves = record.swapped
        self._fails_at_map = _fails_at_map(before.scenario.steps, record.number)

    def present(self, pages: Sequence[int]) -> int:
        """Return how many pages have an entry after the step, up to the first that has none."""
        return next((number for number, page in enumerate(pages) if not self._after(page)), len(pages))

    def writable(self, page: int) -> bool:
        """Return True if a page may be written after the step."""
        return _writable(self._after(page))

    def faulted(self, page: int) -> bool:
        """Return True if a page certainly had no entry that allowed the write when its turn came."""
        return not _writable(self._table.get(page, 0)) or self._swapped(page).returned

    def found_no_frame(self, page: int, later: Sequence[int], major: int) -> bool:
        """Return True if a page went out to swap before its turn, and the last fault found no frame to bring it back.

        later  the pages after it; one that went out for these was written before
        major  how many faults have read from disk, without those at earlier pages
        """
        if not self._swapped(page).left:
            return False
        # A fault that finds no frame reads nothing and makes no entry, and no page after it is touched.
        #
        # The record leaves one case open, which is taken for this one:
        # - an earlier fault found its page of a file in memory
        # - this page was written
        # - a later page's fault, the last one, took its frame, read from disk and failed all the same
        return major <= 0 and not self._fails_at_map and not any(self._made_ready(other) for other in later)

    def may_have_read(self, page: int) -> bool:
        """Return True if the fault of a page may have read it from disk."""
        if page in self._table:
            return self._swapped(page).returned
        region = self._before.regions[self._pid].find(page)
        of_file = region is not None and isinstance(region.file, FileSpec)
        return of_file or ProcessPage(self._pid, page) in self._before.out

    def _after(self, page: int) -> int:
        """Return an entry after the step; 0 if there is none. A process that has ended has none."""
        return 0 if self._died else self._changes.get(page, self._table.get(page, 0))

    def _made_ready(self, page: int) -> bool:
        return self.writable(page) and self.faulted(page)

    def _swapped(self, page: int) -> _Swapped:
        frame = self._table.get(page, 0) >> FRAME_SHIFT
        for number, move in enumerate(self._moves if page in self._table else ()):
            if move.kind == WRITE and move.frame == frame:
                later = self._moves[number:]
                return _Swapped(True, any(other.kind == READ and other.slot == move.slot for other in later))
        return _Swapped(False, False)


def _writable(pte: int) -> bool:
    return pte & Protection.WRITE.bits != 0


def _fails_at_map(steps: Sequence[Step], number: int) -> bool:
    """Return True if the scenario makes a call of `map` fail in a step."""
    return number > 1 and steps[number - 2].verb == "fail" and steps[number - 2].fields["operation"] == "map"
