"""Remembers the answers of earlier kernels, so that what many kernels do alike is re-enacted and judged only once.

The grader's machine has no randomness and no clock: the same answers to the same scenario make the same records and the
same judgement. In a class most kernels do the same, so the answers of each are followed through those of earlier ones,
byte for byte, and only what was never seen is re-enacted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from grader.grade.attempt import Attempt
from grader.grade.verdicts import PASSED
from grader.lab.recordings import Recording
from grader.protocol.messages import End, ScenarioMessages
from grader.scenario.model import Scenario
from grader.trace.records import Trace

#: Maximum number of bytes for the answers and attempts of all scenarios; above that, the cache is emptied. A hundred
#: students take five million.
ROOM = 32 << 20

#: The part of it that one kernel's answers to one scenario may take: an answer this large is unlikely to be repeated by
#: another kernel.
_SHARE = 1 / 8

#: Bytes that an answer takes in addition to its own.
_OVERHEAD = 300


class AnswerCache:
    """The scenarios of a lab as messages, with the answers that kernels have given so far and what they led to.

    with_records  True if attempts keep their records, so that a failure can still be shown step by step
    """

    def __init__(self, room: int = ROOM, *, with_records: bool = False) -> None:
        self._room = room
        self._with_records = with_records
        self._used = 0
        self._scenarios: dict[int, tuple[Trace, ScenarioMessages]] = {}

    def messages(self, scenario: Scenario, expected: Trace) -> ScenarioMessages:
        """Return a scenario's messages, kept separately for each expected trace: it has one for each failure point."""
        known = self._scenarios.get(id(expected))
        if known is None:
            # The trace is kept, so that no other one gets its id.
            known = self._scenarios[id(expected)] = expected, ScenarioMessages(scenario)
        return known[1]

    def learn(self, scenario: ScenarioMessages, answers: Sequence[bytes], attempt: Attempt) -> None:
        """Remember that these answers, from that to BEGIN to the last that was judged, led to this attempt."""
        if not self._with_records or attempt.verdict == PASSED:
            attempt = attempt._replace(records=())
        size = sum(map(len, answers)) + _OVERHEAD * len(answers) + _bytes_of(attempt)
        if size > self._room * _SHARE:
            return
        if self._used + size > self._room:
            self._used = 0
            for _, other in self._scenarios.values():
                other.answers = {}
        self._used += size
        node = scenario.answers
        for answer in answers[:-1]:
            following = node.setdefault(answer, {})
            if isinstance(following, End):
                return
            node = following
        node[answers[-1]] = End(attempt)

    def introduce(self, recording: Recording) -> None:
        """Do nothing: only KeptAnswers needs to know a recording in advance."""

    def forget(self) -> None:
        """Forget all scenarios, because the lab has changed."""
        self._scenarios, self._used = {}, 0


def _bytes_of(value: object) -> int:
    """Return the bytes that a value of tuples, lists, mappings, texts and numbers takes."""
    inside: Iterable[object] = value.items() if isinstance(value, dict) else ()
    if isinstance(value, (tuple, list)):
        inside = value
    return sys.getsizeof(value) + sum(map(_bytes_of, inside))
