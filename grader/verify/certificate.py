"""Verifies a submission in all worlds of its lab, and puts it into one verdict and one line for a report."""

from __future__ import annotations

from typing import NamedTuple

from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE
from grader.program import command
from grader.verify.product import ReferenceFault
from grader.verify.verify import verify_all, worlds
from grader.verify.words import summary
from grader.wasm.compiler import CompilerFault


class Certificate(NamedTuple):
    """Holds what verification came to.

    verdict  `passed`, or that of the scenario that shows the difference
    world    the world that shows it, or ""
    """

    verdict: str
    line: str
    world: str = ""


def certify(session: Session, submission: Submission) -> Certificate:
    """Return the certificate of a submission. It changes no points."""
    if submission.refused:
        return Certificate(UNGRADABLE, "not verified: the submission was refused")
    try:
        found = list(verify_all(session, worlds(session.lab), submission, None))
    except CompilerFault as fault:
        return Certificate(UNGRADABLE, f"not verified: {fault}")
    except ReferenceFault:
        shown = f"`{command('check', session.lab.path, '--verify')}` shows it"
        return Certificate(UNGRADABLE, f"not verified: the reference is wrong in a scenario; {shown}")
    attempt, outcome = found[-1].attempt, found[-1].outcome
    if outcome.stopped and not outcome.scenarios:
        return Certificate(UNGRADABLE, "not verified: it was stopped")
    if attempt is None:
        return Certificate(PASSED, summary(found))
    if attempt.verdict == NOT_IMPLEMENTED:
        return Certificate(attempt.verdict, f"not verified: {attempt.message}")
    if attempt.verdict == UNGRADABLE:
        return Certificate(attempt.verdict, "not verified: this machine was too busy; run it again")
    return Certificate(attempt.verdict, summary(found), found[-1].world.name)
