"""Checks the invariants that hold between any two steps, regardless of the kernel's own bookkeeping.

    A1  no entry points to a free frame
    A2  every frame in use has an owner: an entry, or a shared object or file that some region still shows
    A3  no entry of a private region is writable while another entry, the page cache or the zero frame has its frame
    A4  no entry allows more than its region
    A5  no entry lies outside every region
    A7  no entry points to a frame that was freed and handed out again after the entry was made
    FORK  a fork that failed left nothing behind

The audit looks only at what the step touched: entries that were written, frames that were handed out, freed or left,
and frames that had a writer and another user at the same time. The page tables count users as they change
(Frames._users), so that a step without a suspect costs one test an entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from .entry import FRAME_SHIFT, RIGHTS
from .frames import WRITER
from .protection import WRITE_BIT

if TYPE_CHECKING:
    from .frames import Frames
    from .pagetable import PageTable
    from .process import Process
    from .region import Region


#: Maximum number of findings per step: a kernel that breaks a rule in a thousand pages makes one mistake.
FINDINGS = 32


class Finding(NamedTuple):
    """One broken invariant: its name, the frame in question (-1 if none), and the entries involved."""

    check: str
    frame: int
    entries: tuple[tuple[int, int], ...]  # (pid, page)


class Audit:
    """Checks each step; knows the frames and the processes that are alive."""

    __slots__ = ("_frames", "_processes", "_quiet")

    def __init__(self, frames: Frames, processes: dict[int, Process], quiet: Callable[..., bool] | None = None) -> None:
        self._frames = frames
        self._processes = processes
        self._quiet = quiet  # the compiled core's, which sees quickly that there is nothing to find in a table

    def settle(self, touched: list[PageTable], released: Iterable[Region]) -> list[Finding]:
        """Return the findings of a step.

        released: regions that went away in this step; what their objects held may have lost its last owner.
        """
        frames = self._frames
        findings: list[Finding] = []
        for table in touched:
            self._check_table(table, findings)
        if frames._freed:
            self._check_freed(touched, findings)
        self._check_owners(released, findings)
        if frames._suspects:
            self._check_writers(touched, findings)
        return findings[:FINDINGS]

    def clear(self, touched: list[PageTable]) -> None:
        """Begin the next step: nothing is touched yet."""
        frames = self._frames
        for table in touched:
            table._changes = {}
        touched.clear()
        frames._born = []
        frames._freed = []
        frames._orphans = []
        if frames._suspects:
            frames._suspects = set()

    def _check_table(self, table: PageTable, findings: list[Finding]) -> None:
        """Check A4 and A5 for the entries that the step wrote, and note which frames they give to shared objects."""
        process = self._processes.get(table._pid)
        if process is None or (self._quiet is not None and self._quiet(table._changes, process._regions)):
            return
        first = end = 0
        forbidden = 0
        for page, pte in table._changes.items():
            if not first <= page < end and pte:
                region = process._regions.find(page)
                if region is None:
                    findings.append(Finding("A5", pte >> FRAME_SHIFT, ((table._pid, page),)))
                    continue
                first, end = region.first_page, region.end_page
                forbidden = RIGHTS & ~region.protection.bits
                if region.shared:
                    self._hold(table, region)
            if pte & forbidden:
                findings.append(Finding("A4", pte >> FRAME_SHIFT, ((table._pid, page),)))

    def note_holders(self, process: Process) -> None:
        """Note the frames that a process gave to shared objects: it ends, and its entries are gone before the audit."""
        if process.page_table._changes:
            for region in process._regions:
                if region.shared:
                    self._hold(process.page_table, region)

    def _hold(self, table: PageTable, region: Region) -> None:
        """Note the frames mapped in a shared region as holders of its object's pages."""
        for page, pte in table._changes.items():
            frame = pte >> FRAME_SHIFT
            if pte and region.first_page <= page < region.end_page and frame not in self._frames._holder:
                self._frames._holder[frame] = (region.file, -1)

    def _check_freed(self, touched: list[PageTable], findings: list[Finding]) -> None:
        """Check A1 and A7: no entry maps a frame that was freed after it was made, in use again or not."""
        frames = self._frames
        stale = {frame for frame in frames._freed if frames._users[frame] and not frames._allocated[frame]}
        reborn = {f for f in set(frames._freed).intersection(frames._born) if frames._users[f] and frames._allocated[f]}
        for frame, entries in sorted(self._search(stale).items()):
            findings.append(Finding("A1", frame, tuple(entries)))
        if reborn:
            written = [
                (t._pid, page) for t in touched for page, pte in t._changes.items() if pte >> FRAME_SHIFT in reborn
            ]
            for frame, entries in sorted(self._search(reborn).items()):
                if not set(entries).issubset(written):
                    findings.append(Finding("A7", frame, tuple(entries)))

    def _check_owners(self, released: Iterable[Region], findings: list[Finding]) -> None:
        """Check A2 for frames handed out, without their last entry, or of an object that lost a region."""
        frames = self._frames
        users, allocated = frames._users, frames._allocated
        lost = {frame for frame in frames._born if not users[frame] and allocated[frame]}
        lost.update(frame for frame in frames._orphans if not users[frame] and allocated[frame])
        if frames._holder:
            objects = {id(region.file) for region in released if region.file is not None}
            if objects:
                lost.update(frame for frame, held in frames._holder.items() if id(held[0]) in objects)
            lost = {frame for frame in lost if not self._held(frame) and not self._entries_of(frame)}
        findings.extend(Finding("A2", frame, ()) for frame in sorted(lost))

    def _held(self, frame: int) -> bool:
        """Return True if a frame holds a page of an object or file that some region still shows."""
        held = self._frames._holder.get(frame)
        return held is not None and any(
            region.file is held[0] for process in self._processes.values() for region in process._regions
        )

    def _check_writers(self, touched: list[PageTable], findings: list[Finding]) -> None:
        """Check A3 for the frames that had a writer and another user at some time in this step."""
        frames = self._frames
        suspects = {frame for frame in frames._suspects if frames._users[frame] > WRITER}
        if not suspects:
            return
        # A frame of a shared object or the page cache may have several writers: only a private entry that this
        # step wrote can be wrong there. Elsewhere the culprit may be an old entry, so all tables are searched.
        held = {frame for frame in suspects if frame in frames._holder}
        for table in touched:
            for page, pte in table._changes.items():
                frame = pte >> FRAME_SHIFT
                if frame in held and pte & WRITE_BIT and self._private_writer(table._pid, page):
                    findings.append(Finding("A3", frame, self._entries_of(frame)))
                    held.discard(frame)
        for frame, entries in sorted(self._search(suspects - held - {f.frame for f in findings}).items()):
            if any(self._private_writer(pid, page) for pid, page in entries):
                findings.append(Finding("A3", frame, tuple(entries)))

    def _private_writer(self, pid: int, page: int) -> bool:
        process = self._processes[pid]
        region = process._regions.find(page)
        writable = process.page_table._entries[page] & WRITE_BIT
        return bool(writable) and region is not None and not region.shared

    def _entries_of(self, frame: int) -> tuple[tuple[int, int], ...]:
        """Return every entry that maps a frame, as (pid, page)."""
        return tuple(self._search({frame}).get(frame, ()))

    def _search(self, wanted: set[int]) -> dict[int, list[tuple[int, int]]]:
        """Search all tables for entries that map one of these frames: slow, so only after a rule was broken."""
        found: dict[int, list[tuple[int, int]]] = {}
        if wanted:
            for pid, process in self._processes.items():
                for page, pte in process.page_table._entries.items():
                    if pte >> FRAME_SHIFT in wanted:
                        found.setdefault(pte >> FRAME_SHIFT, []).append((pid, page))
        return found
