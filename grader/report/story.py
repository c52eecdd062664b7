"""One scenario told step by step: what happened, what it cost, and the address spaces beside the frames after it.

    P             frame                     C
    h[0]  r-- cow  a   h[0]  r-- cow

A pure function of the scenario and the traces; frames are called a, b, c in the order of their first use.
"""

from __future__ import annotations

from grader.attempt import PASSED, Attempt
from grader.compare.names import Names, letter
from grader.compare.words import sentence
from grader.machine.entry import ACCESSED, COW, DIRTY, FRAME_SHIFT, RIGHTS
from grader.machine.protection import PROTECTIONS
from grader.scenario.model import Scenario
from grader.scenario.trace import StepRecord, Trace, apply_changes

#: Pages of one process that are drawn; runs of equal pages count as one.
ROWS = 12


def story(scenario: Scenario, expected: Trace, attempt: Attempt | None) -> list[str]:
    """The lines of `grader show`: the run of the reference, or of a submission up to where it differs."""
    records = expected.steps if attempt is None else list(attempt.records)
    whose = "the reference" if attempt is None else "your kernel"
    lines = [f"{scenario.id}: {scenario.title}", _machine(scenario), f"What follows is the run of {whose}.", ""]
    teller = _Teller(scenario, expected)
    for record in records[: len(scenario.steps)]:
        if record.number:
            lines += teller.step(record)
    end = expected.end if attempt is None else next((r for r in records if r.number > len(scenario.steps)), None)
    if end is not None:
        lines += [f"end   all processes exit: {end.frames} frames and {end.slots} slots left in use", ""]
    if attempt is not None:
        lines += ["This agrees with the reference in every step."] if attempt.verdict == PASSED else list(attempt.lines)
    if scenario.hint:
        lines += ["", f"hint: {scenario.hint}"]
    return lines


def _machine(scenario: Scenario) -> str:
    spec = scenario.machine
    parts = [f"{spec.frames} frames of {spec.page_size} bytes"]
    if spec.swap:
        parts.append(f"{spec.swap} swap slots ({spec.replacement})")
    parts += [word for word, there in (("a TLB", spec.tlb), ("a zero page", spec.zero_page)) if there]
    return f"machine: {', '.join(parts)}; processes: {', '.join(scenario.processes)}"


class _Teller:
    """Follows the page tables and keeps the letters of frames."""

    def __init__(self, scenario: Scenario, expected: Trace) -> None:
        self.scenario = scenario
        self.names = Names(expected, 0)
        self.tables: dict[int, dict[int, int]] = {pid: {} for pid in expected.initial}
        self.letters: dict[int, str] = {}
        self.used = 0

    def step(self, record: StepRecord) -> list[str]:
        step = self.scenario.steps[record.number - 1]
        self.names.learn(record)
        for frame in record.allocated:
            self.letters[frame] = letter(self.used)
            self.used += 1
        apply_changes(self.tables, record)
        lines = [f"{record.number:>3}   {sentence(step)}", f"      {_cost(record)}"]
        if record.changes or record.died:
            lines += [f"      {line}" for line in self._spaces()]
        return [*lines, ""]

    def _spaces(self) -> list[str]:
        """The address spaces side by side, a row a run of pages."""
        columns = []
        for pid, table in self.tables.items():
            rows = self._rows(pid, table)
            hidden = len(rows) - ROWS
            rows = rows[:ROWS] + ([f"and {hidden} more"] if hidden > 0 else [])
            columns.append([f"[{self.names.process(pid)}]", *(rows or ["(nothing present)"])])
        if not columns:
            return ["no process is left"]
        return _beside(columns)

    def _rows(self, pid: int, table: dict[int, int]) -> list[str]:
        rows: list[tuple[str, str, int, int]] = []  # label of the first page, what is said, length, first frame
        previous = -2
        for page, pte in sorted(table.items()):
            frame = pte >> FRAME_SHIFT
            told = _rights(pte)
            label = self.names.page(pid, page).partition(":")[2]
            if (
                rows
                and page == previous + 1
                and rows[-1][1] == told
                and label.partition("[")[0] == rows[-1][0].partition("[")[0]
            ):
                first, _, length, base = rows[-1]
                if frame == base + length:
                    rows[-1] = (first, told, length + 1, base)
                    previous = page
                    continue
            rows.append((label, told, 1, frame))
            previous = page
        return [self._row(*row) for row in rows]

    def _row(self, label: str, told: str, length: int, frame: int) -> str:
        name = self.letters.get(frame, "zero")
        if length == 1:
            return f"{label:8} {told:15} {name}"
        last = self.letters.get(frame + length - 1, "zero")
        return f"{_span(label, length):8} {told:15} {name}..{last}"


def _span(label: str, length: int) -> str:
    """`h[2]` and three pages more as `h[2:6]`."""
    name, bracket, index = label.rstrip("]").rpartition("[")
    return f"{name}[{index}:{int(index) + length}]" if bracket else f"{label} and {length - 1} more"


def _rights(pte: int) -> str:
    marks = "".join(f" {word}" for bit, word in ((COW, "cow"), (DIRTY, "dirty")) if pte & bit)
    return f"{PROTECTIONS[pte & RIGHTS]}{marks or (' used' if pte & ACCESSED else '')}"


def _cost(record: StepRecord) -> str:
    minor, major = record.faults
    parts = [f"-> {record.outcome}"]
    if record.values:
        shown = ", ".join(map(str, record.values[:8])) + (" …" if len(record.values) > 8 else "")
        parts.append(f"value{'s' if len(record.values) > 1 else ''} {shown}")
    if minor or major:
        parts.append(
            f"{minor + major} fault{'s' if minor + major > 1 else ''}" + (f" ({major} major)" if major else "")
        )
    if record.copies:
        parts.append(f"{record.copies} cop{'ies' if record.copies > 1 else 'y'}")
    parts += [f"{n} disk {what}" for n, what in ((record.reads, "reads"), (record.writes, "writes")) if n]
    parts.append(f"{record.frames} frame{'' if record.frames == 1 else 's'} in use")
    if record.slots:
        parts.append(f"{record.slots} swap slot{'' if record.slots == 1 else 's'}")
    return ", ".join(parts)


def _beside(columns: list[list[str]]) -> list[str]:
    """Columns of lines next to each other, as many as fit in 74 characters, the others below."""
    lines: list[str] = []
    row: list[list[str]] = []
    for column in columns:
        width = sum(max(map(len, c)) + 3 for c in [*row, column])
        if row and width > 74:
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
