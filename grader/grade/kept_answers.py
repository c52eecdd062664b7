"""Keeps the answers that passed between runs, so that a kernel's next run re-enacts only what it does differently.

The same answers to the same scenario make the same records and the same judgement (answer_cache.py). A student who
runs the grader after each edit changes the answers to a few scenarios; the others are followed byte for byte through
those of the runs before. Only passes are kept: a failure is explained from its records.

An answer is kept under its recording's digest, which names the scenario by its hash, and in a pack that belongs to this
very grader (versions.py), with or without the compiled core.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Sequence

from grader.grade.answer_cache import AnswerCache
from grader.grade.attempt import Attempt
from grader.grade.verdicts import PASSED
from grader.kept import Pack
from grader.lab.recordings import Recording
from grader.machine import core
from grader.protocol.messages import ScenarioMessages
from grader.scenario.model import Scenario
from grader.trace.records import Trace
from grader.versions import mark_of

#: Folder of the cache, and scenarios of one lab that are kept at most, each failure point counted.
KIND, MOST = "answers", 600

#: Different ways to pass one scenario that are kept, and the bytes that one may take.
WAYS, ROOM = 3, 256 << 10

#: New ways that are worth writing a pack for; once it exists, one is.
FEW = 8


class KeptAnswers(AnswerCache):
    """The answers that passed in one lab. Use it as a context manager: what is new is kept when it is left."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self._pack = Pack(KIND, folder, MOST, _core())
        self._keys: dict[int, tuple[Trace, bytes]] = {}  # with the trace, so that no other one gets its id
        self._key_of: dict[int, bytes] = {}  # the same by the id of messages, which stay as long as this does
        self._found = False

    def __enter__(self) -> KeptAnswers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._found or self._pack.new >= FEW:
            self._pack.save()

    def introduce(self, recording: Recording) -> None:
        """Note which scenario and failure point each trace belongs to."""
        for point, trace in enumerate(recording.traces):
            self._keys[id(trace)] = trace, recording.digest + point.to_bytes(4, "big")

    def messages(self, scenario: Scenario, expected: Trace) -> ScenarioMessages:
        """Return a scenario's messages, with the answers that passed in earlier runs."""
        new = id(expected) not in self._scenarios
        messages = super().messages(scenario, expected)
        if new and id(expected) in self._keys:
            key = self._key_of[id(messages)] = self._keys[id(expected)][1]
            for answers in _ways(self._pack.get(key)):
                self._found = True
                super().learn(messages, answers, Attempt(PASSED))
        return messages

    def forget(self) -> None:
        """Forget all scenarios, because the lab has changed. What is kept stays, under its recordings' digests."""
        super().forget()
        self._keys, self._key_of = {}, {}

    def learn(self, scenario: ScenarioMessages, answers: Sequence[bytes], attempt: Attempt) -> None:
        """Remember answers that passed, for this run and for the next ones; a failure is explained from its records."""
        if attempt.verdict != PASSED:
            return
        super().learn(scenario, answers, attempt)
        key = self._key_of.get(id(scenario))
        if key is None or sum(map(len, answers)) > ROOM:
            return
        others = [way for way in _ways(self._pack.get(key)) if way != tuple(answers)]
        self._pack.put(key, (tuple(answers), *others[: WAYS - 1]))


def _core() -> str:
    """Return which build of the compiled core runs; "" for none."""
    file = core.current().file
    return f"{file}\0{mark_of(os.stat(file))}" if file else ""


def _ways(kept: object) -> Iterator[tuple[bytes, ...]]:
    """Yield the answers in what was kept; nothing where something else was."""
    for way in kept if isinstance(kept, tuple) else ():
        if isinstance(way, tuple) and way and all(isinstance(answer, bytes) for answer in way):
            yield way
