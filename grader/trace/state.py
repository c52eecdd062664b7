"""Works out the state of machine and kernel after a step from the records up to that step.

This is the only place that brings page tables, mappings, swap and files from one step to the next; comparison,
explanations, expectations, `grader show` and quiz keys all read a State. It costs what the steps changed, not what is
mapped, so a comparison can afford to follow every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from grader.machine.audit import Finding
from grader.machine.entry import FRAME_SHIFT
from grader.machine.image import Image
from grader.machine.moves import FREE, LEAVE
from grader.machine.outcome import ERROR, OK, FileSpec
from grader.machine.region import RegionMap
from grader.scenario.model import LINUX, Scenario, Step
from grader.scenario.place import parse_place

from .records import ProcessPage, StepRecord
from .regions import Regions


class Mapping(NamedTuple):
    """A mapping by its name in the scenario: first page, length in pages, and the process that mapped it."""

    first: int
    pages: int
    owner: int


class Counts(NamedTuple):
    """The counts that a process has caused so far."""

    minor: int = 0
    major: int = 0
    copies: int = 0
    reads: int = 0
    writes: int = 0


class State:
    """The state after the last record that was followed; before the first, the state in which the scenario begins.

    pids      name -> pid, of every process so far
    parents   pid -> pid of the process that forked it
    tables    pid -> page -> entry as the machine's integer, of the processes that are alive
    stale     pid -> page -> entry that the TLB holds and that the page table contradicts
    mappings  name -> where the mapping is
    lives     frame -> its present life: how many frames had been handed out when it was, itself included
    freed     frames that were freed although a page still maps them, as the audit found
    out       page -> swap slot, of the pages that are out; a child's since the fork are those that were its parent's
    inherited pages that are out since a fork: nothing shows whether the kernel has passed them on
    counts    pid -> faults, copies, reads and writes
    frames    frames in use; slots: swap slots in use
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.pids = {name: pid for pid, name in enumerate(scenario.processes, scenario.machine.first_pid)}
        self.parents: dict[int, int] = {}
        self.tables: dict[int, dict[int, int]] = {pid: {} for pid in self.pids.values()}
        self.stale: dict[int, dict[int, int]] = {}
        self._regions = Regions(scenario, self.pids.values())
        self.mappings: dict[str, Mapping] = {}
        self.lives: dict[int, int] = {}
        self.freed: set[int] = set()
        self.out: dict[ProcessPage, int] = {}
        self.inherited: set[ProcessPage] = set()
        self.counts: dict[int, Counts] = {}
        self.frames = self.slots = 0
        self._born = 0
        self._linux = scenario.machine.profile == LINUX
        self._saved: dict[tuple[int, int], Image] = {}  # pages of files that were written to disk
        self._files = {file.name: number for number, file in enumerate(scenario.files)}

    @classmethod
    def after(cls, scenario: Scenario, records: Iterable[StepRecord]) -> State:
        """Return the state after these records, which begin with the first step's."""
        state = cls(scenario)
        for record in records:
            state.follow(record)
        return state

    # -- following --------------------------------------------------------------------------------------------

    def follow(self, record: StepRecord) -> None:
        """Go one record on: a step's, or the end's."""
        if record.findings or self.freed:
            self._follow_freed(record)
        for frame in record.allocated:
            self._born += 1
            self.lives[frame] = self._born
        if 0 < record.number <= len(self.scenario.steps):
            step = self.scenario.steps[record.number - 1]
            # On Linux, mprotect and madvise may fail after they have changed some pages.
            if record.outcome == OK or (self._linux and record.outcome == ERROR and step.verb in _PARTIAL):
                self._follow_call(step, record)
        self._follow_tables(record)
        if record.swapped:
            self._follow_swap(record)
        if record.died:
            self._regions.note(None, record, range(0))
            for pid in record.died:
                self._forget(pid)
        for file, page, image in record.written:
            self._saved[file, page] = image
        self.stale, self.frames, self.slots = record.stale, record.frames, record.slots
        if record.faults != (0, 0) or record.copies or record.reads or record.writes:
            self._count(record)

    def _follow_freed(self, record: StepRecord) -> None:
        """Note the frames that the audit found to be mapped and free."""
        self.freed.difference_update(record.allocated)
        for finding in record.findings:
            if finding.check == "A1":
                self.freed.add(finding.frame)

    def _follow_tables(self, record: StepRecord) -> None:
        for pid, changes in record.changes.items():
            table = self.tables.setdefault(pid, {})
            table.update(changes)
            # A call into C decides whether there is anything to remove: most steps only add entries.
            if 0 in changes.values():
                for page, pte in changes.items():
                    if not pte:
                        del table[page]
            if self.out:
                for page, pte in changes.items():
                    if pte:
                        self.out.pop(ProcessPage(pid, page), None)

    def _follow_swap(self, record: StepRecord) -> None:
        """Note the pages that left for a slot. One that has an entry after the step came back within the step."""
        for kind, slot, _, pages in record.swapped:
            if kind == LEAVE:
                # A page that lost its entry in an earlier step was unmapped then, even if its place is in use again.
                left = [ProcessPage(*pair) for pair in pages if pair[1] in record.changes.get(pair[0], ())]
                self.out.update(dict.fromkeys(left, slot))
                self.inherited.difference_update(left)
            elif kind == FREE:
                self.out = {place: held for place, held in self.out.items() if held != slot}
        for move in record.swapped:
            for pid, page in move.pages:
                if page in self.tables.get(pid, ()):
                    self.out.pop(ProcessPage(pid, page), None)

    def _follow_call(self, step: Step, record: StepRecord) -> None:
        """Take over what a successful system call did to the address space."""
        pid, fields = record.actor, step.fields
        pages = old = range(0)
        if record.mapped is not None:
            old = self.pages_of(fields["at"]) if step.verb == "mremap" else old
            name, first, length = record.mapped
            self.mappings[name] = Mapping(first, length, pid)
            pages = range(first, first + length)
        elif step.verb in ("munmap", "mprotect", "madvise"):
            pages = self.pages_of(fields["at"])
        elif record.forked:
            child = record.forked
            self.pids[fields["child"]] = child
            self.parents[child] = pid
            self.tables[child] = {}
            if self.out:
                passed_on = {p._replace(pid=child): slot for p, slot in self.out.items() if p.pid == pid}
                self.out |= passed_on
                self.inherited.update(passed_on)
        else:
            return
        self._regions.note(step, record, pages, old)
        if self.out and old:
            moved = {place.page: slot for place, slot in self.out.items() if place.pid == pid and place.page in old}
            for page in moved:
                del self.out[ProcessPage(pid, page)]
            self.out |= {ProcessPage(pid, page - old.start + pages.start): slot for page, slot in moved.items()}
        elif self.out and (step.verb in ("mmap", "munmap") or fields.get("advice") == "dontneed"):
            for page in pages if step.verb != "madvise" else self.dropped(pid, pages):
                self.out.pop(ProcessPage(pid, page), None)

    def _forget(self, pid: int) -> None:
        """Drop what a process had, once it has ended."""
        self.tables.pop(pid, None)
        if self.out:
            self.out = {place: slot for place, slot in self.out.items() if place.pid != pid}

    def _count(self, record: StepRecord) -> None:
        minor, major, copies, reads, writes = self.counts.get(record.actor, _NOTHING)
        self.counts[record.actor] = Counts(
            minor + record.faults[0],
            major + record.faults[1],
            copies + record.copies,
            reads + record.reads,
            writes + record.writes,
        )

    # -- asking -----------------------------------------------------------------------------------------------

    @property
    def regions(self) -> dict[int, RegionMap]:
        """Return what mmap, munmap and mprotect have made of each address space: pid -> its regions."""
        return self._regions.by_pid()

    def pages_of(self, text: str) -> range:
        """Return the page numbers that a place of the scenario stands for.

        A mapping that never came to be stands for page 0: no region is there.
        """
        place = parse_place(text)
        first, pages, _ = self.mappings.get(place.name, _NOWHERE)
        indexes = place.pages(pages)
        return range(first + indexes.start, first + indexes.stop)

    def dropped(self, pid: int, pages: range) -> range:
        """Return those of the pages that `madvise dontneed` has just dropped.

        It is refused at the first page that is locked. Only that one still has an entry, since locked pages stay in
        memory.
        """
        table = self.tables.get(pid, {})
        return range(pages.start, next((page for page in pages if page in table), pages.stop))

    def entry(self, pid: int, page: int) -> int:
        """Return an entry as the machine's integer; 0 if there is none."""
        return self.tables.get(pid, _NO_ENTRIES).get(page, 0)

    def life(self, pid: int, page: int) -> int | None:
        """Return the life of the frame that a page maps: None without an entry, 0 for the frame of zeros.

        A frame that was never handed out is the frame of zeros.
        """
        pte = self.entry(pid, page)
        return self.lives.get(pte >> FRAME_SHIFT, 0) if pte else None

    def users(self, frame: int) -> list[ProcessPage]:
        """Return all pages that map a frame. This searches every page table."""
        return [
            ProcessPage(pid, page)
            for pid, table in self.tables.items()
            for page, pte in table.items()
            if pte >> FRAME_SHIFT == frame
        ]

    def mapped_by(self, finding: Finding) -> tuple[tuple[int, int], ...]:
        """Return those entries of a finding that lead to its frame in this state."""
        users = self.users(finding.frame)
        return tuple(entry for entry in finding.entries if entry in users)

    def sharers(self, pid: int, page: int) -> list[ProcessPage]:
        """Return all pages that map the frame of this one, itself included."""
        pte = self.entry(pid, page)
        return self.users(pte >> FRAME_SHIFT) if pte else []

    def mapped_frames(self) -> set[int]:
        """Return the frames that some entry maps."""
        return {pte >> FRAME_SHIFT for table in self.tables.values() for pte in table.values()}

    def file(self, name: str) -> FileSpec:
        """Return a file of the scenario. KeyError if it has no such file."""
        return self.scenario.files[self._files[name]]

    def on_disk(self, name: str, page: int) -> Image:
        """Return what is on disk of a file's page."""
        number = self._files[name]
        saved = self._saved.get((number, page))
        return saved if saved is not None else Image(self.scenario.files[number].contents[page])


#: Calls that may have changed pages when they fail, on machines with the Linux profile.
_PARTIAL = ("mprotect", "madvise")

_NOTHING = Counts()
_NOWHERE = Mapping(0, 1, 0)
_NO_ENTRIES: dict[int, int] = {}
