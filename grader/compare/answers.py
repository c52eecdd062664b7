"""Says how a kernel answers a step as the reference does: what it raises, or what it returns if it is in C."""

from __future__ import annotations

from grader.plural import number_of
from grader.scenario.model import Step
from grader.trace.records import StepRecord

#: Outcome of an access -> what page_fault does in Python, and in C.
_KILLS = {
    "segv": {"python": "page_fault raises SegmentationFault", "c": "kernel_page_fault returns -FL_SEGV"},
    "oom": {"python": "page_fault raises OutOfFrames", "c": "kernel_page_fault returns -FL_NOMEM"},
}

#: Verb -> the error that its method answers an `error` with, in Python and in C.
_ERRORS = {
    **dict.fromkeys(("mmap", "munmap", "mprotect"), ("InvalidArgument", "-FL_INVAL")),
    "fork": ("OutOfFrames", "-FL_NOMEM"),
}


def expected_of(step: Step, record: StepRecord, language: str) -> str:
    """Return what the reference makes of a step, and how a kernel in `language` says so."""
    if record.outcome in _KILLS:
        return f"the process is killed: {_KILLS[record.outcome][language]}"
    if record.outcome != "error":
        return f"{record.outcome}, {number_of(sum(record.faults), 'page fault')}"
    if step.verb not in _ERRORS:
        return "an error for the caller"
    raised, returned = _ERRORS[step.verb]
    how = f"kernel_{step.verb} returns {returned}" if language == "c" else f"{step.verb} raises {raised}"
    return f"an error for the caller: {how}"
