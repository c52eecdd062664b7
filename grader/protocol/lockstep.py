"""Replays a scenario on a kernel in a worker: the grader's half of the lock-step.

The grader sends one step, the worker answers with operations, and the grader re-enacts them on its own machine. As soon
as an answer has arrived, the grader sends the next step and checks the answer while the worker is busy. The answer is
complete at that point, so no later step can change it.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypedDict

from grader.protocol import wire
from grader.protocol.messages import End, ScenarioMessages
from grader.protocol.reenact import StandIn, Tampered, WorkerCrash
from grader.replay.simulated import Replay
from grader.trace.records import CRASHED, StepRecord


class Child(Protocol):
    """A confined process that runs `serve` of sandbox/inside/worker.py."""

    def begin_scenario(self, due: int = 0, step_due: int = 0, owed: int = 1) -> None:
        """Start the scenario's budgets; `due` bytes of answers, `step_due` in one step, are above the limit."""

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame."""

    def send_frames(self, data: bytes) -> None:
        """Send whole frames."""

    def receive(self) -> object:
        """Return the next frame, (kind, payload), or how the child ended."""

    def arrived(self, most: int) -> list[bytes]:
        """Return answers that are here already, `most` at most: as far as nothing else is among them."""

    def take_output(self) -> tuple[bytes, bool]:
        """Return what was printed since the last call, and whether some of it was cut off."""

    def spent(self) -> tuple[float, float]:
        """Return the processor seconds, and the seconds of sleep, of the child's whole life."""


class Trouble(TypedDict):
    """A worker's report on an error in the student's code. lines: (file, line, function, text), innermost last."""

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

    at_once      True if all steps are sent at the beginning; never those of hidden scenarios
    answers      all answers so far, beginning with that to BEGIN
    found        the known outcome of exactly these answers, or None; if it is known, there are no records
    trouble      the worker's report of a crash, or None
    whereabouts  the worker's report of where the kernel is, sent if the scenario takes long, or None
    number       number of the step whose answer was awaited last; 0 before the first
    owed         answers that the worker has not yet given to what it was sent
    """

    def __init__(self, child: Child, script: ScenarioMessages, at_once: bool = False) -> None:
        self.child = child
        self.script = script
        self.at_once = at_once
        self.answers: list[bytes] = []
        self.found: End | None = None
        self.trouble: Trouble | None = None
        self.whereabouts: Trouble | None = None
        self.number = 0
        self.owed = 0
        self._started = False
        self._arrived: deque[bytes] = deque()  # answers that came together with the last one

    def send_ahead(self) -> None:
        """Send a scenario, all at once, while the child is busy with another; its records come afterwards."""
        assert self.at_once
        self.owed = len(self.script.messages) + 1
        self.child.send_frames(self.script.script)

    def start(self) -> None:
        """Start the scenario's budgets, and send what was not sent ahead."""
        self._started = True
        self.child.begin_scenario(self.script.due, self.script.step_due, len(self.script.messages) + 1)
        if self.at_once and not self.owed:
            self.send_ahead()
        elif not self.at_once:
            self._send(wire.BEGIN, self.script.beginning)

    def records(self) -> Iterator[StepRecord]:
        """Yield the records of the steps and of the end, as the grader's own machine made them.

        Raises Tampered for an answer that no honest worker gives, WorkerEnded if the child is gone.
        """
        scenario = self.script.scenario
        found = self.found if self.answers else self.follow()
        if found is not None:
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
                if self.trouble is not None:
                    # The kernel recovered from its trouble, so the run goes on.
                    self.trouble = None
                    self._send_step(number)
                self._take(number)
            standin.feed(_numbers(self.answers[number]))
            record = run.step(scenario.steps[number - 1]) if number <= len(scenario.steps) else run.end(number)
            standin.finished()
            yield record
            if record.ends:
                return

    def follow(self) -> End | None:
        """Take answers as long as they are known, and one more. Return `found`, which is set if all of them are known.

        Raises as records() does, which follows first if nobody has.
        """
        if not self._started:
            self.start()
        known, answers, arrived = self.script.answers, self.answers, self._arrived
        for number in range(len(self.script.messages) + 1):
            if arrived:
                # What _take does where everything was sent: most answers of a class are taken here.
                self.number = number
                answers.append(arrived.popleft())
            else:
                self._take(number)
            following = known.get(answers[number])
            if following is None or self.trouble is not None:
                break
            if isinstance(following, End):
                self.found = following
                break
            known = following
        return self.found

    def _take(self, number: int) -> None:
        """Take the answer to a step, by its number (0: to BEGIN), and send the next, unless there was trouble."""
        self.number = number
        self.answers.append(self._answer())
        if self.trouble is None:
            self._send_step(number + 1)

    def _send_step(self, number: int) -> None:
        """Send a step, unless all were sent before; after the last comes the end, and nothing after that."""
        if not self.at_once and number <= len(self.script.messages):
            self._send(*self.script.messages[number - 1])

    def _send(self, kind: int, payload: bytes) -> None:
        self.owed += 1
        self.child.send(kind, payload)

    def _answer(self) -> bytes:
        """Return the next answer, keeping any TROUBLE before it."""
        if self._arrived:
            return self._arrived.popleft()
        while True:
            received = self.child.receive()
            if type(received) is not tuple:
                raise WorkerEnded(received)
            kind, payload = received
            if kind == wire.TROUBLE:
                self._note(read_trouble(payload))
            elif kind == wire.ANSWER:
                self.owed -= 1
                if self.at_once and self.owed:
                    self._arrived.extend(self.child.arrived(self.owed))
                    self.owed -= len(self._arrived)
                return bytes(payload)
            else:
                raise Tampered(f"a frame of kind {kind} instead of an answer")

    def _note(self, told: Trouble) -> None:
        """Keep a TROUBLE. An honest worker sends at most one of each kind."""
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


