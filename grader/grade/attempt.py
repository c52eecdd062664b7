"""Judges one replay of one scenario: compares its records until the first difference, and explains what it finds.

An Attempt is the same whether the kernel ran in a worker or, trusted or debugged, in the grader's own process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from grader.compare.answers import expected_of
from grader.compare.explain import explain
from grader.compare.judge import Divergence, Judge, unrecorded, when
from grader.compare.signature import signature_of
from grader.compare.stuck import stuck
from grader.grade.verdicts import FAILED, NOT_IMPLEMENTED, PASSED
from grader.lab.recordings import Recording
from grader.machine.errors import HardwareError
from grader.machine.outcome import RETRIES, KernelCrash
from grader.replay.simulated import MakeKernel, Replay
from grader.sandbox.termination import BY_SIGNAL, CLOSED, OWN_END
from grader.scenario.describe import sentence
from grader.scenario.model import Scenario
from grader.trace.records import CRASHED, NO_PROGRESS, StepRecord, Trace


class Overrun(NamedTuple):
    """The method in which a kernel ran into a limit, "" if that is not known, and the line (kernel.py:12), likewise."""

    method: str
    place: str = ""


class Attempt(NamedTuple):
    """The outcome of one scenario on one kernel.

    verdict     one of grade/verdicts.py
    message     one line for a table
    lines       the whole explanation, plain text
    divergence  the first difference from the reference; None if the verdict has another cause
    records     the student's records up to where the replay stopped
    sign        its signature (compare/signature.py), to compare with other kernels; "" if it passed or has none
    point       the failure point that it is about, for a scenario that is tried at each
    overrun     where the kernel ran into a limit, if it did
    """

    verdict: str
    message: str = ""
    lines: tuple[str, ...] = ()
    divergence: Divergence | None = None
    records: tuple[StepRecord, ...] = ()
    sign: str = ""
    point: int = 0
    overrun: Overrun | None = None


class Trouble(NamedTuple):
    """An error in a kernel's code. lines: (file, line, function, text), innermost last."""

    kind: str  # crash, not_implemented, refused, memory, operations
    method: str
    type: str
    message: str
    lines: tuple[tuple[str, int, str, str], ...] = ()


def judge(
    scenario: Scenario, expected: Trace | None, records: Iterator[StepRecord], seen: list[StepRecord] | None = None
) -> tuple[list[StepRecord], Divergence | None]:
    """Compare records as they come; stop at the first difference, or where the replay broke off.

    expected  None if there is no recording: only what the scenario itself expects is judged, and the audit
    seen      an empty list that gets the records, also if there is an exception
    """
    judging = Judge(scenario, expected)
    seen = [] if seen is None else seen
    for record in records:
        seen.append(record)
        if record.ends:
            return seen, None
        divergence = judging.step(record) if record.number <= len(scenario.steps) else judging.end(record)
        if divergence is not None:
            return seen, divergence
    return seen, None


def attempt_each(scenario: Scenario, output: Recording, attempt: Callable[[Scenario, Trace], Attempt]) -> Attempt:
    """Try a scenario, at every failure point if it asks for each. The first attempt that does not pass decides."""
    if scenario.each is None:
        return attempt(scenario, output.traces[0])
    result = Attempt(PASSED)
    for point, expected in enumerate(output.traces):
        result = attempt(scenario.at_failure_point(point), expected)
        if result.verdict != PASSED:
            operation = scenario.each.fields["operation"]
            where = f"when call {point + 1} of {operation} fails"
            lines = (f"{where} (of {len(output.traces)} failure points):", *result.lines)
            sign = f"{point}:{result.sign}" if result.sign else ""
            return result._replace(message=f"{where}: {result.message}", lines=lines, sign=sign, point=point)
    return result


def attempt_here(scenario: Scenario, expected: Trace | None, make_kernel: MakeKernel) -> Attempt:
    """Try a scenario in the grader's own process: for kernels that are trusted, and for debugging."""
    try:
        run = Replay(scenario, make_kernel)
    except (Exception, SystemExit) as error:
        trouble = trouble_of(error, "__init__")
        return conclude(scenario, expected, [StepRecord(0, CRASHED)], None, trouble)
    records, divergence = judge(scenario, expected, run.records())
    told: Trouble | None = None
    if isinstance(run.failure, KernelCrash):
        told = trouble_of(run.failure.cause, run.failure.method)
    return conclude(scenario, expected, records, divergence, told)


