"""Frames up to renaming.

Which free frame a kernel gets is nobody's business, so frame 3 of one trace may be frame 7 of the other. What is
compared is a life: a frame from its allocation to its free. One renaming of lives holds for the whole trace, so
"keeps its frame" and "gets the new one" can be told apart.
"""

from __future__ import annotations

from typing import NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.scenario.trace import StepRecord


class Place(NamedTuple):
    """A page of a process."""

    pid: int
    page: int


class Side:
    """One trace, followed step by step: which life each page maps."""

    def __init__(self, pids: list[int]) -> None:
        self.tables: dict[int, dict[int, int]] = {pid: {} for pid in pids}
        self._lives: dict[int, int] = {}  # frame -> its present life
        self._born = 0

    def follow(self, record: StepRecord) -> dict[Place, int | None]:
        """Take one more step; the pages that appeared, vanished or changed their frame, with their life before."""
        for frame in record.allocated:
            self._born += 1
            self._lives[frame] = self._born
        if record.forked:
            self.tables[record.forked] = {}
        moved: dict[Place, int | None] = {}
        for pid, changes in record.changes.items():
            table = self.tables.setdefault(pid, {})
            for page, pte in changes.items():
                # A frame that was never handed out is the zero frame: one life, from the beginning.
                now = self._lives.get(pte >> FRAME_SHIFT, 0) if pte else None
                if table.get(page) != now:
                    moved[Place(pid, page)] = table.get(page)
                    if now is None:
                        del table[page]
                    else:
                        table[page] = now
        for pid in record.died:
            self.tables.pop(pid, None)
        return moved

    def life(self, place: Place) -> int | None:
        return self.tables.get(place.pid, {}).get(place.page)

    def sharers(self, place: Place) -> list[Place]:
        """All pages that map the frame of this one, itself included."""
        life = self.life(place)
        if life is None:
            return []
        return [Place(pid, page) for pid, table in self.tables.items() for page, own in table.items() if own == life]


class Mismatch(NamedTuple):
    """A page whose frame differs between the sides, however frames are called."""

    place: Place
    expected_sharers: list[Place]
    your_sharers: list[Place]
    expected_kept: bool
    yours_kept: bool


class Renaming:
    """Follows two traces in lock-step and finds the first page that no renaming explains."""

    def __init__(self, pids: list[int]) -> None:
        self.expected = Side(pids)
        self.yours = Side(pids)
        self._there: dict[int, int] = {}
        self._back: dict[int, int] = {}

    def step(self, expected: StepRecord, yours: StepRecord) -> Mismatch | None:
        """Take one step on both sides; None if a renaming still explains everything."""
        old_mine, old_theirs = self.expected.follow(expected), self.yours.follow(yours)
        for place in sorted(old_mine.keys() | old_theirs.keys()):
            mine, theirs = self.expected.life(place), self.yours.life(place)
            if (mine is None) != (theirs is None) or not self._rename(mine, theirs):
                return Mismatch(
                    place,
                    self.expected.sharers(place),
                    self.yours.sharers(place),
                    place not in old_mine,
                    place not in old_theirs,
                )
        return None

    def _rename(self, mine: int | None, theirs: int | None) -> bool:
        if mine is None or theirs is None:
            return True
        return self._there.setdefault(mine, theirs) == theirs and self._back.setdefault(theirs, mine) == mine
