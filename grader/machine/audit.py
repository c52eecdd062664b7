"""The invariants that hold between any two steps, whatever the kernel's own books say.

    A1  no entry points to a free frame
    A2  every frame in use has an owner: an entry, or a shared object or file that some region still shows
    A3  no entry of a private region is writable while another entry, the page cache or the zero frame has its frame
    A4  no entry allows more than its region
    A5  no entry lies outside every region
    FORK  a fork that failed left nothing behind

The audit looks only at what the step touched: entries that were written, frames that were handed out, freed or left,
and frames that had a writer beside another user at some time. The page tables count users as they change
(Frames._users), so that a step without a suspect costs one test an entry.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from .entry import FRAME_SHIFT, RIGHTS
from .frames import WRITER
from .protection import WRITE_BIT

if TYPE_CHECKING:
    from .frames import Frames
    from .pagetable import PageTable
    from .process import Process
    from .region import Region


class Finding(NamedTuple):
    """One broken invariant: its name, the frame in question (-1 if none), and the entries involved."""

    check: str
    frame: int
    entries: tuple[tuple[int, int], ...]  # (pid, page)


class Audit:
    """Looks a step over; knows the frames and the processes that are alive."""

    __slots__ = ("_frames", "_processes")

    def __init__(self, frames: Frames, processes: dict[int, Process]) -> None:
        self._frames = frames
        self._processes = processes

    def settle(self, touched: list[PageTable], released: Iterable[Region]) -> list[Finding]:
        """The findings of a step.

        released: regions that went away in this step; what their objects held may have lost its last owner.
        """
        frames = self._frames
        findings: list[Finding] = []
        for table in touched:
            self._check_table(table, findings)
        if frames._freed:
            self._check_freed(touched, findings)
        self._check_owners(released, findings)
        for frame in sorted(frames._suspects):
            self._check_writers(frame, findings)
        return findings

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
        """A4 and A5, and who holds what, for the entries that the step wrote."""
        process = self._processes.get(table._pid)
        if process is None:
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

    def _hold(self, table: PageTable, region: Region) -> None:
        """Frames that entries of a shared region map hold pages of its object."""
        for page, pte in table._changes.items():
            frame = pte >> FRAME_SHIFT
            if pte and region.first_page <= page < region.end_page and frame not in self._frames._holder:
                self._frames._holder[frame] = (region.file, -1)

    def _check_freed(self, touched: list[PageTable], findings: list[Finding]) -> None:
        """A1: nobody maps a free frame, nor one that was freed and handed out again behind an old entry's back."""
        frames = self._frames
        reborn = set(frames._freed).intersection(frames._born)
        for frame in frames._freed:
            if frames._users[frame] and not frames._allocated[frame]:
                findings.append(Finding("A1", frame, self._entries_of(frame)))
        for frame in sorted(reborn):
            written = {
                (t._pid, page) for t in touched for page, pte in t._changes.items() if pte >> FRAME_SHIFT == frame
            }
            if frames._users[frame] and not written.issuperset(self._entries_of(frame)):
                findings.append(Finding("A1", frame, self._entries_of(frame)))

    def _check_owners(self, released: Iterable[Region], findings: list[Finding]) -> None:
        """A2, for frames that were handed out, lost their last entry, or belong to an object that lost a region."""
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
        """Whether a frame holds a page of an object or file that some region still shows."""
        held = self._frames._holder.get(frame)
        return held is not None and any(
            region.file is held[0] for process in self._processes.values() for region in process._regions
        )

    def _check_writers(self, frame: int, findings: list[Finding]) -> None:
        """A3, for a frame that had a writer and another user at some time in this step."""
        if self._frames._users[frame] <= WRITER:
            return
        entries = self._entries_of(frame)
        if any(self._private_writer(pid, page) for pid, page in entries):
            findings.append(Finding("A3", frame, entries))

    def _private_writer(self, pid: int, page: int) -> bool:
        process = self._processes[pid]
        region = process._regions.find(page)
        writable = process.page_table._entries[page] & WRITE_BIT
        return bool(writable) and region is not None and not region.shared

    def _entries_of(self, frame: int) -> tuple[tuple[int, int], ...]:
        """Every entry that maps a frame: a search of all tables, made only for a suspect."""
        return tuple(
            (pid, page)
            for pid, process in self._processes.items()
            for page, pte in process.page_table._entries.items()
            if pte >> FRAME_SHIFT == frame
        )
