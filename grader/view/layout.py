"""The state after a step as rows, boxes and arrows, without coordinates: address spaces left and right, frames between
them, page cache and swap below.

Pages that are alike and whose frames have the same users are one row where a picture would grow too long; the box of
their frames is one as well, so an arrow always leads from a whole row to a whole box. Pictures of several runs have the
same rows as far as the runs have the same pages. Pure: records in, shapes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from grader.scenario.describe import sentence
from grader.scenario.model import Scenario
from grader.trace.memory import Memory
from grader.trace.names import Names
from grader.trace.records import ProcessPage, StepRecord
from grader.view.sight import FRAME, OUT, UNTOUCHED, FrameName, Holder, Page, Sight, frame_name, sight_of

#: Rows of an address space, and rows and boxes of a picture, up to which every page has a row of its own. With more of
#: them a picture would exceed 8 kB.
ROWS = 16
SHAPES = 26


class Row(NamedTuple):
    """One page of an address space, or a run of them.

    first      the number of the first page
    box        the place of its frames in Picture.boxes, or None
    changed    by this step
    different  from the same page of another run (arrange_all)
    """

    label: str
    first: int
    page: Page
    pages: int
    box: int | None
    changed: bool
    different: bool = False


class Box(NamedTuple):
    """A frame or a slot, or a run of them. `users` are the pages that lead to it, as `P:h[0]`.

    freed  it was freed although they still lead to it, and is not in use
    """

    name: str
    shown: str
    cached: str
    users: tuple[str, ...]
    many: int
    slot: bool
    changed: bool
    freed: bool = False


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


class Moment(NamedTuple):
    """A step of a run: what there is to see before and after it, and how its processes and frames are called."""

    title: str
    step: int
    before: Sight
    now: Sight
    names: Names
    name: FrameName


def moments(
    scenario: Scenario, pids: Mapping[str, int], records: Sequence[StepRecord], name: FrameName = frame_name
) -> Iterator[Moment]:
    """Yield each step of a run. Arrange it before asking for the next, which changes what its names follow."""
    memory = Memory(scenario)
    names = Names(pids, memory.state)
    before = sight_of(memory, names)
    for record in _of_steps(scenario, records):
        memory.follow(record)
        now = sight_of(memory, names, name)
        yield Moment(title_of(scenario, record.number), record.number, before, now, names, name)
        before = now


def pictures(scenario: Scenario, pids: Mapping[str, int], records: Sequence[StepRecord]) -> Iterator[Picture]:
    """Yield the picture after each step of a run."""
    return map(arrange, moments(scenario, pids, records))


def picture_after(scenario: Scenario, pids: Mapping[str, int], records: Sequence[StepRecord], step: int) -> Picture:
    """Return the picture after one step of a run, the first step being 1."""
    followed = _of_steps(scenario, records)[:step]
    memory = Memory.after(scenario, followed[:-1])
    names = Names(pids, memory.state)
    before = sight_of(memory, names)
    memory.follow(followed[-1])
    return arrange(Moment(title_of(scenario, step), step, before, sight_of(memory, names), names, frame_name))


def title_of(scenario: Scenario, step: int) -> str:
    """Return what a picture shows: `Step 3: P forks C`."""
    return f"Step {step}: {sentence(scenario.steps[step - 1])}"


def _of_steps(scenario: Scenario, records: Sequence[StepRecord]) -> list[StepRecord]:
    return [record for record in records if 0 < record.number <= len(scenario.steps)]


def arrange(moment: Moment, fold: bool = False) -> Picture:
    """Return a step as a picture; what differs from the sight before it is marked.

    fold  make one row of pages that are alike and in consecutive frames, even where there is room for all
    """
    return _Arranger(moment, fold).picture()


def arrange_all(*runs: Moment) -> tuple[Picture, ...]:
    """Return the same step of several runs as pictures with the same rows; rows that differ between any are marked.

    Rows differ if their rights, the names of their frames or their contents do, or if only some runs have them. Marks
    such as cow do not count: the rules leave them to the kernel. Frames of all runs must be named alike.
    """
    arrangers = [_Arranger(run) for run in runs]
    fold = any(one.fold for one in arrangers)
    for one in arrangers:
        one.fold = fold
    looks = [one.looks() for one in arrangers]
    places = {place for own in looks for place in own}
    different = {place for place in places if len({own.get(place) for own in looks}) > 1}
    edges = {place for place in places if (place in different) is not (_before(place) in different)}
    starts = _aligned(arrangers, edges.union(*(one.starts() for one in arrangers)))
    return tuple(one.picture(starts, different) for one in arrangers)


def _aligned(arrangers: Sequence[_Arranger], starts: set[ProcessPage]) -> set[ProcessPage]:
    """Return the pages with which rows start, and those at which rows of other users of their frames have to.

    Otherwise an arrow would lead from a row that starts there into the middle of a box.
    """
    found, waiting = set(starts), list(starts)
    while waiting:
        place = waiting.pop()
        more = {user for one in arrangers for user in one.users_of(place)} - found
        found |= more
        waiting += more
    return found


def _before(place: ProcessPage) -> ProcessPage:
    return place._replace(page=place.page - 1)


class _Arranger:
    """Collects the boxes that rows lead to while it goes through the address spaces."""

    def __init__(self, moment: Moment, fold: bool = False) -> None:
        self.moment = moment
        self.before, self.now, self.names, self.name = moment.before, moment.now, moment.names, moment.name
        self.boxes: list[Box] = []
        self._places: dict[Holder, int] = {}
        self.users: dict[Holder, list[ProcessPage]] = {}
        self.by_process: dict[int, list[ProcessPage]] = {pid: [] for pid in self.now.processes}
        #: Frames to which pages that follow each other lead, as to the frame of zeros.
        self.common: set[Holder] = {(FRAME, 0)}
        for place, page in self.now.pages.items():
            self.by_process[place.pid].append(place)
            if page.holder is not None:
                users = self.users.setdefault(page.holder, [])
                if users and users[-1] == _before(place):
                    self.common.add(page.holder)
                users.append(place)
        self.consecutive = self.fold = fold
        self.fold = fold or self._is_crowded()
        self.different: set[ProcessPage] = set()

    def picture(self, starts: set[ProcessPage] | None = None, different: Iterable[ProcessPage] = ()) -> Picture:
        """Return the picture. starts: pages with which rows start; different: pages that differ between runs."""
        self.different = set(different)
        runs = self._runs(self.starts() if starts is None else starts)
        spaces = [self._space(pid, runs[pid]) for pid in self.now.processes]
        self._add_unmapped()
        boxes = tuple(self.boxes)
        middle = (len(spaces) + 1) // 2
        drawn = sum(box.many for box in boxes if not box.slot and not box.freed and box.name != "zero")
        unseen = max(self.now.frames - drawn, 0)
        title, step, frames, slots = self.moment.title, self.moment.step, self.now.frames, self.now.slots
        return Picture(title, step, tuple(spaces[:middle]), tuple(spaces[middle:]), boxes, unseen, frames, slots)

    def looks(self) -> dict[ProcessPage, tuple[object, ...]]:
        """Return what is compared of each page: rights, the name of its frame, and contents."""
        found: dict[ProcessPage, tuple[object, ...]] = {}
        for place, page in self.now.pages.items():
            rights = page.region, page.entry[:3], page.stale, page.access == OUT
            held = (self._called([page.holder]), self.now.contents[page.holder].shown) if page.holder else ()
            found[place] = (rights, held)
        return found

    def starts(self) -> set[ProcessPage]:
        """Return the pages with which rows start."""
        return {
            place
            for own in self.by_process.values()
            for last, place in zip([None, *own], own, strict=False)
            if last is None or not self._continues(last, place)
        }

    def users_of(self, place: ProcessPage) -> list[ProcessPage]:
        """Return all pages that lead where a page does; none for one that leads to a common frame, or nowhere."""
        page = self.now.pages.get(place)
        if page is None or page.holder is None or page.holder in self.common:
            return []
        return self.users[page.holder]

    def _space(self, pid: int, runs: list[list[ProcessPage]]) -> Space:
        """Return the address space of a process, with at most ROWS rows."""
        rows = tuple(self._row(run) for run in runs[:ROWS])
        return Space(self.names.process(pid), rows, len(runs) - len(rows))

    def _add_unmapped(self) -> None:
        """Add the boxes of the page cache that no row leads to."""
        groups: list[list[Holder]] = []
        for holder in self.now.contents:
            if holder in self._places or self.users.get(holder):
                continue
            if groups and self.fold and self._follows(groups[-1][-1], holder):
                groups[-1].append(holder)
            else:
                groups.append([holder])
        for group in groups:
            self._add(group)

    def _follows(self, last: Holder, holder: Holder) -> bool:
        """Return True if frames that no page leads to hold consecutive pages of a file, and both or none changed."""
        alike = self._content_changed(last) is self._content_changed(holder)
        return alike and self.now.contents[holder].cached == _next_page(self.now.contents[last].cached)

    # -- runs -------------------------------------------------------------------------------------------------

    def _is_crowded(self) -> bool:
        """Return True if there is no room for a row for each page."""
        starts = self.starts()
        rows = Counter(place.pid for place in starts)
        return max(rows.values(), default=0) > ROWS or len(starts) + len(self.now.contents) > SHAPES

    def _runs(self, starts: set[ProcessPage]) -> dict[int, list[list[ProcessPage]]]:
        runs: dict[int, list[list[ProcessPage]]] = {}
        for pid, own in self.by_process.items():
            runs[pid] = []
            for place in own:
                if place in starts:
                    runs[pid].append([])
                runs[pid][-1].append(place)
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
        if page.holder in self.common:
            return (*self._look(place), page.holder)
        users = self.users[page.holder]
        content = self.now.contents[page.holder]
        return (
            content.cached != "",
            content.freed,
            *((user.pid, user.page - place.page, *self._look(user)) for user in users),
        )

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
                box = self._add(list(dict.fromkeys(holders)))
        # Without the holder: lives are numbers of this run, and pictures of two runs are compared.
        changed, differs = self._page_changed(run[0]), run[0] in self.different
        return Row(label, run[0].page, page._replace(holder=None), len(run), box, changed, differs)

    def _add(self, holders: list[Holder]) -> int:
        kind = holders[0][0]
        contents = [self.now.contents[holder].shown for holder in holders]
        shown = contents[0] if len(set(contents)) == 1 else f"{contents[0]} … {contents[-1]}"
        users = tuple(self.names.page(*user) for user in self.users.get(holders[0], ()))
        changed = any(map(self._content_changed, holders))
        # Pages of a run are all of them in the page cache or none, and consecutive pages of their file.
        cached = self.now.contents[holders[0]].cached
        if len(holders) > 1 and cached.endswith("]"):
            cached = span(cached, len(holders))
        self._places.update(dict.fromkeys(holders, len(self.boxes)))
        freed = self.now.contents[holders[0]].freed
        box = Box(self._called(holders), shown, cached, users, len(holders), kind != FRAME, changed, freed)
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

    def _content_changed(self, holder: Holder) -> bool:
        return self.before.contents.get(holder) != self.now.contents[holder]


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


def _next_page(cached: str) -> str:
    """Return `notes[4]` for `notes[3]`; pages of shared memory have no number."""
    name, bracket, index = cached.rstrip("]").rpartition("[")
    return f"{name}[{int(index) + 1}]" if bracket else cached


def _mapping(page: Page) -> str:
    """Return the name of a page's mapping; `page ` for all pages of none, which are called `page 16`."""
    name, bracket, _ = page.label.partition("[")
    return name if bracket else name.rstrip("0123456789")


def span(label: str, length: int) -> str:
    """Return `h[2]` and three pages more as `h[2:6]`."""
    name, bracket, index = label.rstrip("]").rpartition("[")
    return f"{name}[{index}:{int(index) + length}]" if bracket else f"{label} and {length - 1} more"
