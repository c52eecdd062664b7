"""One scenario told step by step: what happened, what it cost, and the address spaces beside the frames after it.

Two processes are drawn with the frames between them (spaces.py), more of them as tables next to each other.

A pure function of the scenario and the traces; frames are called a, b, c in the order of their first use.
"""

from __future__ import annotations

from grader.grade.attempt import Attempt
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED
from grader.machine.entry import FRAME_SHIFT
from grader.scenario.describe import sentence
from grader.scenario.model import LINUX, Scenario
from grader.trace.names import Names, letter
from grader.trace.records import CRASHED, StepRecord, Trace
from grader.trace.state import State
from grader.view.text import ROWS, WIDTH, Half, continues, picture, rights, run_of, span

#: Life of the frame of zeros, which is never allocated.
ZERO = 0

#: Swap slots are numbered from here on, beyond the lives of all frames.
SLOTS = 1 << 40

#: Characters for an entry's rights and marks.
TOLD = 15


def story(scenario: Scenario, expected: Trace, attempt: Attempt | None, only: int | None = None) -> list[str]:
    """Return the lines of `grader show`: the run of the reference, or of a submission up to where it differs.

    only  the one step that is shown, with the state after it in any case
    """
    records = expected.steps if attempt is None else list(attempt.records)
    whose = "the reference" if attempt is None else "your kernel"
    lines = [f"{scenario.id}: {scenario.title}", _machine(scenario), f"What follows is the run of {whose}.", ""]
    teller = _Teller(scenario, expected)
    stub = attempt is not None and attempt.verdict == NOT_IMPLEMENTED
    for record in records[: len(scenario.steps)]:
        if record.number:
            outcome = "not implemented" if stub and record.outcome == CRASHED else record.outcome
            told = teller.step(record, outcome, record.number == only)
            lines += told if only in (None, record.number) else []
    if only is not None and not any(record.number == only for record in records):
        lines += [f"The run ended before step {only}.", ""]
    end = expected.end if attempt is None else next((r for r in records if r.number > len(scenario.steps)), None)
    if end is not None and only is None:
        lines += [f"end   all processes exit: {end.frames} frames and {end.slots} slots left in use", ""]
    if attempt is not None:
        lines += ["This agrees with the reference in every step."] if attempt.verdict == PASSED else list(attempt.lines)
    if scenario.hint and only is None:
        lines += ["", f"hint: {scenario.hint}"]
    return lines


def _machine(scenario: Scenario) -> str:
    spec = scenario.machine
    parts = [f"{spec.frames} frames of {spec.page_size} bytes"]
    if spec.swap:
        parts.append(f"{spec.swap} swap slots ({spec.replacement})")
    parts += [word for word, there in (("a TLB", spec.tlb), ("a zero page", spec.zero_page)) if there]
    if spec.profile == LINUX:
        parts.append("with the Linux profile")
    return f"machine: {', '.join(parts)}; processes: {', '.join(scenario.processes)}"


