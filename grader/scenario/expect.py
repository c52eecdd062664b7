"""What a scenario expects, held against what a step did. The reference and every submission are held to it alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.machine.entry import FRAME_SHIFT
from grader.machine.protection import WRITE_BIT

from .place import parse_owned_place, parse_place
from .trace import Unmet

if TYPE_CHECKING:
    from .engine import Run
    from .model import Step
    from .trace import StepRecord

#: Which rule of a divergence an expectation belongs to.
RULES = {
    "outcome": "outcome",
    "value": "values",
    "values": "values",
    "shared": "sharing",
    "present": "sharing",
    "writable": "sharing",
    "kept": "sharing",
    "faults": "faults",
    "major": "faults",
    "copies": "copies",
    "frames": "frames",
    "slots": "disk",
    "reads": "disk",
    "writes": "disk",
    "file": "disk",
}


def unmet(run: Run, step: Step, record: StepRecord, before: dict[tuple[int, int], int]) -> list[Unmet]:
    """The expectations of a step that did not come true, in the order in which rules are judged.

    before: the entries that are expected to be kept, as they were before the step
    """
    expect = dict(step.expect)
    # A step says nothing of its outcome when it should simply work.
    expect.setdefault("outcome", "ok")
    found: list[Unmet] = []
    for key, rule in RULES.items():
        if key in expect:
            found.extend(Unmet(rule, *pair) for pair in _differences(key, expect[key], run, record, before))
    return found


def _differences(key: str, wanted: Any, run: Run, record: StepRecord, before: dict) -> list[tuple[str, str]]:
    if key == "value":
        wrong = next((value for value in record.values if value != wanted), None)
        found = "no value" if not record.values else f"a value {wrong}"
        return [(f"every value {wanted}", found)] if wrong is not None or not record.values else []
    if key in ("faults", "major"):
        return _faults(key, wanted, run, record)
    if key in ("present", "writable"):
        return _flags(key, wanted, run)
    if key == "shared":
        return [pair for group in wanted for pair in _group(group, run)]
    if key == "kept":
        return _kept(wanted, run, record, before)
    if key == "file":
        return _files(wanted, run)
    found = getattr(record, key)
    return [] if found == wanted else [(f"{key} {wanted}", f"{key} {found}")]


def _faults(key: str, wanted: Any, run: Run, record: StepRecord) -> list[tuple[str, str]]:
    wanted = wanted if isinstance(wanted, dict) else {"": wanted}
    pairs = []
    for name, count in wanted.items():
        acted = not name or run.pids.get(name) == record.actor
        minor, major = record.faults if acted else (0, 0)
        found = major if key == "major" else minor + major
        if found != count:
            of = f" of {name}" if name else ""
            pairs.append((f"{key}{of} {count}", f"{key}{of} {found}"))
    return pairs


def _pages(run: Run, text: str) -> list[tuple[int, int]]:
    """The (pid, page) pairs of a place such as P:h[0:2]."""
    name, place = parse_owned_place(text)
    mapping = run.mappings.get(place.name)
    if mapping is None:
        return [(run.pids.get(name, 0), -1)]
    return [(run.pids.get(name, 0), mapping.first + index) for index in place.pages(mapping.pages)]


def _entry(run: Run, pid: int, page: int) -> int:
    process = run.machine.processes.get(pid)
    return process.page_table._entries.get(page, 0) if process is not None else 0


def entries_of_places(run: Run, places: list[str]) -> dict[tuple[int, int], int]:
    """(pid, page) -> entry as the machine's integer, for places of processes."""
    return {pair: _entry(run, *pair) for place in places for pair in _pages(run, place)}


def _flags(key: str, wanted: dict[str, bool], run: Run) -> list[tuple[str, str]]:
    pairs = []
    for place, flag in wanted.items():
        for pid, page in _pages(run, place):
            pte = _entry(run, pid, page)
            found = bool(pte & WRITE_BIT) if key == "writable" else bool(pte)
            if found != flag:
                word = {True: "", False: "not "}
                pairs.append((f"{place} {word[flag]}{key}", f"{place} {word[found]}{key}"))
                break
    return pairs


def _group(group: list[str], run: Run) -> list[tuple[str, str]]:
    """One frame, and nothing but these pages maps it."""
    wanted = {pair for place in group for pair in _pages(run, place)}
    entries = {pair: _entry(run, *pair) for pair in wanted}
    told = " ".join(group)
    if not all(entries.values()):
        return [(f"{told} on one frame", "not all of them present")]
    frames = {pte >> FRAME_SHIFT for pte in entries.values()}
    if len(frames) > 1:
        return [(f"{told} on one frame", f"on {len(frames)} frames")]
    users = set(run.machine._audit._entries_of(frames.pop()))
    if users != wanted:
        return [(f"the frame of {told} for nobody else", f"{len(users - wanted)} more entries map it")]
    return []


def _kept(wanted: list[str], run: Run, record: StepRecord, before: dict) -> list[tuple[str, str]]:
    for place in wanted:
        for pid, page in _pages(run, place):
            old, new = before.get((pid, page), 0), _entry(run, pid, page)
            same = old and new and old >> FRAME_SHIFT == new >> FRAME_SHIFT
            if not same or new >> FRAME_SHIFT in record.allocated:
                return [(f"{place} keeps its frame", "another frame" if new else "no frame")]
    return []


def _files(wanted: dict[str, int], run: Run) -> list[tuple[str, str]]:
    pairs = []
    for text, byte in wanted.items():
        place = parse_place(text)
        file = run.machine.files[place.name]
        if not 0 <= place.first < file.pages:
            pairs.append((f"{text} on disk {byte}", f"{place.name} has {file.pages} pages"))
        elif file._images[place.first].byte(0) != byte:
            pairs.append((f"{text} on disk {byte}", f"{file._images[place.first].byte(0)}"))
    return pairs
