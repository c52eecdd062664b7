"""Says which rules of Linux make a step differ from the lab's: the profile's record next to the lab's."""

from __future__ import annotations

from grader.machine.disk import File
from grader.machine.outcome import ERROR, SEGV, FileSpec
from grader.machine.protection import Protection
from grader.machine.region import Region
from grader.scenario.model import Scenario, Step
from grader.trace.records import StepRecord, Trace
from grader.trace.state import State

from .compare import compare, simulated_side

_OF_KERNEL = ("copy_to_user", "copy_from_user")


def lab_differences(
    scenario: Scenario, lab: Trace, plain: Scenario, linux: Trace
) -> dict[int, tuple[list[str], list[int]]]:
    """Return the steps that differ: number -> respects (outcome, faults, values, present), and numbers of rules.

    Pages that are present on one side only are a difference in the step that made them so.
    """
    ours, theirs = State(scenario), State(plain)
    found: dict[int, tuple[list[str], list[int]]] = {}
    odd: set[tuple[str, int]] = set()
    for step, mine, other in zip(scenario.steps, lab.steps, linux.steps, strict=False):
        before = _Before(ours, theirs)
        earlier = {
            (one.verb, record.outcome)
            for one, record in zip(scenario.steps[: step.number - 1], linux.steps, strict=False)
        }
        ours.follow(mine)
        theirs.follow(other)
        one, two = simulated_side(step, mine, ours), simulated_side(step, other, theirs)
        respects = [respect for respect in compare(one, two) if respect not in ("present", "shared")]
        assert one.frames is not None and two.frames is not None
        now = set(one.frames) ^ set(two.frames)
        if now - odd:
            respects.append("present")
        if respects:
            found[step.number] = (respects, sorted(_Step(step, mine, other, theirs, before, earlier).rules(now - odd)))
        odd = now
    return found


class _Before:
    """The page tables before a step, on both sides."""

    def __init__(self, ours: State, theirs: State) -> None:
        self.ours = {pid: dict(table) for pid, table in ours.tables.items()}
        self.theirs = {pid: dict(table) for pid, table in theirs.tables.items()}
        self.regions = {pid: regions.copy() for pid, regions in theirs.regions.items()}
        self.zero = {
            (pid, page) for pid, table in theirs.tables.items() for page in table if theirs.life(pid, page) == 0
        }


class _Step:
    """One differing step, with what is needed to say why."""

    def __init__(
        self,
        step: Step,
        mine: StepRecord,
        other: StepRecord,
        after: State,
        before: _Before,
        earlier: set[tuple[str, str]],
    ) -> None:
        self.step, self.mine, self.other, self.after = step, mine, other, after
        self.before, self.earlier = before, {verb for verb, _ in earlier}
        self.failed = {verb for verb, outcome in earlier if outcome == ERROR}

    def rules(self, odd: set[tuple[str, int]]) -> set[int]:
        """Return the numbers of the rules; `odd` are pages that are present on one side only since this step."""
        verb = self.step.verb
        if verb == "mprotect":
            return {45}
        if verb == "fork":
            return self._fork(odd)
        if verb in ("read", "write", "execute", *_OF_KERNEL):
            return self._access(verb, odd)
        return {44} if "file" in self.step.fields else {3}

    def _fork(self, odd: set[tuple[str, int]]) -> set[int]:
        regions = self.before.regions.get(self.mine.actor)
        found = [regions.find(page) for _, page in odd] if regions else []
        return {17 if region is not None and region.shared else 14 for region in found}

    def _access(self, verb: str, odd: set[tuple[str, int]]) -> set[int]:
        found: set[int] = set()
        # What a call that failed has done all the same shows later.
        if self.mine.outcome != self.other.outcome and "mprotect" in self.failed:
            return {45}
        if self.mine.values != self.other.values and "copy_to_user" in self.failed:
            return {46}
        if self.other.outcome == SEGV and self.mine.faults != self.other.faults:
            found.add(47 if verb == "execute" and self.other.faults != (0, 0) else 29)
        if verb in _OF_KERNEL:
            partial = self.other.outcome == ERROR and (self.other.changes or self.other.values)
            found.add(46 if partial else 5)
        actor = self.mine.actor
        regions = self.before.regions.get(actor)
        for page in self.after.pages_of(self.step.fields["at"]):
            region = regions.find(page) if regions else None
            if region is not None and self.other.outcome != SEGV:
                found |= self._page(verb, region, actor, page)
        for _, page in odd:
            region = regions.find(page) if regions else None
            if region is not None and page in self.after.tables.get(actor, {}):
                found.add(self._around(region))
        return found

    def _around(self, region: Region) -> int:
        """Return the rule by which a fault makes an entry for a page that nobody has touched."""
        if isinstance(region.file, (File, FileSpec)):
            return 22 if self.other.faults[1] else 23
        return 19 if region.shared else 3

    def _page(self, verb: str, region: Region, actor: int, page: int) -> set[int]:
        """Return the rules that make a fault of one page come, or not, other than in the lab."""
        mine, theirs = self.before.ours.get(actor, {}).get(page), self.before.theirs.get(actor, {}).get(page)
        writing = verb in ("write", "copy_to_user")
        of_file = isinstance(region.file, (File, FileSpec))
        found = set()
        if mine and not theirs:
            found.add(17 if region.shared else 14)
        if theirs and not mine:
            found.add(19 if region.shared and not of_file else 22 if self.mine.faults[1] else 23)
        if not mine and not theirs and of_file:
            if self.mine.faults[1] > self.other.faults[1]:
                found.add(44 if {"munmap", "exit"} & self.earlier and not self.other.faults[1] else 22)
            elif sum(self.mine.faults) > sum(self.other.faults):
                found.add(23)
        if not mine and not theirs and region.shared and not of_file and sum(self.mine.faults) > sum(self.other.faults):
            found.add(19)
        if writing and mine and theirs:
            found |= self._write(region, (actor, page), of_file)
        if not writing and not region.shared and not of_file and not mine and not theirs:
            found.add(3)
        return found

    def _write(self, region: Region, place: tuple[int, int], of_file: bool) -> set[int]:
        """Return the rules that make a write to a page that is present differ."""
        if place in self.before.zero:
            return {3}
        fewer = sum(self.other.faults) < sum(self.mine.faults)
        if fewer and "mprotect" in self.earlier:
            return {48 if region.shared and of_file else 30}
        if not fewer and region.shared and of_file and Protection.WRITE in region.protection:
            return {26}
        return set()
