"""Works out the contents of frames, page cache and swap slots after a step, for pictures.

Records do not hold contents. They follow from what the scenario does, because up to the first difference a kernel does
what mmap promises: a page of private memory begins as zeros or as its file's page and belongs to the process from its
first write on; a page of a shared object is the same for all who map it. Bytes that were read are in the records, and
win where they say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.machine.entry import FRAME_SHIFT
from grader.machine.image import ZEROS, Image
from grader.machine.moves import LEAVE, READ
from grader.machine.outcome import ERROR, OK, FileSpec
from grader.machine.protection import Protection
from grader.machine.region import Region, RegionMap
from grader.scenario.model import LINUX, Scenario, Step
from grader.scenario.place import parse_place

from .reach import pages_written
from .records import ProcessPage, StepRecord
from .state import State

#: A page of what a region shows: a file or a shared object, and the page of it.
ObjectPage = tuple[object, int]

_WRITES = ("write", "copy_to_user")


class Memory:
    """Follows the records of a trace, and a State with them.

    state   tables, swap and the rest
    cached  frame -> the page of a file or shared object that it holds, whether an entry maps it or not
    """

    def __init__(self, scenario: Scenario) -> None:
        self.state = State(scenario)
        self._linux = scenario.machine.profile == LINUX
        self.cached: dict[int, ObjectPage] = {}
        self._own: dict[ProcessPage, Image] = {}  # private pages, from their first write on
        self._objects: dict[ObjectPage, Image] = {}  # pages of files and shared objects that were written
        self._hidden = False  # whether a step that failed may have left pages in the cache that no entry has shown

    @classmethod
    def after(cls, scenario: Scenario, records: Iterable[StepRecord]) -> Memory:
        """Return the memory after these records, which begin with the first step's."""
        memory = cls(scenario)
        for record in records:
            memory.follow(record)
        return memory

    # -- asking -----------------------------------------------------------------------------------------------

    def frame(self, frame: int) -> Image | None:
        """Return the contents of a frame; None if the records do not show that it is in use."""
        held = self.cached.get(frame)
        if held is not None:
            return self._object(held)
        user = next(iter(self.state.users(frame)), None)
        return None if user is None else self.page(*user)

    def slot(self, slot: int) -> Image | None:
        """Return what is in a swap slot; None for one that no page waits in."""
        page = next((page for page, held in self.state.out.items() if held == slot), None)
        return None if page is None else self.page(*page)

    def page(self, pid: int, page: int) -> Image:
        """Return what a process sees in a page, in memory or out on swap; zeros where it was never touched."""
        regions = self.state.regions.get(pid)
        region = None if regions is None else regions.find(page)
        return ZEROS if region is None else self._seen(ProcessPage(pid, page), region)

    def _seen(self, place: ProcessPage, region: Region) -> Image:
        own = self._own.get(place)
        if own is not None:
            return own
        return ZEROS if region.file is None else self._object(_object_page(region, place.page))

    def _object(self, held: ObjectPage) -> Image:
        shown, index = held
        written = self._objects.get(held)
        if written is not None:
            return written
        return self.state.on_disk(shown.name, index) if isinstance(shown, FileSpec) and index < shown.pages else ZEROS

    # -- following --------------------------------------------------------------------------------------------

    def follow(self, record: StepRecord) -> None:
        """Go one record on: a step's, or the end's."""
        steps, regions = self.state.scenario.steps, self.state.regions.get(record.actor)
        step = steps[record.number - 1] if 0 < record.number <= len(steps) else None
        for frame in record.allocated:
            self.cached.pop(frame, None)
        before = self.state.pages_of(step.fields["at"]) if step is not None and step.verb == "mremap" else range(0)
        values = self._bytes_of(step, record) if step is not None and regions is not None else ()
        self.state.follow(record)
        if step is not None and regions is not None:
            if values:
                self._access(step, record.actor, values, regions)
            self._follow_call(step, record, before)
        if record.died:
            self._own = {place: image for place, image in self._own.items() if place.pid not in record.died}
        self._note_cached(record)
        if record.died or (step is not None and step.verb in ("mmap", "munmap")):
            self._drop_unshown()

    def _follow_call(self, step: Step, record: StepRecord, before: range) -> None:
        """Take over what a system call did to private pages. `before` are those that mremap has moved."""
        if step.verb == "mremap" and record.mapped is not None:
            self._move(record.actor, before, record.mapped[1])
        elif step.verb == "madvise" and step.fields["advice"] == "dontneed":
            for page in self.state.dropped(record.actor, self.state.pages_of(step.fields["at"])):
                self._own.pop(ProcessPage(record.actor, page), None)
        elif record.forked:
            own = {p._replace(pid=record.forked): i for p, i in self._own.items() if p.pid == record.actor}
            if self._linux:  # a page that madvise has wiped has no entry
                table, out = self.state.tables[record.forked], self.state.out
                own = {place: image for place, image in own.items() if place.page in table or place in out}
            self._own |= own
        elif record.outcome == OK and (step.verb == "munmap" or record.mapped is not None):
            first, pages = record.mapped[1:] if record.mapped is not None else (0, 0)
            gone = range(first, first + pages) if record.mapped else self.state.pages_of(step.fields["at"])
            for page in gone:
                self._own.pop(ProcessPage(record.actor, page), None)

    def _move(self, pid: int, old: range, first: int) -> None:
        """Move the private pages that mremap has moved."""
        for page in old:
            image = self._own.pop(ProcessPage(pid, page), None)
            if image is not None:
                self._own[ProcessPage(pid, first + page - old.start)] = image

    def _bytes_of(self, step: Step, record: StepRecord) -> Sequence[int]:
        """Return the bytes that a step wrote or read, one for each page that it reached; the state is that before."""
        if step.verb not in _WRITES:
            return record.values
        return _written(step, pages_written(self.state, step, record))

    def _access(self, step: Step, pid: int, values: Sequence[int], regions: RegionMap) -> None:
        """Take over the bytes that a step wrote or read, page by page."""
        pages, offset = self.state.pages_of(step.fields["at"]), parse_place(step.fields["at"]).offset or 0
        for page, value in zip(pages, values, strict=False):
            region = regions.find(page)
            if region is None:
                return
            place = ProcessPage(pid, page)
            seen = self._seen(place, region)
            if step.verb in _WRITES or seen.byte(offset) != value:
                self._put(place, region, seen.with_byte(offset, value))

    def _put(self, place: ProcessPage, region: Region, image: Image) -> None:
        if region.shared:
            self._objects[_object_page(region, place.page)] = image
        else:
            self._own[place] = image

    def _note_cached(self, record: StepRecord) -> None:
        """Note which frames hold pages of files and shared objects: those that such a page maps and has not copied.

        A page may be copied and not written: for a system call that fails at a later page, or by mlock.
        """
        copied: list[ObjectPage] = []
        # A page may be copied and go out to swap in the same step: then no entry is left of it.
        left = {page for move in record.swapped if move.kind == LEAVE for page in move.pages}
        for pid, changes in record.changes.items():
            regions = self.state.regions.get(pid)
            for page, pte in sorted(changes.items()):
                region = regions.find(page) if regions is not None else None
                if region is None or region.file is None or not (pte or (pid, page) in left):
                    continue
                held, place = _object_page(region, page), ProcessPage(pid, page)
                is_copy = place in self._own or (record.copies and (pte & Protection.WRITE.bits or place in left))
                if is_copy and not region.shared:
                    self._own.setdefault(place, self._object(held))
                    copied.append(held)
                elif pte:
                    self.cached[pte >> FRAME_SHIFT] = held
        # With read-ahead, nobody can tell which of the frames that no entry maps holds which page.
        if copied and not self._linux:
            self._note_unmapped(record, copied)
        self._hidden |= record.outcome != OK and _read_from_files(record) > 0

    def _note_unmapped(self, record: StepRecord, copied: list[ObjectPage]) -> None:
        """Note a private page copied from the cache on its first write: no page table maps the cache's frame."""
        mapped = self.state.mapped_frames()
        held = set(self.cached.values())
        # A frame that was handed out twice holds what it got last.
        allocated = reversed(dict.fromkeys(reversed(record.allocated)))
        free = [frame for frame in allocated if frame not in mapped and frame not in self.cached]
        read = [page for page in dict.fromkeys(copied) if page not in held]
        # A call that fails may have read one page more, for nobody: the last, unless an earlier one has left it there.
        failed = record.outcome == ERROR
        certain = len(read) <= len(free) and not self._hidden if failed else len(read) == len(free)
        if certain and len(read) <= _read_from_files(record):
            self.cached.update(zip(free, read, strict=False))

    def _drop_unshown(self) -> None:
        """Forget objects that no region shows any more: the kernel has freed their frames."""
        shown = {region.file for regions in self.state.regions.values() for region in regions if region.file}
        self.cached = {frame: held for frame, held in self.cached.items() if held[0] in shown}
        self._objects = {held: image for held, image in self._objects.items() if held[0] in shown}


def _object_page(region: Region, page: int) -> ObjectPage:
    return region.file, region.offset + page - region.first_page


def _read_from_files(record: StepRecord) -> int:
    """Return how many pages of files a step has read from disk."""
    return record.reads - sum(move.kind == READ for move in record.swapped)


def _written(step: Step, pages: int) -> list[int]:
    """Return the bytes that a step writes, one for each page; bytes that are not given are zero."""
    fields = step.fields
    if "value" in fields:
        return [fields["value"]] * pages
    values = list(fields.get("values", ()))[:pages]
    return values + [0] * (pages - len(values))
