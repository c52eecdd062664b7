"""Verifies a submission in the worlds of a lab, in the way that its kernel allows.

A kernel of ours runs in this process, a submission's in the sandbox; the states of both are saved, compared and merged.
What a kernel does is always counted on a machine of this process. That two of its states are equal is what a confined
process says, so that only a kernel which attacks the grader can get a certificate that it does not deserve, and no
points with it. A kernel whose states cannot be compared is explored by replay from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from grader.errors import InputError, did_you_mean
from grader.grade.attempt import Attempt
from grader.grade.runner import LocalRunner, Runner
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.grade.verdicts import PASSED
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab
from grader.lab.scope import World, default_world
from grader.replay.simulated import MakeKernel, replay
from grader.scenario.model import Scenario
from grader.state.memento import Opaque
from grader.state.start import FIRST_PID
from grader.state.unmergeable import ORDERED, Unmergeable
from grader.trace.records import Trace
from grader.verify.by_replay import explore_by_replay
from grader.verify.explore import explore, explore_side, why_not_merged
from grader.verify.frontier import Frontier
from grader.verify.kernel_process import KernelProcess
from grader.verify.knowing import KnowingSide
from grader.verify.outcome import STEPS, Outcome, Progress, quiet
from grader.verify.product import Product
from grader.verify.sides import RemoteSide, Strayed
from grader.verify.written import with_outcomes
from grader.versions import files_hash, grader_hash

if TYPE_CHECKING:
    from grader.sandbox.child import Child
    from grader.sandbox.subprocess_child import PlainChild

#: Scenarios after which a submission gets a new process and a new budget: the limits are made for one lab's scenarios.
RENEWED = 200

#: Why a kernel is explored by replay.
STRAYED = "did something else when a state was put back than in a run from the beginning"
ENDED = "ended its process, or had no memory left, while its states were compared"
NUMBERED = "did something else with high numbers of processes (from {} on) and frames (from {} on) than with low ones"
ROOM = "; arrays need room for FL_PROCESSES and FL_FRAMES of them"


class Verified(NamedTuple):
    """A world, what its exploration covered, and the attempt at the difference that was found, if any."""

    world: World
    outcome: Outcome
    attempt: Attempt | None = None


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
        verified = _with_attempt(lab, world, outcome, runs.runner)
        if outcome.merged:
            return verified
        found, reason = verified if _is_confirmed(verified) else None, outcome.reason
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
    each = _verify_ours if submission.trusted is not None else _verify_confined
    with closing(each(session, chosen, submission, steps, progress, resume)) as found:
        for verified in found:
            yield verified
            if verified.outcome.difference is not None or verified.outcome.stopped:
                return


def _verify_ours(
    session: Session,
    chosen: Sequence[World],
    submission: Submission,
    steps: int | None,
    progress: Progress,
    resume: bool,
) -> Generator[Verified, None, None]:
    assert submission.trusted is not None
    for world in chosen:
        frontier = _frontier(session.lab, world, submission)("here") if resume else None
        yield verify_kernel(session.lab, world, submission.trusted, steps, progress, frontier)


def _verify_confined(
    session: Session,
    chosen: Sequence[World],
    submission: Submission,
    steps: int | None,
    progress: Progress,
    resume: bool,
) -> Generator[Verified, None, None]:
    assert submission.code is not None
    with KernelProcess(session, submission.code) as process:
        for world in chosen:
            frontier = _frontier(session.lab, world, submission) if resume else _no_frontier
            runs = _Runs(lambda: session.runner(submission, remember=False))
            try:
                merging = _Merging(session.lab, world, process, steps, progress, runs.runner)
                found, reason = merging.explore(frontier)
                if found is None or reason:
                    found = _verify_by_replay(session.lab, world, steps, progress, runs, reason, found)
            finally:
                runs.runner.discard()
            yield found


def _verify_by_replay(
    lab: Lab, world: World, steps: int | None, progress: Progress, runs: _Runs, reason: str, found: Verified | None
) -> Verified:
    """Explore a world without merging, for a reason.

    found  a difference that there is, though replay may not reach it
    """
    outcome = explore_by_replay(world, reference_kernel(lab), runs.differs, steps, progress, reason)
    if found is not None and outcome.difference is None:
        difference = found.outcome.difference
        return found._replace(outcome=outcome._replace(difference=difference, shortest=False))
    return _with_attempt(lab, world, outcome, runs.runner)


class _Merging(NamedTuple):
    """Explores a submission in the sandbox with its states merged."""

    lab: Lab
    world: World
    process: KernelProcess
    steps: int | None
    progress: Progress
    runner: Runner

    def explore(self, frontier: Callable[[str], Frontier | None]) -> tuple[Verified | None, str]:
        """Return what was found, and why states cannot be merged, or "": then there may be a shorter difference.

        If they can only be compared with processes and frames in order, they are explored once more like that.
        """
        differs: Verified | None = None
        reason = ""
        for how, ordered in (("confined", False), ("confined, ordered", True)):
            found, reason = self._explore(ordered, frontier(how))
            if not reason and found is not None and differs is not None and found.outcome.difference is None:
                outcome = found.outcome._replace(difference=differs.outcome.difference, shortest=False)
                return differs._replace(outcome=outcome._replace(reason=outcome.reason or ORDERED)), ""
            if not reason:
                return found, ""
            differs = differs or found
            if reason != ORDERED:
                break
        return differs, reason

    def _explore(self, ordered: bool, frontier: Frontier | None) -> tuple[Verified | None, str]:
        """Do what `explore` does. The reason is ORDERED if two states can be compared in order."""
        from grader.protocol.lockstep import WorkerEnded

        process = self.process
        if process.in_c and not process.module:
            return None, "does not compile"
        try:
            child = process.begin()
            return (None, "cannot be loaded") if child is None else self._explore_in(child, ordered, frontier)
        except (Unmergeable, Opaque) as problem:
            return None, why_not_merged(problem)
        except (Strayed, WorkerEnded):
            return None, STRAYED
        finally:
            process.end()

    def _explore_in(
        self, child: Child | PlainChild, ordered: bool, frontier: Frontier | None
    ) -> tuple[Verified | None, str]:
        """Do so in a process."""
        sides: list[RemoteSide] = []

        def make_side(begun: Scenario, base: int, plain: frozenset[int]) -> RemoteSide:
            kind = KnowingSide if self.process.in_c else RemoteSide
            sides.append(kind(child, self.world, begun, base, plain, ordered))
            return sides[-1]

        outcome = explore_side(
            self.world,
            reference_kernel(self.lab),
            make_side,
            STEPS if self.steps is None else self.steps,
            self.progress,
            frontier=frontier,
        )
        found = _with_attempt(self.lab, self.world, outcome, self.runner)
        if found.attempt is None:
            if not (outcome.reason or outcome.stopped or sides[-1].full):
                self.process.keep()
            return found, ""
        if found.attempt.verdict == PASSED:
            assert outcome.difference is not None
            if not outcome.merged:
                return None, outcome.reason
            reason = self._why_only_here(outcome.difference)
            return None, ENDED if reason == STRAYED and sides[-1].ended else reason
        if not outcome.merged:
            return found, outcome.reason
        # After ctrl-C nothing long may follow. And the kernel's process may be in the middle of an answer.
        return found, "" if outcome.stopped else _doubt(sides[-1])

    def _why_only_here(self, difference: Scenario) -> str:
        """Return why a kernel passes a scenario in which it differed: the numbers of an exploration, or going back."""
        from grader.protocol.lockstep import WorkerEnded

        def make_side(begun: Scenario, base: int, plain: frozenset[int]) -> RemoteSide:
            child = self.process.begin()
            if child is None:
                raise Strayed("it was loaded before, and cannot be now")
            return RemoteSide(child, self.world, begun, base, plain)

        self.process.end()
        try:
            product = Product(self.world, reference_kernel(self.lab), make_side)
        except (Strayed, WorkerEnded):
            return STRAYED
        try:
            agrees = all(map(product.step, difference.steps)) and product.ends_well()
        except (Strayed, WorkerEnded):
            agrees = False
        if agrees:
            return STRAYED
        return NUMBERED.format(FIRST_PID, product.base) + (ROOM if self.process.in_c else "")


def _doubt(side: RemoteSide) -> str:
    """Return why states could not be compared up to a difference, so that there may be a shorter one, or ""."""
    from grader.protocol.lockstep import WorkerEnded

    try:
        side.check_elsewhere(found=True)
    except Unmergeable as problem:
        return str(problem)
    except (Strayed, WorkerEnded):
        pass  # the levels before were looked at, and no others are claimed (see _outcome of explore.py)
    return ""


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


def _is_confirmed(verified: Verified) -> bool:
    """Return True if a run from the beginning shows the difference, too."""
    return verified.attempt is not None and verified.attempt.verdict != PASSED


def _with_attempt(lab: Lab, world: World, outcome: Outcome, runner: Runner) -> Verified:
    """Add the attempt at the difference, as a scenario of the lab that states what the reference does."""
    if outcome.difference is None:
        return Verified(world, outcome)
    reference = reference_kernel(lab)
    scenario = with_outcomes(outcome.difference._replace(task=lab.tasks[0].id), reference)
    attempt = runner(scenario, replay(scenario, reference), True)
    if outcome.stopped and attempt.verdict == PASSED:
        # Its states cannot be trusted, and this is how far replay has come.
        return Verified(world, Outcome(0, 0, 0, 0, False, merged=False, reason=STRAYED, stopped=True))
    return Verified(world, outcome._replace(difference=scenario), attempt)


def _frontier(lab: Lab, world: World, submission: Submission) -> Callable[[str], Frontier]:
    """Return what makes the place of an exploration; its argument says how the kernel runs."""
    assert lab.reference is not None
    code = files_hash(grader_hash(), lab.reference.path.parent.rglob("*.py"))
    parts = [code, str(lab.reference), repr(world), submission.name, submission.digest]
    return lambda how: Frontier(*parts, how)


def _no_frontier(how: str) -> None:
    return None
