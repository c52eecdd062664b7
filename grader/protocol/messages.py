"""What a worker receives of a scenario, and the cache of known answers.

The grader's machine has no chance and no clock: the same answers to the same scenario make the same records, and the
same judgement. So where many kernels are tried, most of which do the same, the answers of each are followed through
those of earlier ones, byte for byte, and only what was never seen is re-enacted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Union

from grader.protocol import wire
from grader.scenario.model import Scenario, Step
from grader.trace.records import Trace

#: Bytes that answers and attempts of all scenarios may take together; beyond that the cache starts again, empty. A
#: hundred students take five million.
ROOM = 32 << 20

#: The part of ROOM for one kernel's answers to one scenario: a larger set is unlikely to be repeated by another kernel.
_SHARE = 1 / 8

#: Overhead of a stored answer in bytes.
_OVERHEAD = 300

#: An answer -> the answers that have followed it, or what came of the scenario after it.
Answers = dict[bytes, Union["Answers", "End"]]


class End:
    """What came of a scenario: the attempt that was concluded."""

    __slots__ = ("attempt",)

    def __init__(self, attempt: Any) -> None:
        self.attempt = attempt


class ScenarioMessages:
    """One scenario as messages.

    beginning  the payload of BEGIN
    messages   kind and payload of every STEP, and of END
    due        bytes of answers that the scenario's own size explains
    step_due   the same in one step
    answers    to BEGIN and on, that were judged before
    """

    __slots__ = ("answers", "beginning", "due", "messages", "scenario", "step_due")

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.beginning = _beginning(scenario)
        self.messages = [(wire.STEP, _step(step)) for step in scenario.steps]
        self.messages.append((wire.END, b""))
        self.step_due = _step_due(scenario)
        self.due = self.step_due * (len(scenario.steps) + 1)
        self.answers: Answers = {}


class AnswerCache:
    """The scripts of a lab, for as long as one grader tries kernels on it."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._used = 0
        self._scripts: dict[int, tuple[Trace, ScenarioMessages]] = {}

    def script(self, scenario: Scenario, expected: Trace) -> ScenarioMessages:
        """Return the script of a scenario that is judged by this trace (a scenario has one for each failure point)."""
        known = self._scripts.get(id(expected))
        if known is None:
            # The trace is kept, so that no other one gets its id.
            known = self._scripts[id(expected)] = expected, ScenarioMessages(scenario)
        return known[1]

    def learn(self, script: ScenarioMessages, answers: Sequence[bytes], attempt: Any) -> None:
        """Remember that these answers, from that to BEGIN up to the last one read, led to this attempt."""
        size = sum(map(len, answers)) + _OVERHEAD * len(answers) + _bytes_of(attempt)
        if size > self._room * _SHARE:
            return
        if self._used + size > self._room:
            self._used = 0
            for _, other in self._scripts.values():
                other.answers = {}
        self._used += size
        node = script.answers
        for answer in answers[:-1]:
            following = node.setdefault(answer, {})
            if isinstance(following, End):
                return
            node = following
        node[answers[-1]] = End(attempt)


def _bytes_of(value: Any) -> int:
    """Return the size in bytes of a value made of tuples, text and numbers."""
    return sys.getsizeof(value) + (sum(map(_bytes_of, value)) if isinstance(value, tuple) else 0)


#: Bytes of answers that a page may take in one step: an honest kernel takes about fifty, or a hundred if it swaps.
_PAGE_BYTES = 256


def _step_due(scenario: Scenario) -> int:
    """Return the bytes of answers that a scenario's own size explains in one step: every process touches every page."""
    pages = sum(step.fields["pages"] for step in scenario.steps if step.verb == "mmap")
    processes = len(scenario.processes) + sum(step.verb == "fork" for step in scenario.steps)
    return _PAGE_BYTES * pages * processes


def _beginning(scenario: Scenario) -> bytes:
    files = [[f.name, f.pages, list(f.contents), f.writable] for f in scenario.files]
    beginning = {"machine": scenario.machine._asdict(), "files": files, "processes": list(scenario.processes)}
    return json.dumps(beginning).encode()


def _step(step: Step) -> bytes:
    """Return a step as the worker gets it: what to do, never what is expected of it."""
    return json.dumps({"verb": step.verb, "by": step.by, **step.fields}).encode()
