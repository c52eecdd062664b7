"""Simulates the translation look-aside buffer: the processor's own copies of entries that it used.

Entries are tagged by process and unlimited in number, and they can become stale: only `flush` removes one. If the
machine has no TLB, the handle exists and does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import HardwareError
from .operations import FLUSH
from .pagetable import PAGE_LIMIT

if TYPE_CHECKING:
    from .process import Process


class Tlb:
    """The handle `hw.tlb`."""

    __slots__ = ("_cached", "_log", "_on")

    def __init__(self, on: bool, log: list[int] | None) -> None:
        self._on = on
        self._log = log
        self._cached: dict[Process, dict[int, int]] = {}

    def flush(self, process: Process, page: int | None = None) -> None:
        """Remove the cached entry of one page of a process, or those of all its pages."""
        if page is not None and (type(page) is not int or not 0 <= page < PAGE_LIMIT):
            raise HardwareError(f"flush(pid={process.pid}, page={page!r}): a page number is 0 to {PAGE_LIMIT - 1}")
        if not self._on:
            return
        if self._log is not None:
            self._log += (FLUSH, process.pid, -1 if page is None else page)
        if page is None:
            self._cached.pop(process, None)
        else:
            self._cached.get(process, {}).pop(page, None)

    def _of(self, process: Process) -> dict[int, int]:
        return self._cached.setdefault(process, {})
