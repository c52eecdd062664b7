"""One scenario told step by step: what happened, what it cost, and the address spaces next to the frames after it.

A pure function of the scenario and the traces. Frames are called a, b, c in the order of their first use; those of a
submission have the names of the reference's frames that they stand for, as in messages and pictures.
"""

from __future__ import annotations

from collections.abc import Collection

from grader.compare.renaming import Renaming
from grader.grade.attempt import Attempt, fits_hint, where
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED
from grader.plural import number_of
from grader.scenario.describe import sentence
from grader.scenario.model import LINUX, Scenario
from grader.trace.memory import Memory
from grader.trace.names import Names
from grader.trace.records import CRASHED, StepRecord, Trace
from grader.view.layout import Moment, arrange
from grader.view.sight import frame_name, sight_of
from grader.view.text import text


def story(scenario: Scenario, expected: Trace, attempt: Attempt | None, only: int | None = None) -> list[str]:
    """Return the lines of `grader show`: the run of the reference, or of a submission up to where it differs.

    only  the one step that is shown, with the state after it in any case
    """
    records = expected.steps if attempt is None else list(attempt.records)
    whose = "the reference" if attempt is None else "your kernel"
    lines = [f"{scenario.id}: {scenario.title}", _machine(scenario), f"What follows is the run of {whose}.", ""]
    teller = _Teller(scenario, expected, renamed=attempt is not None)
    stub = attempt is not None and attempt.verdict == NOT_IMPLEMENTED
    for record in records[: len(scenario.steps)]:
        if record.number:
            outcome = "not implemented" if stub and record.outcome == CRASHED else record.outcome
            told = teller.step(record, outcome, record.number == only)
            lines += told if only in (None, record.number) else []
    number = differs_in(attempt, len(scenario.steps)) if attempt is not None else 0
    unfinished = _unfinished(scenario, attempt, number) if attempt is not None and only in (None, number) else []
    lines += unfinished
    if only is not None and not unfinished and not any(record.number == only for record in records):
        lines += [f"The run ended before step {only}.", ""]
    end = expected.end if attempt is None else next((r for r in records if r.number > len(scenario.steps)), None)
    if end is not None and only is None:
        slots = f" and {number_of(end.slots, 'slot')}" if scenario.machine.swap else ""
        lines += [f"end   all processes exit: {number_of(end.frames, 'frame')}{slots} left in use", ""]
    if attempt is not None and attempt.verdict not in (PASSED, NOT_IMPLEMENTED):
        lines += _reference_in(scenario, expected, number) if only in (None, number) else []
    if attempt is not None:
        lines += ["This agrees with the reference in every step."] if attempt.verdict == PASSED else list(attempt.lines)
    if scenario.hint and only is None and (attempt is None or fits_hint(attempt)):
        lines += ["", f"hint: {scenario.hint}"]
    return lines


def differs_in(attempt: Attempt, total: int) -> int:
    """Return the step in which a run differs or ends; one more than `total` if that is the end of all processes."""
    if attempt.divergence is not None:
        return attempt.divergence.step
    last = max((record.number for record in attempt.records if record.number <= total), default=0)
    if attempt.records and not attempt.records[-1].ends:
        last += 1  # the step that did not come to an end
    return last or 1


def _unfinished(scenario: Scenario, attempt: Attempt, number: int) -> list[str]:
    """Return the step in which a run ended without a record of it: the kernel ran into a limit, or ended its process.

    Nothing is returned for a run that ended before its first step: only the attempt's first line shows that.
    """
    recorded = any(record.number == number for record in attempt.records)
    if recorded or attempt.lines[:1] != (where(scenario, number),):
        return []
    ends = number > len(scenario.steps)
    head = "end   all processes exit" if ends else f"{number:>3}   {sentence(scenario.steps[number - 1])}"
    return [head, f"      -> did not come to an end: {attempt.message}", ""]


def _reference_in(scenario: Scenario, expected: Trace, number: int) -> list[str]:
    """Return what the reference does in a step, and the state after it; nothing if that is not a step."""
    if number > len(scenario.steps):
        return []
    teller = _Teller(scenario, expected, renamed=False)
    told: list[str] = []
    for record in expected.steps[:number]:
        told = teller.step(record, record.outcome, record.number == number)
    return [f"{number:>3}   on the reference:", *told[1:]]


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

    def __init__(self, scenario: Scenario, expected: Trace, renamed: bool) -> None:
        self.scenario, self.expected = scenario, expected
        self.memory = Memory(scenario)
        self.state = self.memory.state
        self.names = Names(expected.pids, self.state)
        self.renaming = Renaming(scenario) if renamed else None
        self.name = frame_name if self.renaming is None else self.renaming.frame_name

    def step(self, record: StepRecord, outcome: str, always: bool = False) -> list[str]:
        """Return a step, how it ended, and the address spaces after it: `always`, or where the step changed them."""
        step = self.scenario.steps[record.number - 1]
        out = set(self.state.out)
        self.memory.follow(record)
        if self.renaming is not None:
            self.renaming.step(self.expected.steps[record.number - 1], record)
        lines = [f"{record.number:>3}   {sentence(step)}", f"      {cost(record, outcome)}"]
        if always or record.changes or record.died or out != self.state.out.keys():
            lines += [f"      {line}" for line in [*self._spaces(), *self._beside_these(record)]]
        return [*lines, ""]

    def _spaces(self) -> list[str]:
        """Return the address spaces with their frames."""
        sight = sight_of(self.memory, self.names, self.name)
        return text(arrange(Moment("", 0, sight, sight, self.names, self.name), fold=True))

    def _beside_these(self, record: StepRecord) -> list[str]:
        """Count the frames in use that no entry maps: the page cache has them, or a shared object."""
        more = record.frames - len(self.state.mapped_frames() & self.state.lives.keys() - self.state.freed)
        if more <= 0:
            return []
        return [
            "1 more frame is in use that no page maps" if more == 1 else f"{more} more are in use that no page maps"
        ]


def cost(record: StepRecord, outcome: str, without: Collection[str] = ()) -> str:
    """Return how a step ended and what it cost: `-> ok, 1 fault, 1 copy, 4 frames in use`.

    without  what is left out: `copies`, `frames in use`
    """
    minor, major = record.faults
    parts = [f"-> {outcome}"]
    if record.values:
        shown = ", ".join(map(str, record.values[:8])) + (" …" if len(record.values) > 8 else "")
        parts.append(f"value{'s' if len(record.values) > 1 else ''} {shown}")
    if minor or major:
        parts.append(
            f"{minor + major} fault{'s' if minor + major > 1 else ''}" + (f" ({major} major)" if major else "")
        )
    if record.copies and "copies" not in without:
        parts.append(f"{record.copies} cop{'ies' if record.copies > 1 else 'y'}")
    for number, what in ((record.reads, "read"), (record.writes, "write")):
        if number:
            parts.append(number_of(number, f"disk {what}"))
    if "frames in use" not in without:
        parts.append(f"{number_of(record.frames, 'frame')} in use")
    if record.slots:
        parts.append(number_of(record.slots, "swap slot"))
    return ", ".join(parts)
