"""Finds the first difference between what the reference did and what a kernel did.

Within a step the rules are judged in a fixed order, so that the cause is reported and not a symptom: a frame that two
processes may both write breaks an audit rule at the fork, and gives a wrong value only three steps later. Later steps
are not judged, because they build on what went wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from grader.machine.audit import Finding
from grader.machine.entry import RIGHTS
from grader.machine.protection import PROTECTIONS, Protection
from grader.plural import number_of
from grader.scenario.model import Scenario
from grader.trace.names import Names
from grader.trace.records import ProcessPage, StepRecord, Trace
from grader.trace.state import State

from .expectations import Expectations, Unmet
from .owners import last_users
from .renaming import Mismatch, Renaming, Side

#: The rules of a divergence, in the order of judgement within a step; `leak` is judged only at the end.
RULES = ("audit", "outcome", "values", "sharing", "faults", "copies", "frames", "disk", "leak")

_OUTCOMES = {
    "ok": "succeeds",
    "segv": "the process is killed (segv)",
    "oom": "the process is killed (out of memory)",
    "error": "the call returns an error; the process lives",
}


class Divergence(NamedTuple):
    """The first difference: step number (from 1; one past the last is the end), rule, both sides in words.

    places  the pages it is about, if it is about pages
    unmet   all expectations that did not come true in the step, whether they are this difference or not
    """

    step: int
    rule: str
    expected: str
    yours: str
    places: tuple[ProcessPage, ...] = ()
    unmet: tuple[Unmet, ...] = ()


def when(step: int, rule: str) -> str:
    """Return when a difference was found, in words: a leak, whose step is one past the last, at the end."""
    return "at the end" if rule == "leak" else f"step {step}"


class _Context:
    """Holds what the words for a finding need: names of pages, and the student's records up to the step in question."""

    def __init__(self, names: Names, records: list[StepRecord], scenario: Scenario) -> None:
        self.names, self.records, self.scenario = names, records, scenario
        self.state = State.after(scenario, records)

    def since(self, frame: int) -> str:
        """Return since which step a frame has been in use."""
        born = next((record.number for record in reversed(self.records) if frame in record.allocated), 0)
        return f"in use since step {born}" if born else "in use from the beginning"

    def is_zero(self, frame: int) -> bool:
        """Return True for the frame of zeros: it is mapped without ever having been handed out."""
        return frame not in self.state.lives

    def writers(self, finding: Finding) -> list[ProcessPage]:
        """Return the pages of a finding that may write although they are private."""
        regions = self.state.regions
        return [
            ProcessPage(pid, page)
            for pid, page in finding.entries
            if Protection.WRITE in PROTECTIONS[self.state.entry(pid, page) & RIGHTS]
            and not getattr(regions[pid].find(page), "shared", False)
        ]


