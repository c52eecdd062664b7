"""The mappings of a process as Linux keeps them: neighbours of one kind are one mapping, a change splits it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from grader.machine import Protection

#: Entries of one page table of Linux.
TABLE = 512


class Mark:
    """Stands for what a mapping has from its first private page on (Linux calls it anon_vma).

    Two mappings that have the same object come from one, and may be joined again.

    forked  whether it came from a fork: then no mapping without a mark joins its mapping
    """

    def __init__(self, forked: bool = False):
        self.forked = forked


class Kind(NamedTuple):
    """Holds what two neighbours must have in common to be one mapping.

    shown    the file or shared object, or None
    charged  whether it was ever writable, and so counts as memory that the process may fill
    advice   what madvise said of it, and "locked"
    """

    protection: Protection
    shared: bool
    shown: object
    charged: bool
    advice: frozenset[str] = frozenset()

    def with_advice(self, advice: str) -> Kind:
        """Return this kind under one more piece of advice."""
        return self._replace(advice=self.advice | {advice})


class Area(NamedTuple):
    """One mapping: pages `first` to before `end`, with its mark if it has one.

    offset  page of the file or object that its first page shows; anonymous memory counts from its own place
    """

    first: int
    end: int
    offset: int
    kind: Kind
    mark: Mark | None = None

    def cut(self, first: int, end: int) -> Area:
        """Return the part between two page numbers; it keeps the mark."""
        return self._replace(first=first, end=end, offset=self.offset + first - self.first)


class Areas:
    """The mappings of one process, in the order of their addresses."""

    def __init__(self, areas: list[Area] | None = None):
        self.areas = areas or []

    def find(self, page: int) -> Area:
        """Return the mapping of a mapped page."""
        return next(area for area in self.areas if area.first <= page < area.end)

    def add(self, area: Area) -> None:
        """Add a mapping; it joins neighbours of its kind."""
        self.areas.append(area)
        self.areas.sort(key=lambda one: one.first)
        self.join(area)

    def remove(self, first: int, pages: int) -> list[Area]:
        """Take a range out, and return the pieces that were there."""
        end = first + pages
        removed, kept = [], []
        for area in self.areas:
            if area.end <= first or area.first >= end:
                kept.append(area)
                continue
            if area.first < first:
                kept.append(area.cut(area.first, first))
            removed.append(area.cut(max(area.first, first), min(area.end, end)))
            if area.end > end:
                kept.append(area.cut(end, area.end))
        self.areas = kept
        return removed

    def change(self, first: int, pages: int, kind_of: Callable[[Area], Kind]) -> None:
        """Give each piece of a range another kind; a piece that keeps its own is not even split off."""
        for area in list(self.areas):
            start, end = max(area.first, first), min(area.end, first + pages)
            kind = kind_of(area) if start < end else area.kind
            if kind != area.kind:
                [piece] = self.remove(start, end - start)
                self.add(piece._replace(kind=kind))

    def join(self, area: Area) -> None:
        """Make one mapping of this one and its neighbours where they agree."""
        at = self.areas.index(area)
        for left in (at, at - 1):
            if 0 <= left < len(self.areas) - 1 and _one_mapping(self.areas[left], self.areas[left + 1]):
                a, b = self.areas[left : left + 2]
                self.areas[left : left + 2] = [a._replace(end=b.end, mark=a.mark or b.mark)]

    def mark_private(self, page: int) -> None:
        """Give the mapping of a page that is about to become private a mark, if it has none: a neighbour's if it may.

        A neighbour's mark is what lets Linux join the two once they have the same protection.
        """
        area = self.find(page)
        if area.mark is None:
            at = self.areas.index(area)
            near = [one for one in self.areas[max(at - 1, 0) : at + 2] if one.mark and _alike(area, one)]
            mark = next((one.mark for one in near if one.mark and not one.mark.forked), None)
            self.areas[at] = area._replace(mark=mark or Mark())

    def tables(self) -> set[int]:
        """Return the numbers of the page tables that have room for entries of these mappings."""
        return {table for area in self.areas for table in range(area.first // TABLE, (area.end - 1) // TABLE + 1)}

    def inherited(self) -> Areas:
        """Return the mappings of a child."""
        copies = []
        for area in self.areas:
            if "dontfork" not in area.kind.advice:
                own = area.mark is not None and "wipeonfork" not in area.kind.advice
                kind = area.kind._replace(advice=area.kind.advice - {"locked"})
                copies.append(area._replace(mark=Mark(forked=True) if own else None, kind=kind))
        return Areas(copies)


def _one_mapping(a: Area, b: Area) -> bool:
    """Return True if two areas, in this order, can be joined."""
    same = a.kind == b.kind and _continues(a, b)
    if a.mark is None or b.mark is None:
        return same and not any(one.mark is not None and one.mark.forked for one in (a, b))
    return same and a.mark is b.mark


def _alike(area: Area, other: Area) -> bool:
    """Return True if two mappings are neighbours that differ at most in protection."""
    a, b = (area, other) if area.first < other.first else (other, area)
    return a.kind._replace(protection=b.kind.protection) == b.kind and _continues(a, b)


def _continues(a: Area, b: Area) -> bool:
    """Return True if an area begins where another ends, in memory and in what they show."""
    return a.end == b.first and a.offset + a.end - a.first == b.offset
