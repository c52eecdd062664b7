"""What a replay shows of one thing that a question asks for."""

from __future__ import annotations

from fractions import Fraction

from grader.machine.entry import FRAME_SHIFT, unpack
from grader.machine.protection import Protection
from grader.quiz.model import Computed, Observation
from grader.scenario.place import parse_owned_place, parse_place
from grader.scenario.trace import StepRecord, Trace

Value = Fraction | str


def observe(trace: Trace, what: Observation) -> Value:
    """The figure or the word. ValueError, in words, if the trace shows no such thing."""
    records = trace.steps[: what.after]
    if len(records) < what.after:
        raise ValueError(f"the run of {what.scenario.id} broke off before step {what.after}")
    last = records[-1]
    if what.observe == "outcome":
        return last.outcome
    if what.observe in ("value", "values"):
        if not last.values:
            raise ValueError(f"step {what.after} of {what.scenario.id} reads nothing")
        return Fraction(last.values[-1]) if what.observe == "value" else ", ".join(map(str, last.values))
    if what.observe in ("frames", "slots"):
        return Fraction(getattr(last, what.observe))
    if what.observe == "file":
        return _on_disk(records, what)
    if what.observe in ("present", "writable", "shared"):
        return _entries(trace, what)
    return _counted(trace, records, what)


def _counted(trace: Trace, records: list[StepRecord], what: Observation) -> Value:
    if what.process:
        pid = _pid(trace, what, what.process)
        records = [record for record in records if record.actor == pid]
    if what.observe in ("copies", "reads", "writes"):
        return Fraction(sum(getattr(record, what.observe) for record in records))
    minor = sum(record.faults[0] for record in records)
    major = sum(record.faults[1] for record in records)
    return Fraction({"minor": minor, "major": major, "faults": minor + major}[what.observe])


def _pid(trace: Trace, what: Observation, name: str) -> int:
    if name not in trace.pids:
        raise ValueError(f"there is no process {name!r} in {what.scenario.id}; {', '.join(trace.pids)} are there")
    return trace.pids[name]


def _entries(trace: Trace, what: Observation) -> Value:
    """present, writable: how many pages of the place are; shared: how many entries map the frame of its one page."""
    name, place = parse_owned_place(what.at)
    mapped = [record.mapped for record in trace.steps[: what.after] if record.mapped and record.mapped[0] == place.name]
    if not mapped:
        raise ValueError(f"nothing called {place.name!r} is mapped in {what.scenario.id} by step {what.after}")
    _, first, pages = mapped[-1]
    tables = trace.raw(what.after)
    table = tables.get(_pid(trace, what, name), {})
    entries = [table[first + page] for page in place.pages(pages) if first + page in table]
    if what.observe == "present":
        return Fraction(len(entries))
    if what.observe == "writable":
        return Fraction(sum(Protection.WRITE in unpack(entry).protection for entry in entries))
    if len(place.pages(pages)) != 1 or not entries:
        raise ValueError(f"{what.at!r} is not one present page of {what.scenario.id} after step {what.after}")
    frame = entries[0] >> FRAME_SHIFT
    return Fraction(sum(entry >> FRAME_SHIFT == frame for other in tables.values() for entry in other.values()))


def _on_disk(records: list[StepRecord], what: Observation) -> Value:
    """Byte 0 of a page of a file, as it is on disk."""
    place = parse_place(what.at)
    numbers = {file.name: (number, file) for number, file in enumerate(what.scenario.files)}
    if place.name not in numbers:
        raise ValueError(f"there is no file {place.name!r} in {what.scenario.id}; {', '.join(numbers) or 'none'} are")
    number, file = numbers[place.name]
    value = file.contents[place.first] if 0 <= place.first < file.pages else None
    if value is None:
        raise ValueError(f"file {file.name!r} has {file.pages} pages")
    for record in records:
        for written, page, image in record.written:
            if (written, page) == (number, place.first):
                value = image.byte(0)
    return Fraction(value)


def evaluate(computed: Computed, values: dict[str, Value]) -> Value:
    """A computed key from the values of its observations. ValueError if they cannot be added up."""
    if computed.expression in values:
        return values[computed.expression]
    from grader.quiz.parameters import arithmetic

    return arithmetic(computed.expression, values)
