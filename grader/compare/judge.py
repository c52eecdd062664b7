"""The first difference between what the reference did and what a kernel did.

Within a step the rules are judged in a fixed order, so that the cause is named and not the symptom: a frame that two
processes may both write is a broken audit rule at the fork, not a wrong value three steps later. Later steps are not
judged: they build on what has gone wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from grader.machine.audit import Finding
from grader.scenario.trace import StepRecord, Trace

from .names import Names
from .renaming import Mismatch, Place, Renaming

#: The rules of a divergence, in the order of judgement within a step; `leak` is judged at the end alone.
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
    """

    step: int
    rule: str
    expected: str
    yours: str
    places: tuple[Place, ...] = ()


class Judge:
    """Compares a trace with the reference's, a step at a time; `step` returns the first divergence, then is done."""

    def __init__(self, expected: Trace) -> None:
        self.expected = expected
        self._names = Names(expected, 0)
        self._renaming: Renaming | None = None  # only made when the two traces stop being equal, number for number
        self._seen: list[StepRecord] = []

    def step(self, yours: StepRecord) -> Divergence | None:
        """Judge the next step."""
        expected = self.expected.steps[len(self._seen)]
        self._names.learn(expected)
        # Followed in any case: the pages have moved even where another rule is judged first.
        mismatch = self._sharing(expected, yours)
        self._seen.append(yours)
        for judge in (_audit, _outcome, _values):
            divergence = judge(expected, yours, self._names)
            if divergence is not None:
                return divergence
        if mismatch is not None:
            return self._describe(yours.number, mismatch)
        return _unmet(yours, "sharing") or _counts(expected, yours)

    def end(self, yours: StepRecord) -> Divergence | None:
        """Judge the end: whatever is still in use is a leak."""
        if not yours.frames and not yours.slots:
            return None
        left = [
            f"{n} {what}{'s' if n > 1 else ''}"
            for n, what in ((yours.frames, "frame"), (yours.slots, "swap slot"))
            if n
        ]
        return Divergence(
            yours.number,
            "leak",
            "no frame and no swap slot in use after all processes have exited",
            f"{' and '.join(left)} still in use",
        )

    def _sharing(self, expected: StepRecord, yours: StepRecord) -> Mismatch | None:
        if self._renaming is None:
            same = expected.changes == yours.changes and expected.allocated == yours.allocated
            if same and expected.died == yours.died:
                return None
            self._renaming = Renaming(self.expected.initial)
            for before, seen in zip(self.expected.steps, self._seen, strict=False):
                self._renaming.step(before, seen)
        return self._renaming.step(expected, yours)

    def _describe(self, step: int, mismatch: Mismatch) -> Divergence:
        page = self._names.page(*mismatch.place)
        expected = self._frame_of(page, mismatch.place, mismatch.expected_sharers, mismatch.expected_kept)
        yours = self._frame_of(page, mismatch.place, mismatch.your_sharers, mismatch.yours_kept)
        if expected == yours:
            expected, yours = f"{expected} (the one it had at first)", f"{yours}, but it is another one"
        places = {mismatch.place, *mismatch.expected_sharers, *mismatch.your_sharers}
        return Divergence(step, "sharing", expected, yours, tuple(sorted(places)))

    def _frame_of(self, page: str, place: Place, sharers: list[Place], kept: bool) -> str:
        if not sharers:
            return f"{page} has no entry"
        others = [other for other in sharers if other != place]
        if others:
            return f"{page} shares a frame with {self._names.pages(others)}"
        return f"{page} keeps its frame, alone" if kept else f"{page} has a new frame of its own"


def _unmet(yours: StepRecord, rule: str) -> Divergence | None:
    for unmet in yours.unmet:
        if unmet.rule == rule:
            return Divergence(yours.number, rule, unmet.expected, unmet.found)
    return None


# -- rules ----------------------------------------------------------------------------------------------------


def _audit(expected: StepRecord, yours: StepRecord, names: Names) -> Divergence | None:
    if not yours.findings:
        return None
    finding = min(yours.findings, key=lambda f: (list(_AUDIT).index(f.check), f.frame))
    rule, found = _AUDIT[finding.check]
    places = tuple(Place(pid, page) for pid, page in finding.entries)
    return Divergence(yours.number, "audit", rule, found(finding, names), places)


