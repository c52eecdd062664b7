"""How a replay went wrong, as a short sign: two kernels with the same sign made the same first mistake in a scenario.

Up to the first difference a kernel has done what the reference did, so the sign is made of the step that differs, and
of nothing but what can be observed there: which frame has which number, or how a kernel keeps its books, is not in it.
"""

from __future__ import annotations

from grader.scenario.trace import StepRecord

from .judge import Divergence

#: Hexadecimal digits of a sign.
LENGTH = 12


def sign_of(verdict: str, record: StepRecord, divergence: Divergence | None) -> str:
    """The sign of a replay that ended with `record` and did not pass."""
    import hashlib

    seen: tuple[object, ...] = (verdict, record.number)
    if divergence is not None:
        seen += (divergence.rule, _observed(record))
        if divergence.rule == "sharing":
            seen += (divergence.yours,)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:LENGTH]


def _observed(record: StepRecord) -> tuple[object, ...]:
    """What a step showed, without the numbers of frames."""
    findings = sorted({(finding.check, tuple(sorted(finding.entries))) for finding in record.findings})
    unmet = sorted((unmet.rule, unmet.found) for unmet in record.unmet)
    counts = (record.faults, record.copies, record.reads, record.writes, record.frames, record.slots)
    return record.outcome, record.values, counts, findings, unmet