#: The folder of the grader's own code, whose lines are not shown. A student's files may be in another one of that name.
_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")


def trouble_of(error: BaseException, method: str) -> Trouble:
    """Describe an exception that a kernel raised in this process."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not f.filename.startswith(_PACKAGE)]
    lines = tuple((f.filename, f.lineno or 0, f.name, f.line or "") for f in own)
    kind = "not_implemented" if isinstance(error, NotImplementedError) else "crash"
    return Trouble(kind, method, type(error).__name__, str(error), lines)


def conclude(
    scenario: Scenario,
    expected: Trace | None,
    records: list[StepRecord],
    divergence: Divergence | None,
    trouble: Trouble | None,
    language: str = "python",
) -> Attempt:
    """Return the attempt that these records amount to. `language`: of the kernel, for the words of an explanation."""
    kept = tuple(records)
    if divergence is not None:
        trace = expected or unrecorded(scenario, records)
        lines = tuple(explain(scenario, trace, records, divergence, recorded=expected is not None))
        place = when(divergence.step, divergence.rule)
        message = f"{place}: {divergence.rule}: expected {divergence.expected}; yours: {divergence.yours}"
        return Attempt(FAILED, message, lines, divergence, kept, signature_of(FAILED, records[-1], divergence))
    last = records[-1]
    if last.outcome == NO_PROGRESS:
        return _no_progress(scenario, expected, records, language)
    if last.outcome == CRASHED:
        trouble = trouble or Trouble("crash", "", "", "no reason was given")
        return _crash(scenario, expected, kept, trouble, language)
    return Attempt(PASSED, records=kept)


#: Where a kernel fails that cannot be compiled, imported or made.
BEFORE = "before the first step"


def where(scenario: Scenario, number: int) -> str:
    """Return the words for a step, by its number."""
    if number == 0:
        return BEFORE
    if number > len(scenario.steps):
        return f"after step {len(scenario.steps)}, when all processes exit"
    return f"step {number} of {len(scenario.steps)}: {sentence(scenario.steps[number - 1])}"


#: Verbs that are not called like the method that the machine calls for them.
_HANDLERS = {
    **dict.fromkeys(("read", "write", "execute"), "page_fault"),
    **dict.fromkeys(("copy_to_user", "copy_from_user"), "user_access"),
}


def handler_of(scenario: Scenario, number: int) -> str:
    """Return the method that the machine calls in a step, by the step's number; "" before the first."""
    if number == 0:
        return ""
    if number > len(scenario.steps):
        return "exit"
    verb = scenario.steps[number - 1].verb
    return _HANDLERS.get(verb, verb)


#: Methods that the machine calls only for a step that says so; it calls `evict` and `exit` on other occasions, too.
CALLED_BY_STEPS = frozenset(
    ("mmap", "munmap", "mprotect", "page_fault", "fork", "user_access", "madvise", "mremap", "mlock")
)


def handlers_of(scenario: Scenario) -> frozenset[str]:
    """Return the methods that the machine calls in the steps of a scenario."""
    return frozenset(handler_of(scenario, step.number) for step in scenario.steps)


def _no_progress(scenario: Scenario, expected: Trace | None, records: list[StepRecord], language: str) -> Attempt:
    record = records[-1]
    if 0 < record.number <= len(scenario.steps):
        lines = tuple(stuck(scenario, expected, records, language))
    else:
        lines = (
            where(scenario, record.number),
            f"  page_fault returned {RETRIES} times, and the access is still refused.",
        )
    sign = signature_of(NO_PROGRESS, record, None)
    return Attempt(NO_PROGRESS, lines[1].strip().rstrip("."), lines, records=tuple(records), sign=sign)


_VERDICTS = {"not_implemented": NOT_IMPLEMENTED, "refused": "refused", "operations": "timed_out", "fuel": "timed_out"}