def _stale(finding: Finding, names: Names) -> str:
    return f"{names.pages(finding.entries)} map{'s' if len(finding.entries) == 1 else ''} a frame that was freed"


def _ownerless(finding: Finding, names: Names) -> str:
    return "a frame is still allocated, but no page table entry maps it any more (nobody can ever free it)"


def _writable(finding: Finding, names: Names) -> str:
    if len(finding.entries) == 1:
        return f"{names.pages(finding.entries)} may write to a frame that the page cache holds, or the page of zeros"
    return f"{names.pages(finding.entries)} map one frame, and at least one of them may write to it"


def _too_much(finding: Finding, names: Names) -> str:
    return f"the entry of {names.pages(finding.entries)} allows more than mmap or mprotect gave"


def _outside(finding: Finding, names: Names) -> str:
    return f"{names.pages(finding.entries)} has an entry but lies in no region"


def _half_forked(finding: Finding, names: Names) -> str:
    return f"{names.pages(finding.entries)} {'is' if len(finding.entries) == 1 else 'are'} not as before the call"


#: check -> (what must hold, what was found in words); in the order in which they are reported
_AUDIT: dict[str, tuple[str, Callable[[Finding, Names], str]]] = {
    "FORK": ("a fork that fails leaves no trace in parent and child", _half_forked),
    "A3": ("a frame with more than one user is writable by none of them (private memory)", _writable),
    "A1": ("no page table entry maps a free frame", _stale),
    "A5": ("every page table entry lies in a region", _outside),
    "A4": ("no page table entry allows more than its region", _too_much),
    "A2": ("every allocated frame is mapped by an entry, or held by a shared object or file in use", _ownerless),
}


def _outcome(expected: StepRecord, yours: StepRecord, names: Names) -> Divergence | None:
    if expected.outcome == yours.outcome:
        return _unmet(yours, "outcome")
    return Divergence(
        yours.number,
        "outcome",
        _OUTCOMES.get(expected.outcome, expected.outcome),
        _OUTCOMES.get(yours.outcome, yours.outcome),
    )


def _values(expected: StepRecord, yours: StepRecord, names: Names) -> Divergence | None:
    if expected.values == yours.values:
        return _unmet(yours, "values")
    for index, (right, found) in enumerate(zip(expected.values, yours.values, strict=False)):
        if right != found:
            which = f" from the {_ordinal(index + 1)} page" if len(expected.values) > 1 else ""
            return Divergence(yours.number, "values", f"reads {right}{which}", f"reads {found}{_remark(found)}{which}")
    return Divergence(yours.number, "values", f"reads {len(expected.values)} bytes", f"reads {len(yours.values)}")


def _remark(value: int) -> str:
    return " (0xEE: the frame was never zeroed, or is free)" if value == 0xEE else ""


def _ordinal(number: int) -> str:
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _counts(expected: StepRecord, yours: StepRecord) -> Divergence | None:
    """Faults, copies, frames, disk: plain numbers."""
    if expected.faults != yours.faults:
        return Divergence(yours.number, "faults", _faults(expected.faults), _faults(yours.faults))
    unmet = _unmet(yours, "faults")
    if unmet is not None:
        return unmet
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
        unmet = _unmet(yours, rule)
        if unmet is not None and rule != "disk":
            return unmet
    # In which order a kernel saves the pages that it lets go of together is its own affair.
    if sorted(expected.written) != sorted(yours.written):
        return Divergence(yours.number, "disk", *_saved(expected, yours))
    return _unmet(yours, "disk")


def _saved(expected: StepRecord, yours: StepRecord) -> tuple[str, str]:
    """What went to which page of a file, where the numbers of pages agree."""
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
        return f"{major} major page fault{'' if major == 1 else 's'}"
    return f"{minor + major} page fault{'' if minor + major == 1 else 's'}, {major} of them major"


def _counted(count: int, what: str, verb: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'} {verb}"