class Judge:
    """Compares a trace with the reference's, a step at a time; `step` returns the first divergence, then is done.

    expected  None if there is no recording: only the scenario's own expectations and the audit are judged
    """

    def __init__(self, scenario: Scenario, expected: Trace | None) -> None:
        self.scenario = scenario
        self._recorded = expected is not None
        self.expected = expected or unrecorded(scenario, [])
        self._expectations = Expectations(scenario)
        self._renaming: Renaming | None = None  # only made when the two traces stop being equal, number for number
        self._seen: list[StepRecord] = []

    def step(self, yours: StepRecord) -> Divergence | None:
        """Compare the next step. Return the first difference, or None."""
        if not self._recorded:
            self.expected = unrecorded(self.scenario, [*self._seen, yours])
        expected = self.expected.steps[len(self._seen)]
        unmet = self._expectations.unmet(yours)
        if self._renaming is None and not unmet and yours == expected and (self._recorded or not yours.findings):
            # Number for number the same since the first step: no rule can find a difference. The audit is an exception
            # without a recording, where a trace is compared with itself.
            self._seen.append(yours)
            return None
        # Follow the renaming in any case: pages move even where an earlier rule finds the difference.
        mismatch = self._sharing(expected, yours)
        self._seen.append(yours)
        divergence = (
            self._audit(yours)
            or _outcome(expected, yours, unmet)
            or _values(expected, yours, unmet)
            or (self._describe(yours.number, mismatch) if mismatch is not None else None)
            or _unmet(yours, unmet, "sharing")
            or _counts(expected, yours, unmet)
        )
        return divergence and divergence._replace(unmet=tuple(unmet))

    def end(self, yours: StepRecord) -> Divergence | None:
        """Compare the end: whatever is still in use is a leak."""
        if not yours.frames and not yours.slots:
            return None
        left = [
            f"{n} {what}{'s' if n > 1 else ''}"
            for n, what in ((yours.frames, "frame"), (yours.slots, "swap slot"))
            if n
        ]
        slots = " and no swap slot" if self.scenario.machine.swap else ""
        return Divergence(
            yours.number,
            "leak",
            f"no frame{slots} in use after all processes have exited",
            f"{' and '.join(left)} still in use{self._lost(yours)}",
        )

    def _lost(self, yours: StepRecord) -> str:
        """Return whose the frames are that are left at the end, and since which step; "" if the audit names none."""
        context = _Context(self._names(), self._seen, self.scenario)
        owners: dict[str, list[list[ProcessPage]]] = {}
        for frame, pages in last_users(self.scenario, self._seen, [f.frame for f in yours.findings]).items():
            owners.setdefault(context.since(frame), []).append(pages)
        told = "; ".join(f"{_frames_of(frames, context.names)} ({since})" for since, frames in owners.items())
        all_named = len(yours.findings) == yours.frames  # the audit names so many and no more
        return f"{': ' if all_named else ', among them '}{told}" if told else ""

    def _sharing(self, expected: StepRecord, yours: StepRecord) -> Mismatch | None:
        if self._renaming is None:
            same = expected.changes == yours.changes and expected.allocated == yours.allocated
            if same and expected.died == yours.died:
                return None
            self._renaming = Renaming(self.scenario)
            for before, seen in zip(self.expected.steps, self._seen, strict=False):
                self._renaming.step(before, seen)
        return self._renaming.step(expected, yours)

    def _names(self) -> Names:
        """Return the names of pages after the last step, as the reference's trace has them."""
        state = State.after(self.scenario, self.expected.steps[: len(self._seen)])
        return Names(self.expected.pids, state)

    def _audit(self, yours: StepRecord) -> Divergence | None:
        if not yours.findings:
            return None
        finding = min(yours.findings, key=lambda f: (list(_AUDIT).index(f.check), f.frame))
        rule, found = _AUDIT[finding.check]
        if finding.check == "A2":
            rule += _holders(self.scenario)
        places = tuple(ProcessPage(*pair) for pair in finding.entries)
        context = _Context(self._names(), self._seen, self.scenario)
        return Divergence(yours.number, "audit", rule, found(finding, context), places)

    def _describe(self, step: int, mismatch: Mismatch) -> Divergence:
        names = self._names()
        expected = _frame_of(names, mismatch.place, mismatch.expected)
        yours = _frame_of(names, mismatch.place, mismatch.yours)
        if expected == yours:
            expected, yours = f"{expected} (the one it had at first)", f"{yours}, but it is another one"
        places = {mismatch.place, *mismatch.expected.sharers, *mismatch.yours.sharers}
        return Divergence(step, "sharing", expected, yours, tuple(sorted(places)))


def unrecorded(scenario: Scenario, records: list[StepRecord]) -> Trace:
    """Return a kernel's own records as the trace that it is compared with, where there is no recording."""
    return Trace(
        scenario.id,
        scenario.hash,
        scenario.machine.page_size,
        dict(State.after(scenario, records).pids),
        records,
        None,
    )


def _frame_of(names: Names, place: ProcessPage, side: Side) -> str:
    page = names.page(*place)
    if not side.sharers:
        return f"{page} has no entry"
    others = [other for other in side.sharers if other != place]
    if others:
        return f"{page} shares {'the frame of zeros' if side.zero else 'a frame'} with {names.pages(others)}"
    if side.zero:
        return f"{page} maps the frame of zeros"
    return f"{page} keeps its frame, alone" if side.kept else f"{page} has a new frame of its own"


