"""Turns traces into tuples of plain values for the cache, and back: much quicker to read than their JSON form.

Nothing is compressed and nothing checked here: what is kept was a valid trace when it was written.
"""

from __future__ import annotations

from typing import Any

from grader.machine.audit import Finding
from grader.machine.image import Image
from grader.machine.moves import SwapMove
from grader.trace.records import StepRecord, Trace


def plain_trace(trace: Trace) -> tuple[object, ...]:
    """Return a trace as plain values; `trace_of` is the way back."""
    scenario, hash, page_size, pids, steps, end = trace
    return scenario, hash, page_size, pids, list(map(_plain, steps)), None if end is None else _plain(end)


def trace_of(plain: Any) -> Trace:
    """Return the trace that `plain_trace` was given. ValueError, TypeError or IndexError if this is not one."""
    scenario, hash, page_size, pids, steps, end = plain
    return Trace(scenario, hash, page_size, pids, list(map(_record, steps)), None if end is None else _record(end))


def _plain(record: StepRecord) -> tuple[object, ...]:
    return tuple(
        record._replace(
            written=[(file, page, tuple(image)) for file, page, image in record.written],  # type: ignore[misc]
            findings=list(map(tuple, record.findings)),  # type: ignore[arg-type]
            swapped=list(map(tuple, record.swapped)),  # type: ignore[arg-type]
        )
    )


def _record(plain: Any) -> StepRecord:
    record = StepRecord._make(plain)
    if record.written or record.findings or record.swapped:  # most steps have none of these
        record = record._replace(
            written=[(file, page, Image(*image)) for file, page, image in record.written],
            findings=[Finding(*finding) for finding in record.findings],
            swapped=[SwapMove(*move) for move in record.swapped],
        )
    return record
