"""What a replay showed: a record a step, enough to rebuild every page table at every step.

Records hold what is observed (numbers, frames, entries), never a judgement. A Trace goes to plain JSON values and back
unchanged; entries that follow each other are stored as runs, so a step over a thousand pages is one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from grader.machine.audit import Finding
from grader.machine.entry import Entry, unpack
from grader.machine.image import Image

FORMAT = 1

#: How a step can end, beside the outcomes of a scenario: two that end the replay, and one for a process that is gone.
CRASHED, NO_PROGRESS, SKIPPED = "crashed", "no_progress", "skipped"


class Unmet(NamedTuple):
    """An expectation of the scenario that did not come true; `rule` is the rule of a divergence it falls under."""

    rule: str
    expected: str
    found: str


class StepRecord(NamedTuple):
    """What one step did. Deltas, but for `frames` and `slots`, which are totals after the step.

    actor      pid of the process that acted; 0 for `fail` and for the end
    faults     (minor, major) of the actor
    written    (file, page, contents) put on disk
    allocated  frames handed out, in order: a frame's life begins there
    changes    pid -> page -> entry as the machine's integer, 0 where it is gone
    stale      pid -> page -> what the TLB holds and the page table does not say
    mapped     (name, first page, pages) after a successful mmap
    forked     pid of the new process, or 0
    died       pids of the processes that ended in this step
    """

    number: int
    outcome: str
    actor: int = 0
    values: list[int] = []  # noqa: RUF012 - records are never changed
    faults: tuple[int, int] = (0, 0)
    copies: int = 0
    reads: int = 0
    writes: int = 0
    written: list[tuple[int, int, Image]] = []  # noqa: RUF012
    frames: int = 0
    slots: int = 0
    allocated: list[int] = []  # noqa: RUF012
    changes: dict[int, dict[int, int]] = {}  # noqa: RUF012
    stale: dict[int, dict[int, int]] = {}  # noqa: RUF012
    findings: list[Finding] = []  # noqa: RUF012
    unmet: list[Unmet] = []  # noqa: RUF012
    mapped: tuple[str, int, int] | None = None
    forked: int = 0
    died: tuple[int, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the replay ended here, before the scenario did."""
        return self.outcome in (CRASHED, NO_PROGRESS)