def _unmet(yours: StepRecord, found: list[Unmet], rule: str) -> Divergence | None:
    for unmet in found:
        if unmet.rule == rule:
            return Divergence(yours.number, rule, unmet.expected, unmet.found)
    return None


# -- rules ----------------------------------------------------------------------------------------------------


def _free(finding: Finding, context: _Context) -> str:
    return _stale(finding.entries, context)


def _reused(finding: Finding, context: _Context) -> str:
    """Name only the entries from before the step: the frame may have been handed out to the others."""
    before = State.after(context.scenario, context.records[:-1])
    return f"{_stale(before.mapped_by(finding), context)} and handed out again"


def _stale(entries: Sequence[tuple[int, int]], context: _Context) -> str:
    return f"{context.names.pages(entries)} map{'s' * (len(entries) == 1)} a frame that was freed"


def _ownerless(finding: Finding, context: _Context) -> str:
    pages = last_users(context.scenario, context.records, [finding.frame])[finding.frame]
    since = context.since(finding.frame)
    if pages:
        return f"the frame of {context.names.pages(pages)} ({since}) is still allocated, but no entry maps it"
    return f"a frame ({since}) is allocated, but no entry maps it"


def _writable(finding: Finding, context: _Context) -> str:
    pages, writers = context.names.pages(finding.entries), context.writers(finding)
    zero = context.is_zero(finding.frame)
    if len(finding.entries) == 1:
        whose = "the frame of zeros" if zero else "one of the page cache"
        return f"{pages} may write to a frame that is not its own: {whose}"
    if len(writers) < len(finding.entries):
        who = context.names.pages(writers)
    else:
        who = "both" if len(writers) == 2 else "all of them"
    return f"{pages} map {'the frame of zeros' if zero else 'one frame'}, and {who} may write to it"


def _too_much(finding: Finding, context: _Context) -> str:
    return f"the entry of {context.names.pages(finding.entries)} allows more than mmap or mprotect gave"


def _outside(finding: Finding, context: _Context) -> str:
    return f"{context.names.pages(finding.entries)} has an entry but lies in no region"


def _half_forked(finding: Finding, context: _Context) -> str:
    """Describe what a failed fork has left: entries of the child, which has no name yet, or changes of the parent's."""
    names, record = context.names, context.records[-1]
    changed = [pair for pair in finding.entries if pair[0] == record.actor]
    left = [names.page(record.actor, page).partition(":")[2] for pid, page in finding.entries if pid != record.actor]
    told = [f"{names.pages(changed)} {'is' if len(changed) == 1 else 'are'} not as before the call"] if changed else []
    if left:
        child = context.scenario.steps[record.number - 1].fields.get("child", "the child")
        told.append(f"child {child} still has an entry for {_listed(left)}")
    return ", and ".join(told)


def _listed(pages: list[str], most: int = 3) -> str:
    more = f" and {len(pages) - most} more" if len(pages) > most else ""
    return f"{', '.join(pages[:most])}{more}"


def _frames_of(frames: list[list[ProcessPage]], names: Names) -> str:
    """Name frames by their pages: `that of P:h[0], P:h[1]`, `that of P:h[0] and C:h[0], that of P:h[1] and C:h[1]`."""
    owned = [pages for pages in frames if pages]
    told = []
    if owned and max(map(len, owned)) > 1:
        told.append(_listed([f"that of {names.pages(pages)}" for pages in owned]))
    elif owned:
        told.append(f"that of {_listed([names.page(*place) for (place,) in owned])}")
    if len(owned) < len(frames):
        told.append(f"{len(frames) - len(owned)} without a page")
    return " and ".join(told)


#: check -> (what must hold, what was found in words); in the order in which they are reported
_AUDIT: dict[str, tuple[str, Callable[[Finding, _Context], str]]] = {
    "FORK": ("a fork that fails leaves no trace in parent and child", _half_forked),
    "A3": ("no process may write to a private frame that has more than one user", _writable),
    "A1": ("no page table entry maps a free frame", _free),
    "A7": ("no page table entry maps a frame that was freed after the entry was made", _reused),
    "A5": ("every page table entry lies in a region", _outside),
    "A4": ("no page table entry allows more than its region", _too_much),
    "A2": ("every allocated frame is mapped by an entry", _ownerless),
}