class _Teller:
    """Follows the run, and puts each step and the state after it into lines."""

    def __init__(self, scenario: Scenario, expected: Trace) -> None:
        self.scenario = scenario
        self.state = State(scenario)
        self.names = Names(expected.pids, self.state)
        self.clock = scenario.machine.replacement == "clock"
        self.told = len("rwx cow dirty used") if self.clock else TOLD

    def step(self, record: StepRecord, outcome: str, always: bool = False) -> list[str]:
        """Return a step, how it ended, and the address spaces after it: `always`, or where the step changed them."""
        step = self.scenario.steps[record.number - 1]
        out = set(self.state.out)
        self.state.follow(record)
        lines = [f"{record.number:>3}   {sentence(step)}", f"      {cost(record, outcome)}"]
        if always or record.changes or record.died or out != self.state.out.keys():
            lines += [f"      {line}" for line in [*self._spaces(), *self._beside_these(record)]]
        return [*lines, ""]

    def _spaces(self) -> list[str]:
        """Return the address spaces side by side, one row for each run of pages."""
        tables = self.state.tables
        if not tables:
            return ["no process is left"]
        halves = {pid: self._halves(pid, table) for pid, table in tables.items()}
        if len(halves) == 2 and all(halves.values()):
            (left, ours), (right, theirs) = halves.items()
            drawn = picture((self._title(left), self._title(right)), ours, theirs, _name)
            if drawn is not None:
                return drawn
        columns = []
        for pid, pages in halves.items():
            rows = self._rows(pages)
            hidden = len(rows) - ROWS
            rows = rows[:ROWS] + ([f"and {hidden} more"] if hidden > 0 else [])
            columns.append([self._title(pid), *(rows or ["(nothing present)"])])
        return _beside(columns)

    def _beside_these(self, record: StepRecord) -> list[str]:
        """Count the frames in use that no entry maps: the page cache has them, or a shared object."""
        more = record.frames - len(self.state.mapped_frames() & self.state.lives.keys())
        if more <= 0:
            return []
        return [
            "1 more frame is in use that no page maps" if more == 1 else f"{more} more are in use that no page maps"
        ]

    def _title(self, pid: int) -> str:
        return f"[{self.names.process(pid)}]"

    def _halves(self, pid: int, table: dict[int, int]) -> dict[int, Half]:
        """Return what is shown of each page of a process: page number -> half of a picture's row."""
        lives = self.state.lives
        halves = {page: (rights(pte, self.clock), lives.get(pte >> FRAME_SHIFT, ZERO)) for page, pte in table.items()}
        for place, slot in self.state.out.items():
            if place.pid == pid:
                halves[place.page] = "out", SLOTS + slot
        return {
            page: Half(self.names.page(pid, page).partition(":")[2], told, frame)
            for page, (told, frame) in sorted(halves.items())
        }

    def _rows(self, halves: dict[int, Half]) -> list[str]:
        runs: list[tuple[Half, int]] = []  # the first page of a run, and its length
        previous = -2
        for page, half in halves.items():
            if runs and page == previous + 1 and continues(runs[-1][0], half, runs[-1][1]):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((half, 1))
            previous = page
        labels = max([8, *(len(span(half.label, length)) for half, length in runs if length > 1)])
        return [self._row(half, length, labels) for half, length in runs]

    def _row(self, half: Half, length: int, labels: int) -> str:
        label = half.label if length == 1 else span(half.label, length)
        return f"{label:{labels}} {half.told:{self.told}} {run_of(half.frame, length, _name)}"


def _name(frame: int) -> str:
    """Return the name of what a half shows: a frame, by its life, or a slot."""
    if frame >= SLOTS:
        return f"slot {frame - SLOTS}"
    return "zero" if frame == ZERO else letter(frame - 1)


def cost(record: StepRecord, outcome: str) -> str:
    """Return how a step ended and what it cost: `-> ok, 1 fault, 1 copy, 4 frames in use`."""
    minor, major = record.faults
    parts = [f"-> {outcome}"]
    if record.values:
        shown = ", ".join(map(str, record.values[:8])) + (" …" if len(record.values) > 8 else "")
        parts.append(f"value{'s' if len(record.values) > 1 else ''} {shown}")
    if minor or major:
        parts.append(
            f"{minor + major} fault{'s' if minor + major > 1 else ''}" + (f" ({major} major)" if major else "")
        )
    if record.copies:
        parts.append(f"{record.copies} cop{'ies' if record.copies > 1 else 'y'}")
    for number, what in ((record.reads, "read"), (record.writes, "write")):
        if number:
            parts.append(f"{number} disk {what}{'' if number == 1 else 's'}")
    parts.append(f"{record.frames} frame{'' if record.frames == 1 else 's'} in use")
    if record.slots:
        parts.append(f"{record.slots} swap slot{'' if record.slots == 1 else 's'}")
    return ", ".join(parts)


def _beside(columns: list[list[str]]) -> list[str]:
    """Columns of lines next to each other, as many as fit in a line, the others below."""
    lines: list[str] = []
    row: list[list[str]] = []
    for column in columns:
        width = sum(max(map(len, c)) + 3 for c in [*row, column])
        if row and width > WIDTH:
            lines += _join(row)
            row = []
        row.append(column)
    return lines + _join(row)


def _join(columns: list[list[str]]) -> list[str]:
    height = max(map(len, columns))
    widths = [max(map(len, column)) for column in columns]
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in zip(*padded, strict=True)
    ]
