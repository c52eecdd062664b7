"""Replay a scenario on the host's kernel: each process a real process, each step the call or access that it names."""

from __future__ import annotations

from typing import NamedTuple

from grader.machine.outcome import OK
from grader.machine.protection import Protection
from grader.machine.region import Region, RegionMap
from grader.scenario.model import Scenario, Step
from grader.scenario.place import parse_place
from grader.trace.records import SKIPPED

from .machine import BASE, MAP_PRIVATE, MAP_SHARED, NOREPLACE, STAMP, Answer, HostMachine
from .sharing import Page, Seen, Sharing

_MAP_FIXED, _MAP_ANONYMOUS, _MAP_POPULATE = 0x10, 0x20, 0x8000
_ADVICE = {"dontneed": 4, "dontfork": 10, "wipeonfork": 18, "pageout": 21, "populate_read": 22, "populate_write": 23}


class HostStep(NamedTuple):
    """Holds what a step did on the host.

    faults   (minor, major) of the process that acted; None where they are not measured
    present, frames, rights  see Seen
    mapped   (name, first page, pages) after a successful mmap or mremap
    """

    outcome: str
    faults: tuple[int, int] | None
    values: list[int]
    present: dict[str, set[int]] | None
    frames: dict[Page, object]
    rights: dict[Page, Protection]
    mapped: tuple[str, int, int] | None = None


