"""Collects what there is to see of a state: every page of every process, and every frame and slot with its contents.

Pure functions of a Memory and Names. The layout makes rows and boxes of it, and compares two of them to find out what
a step changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from grader.machine.entry import ACCESSED, FRAME_SHIFT, RIGHTS
from grader.machine.image import Image
from grader.machine.outcome import FileSpec
from grader.machine.protection import PROTECTIONS, Protection
from grader.machine.region import Region
from grader.trace.memory import Memory
from grader.trace.names import Names, letter, marks
from grader.trace.records import ProcessPage

#: How a page reaches its contents: it may be written; its region may be written but its entry may not; its region may
#: not be written; it is out on swap. UNTOUCHED pages have no entry.
WRITABLE, PROTECTED, READ_ONLY, OUT, UNTOUCHED = "writable", "protected", "read-only", "out", "untouched"

#: What holds the contents of a page: (FRAME, its life) or (SLOT, its number). Life 0 is the frame of zeros.
FRAME, SLOT = "frame", "slot"
Holder = tuple[str, int]

#: Names of mappings that say what they are for; other private memory is called data.
_KINDS = {"h": "heap", "heap": "heap", "s": "stack", "stack": "stack"}


class Page(NamedTuple):
    """One page of a process.

    label   what it is called: `h[0]`
    kind    what its region is: code, read-only data, data, heap, stack, shared, file
    region  the rights of its region; "" where there is none
    entry   rights and marks of its entry; "" without one
    access  one of WRITABLE, PROTECTED, READ_ONLY, OUT, UNTOUCHED
    stale   rights that the TLB still has and the page table contradicts; "" if it has none
    """

    label: str
    kind: str
    region: str
    entry: str
    access: str
    stale: str
    holder: Holder | None


class Content(NamedTuple):
    """Holds a frame's or a slot's contents at a glance, and the page of a file or shared object that it is, if any.

    freed  the frame was freed although a page still maps it; it has no contents then
    """

    shown: str
    cached: str
    freed: bool = False


FREED = Content("freed", "", True)


class Sight(NamedTuple):
    """All that is to be seen. `pages` is in the order of processes and addresses."""

    processes: tuple[int, ...]
    pages: dict[ProcessPage, Page]
    contents: dict[Holder, Content]
    frames: int
    slots: int


#: Gives a frame's life a name; letters in the order of first use, unless a comparison renames them.
FrameName = Callable[[int], str]


def frame_name(life: int) -> str:
    """Return the name of a frame by its life."""
    return letter(life - 1) if life else "zero"


def sight_of(memory: Memory, names: Names, name: FrameName = frame_name) -> Sight:
    """Return what there is to see of a memory."""
    state = memory.state
    pages: dict[ProcessPage, Page] = {}
    contents: dict[Holder, Content] = {}
    for pid in state.tables:
        for place, region in _places(memory, pid):
            page = _page(memory, names, place, region, name)
            pages[place] = page
            if page.holder is not None and page.holder not in contents:
                freed = state.entry(*place) >> FRAME_SHIFT in state.freed
                contents[page.holder] = FREED if freed else Content(glance(memory.page(*place)), "")
    _add_cache(memory, contents)
    return Sight(tuple(state.tables), pages, contents, state.frames, state.slots)


def _places(memory: Memory, pid: int) -> list[tuple[ProcessPage, Region | None]]:
    """Return the pages of a process that have a region, an entry, a slot or a translation in the TLB, by address."""
    state = memory.state
    regions: dict[int, Region] = {}
    for region in state.regions.get(pid, ()):
        regions.update(dict.fromkeys(range(region.first_page, region.end_page), region))
    out = [place.page for place in state.out if place.pid == pid]
    numbers = {*regions, *state.tables[pid], *state.stale.get(pid, ()), *out}
    return [(ProcessPage(pid, page), regions.get(page)) for page in sorted(numbers)]


def page_of(memory: Memory, names: Names, place: ProcessPage) -> Page:
    """Return what there is to see of one page."""
    regions = memory.state.regions.get(place.pid)
    return _page(memory, names, place, regions.find(place.page) if regions is not None else None, frame_name)


def _page(memory: Memory, names: Names, place: ProcessPage, region: Region | None, name: FrameName) -> Page:
    state = memory.state
    clock = state.scenario.machine.replacement == "clock"
    label = names.page(*place).partition(":")[2]
    pte = state.entry(*place)
    stale = state.stale.get(place.pid, {}).get(place.page, 0)
    holder: Holder | None = None
    entry, access = "", UNTOUCHED
    if pte:
        holder = FRAME, state.life(*place) or 0
        entry = rights(pte, clock)
        access = _access(pte, region)
    elif place in state.out:
        holder, access = (SLOT, state.out[place]), OUT
    return Page(
        label,
        _kind(region, label),
        "" if region is None else str(region.protection),
        entry,
        access,
        _stale(stale, state.lives, name) if stale else "",
        holder,
    )


def rights(pte: int, clock: bool = False) -> str:
    """Return an entry's rights and marks: `r-- cow dirty`; `used` if it was only read, or in any case for a clock."""
    return f"{PROTECTIONS[pte & RIGHTS]}{marks(pte, clock) or (' used' if pte & ACCESSED else '')}"


def _access(pte: int, region: Region | None) -> str:
    if Protection.WRITE in PROTECTIONS[pte & RIGHTS]:
        return WRITABLE
    may_be_written = region is not None and Protection.WRITE in region.protection
    return PROTECTED if may_be_written else READ_ONLY


def _stale(pte: int, lives: dict[int, int], name: FrameName) -> str:
    return f"{PROTECTIONS[pte & RIGHTS]} {name(lives.get(pte >> FRAME_SHIFT, 0))}"


def _kind(region: Region | None, label: str) -> str:
    if region is None:
        return "no region"
    if isinstance(region.file, FileSpec):
        return f"file {region.file.name}{', shared' if region.shared else ''}"
    if region.shared:
        return "shared"
    if Protection.EXECUTE in region.protection:
        return "code"
    if Protection.WRITE in region.protection:
        return _KINDS.get(label.partition("[")[0].lower(), "data")
    return "read-only data" if Protection.READ in region.protection else "no access"


def _add_cache(memory: Memory, contents: dict[Holder, Content]) -> None:
    """Name the frames that hold pages of files and shared objects, also those that no entry maps."""
    for frame, (shown, index) in memory.cached.items():
        if frame in memory.state.freed:
            continue
        holder = FRAME, memory.state.lives.get(frame, 0)
        image = memory.frame(frame)
        cached = f"{shown.name}[{index}]" if isinstance(shown, FileSpec) else "shared"
        contents[holder] = Content(glance(image) if image is not None else "", cached)


def glance(image: Image) -> str:
    """Return the contents of a page in a few characters: `7`, `0, 5 at 3`, `0, 5 at 3 …`."""
    written = [(offset, byte) for offset, byte in image.written if offset]
    shown = str(image.byte(0))
    if not written:
        return shown
    offset, byte = written[0]
    return f"{shown}, {byte} at {offset}{' …' if len(written) > 1 else ''}"
