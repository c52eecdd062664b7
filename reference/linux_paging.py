"""The kernel of the other labs with the rules of page faults and fork by which Linux differs from them.

The numbers are those of grader/scenario/linux_rules.py, which has a sentence for each.
"""

from __future__ import annotations

from collections import defaultdict

from grader.machine import Access, InvalidArgument, OutOfMemory, PageFault, Process, Protection, Region
from reference.copy_on_write import NOT_WRITE
from reference.file_backed import CachedFile
from reference.linux_areas import TABLE, Area, Areas, Kind
from reference.swapping import SwappingKernel


class LinuxPagingKernel(SwappingKernel):
    """Between any two calls, `areas` has the mappings of each process as Linux would count them, and `exclusive` the
    private frames that have had one user since their last fault: those may be written without another fault. `tables`
    has the numbers of the page tables that Linux would have for each process: it makes one for the first entry, and
    keeps it as long as a mapping lies there.

    window_pages      pages that a read fault maps at most (64 KiB)
    read_ahead_pages  pages that one read from disk brings (128 KiB, unless an administrator has changed it)
    """

    window_pages = 16
    read_ahead_pages = 32

    def __init__(self, hw):
        super().__init__(hw)
        self.areas: dict[Process, Areas] = defaultdict(Areas)
        self.exclusive: set[int] = set()
        self.tables: dict[Process, set[int]] = defaultdict(set)
        self.reading_ahead = False
        self.copying: int | None = None  # the frame that a copy is being made of
        self.faulting: tuple[Process, int] | None = None  # whose page is being handled, and which

    # -- system calls -----------------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Note the region. The pages of a file that have been in memory before anybody mapped it are found there."""
        file = region.file
        known = file is None or file in self.cached
        super().mmap(process, region)
        if not known:
            self.cached[file].frames.update(self.hw.files.cached(file))
            self.references.update(dict.fromkeys(self.cached[file].frames.values(), 1))
        region = self.regions[process].find(region.first_page)
        offset = region.offset if region.file is not None else region.first_page
        charged = not region.shared and Protection.WRITE in region.protection
        kind = Kind(region.protection, region.shared, region.file, charged)
        self.areas[process].add(Area(region.first_page, region.end_page, offset, kind))

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Unmap, and forget the mappings."""
        super().munmap(process, start, pages)
        self.areas[process].remove(self.hw.page_of(start), pages)
        self.tables[process] &= self.areas[process].tables()

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change pages up to the first that cannot be changed, and only then fail (rule 45)."""
        first = self.hw.page_of(start)
        reached = self.reach(process, first, pages, protection)
        if reached:
            super().mprotect(process, start, reached, protection)
            self.areas[process].change(first, reached, lambda area: _protected(area, protection))
        if reached < pages:
            raise InvalidArgument(f"mprotect of page {first + reached}")

    def reach(self, process: Process, first: int, pages: int, protection: Protection) -> int:
        """Return how many pages of a range can get this protection before one cannot."""
        for page in range(first, first + pages):
            region = self.regions[process].find(page)
            if region is None:
                return page - first
            if isinstance(region.file, CachedFile):
                try:
                    self.check_may_write_back(region.file.file, region.shared, protection)
                except InvalidArgument:
                    return page - first
        return pages

    def rights_now(self, entry, region: Region) -> Protection:
        """Return the full rights where a write would change nothing but them (rules 30, 31 and 48)."""
        if region.shared:
            clean = isinstance(region.file, CachedFile) and not entry.dirty
            return region.protection & NOT_WRITE if clean else region.protection
        return region.protection if entry.frame in self.exclusive else region.protection & NOT_WRITE

    def exit(self, process: Process) -> None:
        """Release everything."""
        super().exit(process)
        self.areas.pop(process, None)
        self.tables.pop(process, None)

    # -- fork -------------------------------------------------------------------------------------------------

    def fork(self, parent: Process, child: Process) -> None:
        """Copy entries mapping by mapping (rules 14 and 17)."""
        exclusive = self.exclusive.copy()
        try:
            super().fork(parent, child)
        except OutOfMemory:
            self.exclusive = exclusive
            raise
        self.areas[child] = self.areas[parent].inherited()
        marked = Areas([area for area in self.areas[child].areas if area.mark is not None])
        self.tables[child] = self.tables[parent] & marked.tables()

    def share_page(self, parent: Process, child: Process, page: int, entry) -> None:
        """Copy an entry of a mapping that ever had a private page; the others fault again in the child."""
        area = self.areas[parent].find(page)
        if area.mark is not None and not area.kind.shared and not area.kind.advice & {"dontfork", "wipeonfork"}:
            self.exclusive.discard(entry.frame)
            super().share_page(parent, child, page, entry)

    # -- page faults ------------------------------------------------------------------------------------------

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Handle a fault. An instruction fetch from an absent page reads it first, even if it is refused then (47)."""
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        self.faulting = process, page
        untouched = region is not None and not fault.present
        if untouched and fault.access is Access.EXECUTE and not region.protection.allows(Access.EXECUTE):
            fault = fault._replace(access=Access.READ)
        try:
            super().page_fault(process, fault)
        finally:
            self.faulting = None
        self.tables[process].add(page // TABLE)

    def first_touch(self, process: Process, page: int, region: Region, access: Access) -> None:
        """Map a page; a read of a file or of shared memory maps what is around it too (rules 19 and 23)."""
        if region.file is None or access is Access.WRITE or page in self.out[process]:
            private = access is Access.WRITE and not region.shared
            if private:
                # Even if the write then fails, as one past the end of a file does.
                self.areas[process].mark_private(page)
            super().first_touch(process, page, region, access)
            if private:
                self.own(process, page)
            return
        # Linux looks around before it looks at the page itself: even an access past the end of a file maps neighbours.
        self.map_around(process, page, region)
        if process.page_table.get(page) is None:
            self.map_object_page(process, page, region, self.object_frame(region, page))
            self.map_around(process, page, region)

    def map_around(self, process: Process, page: int, region: Region) -> None:
        """Map what is in memory of the window around a page, and has no entry yet."""
        area = self.areas[process].find(page)
        begin = max(page - page % self.window_pages, area.first)
        window = range(begin, min(begin + self.window_pages, area.end))
        in_memory = [near for near in window if self.index_in_object(region, near) in region.file.frames]
        if not in_memory or self.only_last_page(process, region, in_memory[0]):
            return
        for near in in_memory:
            if process.page_table.get(near) is None and near not in self.out[process]:
                try:
                    self.map_object_page(process, near, region, region.file.frames[self.index_in_object(region, near)])
                except OutOfMemory:
                    return  # nobody has asked for this one

    def only_last_page(self, process: Process, region: Region, page: int) -> bool:
        """Return True if the first page found in a window is the last one of a file, and there is no page table yet.

        Then Linux 6.18 does not make the page table, and maps nothing. It shows where the faulting page cannot be had:
        past the end of the file.
        """
        file = region.file
        last = isinstance(file, CachedFile) and self.index_in_object(region, page) == file.file.pages - 1
        return last and page // TABLE not in self.tables[process]

    def map_object_page(self, process: Process, page: int, region: Region, frame: int) -> None:
        """Map a page of an object for reading: a later write must be seen, unless no disk has to learn of it (26)."""
        anonymous = region.shared and not isinstance(region.file, CachedFile)
        self.references[frame] += 1
        self.map_new(process, page, frame, region.protection if anonymous else region.protection & NOT_WRITE)
        self.tables[process].add(page // TABLE)

    def first_write(self, process: Process, page: int, region: Region) -> None:
        """Make a page writable by copy or reuse, and remember that it is the writer's own."""
        super().first_write(process, page, region)
        if not region.shared:
            self.own(process, page)

    def own(self, process: Process, page: int) -> None:
        """Note that a page has become private to its process, and its mapping one with private pages."""
        self.exclusive.add(process.page_table.get(page).frame)
        self.areas[process].mark_private(page)

    def swap_in(self, process: Process, page: int, region: Region) -> None:
        """Bring a page back; one that nobody shares belongs to its process as before."""
        super().swap_in(process, page, region)
        frame = process.page_table.get(page).frame
        if self.references[frame] == 1 and self.slot_of(frame) is None:
            self.exclusive.add(frame)

    # -- the page cache ---------------------------------------------------------------------------------------

    def object_frame(self, region: Region, page: int) -> int:
        """Return the frame of an object's page; one that comes from disk brings its neighbours (rules 22 and 49)."""
        index = self.index_in_object(region, page)
        cold = isinstance(region.file, CachedFile) and index not in region.file.frames
        frame = super().object_frame(region, page)
        if cold:
            self.read_ahead(region, index)
        return frame

    def read_ahead(self, region: Region, index: int) -> None:
        """Read the pages around one that came from disk; of a program's code, those that follow in its mapping."""
        begin = max(index - self.read_ahead_pages // 2, 0)
        end = begin + self.read_ahead_pages
        if Protection.EXECUTE in region.protection:
            process, page = self.faulting
            left = self.areas[process].find(page).end - page
            begin, end = index, index + min(self.read_ahead_pages, left)
        self.reading_ahead = True
        try:
            for near in range(begin, min(end, region.file.file.pages)):
                if near not in region.file.frames:
                    region.file.frames[near] = self.new_object_frame(region.file, near)
        except OutOfMemory:
            return  # nobody has asked for these
        finally:
            self.reading_ahead = False

    def object_gone(self, shown) -> None:
        """Release a shared object; the pages of a file stay in memory (rule 44)."""
        if not isinstance(shown, CachedFile):
            super().object_gone(shown)

    # -- frames -----------------------------------------------------------------------------------------------

    def evict(self) -> None:
        """Free a file page that nobody maps, or move a private page to disk."""
        if self.reading_ahead:
            raise OutOfMemory("nothing leaves for a page that nobody has asked for")
        for cached in self.cached.values():
            for index, frame in cached.frames.items():
                if self.references[frame] == 1 and frame != self.copying:
                    self.release(cached.frames.pop(index))
                    return
        super().evict()

    def copied_frame(self, source: int) -> int:
        """Return a copy of a frame. A file page that is being copied must not leave to make room for its copy."""
        self.copying = source
        try:
            return super().copied_frame(source)
        finally:
            self.copying = None

    def swap_out(self, frame: int) -> None:
        """Move a frame to disk; one that only its slot still uses is there already."""
        slot = self.slot_of(frame)
        if slot is not None and not self.entries_of(frame):
            slot.frame = None
            self.release(frame)
            return
        super().swap_out(frame)
        if slot is not None and slot.frame is not None:
            slot.frame = None
            self.release(frame)

    def release(self, frame: int) -> None:
        """Drop one reference. A page that only its slot still uses stays for the other sharers (rule 50)."""
        super(SwappingKernel, self).release(frame)
        if frame not in self.references:
            self.exclusive.discard(frame)


def _protected(area: Area, protection: Protection) -> Kind:
    """Return the kind of a mapping under another protection."""
    kind = area.kind
    charged = kind.charged or (not kind.shared and Protection.WRITE in protection)
    if Protection.WRITE not in protection and kind.shown is None and area.mark is None:
        charged = False
    return kind._replace(protection=protection, charged=charged)