class HostReplay:
    """A scenario under way on the host."""

    def __init__(self, host: HostMachine, scenario: Scenario) -> None:
        self.host, self.scenario = host, scenario
        self.numbers = {name: number for number, name in enumerate(scenario.processes)}
        self.alive = set(scenario.processes)
        self.regions = {name: RegionMap() for name in scenario.processes}
        self.next_page = dict.fromkeys(scenario.processes, scenario.machine.first_page)
        self.mappings: dict[str, tuple[int, int]] = {}
        self.mapped: tuple[str, int, int] | None = None  # by this step: name, first page, pages
        self.files: dict[str, int] = {}  # name -> descriptor of the agent
        self.read_only = {file.name for file in scenario.files if not file.writable}
        # Pages that madvise keeps from children (dontfork).
        self.kept_back: dict[str, set[int]] = {name: set() for name in scenario.processes}
        self.size = host.page_size
        self.sharing = Sharing(host, self.numbers, self.regions)

    def run(self) -> tuple[list[HostStep], float]:
        """Return what each step did, and the processor time in seconds."""
        scenario = self.scenario
        forks = sum(step.verb == "fork" for step in scenario.steps)
        files = [[file.pages, list(file.contents), file.writable, file.cached] for file in scenario.files]
        descriptors = self.host.begin(len(scenario.processes), len(scenario.processes) + forks, files)
        names = (file.name for file in scenario.files)
        self.files = dict(zip(names, descriptors, strict=True))
        try:
            steps = [self._step(step) for step in scenario.steps]
        finally:
            seconds = self.host.end()
        return steps, seconds

    def _step(self, step: Step) -> HostStep:
        if step.by not in self.alive:
            return HostStep(SKIPPED, None, [], *self._look())
        self.mapped = None
        answer = self._do(step)
        if (answer.outcome not in ("ok", "error") and "survives" not in step.fields) or step.verb == "exit":
            self.alive.discard(step.by)
        outcome = answer.outcome
        if outcome == "segv" and step.verb in ("copy_to_user", "copy_from_user"):
            outcome = "error"
        # When fork returns, the interpreter first faults in its own memory, so these faults say nothing.
        faults = None if step.verb == "fork" else answer.faults
        # On a write, the values are those that were given.
        values = answer.values if step.verb in ("read", "execute", "copy_from_user") else []
        return HostStep(outcome, faults, values, *self._look(), self.mapped)

    def _look(self) -> Seen:
        return self.sharing.look(self.alive)

    # -- verbs ------------------------------------------------------------------------------------------------

    def _do(self, step: Step) -> Answer:
        verb, fields, number = step.verb, step.fields, self.numbers[step.by]
        if verb == "exit":
            return self.host.do(number, "exit")
        if verb == "fork":
            return self._fork(step.by, fields["child"])
        if verb == "mmap":
            return self._mmap(step)
        first, count, offset = self.where(fields["at"])
        address, length = self._address(first), count * self.size
        if verb == "munmap":
            return self._call(step, "munmap", address, length)
        if verb == "mprotect":
            return self._call(step, "mprotect", address, length, Protection.parse(fields["protection"]).bits)
        if verb == "madvise":
            return self._call(step, "madvise", address, length, _ADVICE[fields["advice"]])
        if verb == "mlock":
            return self._call(step, "mlock", address, length)
        if verb == "mremap":
            return self._mremap(step, first, count)
        return self._access(step, first, count, offset)

    def _access(self, step: Step, first: int, count: int, offset: int) -> Answer:
        verb, number, address = step.verb, self.numbers[step.by], self._address(first)
        values = self._values(step, count)
        stamp = self.sharing.stamps(count)
        survives = "survives" in step.fields
        if verb == "execute":
            return self._execute(step, first, count, offset)
        reading = verb in ("read", "copy_from_user")
        if survives or verb in ("copy_from_user", "copy_to_user"):
            # Where a process would need a handler, the kernel makes the access for it: it faults and counts alike.
            if reading:
                answer = self.host.do(number, "kernel_reads", address, count, offset)
            else:
                answer = self.host.do(number, "kernel_writes", address, count, offset, stamp, values=values)
            return answer._replace(outcome="segv") if survives and answer.outcome == "error" else answer
        if reading:
            return self.host.do(number, "read", address, count, offset)
        return self.host.do(number, "write", address, count, offset, stamp, values=values)

    def _execute(self, step: Step, first: int, count: int, offset: int) -> Answer:
        """Read the pages that may be executed, as for an instruction fetch, and jump to the first that may not."""
        number, survives = self.numbers[step.by], "survives" in step.fields
        good = next((i for i in range(count) if not self._executable(step.by, first + i)), count)
        reading = "kernel_reads" if survives else "read"
        answer = self.host.do(number, reading, self._address(first), good, offset) if good else Answer("ok", (0, 0), [])
        if good == count or answer.outcome != OK:
            return answer._replace(outcome="segv") if answer.outcome == "error" else answer
        jump = "jump_and_live" if survives else "jump"
        end = self.host.do(number, jump, self._address(first + good), count - good, offset)
        assert answer.faults is not None and end.faults is not None
        faults = (answer.faults[0] + end.faults[0], answer.faults[1] + end.faults[1])
        return Answer(end.outcome, faults, answer.values)

    def _executable(self, name: str, page: int) -> bool:
        region = self.regions[name].find(page)
        return region is not None and Protection.EXECUTE in region.protection

    def _fork(self, name: str, child: str) -> Answer:
        self.numbers[child] = number = len(self.numbers)
        answer = self.host.do(self.numbers[name], "fork", number)
        if answer.outcome == OK:
            self.alive.add(child)
            self.regions[child] = self.regions[name].copy()
            for page in self.kept_back[name]:
                self.regions[child].remove(page, 1)
            self.next_page[child] = self.next_page[name]
            self.kept_back[child] = set(self.kept_back[name])
        return answer

    def _mmap(self, step: Step) -> Answer:
        fields, name = step.fields, step.by
        first = self.where(fields["at"])[0] if "at" in fields else self.next_page[name]
        pages, shared, file = fields["pages"], fields.get("shared", False), fields.get("file")
        protection = Protection.parse(fields.get("protection", "rw-"))
        flags = MAP_SHARED if shared else MAP_PRIVATE
        flags |= 0 if file else _MAP_ANONYMOUS
        flags |= _MAP_FIXED if "fixed" in fields else NOREPLACE
        flags |= _MAP_POPULATE if "populate" in fields else 0
        offset = fields.get("offset", 0)
        where = (self._address(first), pages * self.size)
        given = (protection.bits, flags, self.files[file] if file else -1, offset * self.size)
        answer = self.host.do(self.numbers[name], "mapping", *where, *given)
        if answer.outcome == OK:
            backing: object = file or (object() if shared else None)
            self._note(name, fields["name"], first, pages)
            self.regions[name].remove(first, pages)
            region = Region(first * self.size, pages, protection, shared, backing, offset, page_size=self.size)
            self.regions[name].insert(region)
            self.kept_back[name].difference_update(range(first, first + pages))
            if "populate" in fields:
                self.sharing.mapped(name, first, pages)
                self.sharing.populated(name, first, pages)
        return answer

    def _note(self, process: str, name: str, first: int, pages: int) -> None:
        self.mappings[name] = (first, pages)
        self.mapped = (name, first, pages)
        self.next_page[process] = max(self.next_page[process], first + pages + 1)

    def _call(self, step: Step, name: str, *arguments: int) -> Answer:
        answer = self.host.do(self.numbers[step.by], "call", name, *arguments)
        first, count, _ = self.where(step.fields["at"])
        regions = self.regions[step.by]
        if name == "munmap" and answer.outcome == OK:
            regions.remove(first, count)
        elif name == "mprotect":
            protection = Protection.parse(step.fields["protection"])
            reached = count if answer.outcome == OK else self._reached(regions, first, count, protection)
            for piece in regions.remove(first, reached) if reached else ():
                regions.insert(piece.replace(protection=protection))
            # Locked pages that may be written now: the kernel has made them the process's own.
            self.sharing.populated(step.by, first, reached)
        elif name == "mlock" or step.fields.get("advice") == "populate_write":
            self.sharing.populated(step.by, first, count)
        elif step.fields.get("advice") == "dontfork":
            self.kept_back[step.by].update(range(first, first + count))
        return answer

    def _reached(self, regions: RegionMap, first: int, count: int, protection: Protection) -> int:
        """Return how many pages mprotect has changed before it failed (rule 45)."""
        for page in range(first, first + count):
            region = regions.find(page)
            read_only = region is not None and region.shared and region.file in self.read_only
            if region is None or (read_only and Protection.WRITE in protection):
                return page - first
        return 0

    def _mremap(self, step: Step, first: int, count: int) -> Answer:
        name, pages, to = step.by, step.fields.get("pages", count), self.next_page[step.by]
        sizes = (count * self.size, pages * self.size)
        answer = self.host.do(self.numbers[name], "moving", self._address(first), *sizes, self._address(to))
        if answer.outcome == OK:
            for piece in self.regions[name].remove(first, count):
                self.regions[name].insert(piece.replace(start=to * self.size, pages=pages))
            self._note(name, step.fields["name"], to, pages)
            kept = self.kept_back[name]
            moved = [to + i for i in range(pages) if first + min(i, count - 1) in kept]
            kept.difference_update(range(first, first + count))
            kept.update(moved)
            self.sharing.populated(name, to + count, pages - count)  # if they are locked, the new ones are there
        return answer

    # -- places -----------------------------------------------------------------------------------------------

    def where(self, text: str) -> tuple[int, int, int]:
        """Return a place as first page, number of pages, and offset in each."""
        place = parse_place(text)
        first, mapped = self.mappings.get(place.name, (0, 1))
        pages = place.pages(mapped)
        return first + pages.start, len(pages), place.offset or 0

    def _address(self, page: int) -> int:
        return BASE + page * self.size

    @staticmethod
    def _values(step: Step, count: int) -> list[int]:
        if "value" in step.fields:
            return [step.fields["value"]] * count
        values = list(step.fields.get("values", ()))[:count]
        return [*values, *[0] * (count - len(values))]


