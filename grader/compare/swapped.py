"""Which pages are out on swap after a step, and in which slots: told from the records alone.

A record says which entries went, which came, and which frames were handed out in which order, not what was moved to
which slot. The contract leaves little open, though: a frame that is handed out while a page still maps it has just been
evicted; a victim leaves before the page that needs its frame comes back, and that one's slot is given up last; a
machine takes the lowest free slot; a frame that others still wait for in its slot needs no new one. What is found so is
held against the writes and the slots that were counted. Where they differ, or where slots may have been given up and
taken in another order, pages are out in a slot that is not known.
"""

from __future__ import annotations

from typing import NamedTuple

from grader.machine.entry import FRAME_SHIFT
from grader.machine.outcome import OK
from grader.machine.protection import WRITE_BIT
from grader.scenario.model import Scenario, Step
from grader.scenario.place import parse_place
from grader.scenario.trace import StepRecord

from .names import Names
from .renaming import Place

Tables = dict[int, dict[int, int]]


class Leaves(NamedTuple):
    """A frame is evicted from the pages that map it. `at` orders what happens within a step."""

    at: float
    frame: int
    places: list[Place]


class Returns(NamedTuple):
    """A page comes back, to a frame that it shares with the slot's other pages, or (None) to one of its own.

    found  whether it was in memory, because one of the others had come back before
    """

    at: float
    place: Place
    frame: int | None
    found: bool = False