def send_source(
    child: Child,
    modules: dict[str, str],
    main: str,
    class_name: str,
    compiled: bytes = b"",
    translated: bytes = b"",
    keep: Callable[[bytes], None] = lambda translated: None,
) -> Trouble | None:
    """Send a submission's modules to a new child. Return None, or the trouble that the source has.

    compiled    the WebAssembly module of a kernel in C, whose text is then only quoted
    translated  the source as an earlier child translated it: for this machine, or into Python's bytecode
    keep        called with what this child has translated, for the next one; it is untrusted, and only a child for the
                same source may have it
    """
    return deliver_source(child, source_message(modules, main, class_name, compiled, translated), keep)


def deliver_source(child: Child, message: bytes, keep: Callable[[bytes], None]) -> Trouble | None:
    """Send a new child what `source_message` has returned. Return what `send_source` returns."""
    begin_source(child)
    child.send(wire.SOURCE, message)
    return source_answer(child, keep)


def source_message(
    modules: dict[str, str], main: str, class_name: str, compiled: bytes = b"", translated: bytes = b""
) -> bytes:
    """Return the payload of a SOURCE; the parameters are those of `send_source`."""
    source: dict[str, object] = {"version": wire.VERSION, "modules": modules, "main": main, "class": class_name}
    if compiled:
        source["wasm"] = _base64(compiled)
    if translated:
        source["translated"] = _base64(translated)
    return json.dumps(source).encode()


def begin_source(child: Child) -> None:
    """Start the budget in which a child reads the source."""
    child.begin_scenario(wire.TRANSLATED_LIMIT, wire.TRANSLATED_LIMIT)


def source_answer(child: Child, keep: Callable[[bytes], None] = lambda translated: None) -> Trouble | None:
    """Wait until a child has read the source. Return None, or the trouble that the source has.

    Raises WorkerEnded if the child is gone, Tampered for an answer that no honest worker gives.
    """
    received = child.receive()
    if type(received) is not tuple:
        raise WorkerEnded(received)
    kind, payload = received
    if kind == wire.READY:
        if payload:
            keep(bytes(payload[: wire.TRANSLATED_LIMIT]))
        return None
    if kind == wire.TROUBLE:
        return read_trouble(payload)
    raise Tampered(f"a frame of kind {kind} in answer to the source")


def _base64(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()


def read_trouble(payload: bytes) -> Trouble:
    """Return a TROUBLE, checked field by field since it is untrusted. Raises Tampered if it has another shape."""
    try:
        given = json.loads(payload[: wire.TROUBLE_LIMIT])
        lines = [(str(f)[:200], int(n), str(m)[:100], str(t)[:200]) for f, n, m, t in given["lines"][:20]]
        kind, method, type_, message = (str(given[key])[:2000] for key in ("kind", "method", "type", "message"))
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise Tampered(f"an invalid TROUBLE ({type(error).__name__})") from None
    return {"kind": kind, "method": method, "type": type_, "message": message, "lines": lines}
