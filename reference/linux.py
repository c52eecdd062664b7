"""The model answer to the lab linux: Linux's paging, and the calls that only the Linux profile has."""

from __future__ import annotations

from grader.machine import InvalidArgument, OutOfMemory, Process, Protection, Region, SegmentationFault
from reference.file_backed import CachedFile
from reference.linux_areas import TABLE, Area
from reference.linux_paging import LinuxPagingKernel


class LinuxKernel(LinuxPagingKernel):
    """Linux's paging with madvise, mremap and mlock.

    What madvise said of a mapping, and whether it is locked, is part of its kind, so such mappings are not joined.

    Between any two calls, `moved_dirty` has the pages that were dirty when mremap moved them, as (process, page), as
    long as they have an entry. The machine makes a clean entry at the new place; Linux moves the mark with it.
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.moved_dirty: set[tuple[Process, int]] = set()

    # -- advice -----------------------------------------------------------------------------------------------

    def madvise(self, process: Process, start: int, pages: int, advice: str) -> None:
        """Follow advice page by page; a page that is not mapped makes an error of the call, but stops nothing."""
        first = self.hw.page_of(start)
        mapped = [page for page in range(first, first + pages) if self.regions[process].find(page) is not None]
        for page in mapped:
            self.check_advice(process, page, advice)
            if advice == "dontneed":
                self.drop(process, page)
            elif advice == "pageout":
                self.page_out(process, page)
            else:
                self.areas[process].change(page, 1, lambda area: area.kind.with_advice(advice))
        if len(mapped) < pages:
            raise InvalidArgument(f"madvise of pages that are not mapped, from page {first} on")

    def check_advice(self, process: Process, page: int, advice: str) -> None:
        """Raise InvalidArgument for advice that a mapping cannot take."""
        kind = self.areas[process].find(page).kind
        if advice in ("dontneed", "pageout") and "locked" in kind.advice:
            raise InvalidArgument(f"{advice} of page {page}, which is locked")
        if advice == "wipeonfork" and (kind.shared or kind.shown is not None):
            raise InvalidArgument(f"wipeonfork of page {page}, which is not private anonymous memory")

    def drop(self, process: Process, page: int) -> None:
        """Take a page from this process; its next touch finds zeros, or what the file or object holds."""
        self.write_back(process, [page])
        if process.page_table.get(page) is not None:
            self.remove_page(process, page)
        if page in self.out[process]:
            self.leave_slot(process, page)

    def page_out(self, process: Process, page: int) -> None:
        """Move a private page to disk, unless it has another user or there is no slot for it."""
        entry = process.page_table.get(page)
        if entry is None or entry.frame == self.hw.zero_frame or self.hw.swap is None:
            return
        if self.references[entry.frame] == 1:
            try:
                self.swap_out(entry.frame)
            except OutOfMemory:
                return

    def fork(self, parent: Process, child: Process) -> None:
        """Copy a process, without the mappings that madvise keeps from children."""
        super().fork(parent, child)
        for area in self.areas[parent].areas:
            if area.kind.advice & {"dontfork", "wipeonfork"}:
                for page in range(area.first, area.end):
                    if page in self.out[child]:
                        self.leave_slot(child, page)
            if "dontfork" in area.kind.advice:
                self.regions[child].remove(area.first, area.end - area.first)

    # -- locking ----------------------------------------------------------------------------------------------

    def mlock(self, process: Process, start: int, pages: int) -> None:
        """Mark mappings as locked. The machine touches the pages."""
        first = self.hw.page_of(start)
        unmapped = (page for page in range(first, first + pages) if self.regions[process].find(page) is None)
        end = next(unmapped, first + pages)
        self.areas[process].change(first, end - first, lambda area: area.kind.with_advice("locked"))
        if end < first + pages:
            raise InvalidArgument(f"mlock of page {end}, which is not mapped")

    # -- moving -----------------------------------------------------------------------------------------------

    def mremap(self, process: Process, start: int, pages: int, to: int, to_pages: int) -> None:
        """Move entries with their frames and rights: no copy and no fault (rule 34)."""
        first, new = self.hw.page_of(start), self.hw.page_of(to)
        region = self.regions[process].find(first)
        if pages == 0 or to_pages == 0 or region is None or region.end_page < first + pages:
            raise InvalidArgument(f"mremap of {pages} pages from page {first} on to {to_pages}: not in one mapping")
        areas = self.areas[process]
        # Several mappings may move at once (Linux 6.17), but only if they keep their lengths.
        if to_pages != pages and areas.find(first).end < first + min(pages, to_pages):
            raise InvalidArgument(f"mremap of {pages} pages from page {first} on to {to_pages}: not in one mapping")
        self.write_back(process, range(first, first + pages))
        self.move_entries(process, first, new, min(pages, to_pages))
        for page in range(first + to_pages, first + pages):
            self.drop(process, page)
        [piece] = self.regions[process].remove(first, pages)
        self.regions[process].insert(piece.replace(start=to, pages=to_pages))
        if to_pages < pages:
            areas.remove(first + to_pages, pages - to_pages)
        for area in areas.remove(first, pages):
            areas.add(_moved(area, new - first, max(to_pages - pages, 0)))
        tables = self.tables[process]
        tables |= {(page - first + new) // TABLE for page in range(first, first + pages) if page // TABLE in tables}
        tables &= areas.tables()

    def move_entries(self, process: Process, first: int, new: int, pages: int) -> None:
        """Move the entries and slots of a range. OutOfMemory, with nothing changed, if an entry cannot be made."""
        table = process.page_table
        present = [page for page in range(first, first + pages) if table.get(page) is not None]
        dirty = [page for page in present if table.get(page).dirty or (process, page) in self.moved_dirty]
        made = []
        try:
            for page in present:
                entry = table.get(page)
                table.map(page - first + new, entry.frame, entry.protection, cow=entry.cow)
                made.append(page - first + new)
        except OutOfMemory:
            for page in made:
                table.unmap(page)
            raise
        for page in present:
            table.unmap(page)
        self.moved_dirty.difference_update((process, page) for page in present)
        self.moved_dirty.update((process, page - first + new) for page in dirty)
        for page in [page for page in self.out[process] if first <= page < first + pages]:
            self.out[process][page - first + new] = self.out[process].pop(page)

    # -- what was dirty before it moved ---------------------------------------------------------------------------

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change protection; a page that was dirty before it moved gets its right to write back at once (rule 48)."""
        try:
            super().mprotect(process, start, pages, protection)
        finally:
            first = self.hw.page_of(start)
            for page in range(first, first + pages):
                region = self.regions[process].find(page)
                if (process, page) in self.moved_dirty and region is not None and region.shared:
                    process.page_table.protect(page, region.protection)

    def remove_page(self, process: Process, page: int) -> None:
        """Remove an entry, and what is known of it."""
        super().remove_page(process, page)
        self.moved_dirty.discard((process, page))

    def exit(self, process: Process) -> None:
        """Release everything."""
        super().exit(process)
        self.moved_dirty = {(owner, page) for owner, page in self.moved_dirty if owner is not process}

    # -- shared objects ---------------------------------------------------------------------------------------

    def mmap(self, process: Process, region: Region) -> None:
        """Note the region; a shared object stays as long as its first mapping, whatever mremap makes of that."""
        super().mmap(process, region)
        if region.shared and region.file is None:
            self.regions[process].find(region.first_page).file.pages = region.pages

    def object_frame(self, region: Region, page: int) -> int:
        """Return the frame of an object's page. SegmentationFault past the end of a shared object, as of a file."""
        past = not isinstance(region.file, CachedFile) and self.index_in_object(region, page) >= region.file.pages
        if past:
            raise SegmentationFault
        return super().object_frame(region, page)


def _moved(area: Area, pages: int, more: int) -> Area:
    """Return a mapping at another place, `more` pages longer. Without a mark, its place is its offset."""
    untouched = area.kind.shown is None and area.mark is None
    offset = area.offset + pages if untouched else area.offset
    return Area(area.first + pages, area.end + pages + more, offset, area.kind, area.mark)
