"""Mistakes with mmap and munmap."""

from __future__ import annotations

from grader.machine import InvalidArgument

from .mistake import Mistake


class UnmapWhole(Mistake):
    """Outcome or sharing: pages next to the range vanish too."""

    flag, lab, section = "unmap_whole", "demand-paging", 2
    belief = "removes the whole region when a part of it is unmapped"

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        touched = [r for r in self.regions[process] if r.first_page < first + pages and first < r.end_page]
        super().munmap(process, start, pages)
        for region in touched:
            super().munmap(process, region.start, region.pages)


class UnmapAbsent(Mistake):
    """A crash: unmapping a page that was never touched."""

    flag, lab, section = "unmap_absent", "demand-paging", 2
    belief = "takes every page of an unmapped range for present"

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            _ = process.page_table.get(page).frame
        super().munmap(process, start, pages)


class UnmapLeak(Mistake):
    """Audit: unmapped frames stay allocated."""

    flag, lab, section = "unmap_leak", "demand-paging", 2
    belief = "removes entries without giving back their frames"

    def release(self, frame):
        return


class UnmapLater(Mistake):
    """Audit: entries outside every region after munmap."""

    flag, lab, section = "unmap_later", "demand-paging", 2
    belief = "forgets the region at munmap and leaves its entries until exit"

    def munmap(self, process, start, pages):
        if pages == 0:
            raise InvalidArgument("no pages")
        self.regions[process].remove(self.hw.page_of(start), pages)


class UnmapForgets(Mistake):
    """Outcome: an unmapped page comes back with its next touch."""

    flag, lab, section = "unmap_forgets", "demand-paging", 2
    belief = "gives back the frames at munmap but goes on promising the pages"

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        regions = self.regions[process].copy()
        super().munmap(process, start, pages)
        if first >= 0:
            self.regions[process] = regions


class Overlap(Mistake):
    """Outcome: a mapping over another one is accepted."""

    flag, lab, section = "overlap", "demand-paging", 2
    belief = "lets a new region replace an old one that it overlaps"

    def mmap(self, process, region):
        if region.pages:
            self.regions[process].remove(region.first_page, region.pages)
        super().mmap(process, region)


class EmptyRange(Mistake):
    """Outcome: unmapping no pages succeeds."""

    flag, lab, section = "empty_range", "demand-paging", 2
    belief = "accepts an munmap of zero pages"

    def munmap(self, process, start, pages):
        if pages:
            super().munmap(process, start, pages)


class StaleEntry(Mistake):
    """Audit: an unmapped page that was shared can still be read."""

    flag, lab, section = "stale_pte", "copy-on-write", 4
    belief = "leaves the entry of an unmapped page in place while its frame has another user"

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        self.regions[process].remove(first, pages)
        if pages == 0:
            raise InvalidArgument("no pages")
        for page in range(first, first + pages):
            entry = process.page_table.get(page)
            if entry is not None and self.references.get(entry.frame, 1) == 1:
                self.remove_page(process, page)
