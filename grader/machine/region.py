"""Defines regions, the ranges of an address space that mmap made, and a map of them.

A region is described in bytes (`start`) and pages (`pages`), as mmap is; a RegionMap counts
in page numbers, as a page table does. The page size is the machine's: a Region built inside a
kernel takes it from the machine that is running.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import Any

from .errors import InvalidArgument
from .protection import Protection

DEFAULT_PAGE_SIZE = 8


class Region:
    """Consecutive pages of one process with the same rights and the same backing. Immutable.

    start       address of the first byte
    pages       length in pages
    protection  what the process may do there
    shared      True for MAP_SHARED, False for MAP_PRIVATE
    file        None for anonymous memory; else an opaque object with `.name`, `.pages`, `.writable`
    offset      page of the file that `start` shows
    """

    __slots__ = (
        "_page_size",
        "end_page",
        "file",
        "first_page",
        "offset",
        "pages",
        "protection",
        "shared",
        "start",
    )

    start: int
    pages: int
    protection: Protection
    shared: bool
    file: object
    offset: int
    first_page: int
    end_page: int
    _page_size: int

    #: Page size for regions built by hand; the machine sets it whenever it begins a step.
    current_page_size = DEFAULT_PAGE_SIZE

    def __init__(
        self,
        start: int,
        pages: int,
        protection: Protection,
        shared: bool = False,
        file: object = None,
        offset: int = 0,
        *,
        page_size: int | None = None,
    ) -> None:
        size = page_size or Region.current_page_size
        put = object.__setattr__
        put(self, "start", start)
        put(self, "pages", pages)
        put(self, "protection", protection)
        put(self, "shared", shared)
        put(self, "file", file)
        put(self, "offset", offset)
        put(self, "_page_size", size)
        put(self, "first_page", start // size)
        put(self, "end_page", start // size + pages)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Region does not change: use region.replace({name}=…) and keep the result")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a Region does not change")

    def replace(self, **changes: Any) -> Region:
        """Return a copy with some fields changed: `region.replace(protection=Protection.READ)`."""
        fields = {
            "start": self.start,
            "pages": self.pages,
            "protection": self.protection,
            "shared": self.shared,
            "file": self.file,
            "offset": self.offset,
        }
        unknown = changes.keys() - fields.keys()
        if unknown:
            raise TypeError(f"a Region has no {sorted(unknown)[0]!r}; it has {', '.join(fields)}")
        return Region(**{**fields, **changes}, page_size=self._page_size)

    def cut(self, first_page: int, end_page: int) -> Region:
        """Return the part of this region between two of its page numbers (the end is exclusive); `offset` follows."""
        skipped = first_page - self.first_page
        return self.replace(
            start=first_page * self._page_size, pages=end_page - first_page, offset=self.offset + skipped
        )

    def _key(self) -> tuple[object, ...]:
        return self.start, self.pages, self.protection, self.shared, self.file, self.offset

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Region) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.start, self.pages, self.protection, self.shared, self.offset))

    def __repr__(self) -> str:
        kind = "shared" if self.shared else "private"
        backing = f", file={self.file!r}, offset={self.offset}" if self.file is not None else ""
        return f"Region(start={self.start:#x}, pages={self.pages}, {self.protection}, {kind}{backing})"


class RegionMap:
    """The regions of one address space, in address order and without overlap."""

    __slots__ = ("_last", "_regions", "_starts")

    def __init__(self) -> None:
        self._regions: list[Region] = []
        self._starts: list[int] = []  # first page of each region, for bisect
        self._last: Region | None = None  # the region found last: the next look-up is often nearby

    def insert(self, region: Region) -> None:
        """Add a region; InvalidArgument, with nothing changed, if it is empty or overlaps another."""
        if region.pages <= 0:
            raise InvalidArgument(f"a region of {region.pages} pages")
        position = bisect_right(self._starts, region.first_page)
        neighbours = self._regions[max(position - 1, 0) : position + 1]
        for other in neighbours:
            if other.first_page < region.end_page and region.first_page < other.end_page:
                raise InvalidArgument(f"{region!r} overlaps {other!r}")
        self._regions.insert(position, region)
        insort(self._starts, region.first_page)

    def find(self, page: int) -> Region | None:
        """Return the region that contains a page number, or None."""
        last = self._last
        if last is not None and last.first_page <= page < last.end_page:
            return last
        position = bisect_right(self._starts, page) - 1
        if position < 0:
            return None
        region = self._regions[position]
        if page >= region.end_page:
            return None
        self._last = region
        return region

    def remove(self, page: int, pages: int) -> list[Region]:
        """Take `pages` pages from page number `page` on out of the map and return the pieces that were there.

        A region that sticks out on either side is split; the parts outside stay. Pages of the range that no region
        covers are skipped.
        """
        end = page + pages
        removed: list[Region] = []
        kept: list[Region] = []
        for region in self._regions:
            if region.end_page <= page or region.first_page >= end:
                kept.append(region)
                continue
            first, last = max(region.first_page, page), min(region.end_page, end)
            if region.first_page < first:
                kept.append(region.cut(region.first_page, first))
            removed.append(region.cut(first, last))
            if last < region.end_page:
                kept.append(region.cut(last, region.end_page))
        self._regions = kept
        self._starts = [region.first_page for region in kept]
        self._last = None
        return removed

    def copy(self) -> RegionMap:
        """Return an independent map of the same regions (regions never change, so they need no copy)."""
        other = RegionMap()
        other._regions = self._regions.copy()
        other._starts = self._starts.copy()
        return other

    def __iter__(self) -> Iterator[Region]:
        return iter(tuple(self._regions))

    def __len__(self) -> int:
        return len(self._regions)

    def __repr__(self) -> str:
        return f"RegionMap({self._regions!r})"
