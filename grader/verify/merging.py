"""Explores a submission in the sandbox with its states merged, or says why that cannot be done.

A difference is run from the beginning before it is called one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from grader.grade.runner import Runner
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab
from grader.lab.scope import World
from grader.scenario.model import Scenario
from grader.state.memento import Opaque
from grader.state.start import FIRST_PID
from grader.state.unmergeable import ORDERED, Unmergeable
from grader.verify.explore import explore_side, why_not_merged
from grader.verify.frontier import Frontier
from grader.verify.kernel_process import KernelProcess
from grader.verify.knowing import KnowingSide
from grader.verify.outcome import STEPS, Progress
from grader.verify.product import Product
from grader.verify.sides import RemoteSide, Strayed
from grader.verify.verified import Verified, with_attempt

if TYPE_CHECKING:
    from grader.sandbox.child import Child
    from grader.sandbox.subprocess_child import PlainChild

#: Why a kernel is explored by replay.
STRAYED = "did something else when a state was put back than in a run from the beginning"
ENDED = "ended its process, or had no memory left, while its states were compared"
NUMBERED = "did something else with high numbers of processes (from {} on) and frames (from {} on) than with low ones"
ROOM = "; arrays need room for FL_PROCESSES and FL_FRAMES of them"


class Merging(NamedTuple):
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
        """Explore once, and return what `explore` does. The reason is ORDERED if states can be compared in order."""
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
        """Explore in a process that has the kernel, and let the difference be graded."""
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
        found = with_attempt(self.lab, self.world, outcome, self.runner)
        if found.attempt is None:
            if not (outcome.reason or outcome.stopped or sides[-1].full):
                self.process.keep()
            return found, ""
        if not found.confirmed:
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
