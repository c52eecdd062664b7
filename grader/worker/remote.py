"""A scenario on a kernel that lives in a worker: the grader's half of the lock-step.

The worker is sent one step, answers with operations, and the grader re-enacts them on its own machine. As soon as an
answer is in, the next step is sent, so that the worker is busy with it while the grader looks at the last: the answer
is complete by then, and no later step can change it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from grader.scenario.engine import Run
from grader.scenario.model import Scenario, Step
from grader.scenario.trace import CRASHED, StepRecord

from . import wire
from .standin import StandIn, Tampered, WorkerCrash


class Child(Protocol):
    """A confined process that runs student.serve (see box.py)."""

    def begin_scenario(self, due: int = 0) -> None:
        """Start the scenario's budgets; `due` bytes of answers are above the limit."""

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame."""

    def receive(self) -> Any:
        """The next frame, (kind, payload), or how the child ended."""


class WorkerEnded(Exception):
    """The child is gone, or said something that is no answer. `ending` has the verdict and the reason."""

    def __init__(self, ending: Any) -> None:
        super().__init__(ending.reason)
        self.ending = ending


class RemoteReplay:
    """One scenario on one child.

    trouble      what the worker told of a crash, or None
    whereabouts  where it said the kernel is, when the scenario had taken long already, or None
    number       of the step whose answer was waited for last; 0 before the first
    pending      whether an answer is owed
    """

    def __init__(self, child: Child, scenario: Scenario) -> None:
        self.child = child
        self.scenario = scenario
        self.trouble: dict[str, Any] | None = None
        self.whereabouts: dict[str, Any] | None = None
        self.number = 0
        self.pending = False

    def records(self) -> Iterator[StepRecord]:
        """The records of the steps and of the end, as the grader's own machine made them.

        Raises Tampered for an answer that no honest worker gives, WorkerEnded if the child is gone.
        """
        scenario = self.scenario
        self.child.begin_scenario(_due(scenario))
        self._send(wire.BEGIN, _beginning(scenario))
        numbers = self._answer()
        try:
            run = Run(scenario.machine, scenario.files, scenario.processes, lambda hw: StandIn(hw, numbers))
        except WorkerCrash:
            yield StepRecord(0, CRASHED)
            return
        standin = run.machine.kernel
        assert isinstance(standin, StandIn)
        standin.finished()
        self._send_step(0)
        for index in range(len(scenario.steps) + 1):
            self.number = index + 1
            numbers = self._answer()
            if self.trouble is None:
                self._send_step(index + 1)
            standin.feed(numbers)
            record = _perform(run, scenario, index)
            standin.finished()
            yield record
            if record.ends:
                return
            if not self.pending:
                # The kernel mastered its trouble by itself, so the run goes on.
                self.trouble = None
                self._send_step(index + 1)

    def _send_step(self, index: int) -> None:
        """Send a step, by its place in the scenario; after the last comes the end, and nothing after that."""
        steps = self.scenario.steps
        if index < len(steps):
            self._send(wire.STEP, _step(steps[index]))
        elif index == len(steps):
            self._send(wire.END, b"")

    def _send(self, kind: int, payload: bytes) -> None:
        self.pending = True
        self.child.send(kind, payload)

    def _answer(self) -> Sequence[int]:
        """The numbers of the next answer; a TROUBLE before it is kept."""
        while True:
            received = self.child.receive()
            if type(received) is not tuple:
                raise WorkerEnded(received)
            kind, payload = received
            if kind == wire.TROUBLE:
                self._note(read_trouble(payload))
            elif kind == wire.ANSWER:
                self.pending = False
                try:
                    return wire.unpack_numbers(payload)
                except wire.Malformed as error:
                    raise Tampered(str(error)) from None
            else:
                raise Tampered(f"a frame of kind {kind}, where an answer was due")

    def _note(self, told: dict[str, Any]) -> None:
        """Keep a TROUBLE. An honest worker tells one of a kind."""
        if told["kind"] == "time" and self.whereabouts is None:
            self.whereabouts = told
        elif told["kind"] != "time" and self.trouble is None:
            self.trouble = told
        else:
            raise Tampered("a second trouble, where an answer was due")


#: Bytes of answers that a page may take in one step: an honest kernel takes about fifty, or a hundred if it swaps.
_PAGE_BYTES = 256


def _due(scenario: Scenario) -> int:
    """Bytes of answers that a scenario's own size explains: every process touches every page in every step."""
    pages = sum(step.fields["pages"] for step in scenario.steps if step.verb == "mmap")
    processes = len(scenario.processes) + sum(step.verb == "fork" for step in scenario.steps)
    return _PAGE_BYTES * pages * processes * (len(scenario.steps) + 1)


def _perform(run: Run, scenario: Scenario, index: int) -> StepRecord:
    steps = scenario.steps
    return run.step(steps[index]) if index < len(steps) else run.end(len(steps) + 1)


def _beginning(scenario: Scenario) -> bytes:
    files = [[f.name, f.pages, list(f.contents), f.writable] for f in scenario.files]
    beginning = {"machine": scenario.machine._asdict(), "files": files, "processes": list(scenario.processes)}
    return json.dumps(beginning).encode()


def _step(step: Step) -> bytes:
    """A step as the worker gets it: what to do, never what is expected of it."""
    return json.dumps({"verb": step.verb, "by": step.by, **step.fields}).encode()


def send_source(child: Child, modules: dict[str, str], main: str, class_name: str) -> dict[str, Any] | None:
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


def read_trouble(payload: bytes) -> dict[str, Any]:
    """A TROUBLE, checked field by field: it is text by a stranger. Tampered if it has another shape."""
    try:
        given = json.loads(payload[: wire.TROUBLE_LIMIT])
        lines = [[str(f)[:200], int(n), str(m)[:100], str(t)[:200]] for f, n, m, t in given["lines"][:20]]
        texts = {key: str(given[key])[:2000] for key in ("kind", "method", "type", "message")}
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise Tampered(f"a trouble that is none ({type(error).__name__})") from None
    return {**texts, "lines": lines}
