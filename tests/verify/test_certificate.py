"""A certificate says no more than what was covered."""

from types import SimpleNamespace

from grader.grade.submission import Submission
from grader.grade.verdicts import UNGRADABLE
from grader.lab.scope import Mapped, World
from grader.verify.certificate import certify
from grader.verify.outcome import Outcome
from grader.verify.verified import Verified

WORLD = World("small", (Mapped("P", {"name": "h", "pages": 1}),))


def test_what_was_stopped_before_anything_was_covered_has_no_certificate(monkeypatch):
    """A difference was under way that nobody has examined."""
    stopped = Verified(WORLD, Outcome(0, 0, 0, 0, False, stopped=True))
    monkeypatch.setattr("grader.verify.certificate.verify_all", lambda *_: [stopped])
    session = SimpleNamespace(lab=SimpleNamespace(scope=(WORLD,)))

    assert certify(session, Submission("", None)) == (UNGRADABLE, "not verified: it was stopped", "")
