"""Works out the regions of every process from its mmap, munmap, mprotect, fork and exit calls.

Regions are rarely needed, so calls are only noted at first, and carried out when the regions are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from grader.machine.outcome import ERROR, FileSpec, SharedObject
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
        self._not_inherited: dict[int, set[int]] = {}  # pid -> pages that madvise keeps from children
        self._calls: list[tuple[Step | None, StepRecord, range, range]] = []

    def note(self, step: Step | None, record: StepRecord, pages: range, old: range = range(0)) -> None:
        """Note a call that succeeded (`pages` are those that it is about), or a step in which processes ended.

        old: where mremap has taken the pages from
        """
        self._calls.append((step, record, pages, old))

    def by_pid(self) -> dict[int, RegionMap]:
        """Return the regions of every process that is alive."""
        for step, record, pages, old in self._calls:
            if step is not None and old:
                self._move(record, pages, old)
            elif step is not None:
                self._carry_out(step, record, pages)
            for pid in record.died:
                self._maps.pop(pid, None)
        self._calls.clear()
        return self._maps

    def _carry_out(self, step: Step, record: StepRecord, pages: range) -> None:
        if record.forked:
            self._maps[record.forked] = self._maps[record.actor].copy()
            for page in self._not_inherited.get(record.actor, ()):
                self._maps[record.forked].remove(page, 1)
            return
        own = self._maps[record.actor]
        kept_back = self._not_inherited.setdefault(record.actor, set())
        if step.verb == "madvise":
            if step.fields["advice"] == "dontfork":
                kept_back.update(page for page in pages if own.find(page) is not None)
            return
        if step.verb == "mprotect" and record.outcome == ERROR:
            pages = _reached(own, pages, Protection.parse(step.fields["protection"]))
        if not pages:  # on Linux, mprotect of no pages succeeds
            return
        if step.verb != "mprotect":
            kept_back.difference_update(pages)
        removed = own.remove(pages.start, len(pages))
        if step.verb == "mmap" and pages:
            own.insert(self._region(step, pages))
        elif step.verb == "mprotect":
            protection = Protection.parse(step.fields["protection"])
            for piece in removed:
                own.insert(piece.replace(protection=protection))

    def _move(self, record: StepRecord, pages: range, old: range) -> None:
        """Move a region, as mremap does."""
        own, kept_back = self._maps[record.actor], self._not_inherited.get(record.actor, set())
        for piece in own.remove(old.start, len(old)):
            own.insert(piece.replace(start=pages.start * self._page_size, pages=len(pages)))
        # What mremap adds belongs to the last page.
        moved = {page for i, page in enumerate(pages) if old[min(i, len(old) - 1)] in kept_back}
        kept_back.difference_update(old)
        kept_back.update(moved)

    def _region(self, step: Step, pages: range) -> Region:
        fields, size = step.fields, self._page_size
        shared, name = fields.get("shared", False), fields.get("file")
        backing: object = self._files[name] if name else SharedObject() if shared else None
        protection = Protection.parse(fields.get("protection", "rw-"))
        return Region(
            pages.start * size, len(pages), protection, shared, backing, fields.get("offset", 0), page_size=size
        )


def _reached(regions: RegionMap, pages: range, protection: Protection) -> range:
    """Return the pages that an mprotect has changed before it failed: those before the first that it cannot change."""
    for page in pages:
        region = regions.find(page)
        read_only = region is not None and isinstance(region.file, FileSpec) and not region.file.writable
        if region is None or (region.shared and read_only and Protection.WRITE in protection):
            return range(pages.start, page)
    return pages