def _crash(
    scenario: Scenario, expected: Trace | None, kept: tuple[StepRecord, ...], trouble: Trouble, language: str
) -> Attempt:
    record = kept[-1]
    verdict = _VERDICTS.get(trouble.kind, CRASHED)
    if verdict == NOT_IMPLEMENTED:
        what = trouble.message or trouble.method
        return Attempt(verdict, f"not implemented yet: {what}", (f"Not implemented yet: {what}",), records=kept)
    message = crash_message(trouble)
    sign = signature_of(CRASHED, record, None) if verdict == CRASHED else ""
    lines = [where(scenario, record.number), *crash_lines(trouble)]
    if verdict == CRASHED and expected is not None and 0 < record.number <= len(scenario.steps):
        answer = expected_of(scenario.steps[record.number - 1], expected.steps[record.number - 1], language)
        lines.append(f"    expected      {answer}")
    return Attempt(verdict, message, tuple(lines), records=kept, sign=sign)


def fits_hint(attempt: Attempt) -> bool:
    """Return True if the hint of a scenario may help: it asks about the scenario's rule.

    It does not where the kernel was stopped for another reason than what it did with memory: an exception of its own, a
    limit, a refusal.
    """
    if attempt.verdict == CRASHED:
        return attempt.message.startswith(HardwareError.__name__)
    return attempt.verdict in (PASSED, FAILED, NO_PROGRESS, NOT_IMPLEMENTED)


#: Follows the name of a method that raised SystemExit.
_TRIED_TO_END = "tried to end the program"


def ends_itself(message: str) -> bool:
    """Return True if the message of an attempt says that the kernel ended its own process, or tried to."""
    return message.startswith((OWN_END, CLOSED, BY_SIGNAL)) or message.endswith(_TRIED_TO_END)


def crash_message(trouble: Trouble) -> str:
    """Return one line on a crash."""
    who = _who(trouble.method)
    if trouble.kind == "memory":
        return f"{who} ran out of the memory that a kernel may use"
    if trouble.kind == "operations":
        return f"{who} carried out more operations than any kernel needs"
    if trouble.kind == "refused" and trouble.type == "RefusedImport":
        return trouble.message
    if trouble.type == "SystemExit":
        return f"{who} {_TRIED_TO_END}"
    told = f"{trouble.type}: {trouble.message}" if trouble.message else trouble.type
    return told if trouble.method in ("compile", "import", "") else f"{told} (in {trouble.method})"


def _who(method: str) -> str:
    """Return what failed, as the beginning of a sentence: a method, or the import if no method ran yet."""
    return "the import of your kernel" if method == "import" else method


#: What methods may raise, where the machine takes some of its errors for a crash.
_MAY_RAISE = {
    "page_fault": "may raise SegmentationFault or let OutOfFrames escape, and nothing else",
    "exit": "may not raise anything",
}


def crash_lines(trouble: Trouble) -> list[str]:
    """Return the student's own lines of a traceback, and the error."""
    lines = [*own_lines(trouble.lines), f"  {crash_message(trouble)}"]
    if trouble.type == HardwareError.__name__:
        lines.append("  The hardware rejected this call: either its arguments or your kernel's bookkeeping is wrong.")
    if trouble.type == "BdbQuit":
        lines.append("  breakpoint() finds no terminal in the sandbox: add --debug to the command.")
    if trouble.type in ("SegmentationFault", "OutOfMemory", "OutOfFrames", "InvalidArgument"):
        lines.append(f"  {_who(trouble.method)} {_MAY_RAISE.get(trouble.method, 'may not raise this')}.")
    return lines


def own_lines(calls: Iterable[Sequence[object]]) -> list[str]:
    """Return lines for calls of the student's code, innermost last: file and line, and the source text.

    A recursion has many equal ones, which are shown once.
    """
    lines = []
    for call, same in groupby(map(tuple, calls)):
        file, number, function, text = call
        place = f"{file}:{number}" if number else file
        again = ", several times" if len(list(same)) > 1 else ""
        lines.append(f"  {place}{f', in {function}' if function else ''}{again}")
        if text:
            lines.append(f"      {text}")
    return lines
