"""Says why a step did or did not fault and copy: the reasons to the answers in questions.py.

Every clause states facts of the run: what the page's entry and region were before the step, who else used its frame,
and where the page led afterwards. Pure: values in, a sentence out.
"""

from __future__ import annotations

from typing import NamedTuple

from grader.machine.outcome import OOM, FileSpec
from grader.machine.protection import Protection
from grader.machine.region import Region
from grader.scenario.model import Scenario
from grader.trace.records import StepRecord
from grader.trace.state import State
from grader.view.sight import OUT, Page

_RIGHTS = {"read": Protection.READ, "write": Protection.WRITE, "execute": Protection.EXECUTE}


class Accessed(NamedTuple):
    """A page that a step accesses, as it was before the step.

    number  its page number
    life    of its frame; 0 for the frame of zeros, None without an entry
    shared  other pages map its frame, or are out in its slot
    cached  its frame holds a page of a file or of a shared object
    waited  a page that is out on swap comes back to its frame
    """

    page: Page
    number: int
    verb: str
    region: Region | None
    life: int | None
    shared: bool
    cached: bool
    waited: bool

    @property
    def private_file(self) -> bool:
        """Return True for a page of a private mapping of a file."""
        return self.region is not None and isinstance(self.region.file, FileSpec) and not self.region.shared

    @property
    def allowed(self) -> bool:
        """Return True if its entry allowed the access."""
        return bool(self.page.entry) and self.page.entry["rwx".index(_LETTERS[self.verb])] != "-"

    def copied(self, after: int | None) -> bool:
        """Return True if the access copied what it led to. after: the life of its frame after the step."""
        if self.life is not None:
            return self.life > 0 and not self.allowed and after != self.life
        return self.shared if self.page.access == OUT else self.private_file


_LETTERS = {"read": "r", "write": "w", "execute": "x"}


def of_access(accessed: list[Accessed], after: list[int | None], faults: bool, copies: bool) -> str:
    """Return why an access that succeeded faulted and copied, or not, from the first page that explains it.

    after  the lives of the pages' frames after the step
    """
    both = list(zip(accessed, after, strict=True))
    found = [pair for pair in both if (pair[0].copied(pair[1]) if copies else pair[0].allowed is not faults)]
    one, life = found[0] if found else both[0]
    return f"{one.page.label}: {_reason(one, life, copies)}"


def _reason(one: Accessed, after: int | None, copies: bool) -> str:
    page, verb = one.page, one.verb
    if page.access == OUT:
        told = "the page was out on swap and had no entry"
        return f"{told}; others share it, so the write gets a copy." if copies and one.shared else f"{told}."
    if not page.entry:
        told = "the page had no entry, so the access faults"
        first = "; a private page of a file is copied by its first write"
        return f"{told}{first if copies and one.private_file else ''}."
    if one.allowed:
        return f"the entry was {page.entry}, which allows this {verb}."
    return f"the entry was {page.entry}, which does not allow this {verb}; {_change(one, after)}."


def _change(one: Accessed, after: int | None) -> str:
    """Return what became of a page whose entry did not allow the access."""
    if one.life == 0 and after != 0:
        return "it led to the frame of zeros, so the write gets a cleared frame and nothing is copied"
    if after == one.life:
        if one.region is not None and one.region.shared:
            return "its memory is shared, so all its users go on with one frame"
        return "the kernel only changed the entry" if one.shared else "its frame has no other user"
    if one.shared:
        return "other pages use its frame, so the write gets a copy"
    if one.cached:
        return "its frame belongs to the page cache, so the write gets a copy"
    if one.waited:
        return "a page that is out on swap shares its frame, so the write gets a copy"
    return "the write gets a copy"


def of_death(accessed: list[Accessed], record: StepRecord, scenario: Scenario) -> str:
    """Return why an access killed its process."""
    if record.outcome == OOM:
        return _no_memory(record, scenario)
    for one in accessed:
        told = _forbidden(one)
        if told:
            return f"{one.page.label}: {told}."
    return "The kernel did not allow this access."


def _no_memory(record: StepRecord, scenario: Scenario) -> str:
    before = scenario.steps[record.number - 2] if record.number > 1 else None
    if before is not None and before.verb == "fail":
        return f"The step before made a call of {before.fields['operation']} fail."
    if scenario.machine.swap:
        return "There was no free frame, and no page could leave."
    return "There was no free frame."


def _forbidden(one: Accessed) -> str:
    """Return why no kernel may allow an access, or "" if nothing is known against it."""
    region = one.region
    if region is None:
        return "its process has no region there"
    if _RIGHTS[one.verb] not in region.protection:
        return f"its region is {region.protection}, which does not allow this {one.verb}"
    file = region.file
    if isinstance(file, FileSpec) and region.offset + one.number - region.first_page >= file.pages:
        return "the file ends before this page"
    return ""


def of_fork(state: State, record: StepRecord) -> str:
    """Return why a fork copied nothing, from the state after it."""
    child, parent = state.tables[record.forked], state.tables[record.actor]
    regions = state.regions[record.forked]
    lines = ["The child's entries lead to the parent's frames."] if child else []
    lines += [line for kind, line in _KINDS.items() if kind in {_kind(state, record.forked, page) for page in child}]
    if any(place.pid == record.forked for place in state.out):
        lines.append("Pages that are out on swap share their slots.")
    if any(regions.find(page) is not None for page in parent.keys() - child.keys()):
        lines.append("Pages of the parent that the child has no entry for get one when the child accesses them.")
    if not parent:
        lines.insert(0, "The parent had no entries, so there was nothing to copy.")
    return " ".join(lines or ["The child has no entries."])


_ZEROS, _SHARED, _PRIVATE, _FIXED = "zeros", "shared", "private", "fixed"

#: kind of a page -> what fork makes of it
_KINDS = {
    _PRIVATE: "While a private page has several users, a write to it makes a copy.",
    _FIXED: "Pages that may not be written stay as they are.",
    _SHARED: "Shared memory stays shared: a write to it is for all its users, and copies nothing.",
    _ZEROS: "A write to a page of zeros gets a cleared frame, and copies nothing.",
}


def _kind(state: State, pid: int, page: int) -> str:
    region = state.regions[pid].find(page)
    if region is not None and region.shared:
        return _SHARED
    if state.life(pid, page) == 0:
        return _ZEROS
    return _PRIVATE if region is not None and Protection.WRITE in region.protection else _FIXED
