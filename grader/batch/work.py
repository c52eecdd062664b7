"""Does a worker's part of a batch: attempts at scenarios by one kernel, in a sandbox that is kept from task to task.

The same function serves processes of this machine and workers of a cluster; all it needs comes with the task, so that
a worker elsewhere needs no files of ours.
"""

from __future__ import annotations

import pickle
import threading
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from grader.compare.judge import Divergence
from grader.grade.answer_cache import AnswerCache
from grader.grade.attempt import Attempt
from grader.grade.graded import OUTPUT_LIMIT
from grader.grade.runner import Printed
from grader.grade.session import Session, attempt_twins
from grader.grade.submission import Submission, code_of
from grader.grade.twins import Twin
from grader.grade.verdicts import PASSED, TIMED_OUT, WAITING
from grader.lab.lab import Lab
from grader.lab.recordings import Recording
from grader.sandbox.isolation import Isolation

if TYPE_CHECKING:
    from grader.batch.rows import PlainAttempt


class Bundle(NamedTuple):
    """A lab with its outputs, packed to be sent. `digest` says which, so that it is unpacked once."""

    digest: str
    data: bytes
    isolation: str


class Work(NamedTuple):
    """A kernel, and the scenarios (ids) that it is to be tried on.

    twins   scenarios whose twins are to be tried as well, unless the kernel turns out not to pass the scenario
    verify  whether it is to be verified as well
    """

    kernel_digest: str
    kernel: str
    scenarios: tuple[str, ...]
    twins: tuple[str, ...] = ()
    language: str = "python"
    verify: bool = False


class Done(NamedTuple):
    """Holds what came of it: scenario id -> attempt as JSON values; the isolation; the same of the scenarios' twins.

    certificate  what verification came to, in the form of an attempt; None if it was not asked for
    together     True if the kernel ran into a limit: these are all scenarios and twins, and depend on each other
    """

    kernel_digest: str
    attempts: dict[str, PlainAttempt]
    isolation: Isolation
    twins: dict[str, PlainAttempt] = {}  # noqa: RUF012 - never changed
    certificate: PlainAttempt | None = None
    together: bool = False


def pack(lab: Lab, outputs: dict[str, Recording], isolation: str, twins: dict[str, Twin] | None = None) -> Bundle:
    """Pack a lab for workers."""
    import hashlib

    data = zlib.compress(pickle.dumps((lab, outputs, twins or {})), 1)
    return Bundle(hashlib.sha256(data + isolation.encode()).hexdigest(), data, isolation)


class _Bench(threading.local):
    """The session that a worker keeps from task to task, with the lab's twins. Each thread of a worker has its own."""

    digest = ""
    session: Session | None = None
    twins: dict[str, Twin]

    def set_up(self, bundle: Bundle) -> Session:
        """Return a session for a bundle. IsolationError if the machine cannot give the isolation that it asks for."""
        if self.session is None or self.digest != bundle.digest:
            self.tear_down()
            lab, recordings, self.twins = pickle.loads(zlib.decompress(bundle.data))
            self.session = Session(lab, bundle.isolation, recordings=recordings, answers=AnswerCache())
            self.digest = bundle.digest
        return self.session

    def tear_down(self) -> None:
        """End the session and its sandbox."""
        if self.session is not None:
            self.session.close()
        self.digest, self.session = "", None


_bench = _Bench()


def perform(work: Work, bundle: Bundle) -> Done:
    """Try a kernel. Whatever it does, the answer is a Done; an exception is a fault of the grader or the machine."""
    try:
        return _tried(work, _bench.set_up(bundle))
    except BaseException:
        _bench.tear_down()
        raise


def _tried(work: Work, session: Session) -> Done:
    every = tuple(scenario.id for scenario in session.lab.all_scenarios), tuple(_bench.twins)
    tried = _Tried(work, session, work.scenarios, work.twins)
    if tried.limited and (work.scenarios, work.twins) != every:
        # What such a kernel gets in a scenario depends on those before it, so that a part says nothing.
        tried = _Tried(work, session, *every)
    return Done(
        work.kernel_digest,
        {g.scenario.id: to_json(g.attempt, g.printed) for g in tried.graded},
        session.isolation,
        {id: to_json(attempt, Printed()) for id, attempt in tried.twins.items()},
        _certificate(work, session) if work.verify else None,
        tried.limited,
    )


class _Tried:
    """A kernel, tried on scenarios and on the twins of those that it does not fail."""

    def __init__(self, work: Work, session: Session, scenarios: Sequence[str], twins: Sequence[str]) -> None:
        lab, wanted = session.lab, set(scenarios)
        runner = session.runner(Submission("", code_of(work.kernel, work.language, lab)))
        public = [s for s in lab.scenarios if s.id in wanted]
        hidden = [s for s in lab.hidden if s.id in wanted]
        self.graded = session.grade(runner, public, hidden)
        failed = {g.scenario.id for g in self.graded if g.attempt.verdict != PASSED}
        self.twins = attempt_twins(runner, {id: _bench.twins[id] for id in twins if id not in failed})
        runner.discard()

    @property
    def limited(self) -> bool:
        """Return True if the kernel ran into a limit: from then on it has less time, and some scenarios wait."""
        attempts = [*(g.attempt for g in self.graded), *self.twins.values()]
        return any(one.overrun is not None or one.verdict in (TIMED_OUT, WAITING) for one in attempts)


def _certificate(work: Work, session: Session) -> PlainAttempt:
    """Return the certificate of a kernel."""
    from grader.verify.certificate import certify

    found = certify(session, Submission("", code_of(work.kernel, work.language, session.lab)))
    return {"verdict": found.verdict, "message": found.line}


def to_json(attempt: Attempt, printed: Printed) -> PlainAttempt:
    """Return an attempt as JSON values."""
    plain: PlainAttempt = {"verdict": attempt.verdict}
    if attempt.message or attempt.lines:
        plain["message"], plain["lines"] = attempt.message, list(attempt.lines)
    if attempt.divergence is not None:
        plain["divergence"] = attempt.divergence[:4]
    if attempt.sign:
        plain["sign"] = attempt.sign
    if printed.text:
        # A little more than is shown, so that what is cut off is known to be.
        plain["printed"] = printed.text[: OUTPUT_LIMIT + 1], printed.truncated
    return plain


def from_json(plain: PlainAttempt) -> tuple[Attempt, Printed]:
    """Return the attempt that `to_json` was given, without its records."""
    divergence = Divergence(*plain["divergence"]) if "divergence" in plain else None
    lines = tuple(plain.get("lines", ()))
    attempt = Attempt(plain["verdict"], plain.get("message", ""), lines, divergence, sign=plain.get("sign", ""))
    return attempt, Printed(*plain["printed"]) if "printed" in plain else Printed()