class Swapped:
    """The pages that are out, step after step."""

    def __init__(self, scenario: Scenario) -> None:
        self.pages: set[Place] = set()
        self._there = scenario.machine.swap > 0
        self._slots: dict[Place, int] = {}
        self._sure = True  # whether these are the slots of these pages
        self._came: dict[int, int] = {}  # frame -> the slot that it came from, where others still wait

    def slot(self, place: Place) -> int | None:
        """The slot that a page is out in; None if that cannot be told."""
        return self._slots[place] if self._sure else None

    def learn(self, step: Step, record: StepRecord, tables: Tables, names: Names) -> None:
        """Follow a step. tables: pid -> page -> entry, before the step; names: as of the step."""
        if not self._there:
            return
        mapped = {pte >> FRAME_SHIFT for table in tables.values() for pte in table.values()}
        for frame in set(record.allocated) - mapped:
            self._came.pop(frame, None)  # nobody's before it was handed out: what came to it is not in it any more
        unmapped = _unmapped(step, record, names)
        moves = self._moves(record, tables, unmapped)
        written = self._carry_out(moves)
        self._follow_pages(record, tables, unmapped)
        slots = set(self._slots.values())
        self._forget(set(self._came.values()) - slots)
        agree = written == record.writes - len(record.written) and len(slots) == record.slots
        agree = agree and self._slots.keys() == self.pages and not _doubtful(moves, record)
        self._sure = agree and (self._sure or not record.slots)

    def _follow_pages(self, record: StepRecord, tables: Tables, unmapped: set[Place]) -> None:
        """A page whose entry went, but not its region, is out; a child's page is where its parent's is."""
        for pid, changes in record.changes.items():
            for page, pte in changes.items() if pid in tables else ():
                (self.pages.discard if pte else self.pages.add)(Place(pid, page))
        self.pages = {p for p in self.pages if record.slots and p not in unmapped and p.pid not in record.died}
        self._slots = {place: slot for place, slot in self._slots.items() if place in self.pages}
        if record.forked:
            self.pages |= {p._replace(pid=record.forked) for p in self.pages if p.pid == record.actor}
            self._slots |= {p._replace(pid=record.forked): s for p, s in self._slots.items() if p.pid == record.actor}

    def _forget(self, slots: set[int]) -> None:
        """Slots that are free: no frame belongs to them any more."""
        self._came = {frame: slot for frame, slot in self._came.items() if slot not in slots}

    def _carry_out(self, moves: list[Leaves | Returns]) -> int:
        """Move pages out and back as a machine does; how many frames were written."""
        written = 0
        for move in moves:
            used = set(self._slots.values())
            if isinstance(move, Leaves):
                slot = self._came.pop(move.frame, -1)
                if slot not in used:
                    slot = min(set(range(len(used) + 1)) - used)
                    written += 1
                self._slots.update(dict.fromkeys(move.places, slot))
            elif move.place in self._slots:
                slot = self._slots.pop(move.place)
                if slot not in self._slots.values():
                    self._forget({slot})
                elif move.frame is not None:
                    self._came[move.frame] = slot
        return written

    def _moves(self, record: StepRecord, tables: Tables, unmapped: set[Place]) -> list[Leaves | Returns]:
        """What left and what returned in a step, in order. Times are places among the frames that were handed out."""
        handed = record.allocated
        last = {frame: n for n, frame in enumerate(handed)}
        first = {frame: n for n, frame in reversed([*enumerate(handed)])}
        leaves: dict[tuple[int, int], list[Place]] = {}
        returns: list[Returns] = []
        passing: list[Place] = []  # without an entry before and after, but with one in between
        for pid, changes in record.changes.items():
            if pid in record.died or pid not in tables:
                continue
            for page, pte in sorted(changes.items()):
                place, old = Place(pid, page), tables[pid].get(page, 0)
                was, leaving = old >> FRAME_SHIFT, first.get(old >> FRAME_SHIFT, len(handed))
                if not pte and not old:
                    passing.append(place)
                elif not pte and place not in unmapped:
                    leaves.setdefault((leaving, was), []).append(place)
                elif pte and place in self._slots:
                    returns.append(self._return(place, pte, last.get(pte >> FRAME_SHIFT)))
                elif pte and old and pte >> FRAME_SHIFT != was and leaving < last.get(pte >> FRAME_SHIFT, -1):
                    # Out and back in one step. A copy's frame is handed out before the other one can leave.
                    leaves.setdefault((leaving, was), []).append(place)
                    returns.append(self._return(place, pte, last[pte >> FRAME_SHIFT]))
        # Pages are touched in order, so those that were in memory for a moment had these frames in this order.
        again = [n for n, frame in enumerate(handed) if n < last[frame]]
        for place, n in zip(passing, again, strict=False):
            returns.append(Returns(n + 0.5, place, handed[n]))
            leaves.setdefault((handed.index(handed[n], n + 1), handed[n]), []).append(place)
        left = [Leaves(at, frame, places) for (at, frame), places in leaves.items()]
        return sorted([*left, *returns], key=lambda move: move.at)

    def _return(self, place: Place, pte: int, handed: int | None) -> Returns:
        """A page that has an entry again. handed: when its frame was handed out; None if that was in no time."""
        frame = None if pte & WRITE_BIT else pte >> FRAME_SHIFT
        # A page that was in memory leaves its slot before the frame of a copy is asked for, if one is.
        found = handed is None or self._slots.get(place) in self._came.values()
        return Returns((handed or 0) + (-0.5 if found else 0.5), place, frame, found)


def _doubtful(moves: list[Leaves | Returns], record: StepRecord) -> bool:
    """Whether slots may have been given up and taken in another order: where frames leave, and a process dies half-way
    or more than one page may have been found in memory or copied."""
    if not any(isinstance(move, Leaves) for move in moves):
        return False
    returns = [move for move in moves if isinstance(move, Returns)]
    found = any(move.found for move in returns)
    several = len(returns) > 1 or len(record.allocated) > record.copies
    return bool(record.died) or (found and several) or (record.copies > 0 and len(returns) > 1)


def _unmapped(step: Step, record: StepRecord, names: Names) -> set[Place]:
    """The pages of a munmap that succeeded."""
    if step.verb != "munmap" or record.outcome != OK:
        return set()
    place = parse_place(step.fields["at"])
    first, pages, _ = names.mappings.get(place.name, (0, 0, 0))
    return {Place(record.actor, first + index) for index in place.pages(pages)}
