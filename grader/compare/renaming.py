"""Compares frames up to renaming.

It does not matter which free frame a kernel gets, so frame 3 of one trace may be frame 7 of the other. What is compared
is a life: a frame from its allocation to its free. One renaming of lives holds for the whole trace, so "keeps its
frame" and "gets the new one" can be distinguished.
"""

from __future__ import annotations

from typing import NamedTuple

from grader.scenario.model import Scenario
from grader.trace.names import letter
from grader.trace.records import ProcessPage, StepRecord
from grader.trace.state import State


class Side(NamedTuple):
    """The frame of a page on one side.

    sharers  all pages that map the frame, this one included; none without an entry
    kept     the step left the page's entry with the frame that it had
    zero     it is the frame of zeros
    """

    sharers: list[ProcessPage]
    kept: bool
    zero: bool


class Mismatch(NamedTuple):
    """A page whose frame differs between the sides, however frames are called."""

    place: ProcessPage
    expected: Side
    yours: Side


class Renaming:
    """Follows two traces in lock-step and finds the first page that no renaming explains."""

    def __init__(self, scenario: Scenario) -> None:
        self.expected = State(scenario)
        self.yours = State(scenario)
        self._there: dict[int, int] = {}
        self._back: dict[int, int] = {}

    def step(self, expected: StepRecord, yours: StepRecord) -> Mismatch | None:
        """Take one step on both sides. Return None if a renaming still explains everything."""
        moved_there, moved_here = _follow(self.expected, expected), _follow(self.yours, yours)
        for place in sorted(moved_there | moved_here):
            mine, theirs = self.expected.life(*place), self.yours.life(*place)
            if (mine is None) != (theirs is None) or not self._rename(mine, theirs):
                return Mismatch(
                    place,
                    Side(self.expected.sharers(*place), place not in moved_there, mine == 0),
                    Side(self.yours.sharers(*place), place not in moved_here, theirs == 0),
                )
        return None

    def expected_life(self, yours: int) -> int | None:
        """Return the expected life that one of yours stands for; None if it stands for none."""
        return self._back.get(yours)

    def frame_name(self, yours: int) -> str:
        """Return the name of one of your frames, by its life: that of the expected frame it stands for.

        A frame that stands for none has the letter of its own order of use, with a stroke: `c'`. The frame of zeros is
        `zero`. Every message and every picture of a comparison uses these names.
        """
        if not yours:
            return "zero"
        known = self.expected_life(yours)
        return f"{letter(yours - 1)}'" if known is None else letter(known - 1)

    def _rename(self, mine: int | None, theirs: int | None) -> bool:
        if mine is None or theirs is None:
            return True
        if not mine or not theirs:
            return mine == theirs  # the frame of zeros has a name of its own, and stands for nothing else
        return self._there.setdefault(mine, theirs) == theirs and self._back.setdefault(theirs, mine) == mine


def _follow(state: State, record: StepRecord) -> set[ProcessPage]:
    """Go one record on, and return the pages that appeared, vanished or changed their frame."""
    before = {
        ProcessPage(pid, page): state.life(pid, page) for pid, changes in record.changes.items() for page in changes
    }
    state.follow(record)
    return {place for place, life in before.items() if state.life(*place) != life}
