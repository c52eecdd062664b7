"""Works out the regions of every process from its mmap, munmap, mprotect, fork and exit calls.

Regions are rarely needed, so calls are only noted at first, and carried out when the regions are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from grader.machine.outcome import SharedObject
from grader.machine.protection import Protection
from grader.machine.region import Region, RegionMap
from grader.scenario.model import Scenario, Step

from .records import StepRecord


class Regions:
    """The regions that result from the successful system calls."""

    def __init__(self, scenario: Scenario, pids: Iterable[int]) -> None:
        self._files = {file.name: file for file in scenario.files}
        self._page_size = scenario.machine.page_size
        self._maps = {pid: RegionMap() for pid in pids}
        self._calls: list[tuple[Step | None, StepRecord, range]] = []

    def note(self, step: Step | None, record: StepRecord, pages: range) -> None:
        """Note a call that succeeded (`pages` are those that it is about), or a step in which processes ended."""
        self._calls.append((step, record, pages))

    def by_pid(self) -> dict[int, RegionMap]:
        """Return the regions of every process that is alive."""
        for step, record, pages in self._calls:
            if step is not None:
                self._carry_out(step, record, pages)
            for pid in record.died:
                self._maps.pop(pid, None)
        self._calls.clear()
        return self._maps

    def _carry_out(self, step: Step, record: StepRecord, pages: range) -> None:
        if record.forked:
            self._maps[record.forked] = self._maps[record.actor].copy()
            return
        own = self._maps[record.actor]
        removed = own.remove(pages.start, len(pages))
        if step.verb == "mmap" and pages:
            own.insert(self._region(step, pages))
        elif step.verb == "mprotect":
            protection = Protection.parse(step.fields["protection"])
            for piece in removed:
                own.insert(piece.replace(protection=protection))

    def _region(self, step: Step, pages: range) -> Region:
        fields, size = step.fields, self._page_size
        shared, name = fields.get("shared", False), fields.get("file")
        backing: object = self._files[name] if name else SharedObject() if shared else None
        protection = Protection.parse(fields.get("protection", "rw-"))
        return Region(
            pages.start * size, len(pages), protection, shared, backing, fields.get("offset", 0), page_size=size
        )
