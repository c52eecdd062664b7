"""Says what an exploration of a world has covered, whichever way it went."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from grader.scenario.model import Scenario

#: Steps after the mappings, unless the user asks for another number: enough for small worlds to close.
STEPS = 40

#: Called after each state is continued: steps so far, states known, edges, and the share of this level that is done.
Progress = Callable[[int, int, int, float], None]


class Outcome(NamedTuple):
    """Holds what an exploration has covered.

    steps       all scenarios of up to so many steps, after the mappings, show no difference
    states      different states; edges: steps tried from them
    scenarios   number of scenarios that these stand for
    closed      True if no further step leads to a new state
    difference  the shortest scenario with a difference, or None; `shortest` is False if there may be a shorter one
    merged      False if the kernel was explored by replay; `reason` says why, after "it". If the kernel was merged,
                `reason` says why the exploration ended early
    stopped     True if the user stopped it
    kept        True if the same command goes on from here; resumed: states that an earlier one had found
    """

    steps: int
    states: int
    edges: int
    scenarios: int
    closed: bool
    difference: Scenario | None = None
    merged: bool = True
    reason: str = ""
    stopped: bool = False
    kept: bool = False
    resumed: int = 0
    shortest: bool = True

    def whole(self) -> Outcome:
        """Return this outcome. KeyboardInterrupt if the user stopped it, for callers that need all of it."""
        if self.stopped:
            raise KeyboardInterrupt
        return self


def quiet(steps: int, states: int, edges: int, share: float) -> None:
    """Report no progress."""
