"""A scenario on a kernel that lives in a worker: the grader's half of the lock-step.

The worker is sent one step, answers with operations, and the grader re-enacts them on its own machine. As soon as an
answer is in, the next step is sent, so that the worker is busy with it while the grader looks at the last: the answer
is complete at that point, and no later step can change it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypedDict

from grader.protocol import wire
from grader.protocol.messages import End, ScenarioMessages
from grader.protocol.reenact import StandIn, Tampered, WorkerCrash
from grader.replay.simulated import Replay
from grader.trace.records import CRASHED, StepRecord


class Child(Protocol):
    """A confined process that runs student.serve (see box.py)."""

    def begin_scenario(self, due: int = 0, step_due: int = 0) -> None:
        """Start the scenario's budgets; `due` bytes of answers, `step_due` in one step, are above the limit."""

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame."""

    def receive(self) -> object:
        """Return the next frame, (kind, payload), or how the child ended."""


class Trouble(TypedDict):
    """What a worker reported of the student's code. lines: (file, line, function, text), innermost last."""

    kind: str
    method: str
    type: str
    message: str
    lines: list[tuple[str, int, str, str]]


class WorkerEnded(Exception):
    """The child is gone, or sent something that is not an answer. `ending` has the verdict and the reason."""

    def __init__(self, ending: Any) -> None:
        super().__init__(ending.reason)
        self.ending = ending


class RemoteReplay:
    """One scenario on one child.

    answers      all that were taken, from that to BEGIN on
    found        what these very answers are known to have led to, or None; then there are no records
    trouble      what the worker told of a crash, or None
    whereabouts  where it said the kernel is, when the scenario had taken long already, or None
    number       of the step whose answer was waited for last; 0 before the first
    pending      whether an answer is owed
    """

    def __init__(self, child: Child, script: ScenarioMessages) -> None:
        self.child = child
        self.script = script
        self.answers: list[bytes] = []
        self.found: End | None = None
        self.trouble: Trouble | None = None
        self.whereabouts: Trouble | None = None
        self.number = 0
        self.pending = False

    def records(self) -> Iterator[StepRecord]:
        """Yield the records of the steps and of the end, as the grader's own machine made them.

        Raises Tampered for an answer that no honest worker gives, WorkerEnded if the child is gone.
        """
        scenario = self.script.scenario
        self.child.begin_scenario(self.script.due, self.script.step_due)
        self._send(wire.BEGIN, self.script.beginning)
        self._follow()
        if self.found is not None:
            return
        numbers = _numbers(self.answers[0])
        try:
            run = Replay(scenario, lambda hw: StandIn(hw, numbers))
        except WorkerCrash:
            yield StepRecord(0, CRASHED)
            return
        try:
            yield from self._reenacted(run)
        finally:
            run.close()

    def _reenacted(self, run: Replay) -> Iterator[StepRecord]:
        """Yield the records of a run that has not begun, waiting step by step for answers that have not arrived."""
        scenario, standin = self.script.scenario, run.machine.kernel
        assert isinstance(standin, StandIn)
        standin.finished()
        for number in range(1, len(scenario.steps) + 2):
            if number == len(self.answers):
                if not self.pending:
                    # The kernel mastered its trouble by itself, so the run goes on.
                    self.trouble = None
                    self._send_step(number)
                self._take(number)
            standin.feed(_numbers(self.answers[number]))
            record = run.step(scenario.steps[number - 1]) if number <= len(scenario.steps) else run.end(number)
            standin.finished()
            yield record
            if record.ends:
                return

    def _follow(self) -> None:
        """Take answers for as long as they are known, and one more; `found` if they are to the end."""
        known = self.script.answers
        for number in range(len(self.script.messages) + 1):
            self._take(number)
            following = known.get(self.answers[number])
            if following is None or self.trouble is not None:
                return
            if isinstance(following, End):
                self.found = following
                return
            known = following

    def _take(self, number: int) -> None:
        """Take the answer to a step, by its number (0: to BEGIN), and send the next, unless there was trouble."""
        self.number = number
        self.answers.append(self._answer())
        if self.trouble is None:
            self._send_step(number + 1)

    def _send_step(self, number: int) -> None:
        """Send a step; after the last comes the end, and nothing after that."""
        if number <= len(self.script.messages):
            self._send(*self.script.messages[number - 1])

    def _send(self, kind: int, payload: bytes) -> None:
        self.pending = True
        self.child.send(kind, payload)

    def _answer(self) -> bytes:
        """Return the next answer, keeping any TROUBLE before it."""
        while True:
            received = self.child.receive()
            if type(received) is not tuple:
                raise WorkerEnded(received)
            kind, payload = received
            if kind == wire.TROUBLE:
                self._note(read_trouble(payload))
            elif kind == wire.ANSWER:
                self.pending = False
                return bytes(payload)
            else:
                raise Tampered(f"a frame of kind {kind} instead of an answer")

    def _note(self, told: Trouble) -> None:
        """Keep a TROUBLE. An honest worker tells one of a kind."""
        if told["kind"] == "time" and self.whereabouts is None:
            self.whereabouts = told
        elif told["kind"] != "time" and self.trouble is None:
            self.trouble = told
        else:
            raise Tampered("a second TROUBLE instead of an answer")


def _numbers(answer: bytes) -> Sequence[int]:
    try:
        return wire.unpack_numbers(answer)
    except wire.Malformed as error:
        raise Tampered(str(error)) from None


def send_source(child: Child, modules: dict[str, str], main: str, class_name: str) -> Trouble | None:
    """Give a new child the submission's modules: None, or the trouble that its source has."""
    source = {"version": wire.VERSION, "modules": modules, "main": main, "class": class_name}
    child.begin_scenario()
    child.send(wire.SOURCE, json.dumps(source).encode())
    received = child.receive()
    if type(received) is not tuple:
        raise WorkerEnded(received)
    kind, payload = received
    if kind == wire.READY:
        return None
    if kind == wire.TROUBLE:
        return read_trouble(payload)
    raise Tampered(f"a frame of kind {kind} in answer to the source")


def read_trouble(payload: bytes) -> Trouble:
    """Return a TROUBLE, checked field by field since it is untrusted. Raises Tampered if it has another shape."""
    try:
        given = json.loads(payload[: wire.TROUBLE_LIMIT])
        lines = [(str(f)[:200], int(n), str(m)[:100], str(t)[:200]) for f, n, m, t in given["lines"][:20]]
        kind, method, type_, message = (str(given[key])[:2000] for key in ("kind", "method", "type", "message"))
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise Tampered(f"an invalid TROUBLE ({type(error).__name__})") from None
    return {"kind": kind, "method": method, "type": type_, "message": message, "lines": lines}