def unfit(scenario: Scenario, on_disk: bool = True, populates: bool = True) -> str:
    """Return why a scenario cannot be replayed on a real kernel; "" if it can.

    on_disk  whether there is a disk for its files; populates: whether the kernel has MADV_POPULATE
    """
    verbs = [step.verb for step in scenario.steps]
    expects = [step.expect for step in scenario.steps]
    machine = scenario.machine
    if "fail" in verbs:
        return "it makes a call of the kernel fail, and a real kernel takes no such orders"
    if machine.swap or any(step.fields.get("advice") == "pageout" for step in scenario.steps):
        return "it needs swap, which an ordinary user cannot set up"
    if scenario.files and not on_disk:
        return "it needs files on a disk"
    if not populates and any(step.fields.get("advice", "").startswith("populate") for step in scenario.steps):
        return "it needs MADV_POPULATE, which Linux has from 5.14 on"
    if verbs.count("fork") + len(scenario.processes) > machine.max_processes:
        return "it fills the process table of the machine"
    if any(expect.get("outcome") == "oom" for expect in expects):
        return "it needs a machine with exactly its number of frames"
    if verbs.count("fork") + len(scenario.processes) > 60:
        return "it needs more than 60 processes"
    offsets = [parse_place(step.fields["at"]).offset or 0 for step in scenario.steps if "at" in step.fields]
    if any(STAMP <= offset < STAMP + 8 for offset in offsets):
        return f"it uses bytes {STAMP} to {STAMP + 7} of a page, where the replay keeps its stamps"
    return ""