class Trace(NamedTuple):
    """One replay. `pids` names the processes; the last record, the end, is in `end` (None if the replay broke off)."""

    scenario: str
    hash: str
    page_size: int
    pids: dict[str, int]
    steps: list[StepRecord]
    end: StepRecord | None

    def tables(self, after: int) -> dict[int, dict[int, Entry]]:
        """Every process's page table after a step: pid -> page -> entry. 0 is before the first step."""
        return {
            pid: {page: unpack(pte) for page, pte in sorted(table.items())} for pid, table in self.raw(after).items()
        }

    def raw(self, after: int) -> dict[int, dict[int, int]]:
        """The same with entries as the machine's integers."""
        tables: dict[int, dict[int, int]] = {pid: {} for pid in self.initial}
        for record in self.steps[:after]:
            apply_changes(tables, record)
        return tables

    @property
    def initial(self) -> list[int]:
        """Pids of the processes that the scenario starts with."""
        forked = {record.forked for record in self.steps}
        return [pid for pid in self.pids.values() if pid not in forked]

    def faults(self, pid: int, after: int | None = None) -> tuple[int, int]:
        """Minor and major faults of a process up to and with a step."""
        own = [record.faults for record in self.steps[:after] if record.actor == pid]
        return sum(minor for minor, _ in own), sum(major for _, major in own)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` is the way back."""
        plain: dict[str, Any] = {
            "format": FORMAT,
            "scenario": self.scenario,
            "hash": self.hash,
            "page_size": self.page_size,
            "pids": self.pids,
            "steps": [record_to_json(record) for record in self.steps],
        }
        if self.end is not None:
            plain["end"] = record_to_json(self.end)
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Trace:
        """The trace that `to_json` gave. ValueError if it is none, or of another format."""
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise ValueError(f"not a trace of format {FORMAT}")
        try:
            return cls(
                plain["scenario"],
                plain["hash"],
                plain["page_size"],
                plain["pids"],
                [record_from_json(record) for record in plain["steps"]],
                record_from_json(plain["end"]) if "end" in plain else None,
            )
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"not a trace: {type(error).__name__} {error}") from None


def apply_changes(tables: dict[int, dict[int, int]], record: StepRecord) -> None:
    """Bring page tables (pid -> page -> integer) from before a step to after it."""
    if record.forked:
        tables[record.forked] = {}
    for pid, changes in record.changes.items():
        table = tables.setdefault(pid, {})
        for page, pte in changes.items():
            if pte:
                table[page] = pte
            else:
                table.pop(page, None)
    for pid in record.died:
        tables.pop(pid, None)


# -- JSON -----------------------------------------------------------------------------------------------------

_DEFAULT = StepRecord(0, "ok")
_PLAIN = ("actor", "copies", "reads", "writes", "frames", "slots", "forked")


def record_to_json(record: StepRecord) -> dict[str, Any]:
    """One record; fields at their default are left out."""
    plain: dict[str, Any] = {"step": record.number, "outcome": record.outcome}
    for field in _PLAIN:
        value = getattr(record, field)
        if value != getattr(_DEFAULT, field):
            plain[field] = value
    if record.values:
        plain["values"] = _repeats(record.values)
    if record.faults != (0, 0):
        plain["faults"] = list(record.faults)
    if record.written:
        plain["written"] = [
            [f, page, i.fill, *(n for pair in i.written for n in pair)] for f, page, i in record.written
        ]
    if record.allocated:
        plain["allocated"] = _flat(_runs((n, frame) for n, frame in enumerate(record.allocated)))
    if record.changes:
        plain["changes"] = {str(pid): _flat(_runs(sorted(c.items()))) for pid, c in sorted(record.changes.items())}
    if record.stale:
        plain["stale"] = {str(pid): _flat(_runs(sorted(c.items()))) for pid, c in sorted(record.stale.items())}
    if record.findings:
        plain["findings"] = [[f.check, f.frame, *map(list, f.entries)] for f in record.findings]
    if record.unmet:
        plain["unmet"] = [list(unmet) for unmet in record.unmet]
    if record.mapped:
        plain["mapped"] = list(record.mapped)
    if record.died:
        plain["died"] = list(record.died)
    return plain


def record_from_json(plain: dict[str, Any]) -> StepRecord:
    """The record that `record_to_json` gave."""
    mapped = plain.get("mapped")
    return StepRecord(
        plain["step"],
        plain["outcome"],
        plain.get("actor", 0),
        _from_repeats(plain.get("values", ())),
        tuple(plain.get("faults", (0, 0))),
        plain.get("copies", 0),
        plain.get("reads", 0),
        plain.get("writes", 0),
        [(w[0], w[1], Image(w[2], tuple(zip(w[3::2], w[4::2], strict=True)))) for w in plain.get("written", ())],
        plain.get("frames", 0),
        plain.get("slots", 0),
        list(_from_runs(plain.get("allocated", ())).values()),
        {int(pid): _from_runs(flat) for pid, flat in plain.get("changes", {}).items()},
        {int(pid): _from_runs(flat) for pid, flat in plain.get("stale", {}).items()},
        [Finding(f[0], f[1], tuple((pid, page) for pid, page in f[2:])) for f in plain.get("findings", ())],
        [Unmet(*unmet) for unmet in plain.get("unmet", ())],
        (mapped[0], mapped[1], mapped[2]) if mapped else None,
        plain.get("forked", 0),
        tuple(plain.get("died", ())),
    )


def _runs(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Pairs (page, value), ascending by page, as (first page, length, first value, step of the value)."""
    first = length = value = step = 0
    for page, now in pairs:
        if length == 1 and page == first + 1:
            step = now - value
            length = 2
        elif length > 1 and page == first + length and now == value + step * length:
            length += 1
        else:
            if length:
                yield first, length, value, step
            first, length, value, step = page, 1, now, 0
    if length:
        yield first, length, value, step


def _flat(runs: Iterable[tuple[int, int, int, int]]) -> list[int]:
    return [number for run in runs for number in run]


def _from_runs(flat: Iterable[int]) -> dict[int, int]:
    numbers = iter(flat)
    pairs: dict[int, int] = {}
    for first, length, value, step in zip(numbers, numbers, numbers, numbers, strict=True):
        for i in range(length):
            pairs[first + i] = value + step * i
    return pairs


def _repeats(values: list[int]) -> list[int]:
    """Values as value, count, value, count …"""
    flat: list[int] = []
    for value in values:
        if flat and flat[-2] == value:
            flat[-1] += 1
        else:
            flat += (value, 1)
    return flat


def _from_repeats(flat: Iterable[int]) -> list[int]:
    numbers = iter(flat)
    return [value for value, count in zip(numbers, numbers, strict=True) for _ in range(count)]
