"""Verifies a submission in the worlds of a lab, in the way that its kernel allows.

A kernel of ours runs in this process, a submission's in the sandbox; the states of both are saved, compared and merged.
What a kernel does is always counted on a machine of this process. That two of its states are equal is what a confined
process says, so that only a kernel which attacks the grader can get a certificate that it does not deserve, and no
points with it. A kernel whose states cannot be compared is explored by replay from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from grader.errors import InputError, did_you_mean
from grader.grade.runner import LocalRunner, Runner
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.grade.verdicts import PASSED
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab
from grader.lab.scope import World, default_world
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario
from grader.state.memento import Opaque
from grader.state.unmergeable import Unmergeable
from grader.trace.records import Trace
from grader.verify.by_replay import explore_by_replay
from grader.verify.explore import explore, why_not_merged
from grader.verify.frontier import Frontier
from grader.verify.kernel_process import KernelProcess
from grader.verify.merging import Merging
from grader.verify.outcome import STEPS, Progress, quiet
from grader.verify.verified import Verified, with_attempt
from grader.versions import files_hash, grader_hash

#: Scenarios after which a submission gets a new process and a new budget: the limits are made for one lab's scenarios.
RENEWED = 200


def worlds(lab: Lab, only: str | None = None) -> tuple[World, ...]:
    """Return the worlds of a lab, or the one of a name. InputError if the lab has none of that name."""
    every = lab.scope or (default_world(lab.scenarios),)
    if only is None:
        return every
    names = [world.name for world in every]
    if only not in names:
        near = did_you_mean(only, names) or f"it has {', '.join(names)}"
        raise InputError([f"{lab.name}: lab.yaml names no scope {only!r}; {near}"])
    return tuple(world for world in every if world.name == only)


def verify_kernel(
    lab: Lab,
    world: World,
    kernel: MakeKernel,
    steps: int | None,
    progress: Progress = quiet,
    frontier: Frontier | None = None,
) -> Verified:
    """Verify a kernel that may run in this process. frontier: where an exploration that is stopped is kept."""
    runs = _Runs(lambda: LocalRunner(kernel))
    found = None
    try:
        outcome = explore(world, reference_kernel(lab), kernel, STEPS if steps is None else steps, progress, frontier)
        verified = with_attempt(lab, world, outcome, runs.runner)
        if outcome.merged:
            return verified
        found, reason = verified if verified.confirmed else None, outcome.reason
    except (Unmergeable, Opaque) as problem:
        reason = why_not_merged(problem)
    return _verify_by_replay(lab, world, steps, progress, runs, reason, found)


def verify_submission(
    session: Session,
    world: World,
    submission: Submission,
    steps: int | None,
    progress: Progress = quiet,
    resume: bool = False,
) -> Verified:
    """Verify a submission in one world (see verify_all)."""
    (verified,) = verify_all(session, (world,), submission, steps, progress, resume)
    return verified


def verify_all(
    session: Session,
    chosen: Sequence[World],
    submission: Submission,
    steps: int | None,
    progress: Progress = quiet,
    resume: bool = False,
) -> Iterator[Verified]:
    """Verify a submission in several worlds; stop after the first with a difference, or where the user stopped it.

    It runs in this process if its kernel is ours, in the sandbox otherwise.

    resume  whether an exploration that was stopped is continued, and one that is stopped is kept
    """
    verification = _Verification(session, submission, steps, progress, resume)
    ours = submission.trusted is not None
    with closing(verification.ours(chosen) if ours else verification.confined(chosen)) as found:
        for verified in found:
            yield verified
            if verified.outcome.difference is not None or verified.outcome.stopped:
                return


class _Verification(NamedTuple):
    """Verifies a submission in worlds (see verify_all)."""

    session: Session
    submission: Submission
    steps: int | None
    progress: Progress
    resume: bool

    def ours(self, chosen: Sequence[World]) -> Generator[Verified, None, None]:
        """Verify a kernel of ours in this process."""
        kernel, lab = self.submission.trusted, self.session.lab
        assert kernel is not None
        for world in chosen:
            yield verify_kernel(lab, world, kernel, self.steps, self.progress, self.frontier(world, "here"))

    def confined(self, chosen: Sequence[World]) -> Generator[Verified, None, None]:
        """Verify a submission in the sandbox."""
        assert self.submission.code is not None
        with KernelProcess(self.session, self.submission.code) as process:
            for world in chosen:
                runs = _Runs(lambda: self.session.runner(self.submission, remember=False))
                try:
                    found = self._explore(world, process, runs)
                finally:
                    runs.runner.discard()
                yield found

    def _explore(self, world: World, process: KernelProcess, runs: _Runs) -> Verified:
        lab = self.session.lab
        merging = Merging(lab, world, process, self.steps, self.progress, runs.runner)
        found, reason = merging.explore(partial(self.frontier, world))
        if found is not None and not reason:
            return found
        return _verify_by_replay(lab, world, self.steps, self.progress, runs, reason, found)

    def frontier(self, world: World, how: str) -> Frontier | None:
        """Return where an exploration is kept that is stopped, if that is wanted. how: how the kernel runs."""
        reference = self.session.lab.reference
        if not self.resume or reference is None:
            return None
        code = files_hash(grader_hash(), reference.path.parent.rglob("*.py"))
        return Frontier(code, str(reference), repr(world), self.submission.name, self.submission.digest, how)


def _verify_by_replay(
    lab: Lab, world: World, steps: int | None, progress: Progress, runs: _Runs, reason: str, found: Verified | None
) -> Verified:
    """Explore a world without merging, for a reason.

    found  a confirmed difference that replay may not reach
    """
    outcome = explore_by_replay(world, reference_kernel(lab), runs.differs, steps, progress, reason)
    if found is not None and outcome.difference is None:
        difference = found.outcome.difference
        return found._replace(outcome=outcome._replace(difference=difference, shortest=False))
    return with_attempt(lab, world, outcome, runs.runner)


class _Runs:
    """Runs a kernel from the beginning, in a runner that is replaced from time to time."""

    def __init__(self, make: Callable[[], Runner]) -> None:
        self._make = make
        self.runner = make()
        self._left = RENEWED

    def differs(self, scenario: Scenario, expected: Trace) -> bool:
        if not self._left:
            self.runner.discard()
            self.runner, self._left = self._make(), RENEWED
        self._left -= 1
        return self.runner(scenario, expected, True).verdict != PASSED
