"""Converts traces to plain JSON values, and back.

Entries that follow each other are stored as runs, so a step over a thousand pages is one line. Fields at their default
are left out, so a field that is new to the format changes no output of a scenario that does not use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from grader.machine.audit import Finding
from grader.machine.image import Image
from grader.machine.moves import SwapMove
from grader.plural import number_of

from .records import StepRecord, Trace

FORMAT = 1

_DEFAULT = StepRecord(0, "ok")
_PLAIN = ("actor", "copies", "reads", "writes", "frames", "slots", "forked")


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Return a trace as plain values; `trace_from_json` is the way back."""
    plain: dict[str, object] = {
        "format": FORMAT,
        "scenario": trace.scenario,
        "hash": trace.hash,
        "page_size": trace.page_size,
        "pids": trace.pids,
        "steps": [_record_to_json(record) for record in trace.steps],
    }
    if trace.end is not None:
        plain["end"] = _record_to_json(trace.end)
    return plain


def trace_from_json(plain: dict[str, Any]) -> Trace:
    """Return the trace that `trace_to_json` was given. ValueError if this is not a trace, or one of another format."""
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise ValueError(f"not a trace of format {FORMAT}")
    try:
        trace = Trace(
            plain["scenario"],
            plain["hash"],
            plain["page_size"],
            plain["pids"],
            [_record_from_json(record) for record in plain["steps"]],
            _record_from_json(plain["end"]) if "end" in plain else None,
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"not a trace: {type(error).__name__} {error}") from None
    _check_swapped(trace)
    return trace


def _check_swapped(trace: Trace) -> None:
    """Refuse a trace from before swap moves were recorded, because it does not show which pages are swapped out."""
    for record in trace.steps:
        if record.swapped:
            return
        if record.slots:
            slots = f"{number_of(record.slots, 'swap slot')} in use"
            raise ValueError(f"step {record.number} has {slots}, but the trace does not say what was swapped")


def _record_to_json(record: StepRecord) -> dict[str, object]:
    """Return one record; fields at their default are left out."""
    plain: dict[str, object] = {"step": record.number, "outcome": record.outcome}
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
    if record.mapped:
        plain["mapped"] = list(record.mapped)
    if record.died:
        plain["died"] = list(record.died)
    if record.swapped:
        plain["swapped"] = [_move_to_json(move) for move in record.swapped]
    return plain


def _record_from_json(plain: dict[str, Any]) -> StepRecord:
    """Return the record that `_record_to_json` was given."""
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
        (mapped[0], mapped[1], mapped[2]) if mapped else None,
        plain.get("forked", 0),
        tuple(plain.get("died", ())),
        [SwapMove(m[0], m[1], m[2], tuple(zip(m[3::2], m[4::2], strict=True))) for m in plain.get("swapped", ())],
    )


def _move_to_json(move: SwapMove) -> list[object]:
    return [move.kind, move.slot, move.frame, *(number for pair in move.pages for number in pair)]


def _runs(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Compress pairs (page, value), ascending by page, to (first page, length, first value, step of the value)."""
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
    """Compress values to value, count, value, count …"""
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