def _holders(scenario: Scenario) -> str:
    """Return what else may hold a frame in a scenario. What a scenario has not is in a later lab, and not mentioned."""
    shared = any(step.fields.get("shared") and "file" not in step.fields for step in scenario.steps)
    held = [what for what, there in (("shared object", shared), ("file", scenario.files)) if there]
    return f", or held by a {' or '.join(held)} in use" if held else ""


def _outcome(expected: StepRecord, yours: StepRecord, unmet: list[Unmet]) -> Divergence | None:
    if expected.outcome == yours.outcome:
        return _unmet(yours, unmet, "outcome")
    return Divergence(
        yours.number,
        "outcome",
        _OUTCOMES.get(expected.outcome, expected.outcome),
        _OUTCOMES.get(yours.outcome, yours.outcome),
    )


def _values(expected: StepRecord, yours: StepRecord, unmet: list[Unmet]) -> Divergence | None:
    if expected.values == yours.values:
        return _unmet(yours, unmet, "values")
    for index, (right, found) in enumerate(zip(expected.values, yours.values, strict=False)):
        if right != found:
            which = f" from the {_ordinal(index + 1)} page" if len(expected.values) > 1 else ""
            return Divergence(yours.number, "values", f"reads {right}{which}", f"reads {found}{_remark(found)}{which}")
    return Divergence(yours.number, "values", f"reads {len(expected.values)} bytes", f"reads {len(yours.values)}")


def _remark(value: int) -> str:
    return " (0xEE, as in a fresh or freed frame)" if value == 0xEE else ""


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _counts(expected: StepRecord, yours: StepRecord, unmet: list[Unmet]) -> Divergence | None:
    """Compare faults, copies, frames and disk: plain numbers."""
    if expected.faults != yours.faults:
        return Divergence(yours.number, "faults", _faults(expected.faults), _faults(yours.faults))
    broken = _unmet(yours, unmet, "faults")
    if broken is not None:
        return broken
    pairs = (
        ("copies", expected.copies, yours.copies, "frame", "copied"),
        ("frames", expected.frames, yours.frames, "frame", "in use"),
        ("disk", expected.reads, yours.reads, "page", "read from disk"),
        ("disk", expected.writes, yours.writes, "page", "written to disk"),
        ("disk", expected.slots, yours.slots, "swap slot", "in use"),
    )
    for rule, right, found, what, verb in pairs:
        if right != found:
            return Divergence(yours.number, rule, _counted(right, what, verb), _counted(found, what, verb))
        broken = _unmet(yours, unmet, rule)
        if broken is not None and rule != "disk":
            return broken
    # The order in which a kernel saves pages that it unmaps together does not matter.
    if sorted(expected.written) != sorted(yours.written):
        return Divergence(yours.number, "disk", *_saved(expected, yours))
    return _unmet(yours, unmet, "disk")


def _saved(expected: StepRecord, yours: StepRecord) -> tuple[str, str]:
    """Describe what went to which page of a file, where the numbers of pages agree."""
    right, found = (
        ", ".join(f"page {page} of a file: {image.byte(0)}" for _, page, image in sorted(record.written)[:3])
        for record in (expected, yours)
    )
    return (right, found) if right != found else ("the right bytes on disk", "other bytes, or another file")


def _faults(faults: tuple[int, int]) -> str:
    minor, major = faults
    if not major:
        return f"{minor or 'no'} page fault{'' if minor == 1 else 's'}"
    if not minor:
        return number_of(major, "major page fault")
    return f"{number_of(minor + major, 'page fault')}, {major} of them major"


def _counted(count: int, what: str, verb: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'} {verb}"


def agree(expected: StepRecord, yours: StepRecord) -> bool:
    """Return True if no rule finds a difference between two records, without the rule on sharing (see Renaming)."""
    return (
        not yours.findings
        and expected.outcome == yours.outcome
        and expected.values == yours.values
        and _counts(expected, yours, []) is None
    )
