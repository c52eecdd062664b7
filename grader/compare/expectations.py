"""Compares what a scenario expects with what the records show, for the reference as for every submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.machine.outcome import OK
from grader.machine.protection import WRITE_BIT
from grader.scenario.model import Expect, Scenario
from grader.scenario.place import parse_owned_place, parse_place
from grader.trace.records import StepRecord
from grader.trace.state import State


class Unmet(NamedTuple):
    """An expectation of the scenario that was not met; `rule` is the rule of a divergence it falls under."""

    rule: str
    expected: str
    found: str


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

#: Expectations that are a field of the record.
_COUNTS = {"outcome", "values", "copies", "frames", "slots", "reads", "writes"}

Pair = tuple[str, str]  # expected, found
Tables = dict[int, dict[int, int]]  # pid -> page -> entry


class Expectations:
    """Judges the steps of one replay, in order.

    The state is brought up to a step only where an expectation asks about it: most steps cost nothing.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._steps = scenario.steps
        self._state = State(scenario)
        self._behind: list[StepRecord] = []  # records that the state has not followed yet

    def unmet(self, record: StepRecord) -> list[Unmet]:
        """Return the expectations of the next step that were not met, in the order in which rules are judged."""
        step = self._steps[record.number - 1]
        before: Tables = {}
        if "kept" in step.expect:
            self._catch_up()
            before = _entries_of(self._state, step.expect["kept"])
        self._behind.append(record)
        if not step.expect and record.outcome == OK:
            return []
        if _asks_about_state(step.expect):
            self._catch_up()
        # A step without an expected outcome must simply succeed.
        expect = {"outcome": OK, **step.expect}
        if all(key in _COUNTS and getattr(record, key) == wanted for key, wanted in expect.items()):
            return []
        return [
            Unmet(rule, *pair)
            for key, rule in RULES.items()
            if key in expect
            for pair in _differences(key, expect[key], self._state, record, before)
        ]

    def _catch_up(self) -> None:
        for record in self._behind:
            self._state.follow(record)
        self._behind.clear()


def _asks_about_state(expect: Expect) -> bool:
    """Return True if the step's own record does not decide. Counts of faults are per process where they are a dict."""
    return any(
        key in ("shared", "present", "writable", "kept", "file") or (key in ("faults", "major") and type(value) is dict)
        for key, value in expect.items()
    )


def _differences(key: str, wanted: Any, state: State, record: StepRecord, before: Tables) -> list[Pair]:
    if key == "value":
        wrong = next((value for value in record.values if value != wanted), None)
        found = "no value" if not record.values else f"a value {wrong}"
        return [(f"every value {wanted}", found)] if wrong is not None or not record.values else []
    if key in ("faults", "major"):
        return _faults(key, wanted, state, record)
    if key in ("present", "writable"):
        return _flags(key, wanted, state)
    if key == "shared":
        return [pair for group in wanted for pair in _group(group, state)]
    if key == "kept":
        return _kept(wanted, state, record, before)
    if key == "file":
        return _files(wanted, state)
    found = getattr(record, key)
    return [] if found == wanted else [(f"{key} {wanted}", f"{key} {found}")]


def _faults(key: str, wanted: Any, state: State, record: StepRecord) -> list[Pair]:
    wanted = wanted if isinstance(wanted, dict) else {"": wanted}
    pairs = []
    for name, count in wanted.items():
        acted = not name or state.pids.get(name) == record.actor
        minor, major = record.faults if acted else (0, 0)
        found = major if key == "major" else minor + major
        if found != count:
            of = f" of {name}" if name else ""
            pairs.append((f"{key}{of} {count}", f"{key}{of} {found}"))
    return pairs


def _pages(state: State, text: str) -> tuple[int, Sequence[int]]:
    """Return the process and pages of a place such as P:h[0:2]; page -1, which nobody has, if h never came to be.

    Places may have thousands of pages, so everything here works on plain numbers.
    """
    name, place = parse_owned_place(text)
    pid = state.pids.get(name, 0)
    mapping = state.mappings.get(place.name)
    if mapping is None:
        return pid, (-1,)
    pages = place.pages(mapping.pages)
    return pid, range(mapping.first + pages.start, mapping.first + pages.stop)


def _entries_of(state: State, places: list[str]) -> Tables:
    """Return the entries of places, 0 where there is none: pid -> page -> entry."""
    entries: Tables = {}
    for place in places:
        pid, pages = _pages(state, place)
        table = state.tables.get(pid, {})
        entries.setdefault(pid, {}).update({page: table.get(page, 0) for page in pages})
    return entries


def _flags(key: str, wanted: dict[str, bool], state: State) -> list[Pair]:
    pairs = []
    for place, flag in wanted.items():
        pid, pages = _pages(state, place)
        table = state.tables.get(pid, {})
        bits = WRITE_BIT if key == "writable" else -1
        if any(bool(table.get(page, 0) & bits) != flag for page in pages):
            word = {True: "", False: "not "}
            pairs.append((f"{place} {word[flag]}{key}", f"{place} {word[not flag]}{key}"))
    return pairs


def _group(group: list[str], state: State) -> list[Pair]:
    """Compare a group of pages that must map one frame, which no other page may map."""
    wanted = {(pid, page): pte for pid, entries in _entries_of(state, group).items() for page, pte in entries.items()}
    told = " ".join(group)
    if not all(wanted.values()):
        return [(f"{told} on one frame", "not all of them present")]
    frames = {pte >> FRAME_SHIFT for pte in wanted.values()}
    if len(frames) > 1:
        return [(f"{told} on one frame", f"on {len(frames)} frames")]
    users = set(state.users(frames.pop()))
    if users != wanted.keys():
        return [(f"no other page on the frame of {told}", f"{len(users - wanted.keys())} more entries map it")]
    return []


def _kept(wanted: list[str], state: State, record: StepRecord, before: Tables) -> list[Pair]:
    """Compare entries with what they were before the step."""
    allocated = set(record.allocated)
    for place in wanted:
        pid, pages = _pages(state, place)
        table, were = state.tables.get(pid, {}), before.get(pid, {})
        for page in pages:
            old, new = were.get(page, 0), table.get(page, 0)
            same = old and new and old >> FRAME_SHIFT == new >> FRAME_SHIFT
            if not same or new >> FRAME_SHIFT in allocated:
                return [(f"{place} keeps its frame", "another frame" if new else "no frame")]
    return []


def _files(wanted: dict[str, int], state: State) -> list[Pair]:
    pairs = []
    for text, byte in wanted.items():
        place = parse_place(text)
        pages = state.file(place.name).pages
        if not 0 <= place.first < pages:
            pairs.append((f"{text} on disk {byte}", f"{place.name} has {pages} pages"))
        elif state.on_disk(place.name, place.first).byte(0) != byte:
            pairs.append((f"{text} on disk {byte}", f"{state.on_disk(place.name, place.first).byte(0)}"))
    return pairs
