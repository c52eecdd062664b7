"""Read the answer to a question from a trace."""

from __future__ import annotations

from fractions import Fraction

from grader.machine.entry import FRAME_SHIFT
from grader.machine.protection import WRITE_BIT
from grader.quiz.model import Computed, Observation
from grader.scenario.place import parse_owned_place, parse_place
from grader.trace.records import Trace
from grader.trace.state import Counts, State

Value = Fraction | str


def observe(trace: Trace, what: Observation) -> Value:
    """Return the figure or the word. ValueError, with a message for the author, if the trace does not show it."""
    records = trace.steps[: what.after]
    if len(records) < what.after:
        raise ValueError(f"the run of {what.scenario.id} stopped before step {what.after}")
    last = records[-1]
    if what.observe == "outcome":
        return last.outcome
    if what.observe in ("value", "values"):
        if not last.values:
            raise ValueError(f"step {what.after} of {what.scenario.id} reads nothing")
        return Fraction(last.values[-1]) if what.observe == "value" else ", ".join(map(str, last.values))
    if what.observe in ("frames", "slots"):
        return Fraction(getattr(last, what.observe))
    state = State.after(what.scenario, records)
    if what.observe == "file":
        return _on_disk(state, what)
    if what.observe in ("present", "writable", "shared"):
        return _entries(trace, state, what)
    return _counted(trace, state, what)


def _counted(trace: Trace, state: State, what: Observation) -> Value:
    counts = [*state.counts.values()]
    if what.process:
        counts = [state.counts.get(_pid(trace, what, what.process), Counts())]
    fields = ("minor", "major") if what.observe == "faults" else (what.observe,)
    return Fraction(sum(getattr(each, field) for each in counts for field in fields))


def _pid(trace: Trace, what: Observation, name: str) -> int:
    if name not in trace.pids:
        raise ValueError(f"{what.scenario.id} has no process {name!r} (it has {', '.join(trace.pids)})")
    return trace.pids[name]


def _entries(trace: Trace, state: State, what: Observation) -> Value:
    """Count the pages of the place that are present or writable, or (`shared`) the entries of its one page's frame."""
    name, place = parse_owned_place(what.at)
    mapping = state.mappings.get(place.name)
    if mapping is None:
        raise ValueError(f"no mapping {place.name!r} exists in {what.scenario.id} at step {what.after}")
    pid = _pid(trace, what, name)
    pages = [mapping.first + index for index in place.pages(mapping.pages)]
    entries = [entry for entry in (state.entry(pid, page) for page in pages) if entry]
    if what.observe == "present":
        return Fraction(len(entries))
    if what.observe == "writable":
        return Fraction(sum(bool(entry & WRITE_BIT) for entry in entries))
    if len(pages) != 1 or not entries:
        raise ValueError(f"{what.at!r} is not a single present page of {what.scenario.id} after step {what.after}")
    return Fraction(len(state.users(entries[0] >> FRAME_SHIFT)))


def _on_disk(state: State, what: Observation) -> Value:
    """Return byte 0 of a page of a file, as it is on disk."""
    place = parse_place(what.at)
    names = [file.name for file in what.scenario.files]
    if place.name not in names:
        raise ValueError(f"{what.scenario.id} has no file {place.name!r} (it has {', '.join(names) or 'none'})")
    pages = state.file(place.name).pages
    if not 0 <= place.first < pages:
        raise ValueError(f"file {place.name!r} has {pages} pages")
    return Fraction(state.on_disk(place.name, place.first).byte(0))


def evaluate(computed: Computed, values: dict[str, Value]) -> Value:
    """Compute a key from the values of its observations. ValueError if the expression cannot be evaluated."""
    if computed.expression in values:
        return values[computed.expression]
    from grader.quiz.parameters import arithmetic

    return arithmetic(computed.expression, values)
