"""The state after a step as rows, boxes and arrows, without coordinates: address spaces left and right, frames between
them, page cache and swap below.

Pages that are alike and whose frames have the same users are one row where a picture would grow too long; the box of
their frames is one as well, so an arrow always leads from a whole row to a whole box. Pure: records in, shapes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from grader.scenario.describe import sentence
from grader.scenario.model import Scenario
from grader.trace.memory import Memory
from grader.trace.names import Names
from grader.trace.records import ProcessPage, StepRecord
from grader.view.sight import FRAME, OUT, UNTOUCHED, FrameName, Holder, Page, Sight, frame_name, sight_of

#: Rows of an address space, and of all together, up to which every page has a row of its own.
ROWS = 16
ALL_ROWS = 32


class Row(NamedTuple):
    """One page of an address space, or a run of them.

    first      the number of the first page
    box        the place of its frames in Picture.boxes, or None
    changed    by this step
    different  from the other run's picture (compared)
    """

    label: str
    first: int
    page: Page
    pages: int
    box: int | None
    changed: bool
    different: bool = False


class Box(NamedTuple):
    """A frame or a slot, or a run of them. `users` are the pages that lead to it, as `P:h[0]`."""

    name: str
    shown: str
    cached: str
    users: tuple[str, ...]
    many: int
    slot: bool
    changed: bool


class Space(NamedTuple):
    """The address space of a process. `more` rows of it are not drawn."""

    name: str
    rows: tuple[Row, ...]
    more: int


class Picture(NamedTuple):
    """A state after a step. `boxes` are frames that rows lead to, then those of the page cache that no row leads to,
    then slots; `unseen` frames in use are none of them."""

    title: str
    step: int
    left: tuple[Space, ...]
    right: tuple[Space, ...]
    boxes: tuple[Box, ...]
    unseen: int
    frames: int
    slots: int


def pictures(
    scenario: Scenario, pids: Mapping[str, int], records: Sequence[StepRecord], name: FrameName = frame_name
) -> Iterator[Picture]:
    """Yield the picture after each step of a run."""
    memory = Memory(scenario)
    names = Names(pids, memory.state)
    before = sight_of(memory, names)
    for record in _of_steps(scenario, records):
        memory.follow(record)
        now = sight_of(memory, names, name)
        yield arrange(title_of(scenario, record.number), record.number, before, now, names, name)
        before = now


def picture_after(scenario: Scenario, pids: Mapping[str, int], records: Sequence[StepRecord], step: int) -> Picture:
    """Return the picture after one step of a run, the first step being 1."""
    followed = _of_steps(scenario, records)[:step]
    memory = Memory.after(scenario, followed[:-1])
    names = Names(pids, memory.state)
    before = sight_of(memory, names)
    memory.follow(followed[-1])
    return arrange(title_of(scenario, step), step, before, sight_of(memory, names), names, frame_name)


def compared(*runs: Picture) -> tuple[Picture, ...]:
    """Return several runs' pictures of one step with the rows marked that differ between any of them.

    Rows differ if their rights, the names of their frames or their contents do, or if only some pictures have them.
    Marks such as cow do not count: the rules leave them to the kernel. Frames of all runs must be named alike.
    """
    rows = [_told(one) for one in runs]
    alike = {row for row in rows[0] if all(other.get(row) == rows[0][row] for other in rows[1:])}
    return tuple(_marked(one, alike) for one in runs)


def _told(picture: Picture) -> dict[tuple[str, str], tuple[object, ...]]:
    """Return what a picture says of each row, by process and label."""
    return {
        (space.name, row.label): (
            (row.page.region, row.page.entry[:3], row.page.stale, row.page.access == OUT),
            picture.boxes[row.box].name if row.box is not None else "",
            picture.boxes[row.box].shown if row.box is not None else "",
        )
        for space in picture.left + picture.right
        for row in space.rows
    }


def _marked(picture: Picture, alike: set[tuple[str, str]]) -> Picture:
    left, right = (
        tuple(
            space._replace(
                rows=tuple(row._replace(different=(space.name, row.label) not in alike) for row in space.rows)
            )
            for space in spaces
        )
        for spaces in (picture.left, picture.right)
    )
    return picture._replace(left=left, right=right)


def title_of(scenario: Scenario, step: int) -> str:
    """Return what a picture shows: `Step 3: P forks C`."""
    return f"Step {step}: {sentence(scenario.steps[step - 1])}"


def _of_steps(scenario: Scenario, records: Sequence[StepRecord]) -> list[StepRecord]:
    return [record for record in records if 0 < record.number <= len(scenario.steps)]


def arrange(
    title: str, step: int, before: Sight, now: Sight, names: Names, name: FrameName, fold: bool = False
) -> Picture:
    """Return a sight as a picture; what differs from the sight before is marked.

    fold  make one row of pages that are alike and in consecutive frames, even where there is room for all
    """
    arranger = _Arranger(before, now, names, name, fold)
    spaces = [arranger.space(pid) for pid in now.processes]
    arranger.add_unmapped()
    boxes = tuple(arranger.boxes)
    middle = (len(spaces) + 1) // 2
    drawn = sum(box.many for box in boxes if not box.slot and box.name != "zero")
    unseen = max(now.frames - drawn, 0)
    return Picture(title, step, tuple(spaces[:middle]), tuple(spaces[middle:]), boxes, unseen, now.frames, now.slots)


class _Arranger:
    """Collects the boxes that rows lead to while it goes through the address spaces."""

    def __init__(self, before: Sight, now: Sight, names: Names, name: FrameName, fold: bool) -> None:
        self.before, self.now, self.names, self.name = before, now, names, name
        self.boxes: list[Box] = []
        self._places: dict[Holder, int] = {}
        self.users: dict[Holder, list[ProcessPage]] = {}
        by_process: dict[int, list[ProcessPage]] = {pid: [] for pid in now.processes}
        for place, page in now.pages.items():
            by_process[place.pid].append(place)
            if page.holder is not None:
                self.users.setdefault(page.holder, []).append(place)
        touched = [sum(now.pages[p].holder is not None for p in own) for own in by_process.values()]
        self.consecutive = fold
        self.fold = fold or max(touched, default=0) > ROWS or sum(touched) > ALL_ROWS
        self.runs = {pid: self._runs(own) for pid, own in by_process.items()}

    def space(self, pid: int) -> Space:
        """Return the address space of a process, with at most ROWS rows."""
        runs = self.runs[pid]
        rows = tuple(self._row(run) for run in runs[:ROWS])
        return Space(self.names.process(pid), rows, len(runs) - len(rows))

    def add_unmapped(self) -> None:
        """Add the boxes of the page cache that no row leads to."""
        for holder, content in self.now.contents.items():
            if holder not in self._places and not self.users.get(holder):
                self._add([holder], content.cached)

    # -- runs -------------------------------------------------------------------------------------------------

    def _runs(self, places: list[ProcessPage]) -> list[list[ProcessPage]]:
        runs: list[list[ProcessPage]] = []
        for place in places:
            if runs and self._continues(runs[-1][-1], place):
                runs[-1].append(place)
            else:
                runs.append([place])
        return runs

    def _continues(self, last: ProcessPage, place: ProcessPage) -> bool:
        one, other = self.now.pages[last], self.now.pages[place]
        if place.page != last.page + 1 or _mapping(one) != _mapping(other) or one.access != other.access:
            return False
        if self.consecutive and not _next_to(one.holder, other.holder):
            return False
        if other.access == UNTOUCHED or self.fold:
            return self._signature(last) == self._signature(place)
        return False

    def _signature(self, place: ProcessPage) -> tuple[object, ...]:
        """Return what pages of a run have in common: how they and all other users of their frames look, and where."""
        page = self.now.pages[place]
        if page.holder is None:
            return (*self._look(place),)
        if page.holder == (FRAME, 0):
            return (*self._look(place), page.holder)
        users = self.users[page.holder]
        return tuple((user.pid, user.page - place.page, *self._look(user)) for user in users)

    def _look(self, place: ProcessPage) -> tuple[object, ...]:
        page = self.now.pages[place]
        return page.kind, page.region, page.entry, page.stale, self._page_changed(place)

    # -- rows and boxes ---------------------------------------------------------------------------------------

    def _row(self, run: list[ProcessPage]) -> Row:
        page = self.now.pages[run[0]]
        label = page.label if len(run) == 1 else span(page.label, len(run))
        box = None
        if page.holder is not None:
            holders = [held for held in (self.now.pages[place].holder for place in run) if held is not None]
            box = self._places.get(page.holder)
            if box is None:
                box = self._add(list(dict.fromkeys(holders)), self.now.contents[page.holder].cached)
        # Without the holder: lives are numbers of this run, and pictures of two runs are compared.
        return Row(label, run[0].page, page._replace(holder=None), len(run), box, self._page_changed(run[0]))

    def _add(self, holders: list[Holder], cached: str) -> int:
        kind = holders[0][0]
        contents = [self.now.contents[holder].shown for holder in holders]
        shown = contents[0] if len(set(contents)) == 1 else f"{contents[0]} … {contents[-1]}"
        users = tuple(self.names.page(*user) for user in self.users.get(holders[0], ()))
        changed = any(self.before.contents.get(holder) != self.now.contents[holder] for holder in holders)
        self._places.update(dict.fromkeys(holders, len(self.boxes)))
        box = Box(self._called(holders), shown, cached, users, len(holders), kind != FRAME, changed)
        self.boxes.append(box)
        return len(self.boxes) - 1

    def _called(self, holders: list[Holder]) -> str:
        """Return `a`, `a..d` for frames in a row, `a, c, d` for others, `slot 0`."""
        names = [self.name(number) if kind == FRAME else str(number) for kind, number in holders]
        # Frames that stand for others' may have names that do not follow each other.
        numbers = [
            number if kind != FRAME else _place_of(name) for (kind, number), name in zip(holders, names, strict=True)
        ]
        if len(names) > 1 and all(b == a + 1 for a, b in pairwise(numbers)):
            text = f"{names[0]}..{names[-1]}"
        else:
            text = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
        return text if holders[0][0] == FRAME else f"slot {text}"

    def _page_changed(self, place: ProcessPage) -> bool:
        return self.before.pages.get(place) != self.now.pages[place]


def _next_to(one: Holder | None, other: Holder | None) -> bool:
    """Return True if a row may go on from one page's frame or slot to the other's."""
    if one is None or other is None or other == (FRAME, 0):
        return one == other
    return other == (one[0], one[1] + 1)


def _place_of(name: str) -> int:
    """Return a number for a frame's letters that is one more for the next letters."""
    number = 0
    for character in name:
        number = number * 26 + ord(character) - ord("a") + 1
    return number


def _mapping(page: Page) -> str:
    return page.label.partition("[")[0]


def span(label: str, length: int) -> str:
    """Return `h[2]` and three pages more as `h[2:6]`."""
    name, bracket, index = label.rstrip("]").rpartition("[")
    return f"{name}[{index}:{int(index) + length}]" if bracket else f"{label} and {length - 1} more"
