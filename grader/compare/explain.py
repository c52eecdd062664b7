"""Explains a divergence in plain lines: what differs, the page tables just before, and which steps were compared.

Pure: values in, lines out. Frames have the names of the pictures: those of the reference's frames that they stand for.
"""

from __future__ import annotations

from grader.machine.entry import FRAME_SHIFT, RIGHTS
from grader.machine.protection import PROTECTIONS
from grader.scenario.describe import sentence
from grader.scenario.model import Scenario
from grader.scenario.place import parse_place
from grader.trace.names import Names, marks
from grader.trace.records import ProcessPage, StepRecord, Trace
from grader.trace.state import State

from .judge import Divergence
from .renaming import Renaming

#: Page table entries shown before the step that differs.
ENTRIES = 8

#: rule -> what it is about
ABOUT = {
    "audit": "an invariant that every kernel keeps",
    "outcome": "how the step ends",
    "values": "the bytes that were read",
    "sharing": "which pages map which frame",
    "faults": "page faults in this step",
    "copies": "frames copied in this step",
    "frames": "frames in use",
    "disk": "what went to and came from disk",
    "leak": "what is left at the end",
}


def explain(
    scenario: Scenario,
    expected: Trace,
    yours: list[StepRecord],
    divergence: Divergence,
    *,
    recorded: bool = True,
) -> list[str]:
    """Return the lines of a report on one divergence.

    yours     the records of the student's run up to and with the step that differs (the end counts as a step)
    recorded  `expected` is the reference's trace; if not, no line speaks of the reference
    """
    total = len(scenario.steps)
    lines = [heading(scenario, divergence.step)]
    lines.append(f"  first difference: {divergence.rule} ({ABOUT[divergence.rule]})")
    lines.append(f"    expected      {divergence.expected}")
    lines.append(f"    your kernel   {divergence.yours}")
    if divergence.step <= total:
        lines += _other_differences(expected.steps[divergence.step - 1], yours[divergence.step - 1], divergence.rule)
        lines += _tables_before(scenario, expected, yours, divergence)
    if recorded:
        lines += _compared(divergence.step, total)
    return lines


def heading(scenario: Scenario, number: int) -> str:
    """Return the words for a step, with its line in the scenario's file."""
    total = len(scenario.steps)
    if number > total:
        return f"after step {total}, when all processes have exited"
    step = scenario.steps[number - 1]
    place = f"   {scenario.path.rpartition('/')[2]}:{step.line}" if scenario.path and step.line else ""
    return f"step {number} of {total}: {sentence(step)}{place}"


def _other_differences(expected: StepRecord, yours: StepRecord, rule: str) -> list[str]:
    """Return the counts of the same step that differ too: they do not decide, but are often the clue."""
    rows = [
        ("faults", "page faults", sum(expected.faults), sum(yours.faults)),
        ("copies", "frames copied", expected.copies, yours.copies),
        ("frames", "frames in use", expected.frames, yours.frames),
    ]
    return [
        f"    also: {what} {found}, expected {right}"
        for name, what, right, found in rows
        if name != rule and right != found
    ]


def _tables_before(scenario: Scenario, expected: Trace, yours: list[StepRecord], divergence: Divergence) -> list[str]:
    """Return the entries, in the student's kernel, that the step was about to use."""
    renaming = Renaming(scenario)
    for mine, record in zip(expected.steps, yours[: divergence.step - 1], strict=False):
        renaming.step(mine, record)
    state = renaming.yours
    names = Names(expected.pids, state)
    clock = scenario.machine.replacement == "clock"
    places = _relevant(divergence, state, names)
    lines: list[str] = []

    def entry(pte: int) -> str:
        frame = renaming.frame_name(state.lives.get(pte >> FRAME_SHIFT, 0))
        return f"-> frame {frame}  {PROTECTIONS[pte & RIGHTS]}{marks(pte, clock)}"

    for place in places[:ENTRIES]:
        pte = state.entry(*place)
        label = names.page(*place)
        what = entry(pte) if pte else _absent(place, state, names)
        cached = state.stale.get(place.pid, {}).get(place.page)
        held = f"   but the TLB still holds {entry(cached)}" if cached else ""
        lines.append(f"    {label:12} {what}{held}")
    if not lines:
        return []
    if len(places) > ENTRIES:
        lines.append(f"    and {len(places) - ENTRIES} more")
    return [f"  just before step {divergence.step}, in your kernel", *lines]


def _relevant(divergence: Divergence, state: State, names: Names) -> list[ProcessPage]:
    """Return the pages that the divergence names, those that the step touches, and all that share a frame with them."""
    step = state.scenario.steps[divergence.step - 1]
    tables = state.tables
    wanted = {place for place in divergence.places if place.pid in tables}
    pid = next((pid for pid, name in names.processes.items() if name == step.by), 0)
    if pid in tables and not wanted:
        if "at" in step.fields and parse_place(step.fields["at"]).name in state.mappings:
            wanted.update(ProcessPage(pid, page) for page in state.pages_of(step.fields["at"])[:ENTRIES])
        elif step.verb == "fork":
            wanted.update(ProcessPage(pid, page) for page in sorted(tables[pid])[:ENTRIES])
    frames = {state.entry(*place) >> FRAME_SHIFT for place in wanted if state.entry(*place)}
    for other, table in tables.items():
        wanted.update(ProcessPage(other, page) for page, pte in table.items() if pte >> FRAME_SHIFT in frames)
    return sorted(wanted, key=lambda place: (place.page, place.pid))


def _absent(place: ProcessPage, state: State, names: Names) -> str:
    slot = state.out.get(place)
    if slot is None:
        return "no entry"
    if place in state.inherited:  # whether the kernel knows is in its own bookkeeping
        return f"no entry; it was out (slot {slot}) when {names.process(place.pid)} was forked"
    return f"out (slot {slot})"


def _compared(number: int, total: int) -> list[str]:
    agreed, left = min(number - 1, total), total - number
    parts = []
    if agreed:
        parts.append(f"{_steps(1, agreed)} agree{'s' if agreed == 1 else ''} with the reference.")
    if left > 0:
        parts.append(f"{_steps(number + 1, total)} {'was' if left == 1 else 'were'} not compared.")
    return [f"  {' '.join(parts)}"] if parts else []


def _steps(first: int, last: int) -> str:
    return f"Step {first}" if first == last else f"Steps {first}-{last}"
