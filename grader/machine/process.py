"""Defines a process as the machine knows it: a number, a page table, and its regions."""

from __future__ import annotations

from .pagetable import PageTable
from .region import RegionMap

#: Page number of the first mapping that a process makes, unless the machine was made with another one.
FIRST_PAGE = 16


class Process:
    """Hashable by identity. A kernel uses `pid` (1, 2, … in order of creation, never reused) and `page_table`."""

    __slots__ = ("__weakref__", "_alive", "_next_page", "_regions", "page_table", "pid")

    def __init__(self, pid: int, page_table: PageTable, first_page: int = FIRST_PAGE) -> None:
        self.pid = pid
        self.page_table = page_table
        self._alive = True
        self._regions = RegionMap()  # the machine's own record; the kernel keeps its own
        self._next_page = first_page

    def __repr__(self) -> str:
        return f"<process {self.pid}>"
