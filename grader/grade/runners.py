"""Examines a submission: one attempt after another on confined children, each death followed by a fresh child.

A child serves all public scenarios of one submission, another one the hidden ones, afterwards, so that nothing that
was seen there can be printed in a public one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.grade.attempt import BEFORE, Attempt, Trouble, conclude, crash_lines, crash_message, judge, own_lines, where
from grader.grade.verdicts import CRASHED, FAILED, PASSED, TAMPERED, TIMED_OUT
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario
from grader.trace.records import Trace

if TYPE_CHECKING:
    from grader.protocol.messages import Known

#: Scenarios in which a kernel may run out of time before the later ones get an eighth of it: still ten times what any
#: honest scenario needs, and a kernel that loops in every one does not hold up a class.
PATIENCE = 3


class Code(NamedTuple):
    """A submission's modules by import name, and the class to construct."""

    modules: dict[str, str]
    main: str
    class_name: str


class Printed(NamedTuple):
    """What a kernel printed during an attempt, as text, and whether some of it was cut off."""

    text: str = ""
    truncated: bool = False


class Examiner:
    """Attempts at scenarios for one submission, in a box.

    known  what other submissions' kernels have shown of the same scenarios (worker/script.py), where many are tried
    """

    def __init__(self, box: Any, code: Code, known: Known | None = None) -> None:
        self.box = box
        self.code = code
        self._known = known
        self._child: Any = None
        self._late = 0  # scenarios that ran out of time
        self._limits: Any = getattr(box, "limits", None)
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
        from grader.protocol.messages import Script
        from grader.protocol.reenact import Tampered

        if self._broken is not None:
            return self._broken
        replay = None
        try:
            child = self._started()
            if child is None:
                assert self._broken is not None
                return self._broken
            script = Script(scenario) if self._known is None else self._known.script(scenario, expected)
            replay = RemoteReplay(child, script)
            records, divergence = judge(scenario, expected, replay.records())
            self._settle(replay)
            if replay.found is not None:
                return replay.found.attempt
            told = replay.trouble
            trouble = Trouble(**{**told, "lines": tuple(map(tuple, told["lines"]))}) if told is not None else None
            attempt = conclude(scenario, expected, records, divergence, trouble)
            if self._known is not None and attempt.verdict in (PASSED, FAILED) and trouble is None:
                self._known.learn(script, replay.answers, attempt._replace(records=()))
            return attempt
        except WorkerEnded as ended:
            self.discard()
            self._late += ended.ending.verdict == TIMED_OUT
            return _ended(scenario, ended.ending, replay)
        except Tampered as tampered:
            self.discard()
            return Attempt(TAMPERED, f"the worker's answer fits no kernel: {tampered}", (str(tampered),))

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
            self._child.close()
            self._child = None

    _last_words = Printed()

    def _started(self) -> Any:
        """The child with the source in it; None if the source is broken."""
        from grader.protocol.lockstep import send_source

        if self._child is None:
            if self._limits is not None:
                self.box.limits = self._limits.hurried() if self._late >= PATIENCE else self._limits
            try:
                self._child = self.box.spawn()
            finally:
                # The box is another submission's next.
                self.box.limits = self._limits
            told = send_source(self._child, self.code.modules, self.code.main, self.code.class_name)
            if told is not None:
                trouble = Trouble(**{**told, "lines": tuple(map(tuple, told["lines"]))})
                self._broken = Attempt(CRASHED, crash_message(trouble), (BEFORE, *crash_lines(trouble)))
                return None
        return self._child

    def _settle(self, replay: Any) -> None:
        """A replay that stopped early may be owed an answer: take it, or give the child up. So is a child given up that
        has said more than it was asked, or is dead by now: the next scenario shall not begin with its remains."""
        if (replay.pending and not self._child.drain()) or not self._child.quiet():
            self.discard()


def _ended(scenario: Scenario, ending: Any, replay: Any) -> Attempt:
    """The child is gone: in which step, how, and where it was when it last said so."""
    if replay is None:
        return Attempt(ending.verdict, ending.reason, (ending.reason,))
    lines = [where(scenario, replay.number)]
    if ending.verdict == TIMED_OUT and replay.whereabouts is not None:
        lines += own_lines(replay.whereabouts["lines"])
    return Attempt(ending.verdict, ending.reason, (*lines, f"  {ending.reason}"))


def local_examiner(make_kernel: MakeKernel) -> Callable[[Scenario, Trace], Attempt]:
    """Attempts in this process, for trusted kernels and for --debug."""
    from grader.grade.attempt import attempt_here

    return lambda scenario, expected: attempt_here(scenario, expected, make_kernel)
