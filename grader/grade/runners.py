"""Examines a submission: one attempt after another on confined children, each death followed by a fresh child.

A child serves all public scenarios of one submission, another one the hidden ones, afterwards, so that nothing that
was seen there can be printed in a public one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.grade.attempt import BEFORE, Attempt, Trouble, conclude, crash_lines, crash_message, judge, own_lines, where
from grader.grade.verdicts import CRASHED, FAILED, PASSED, TAMPERED, TIMED_OUT, UNGRADABLE
from grader.replay.simulated import MakeKernel
from grader.sandbox.budget import Budget
from grader.sandbox.limits import Limits
from grader.scenario.model import Scenario
from grader.trace.records import Trace

if TYPE_CHECKING:
    from grader.protocol.messages import AnswerCache


class KernelSource(NamedTuple):
    """A submission's modules by import name, and the class to construct."""

    modules: dict[str, str]
    main: str
    class_name: str


class Printed(NamedTuple):
    """What a kernel printed during an attempt, as text, and whether some of it was cut off."""

    text: str = ""
    truncated: bool = False


class SandboxRunner:
    """Attempts at scenarios for one submission, in a box.

    known  what other submissions' kernels have shown of the same scenarios (worker/script.py), where many are tried
    """

    def __init__(self, box: Any, code: KernelSource, known: AnswerCache | None = None) -> None:
        self.box = box
        self.code = code
        self._known = known
        self._child: Any = None
        self._hurried = False  # whether the child was made for a kernel that has overrun a limit
        self._budget = Budget(getattr(box, "limits", Limits()))
        self._broken: Attempt | None = None  # the source does not compile: every scenario ends the same way

    def __call__(self, scenario: Scenario, expected: Trace) -> Attempt:
        """One attempt. Whatever the submission does, the answer is an Attempt.

        A child that dies, or speaks out of turn, while it serves its second scenario or a later one, may do so because
        of an earlier one. So the scenario gets a fresh child, and that one's attempt counts.
        """
        used = self._child is not None
        attempt = self._attempt(scenario, expected)
        if used and self._child is None and attempt.verdict in (TAMPERED, CRASHED):
            return self._attempt(scenario, expected)
        return attempt

    def _attempt(self, scenario: Scenario, expected: Trace) -> Attempt:
        from grader.protocol.lockstep import RemoteReplay, WorkerEnded
        from grader.protocol.messages import ScenarioMessages
        from grader.protocol.reenact import Tampered

        early = self._broken or self._exhausted()
        if early is not None:
            return early
        replay = None
        try:
            child = self._started()
            if child is None:
                assert self._broken is not None
                return self._broken
            script = ScenarioMessages(scenario) if self._known is None else self._known.script(scenario, expected)
            before = child.spent()[0]
            child.limits = self._budget.limits(script.due)
            replay = RemoteReplay(child, script)
            records, divergence = judge(scenario, expected, replay.records())
            self._settle(replay)
            if replay.found is not None:
                self._budget.finished(child.spent()[0] - before)
                return replay.found.attempt
            trouble = _trouble(replay.trouble)
            attempt = conclude(scenario, expected, records, divergence, trouble)
            self._note(attempt, trouble, cpu=child.spent()[0] - before)
            if self._known is not None and attempt.verdict in (PASSED, FAILED) and trouble is None:
                self._known.learn(script, replay.answers, attempt._replace(records=()))
            return attempt
        except WorkerEnded as ended:
            self.discard()
            return self._lost(scenario, ended.ending, replay)
        except Tampered as tampered:
            self.discard()
            self._budget.finished()
            return Attempt(TAMPERED, f"the worker's answer fits no kernel: {tampered}", (str(tampered),))

    def _exhausted(self) -> Attempt | None:
        """Return how every further scenario ends, where the submission has used up its budget."""
        ending = self._budget.exhausted(*(self._child.spent() if self._child is not None else (0.0, 0.0)))
        return Attempt(ending.verdict, ending.reason, (ending.reason,)) if ending is not None else None

    def _lost(self, scenario: Scenario, ending: Any, replay: Any) -> Attempt:
        """Return the attempt of a child that is gone; `replay` is None if the scenario had not begun."""
        attempt = _ended(scenario, ending, replay)
        told = None
        if replay is not None:
            told = replay.whereabouts
        elif attempt.verdict == TIMED_OUT:
            # Python itself could not read the source within the limit, and that does not depend on the scenario.
            self._broken = attempt
        self._note(attempt, None, method=told["method"] if told is not None else "")
        return attempt

    def _note(self, attempt: Attempt, trouble: Trouble | None, *, method: str = "", cpu: float = 0.0) -> None:
        """Tell the budget how a scenario ended: in which method, if a limit ended it, and what it took if none did."""
        if attempt.verdict == TIMED_OUT:
            self._budget.overran(attempt.verdict, trouble.method if trouble is not None else method)
        elif attempt.verdict == CRASHED and trouble is not None and trouble.kind == "memory":
            self._budget.overran(attempt.verdict, trouble.method)
        elif attempt.verdict == UNGRADABLE:
            self._budget.starved()
        else:
            self._budget.finished(cpu)

    def printed(self) -> Printed:
        """What was printed since the last call."""
        if self._child is None:
            return self._last_words
        data, truncated = self._child.take_output()
        return Printed(data.decode("utf-8", "replace"), truncated)

    def discard(self) -> None:
        """End the child; the next attempt gets a new one."""
        self._last_words = Printed()
        if self._child is not None:
            data, truncated = self._child.take_output()
            self._last_words = Printed(data.decode("utf-8", "replace"), truncated)
            self._budget.charge(*self._child.spent())
            self._child.close()
            self._child = None

    _last_words = Printed()

    def _started(self) -> Any:
        """The child with the source in it; None if the source is broken."""
        from grader.protocol.lockstep import send_source

        if self._child is not None and self._budget.hurried and not self._hurried:
            self.discard()
        if self._child is None:
            self._hurried = self._budget.hurried
            self._child = self.box.spawn(self._hurried)
            told = send_source(self._child, self.code.modules, self.code.main, self.code.class_name)
            if told is not None:
                trouble = _trouble(told)
                assert trouble is not None
                self._broken = Attempt(CRASHED, crash_message(trouble), (BEFORE, *crash_lines(trouble)))
                return None
        return self._child

    def _settle(self, replay: Any) -> None:
        """A replay that stopped early may be owed an answer: take it, or give the child up. So is a child given up that
        has said more than it was asked, or is dead by now: the next scenario shall not begin with its remains."""
        if (replay.pending and not self._child.drain()) or not self._child.quiet():
            self.discard()


def _trouble(told: dict[str, Any] | None) -> Trouble | None:
    """Return what a worker told of a crash, if it did."""
    return Trouble(**{**told, "lines": tuple(map(tuple, told["lines"]))}) if told is not None else None


def _ended(scenario: Scenario, ending: Any, replay: Any) -> Attempt:
    """The child is gone: in which step, how, and where it was when it last said so."""
    if replay is None:
        return Attempt(ending.verdict, ending.reason, (ending.reason,))
    lines = [where(scenario, replay.number)]
    if ending.verdict == TIMED_OUT and replay.whereabouts is not None:
        lines += own_lines(replay.whereabouts["lines"])
    return Attempt(ending.verdict, ending.reason, (*lines, f"  {ending.reason}"))


def LocalRunner(make_kernel: MakeKernel) -> Callable[[Scenario, Trace], Attempt]:
    """Attempts in this process, for trusted kernels and for --debug."""
    from grader.grade.attempt import attempt_here

    return lambda scenario, expected: attempt_here(scenario, expected, make_kernel)
