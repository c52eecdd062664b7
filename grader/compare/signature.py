"""Computes the signature of a failed replay: two kernels with the same one made the same first mistake.

Up to the first difference a kernel has done what the reference did, so the signature is made of the step that differs,
and only of what can be observed there: numbers of frames and the kernel's own bookkeeping are not part of it.
"""

from __future__ import annotations

from grader.trace.records import StepRecord

from .judge import Divergence

#: Hexadecimal digits of a signature.
LENGTH = 12


def signature_of(verdict: str, record: StepRecord, divergence: Divergence | None) -> str:
    """Return the signature of a replay that ended with `record` and did not pass."""
    import hashlib

    seen: tuple[object, ...] = (verdict, record.number)
    if divergence is not None:
        seen += (divergence.rule, _observed(record, divergence))
        if divergence.rule == "sharing":
            seen += (divergence.yours,)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:LENGTH]


def _observed(record: StepRecord, divergence: Divergence) -> tuple[object, ...]:
    """Return what a step showed, without the numbers of frames."""
    # At the end the findings only name what the number of frames says already.
    judged = record.findings if divergence.rule != "leak" else []
    findings = sorted({(finding.check, tuple(sorted(finding.entries))) for finding in judged})
    unmet = sorted((unmet.rule, unmet.found) for unmet in divergence.unmet)
    counts = (record.faults, record.copies, record.reads, record.writes, record.frames, record.slots)
    return record.outcome, record.values, counts, findings, unmet
