"""Measure two sizes that are settings of a machine and not rules, so that the model can have the same."""

from __future__ import annotations

from typing import NamedTuple

from grader.machine.protection import Protection

from .machine import BASE, MAP_SHARED, NOREPLACE, HostMachine

#: Pages of the file that is read: enough to tell apart the sizes that matter in scenarios.
PAGES = 64

#: Stands for a size of PAGES or more.
MANY = 1 << 16


class Sizes(NamedTuple):
    """Holds the sizes, in pages, of the Linux profile unless measured.

    read_ahead  pages that one read from the disk brings; None if nothing is read, because the files are in memory
    window      pages that a read fault maps around it
    """

    read_ahead: int | None = 32
    window: int = 16


def measure(host: HostMachine) -> Sizes:
    """Return the sizes of this machine."""
    length = PAGES * host.page_size
    [file] = host.begin(1, 1, [[PAGES, [1] * PAGES, False, False]])
    try:
        host.do(0, "mapping", BASE, length, Protection.READ.bits, MAP_SHARED | NOREPLACE, file, 0)
        before = _in_memory(host)
        host.do(0, "read", BASE, 1, 0)
        came = _in_memory(host)
        host.do(0, "read", BASE, PAGES, 0)
        host.do(0, "call", "munmap", BASE, length)
        host.do(0, "mapping", BASE, length, Protection.READ.bits, MAP_SHARED | NOREPLACE, file, 0)
        faults = host.do(0, "read", BASE, PAGES, 0).faults
    finally:
        host.end()
    minor = faults[0] if faults is not None else 0
    window = -(-PAGES // minor) if minor else Sizes().window
    return Sizes(None if before else _many(came), _many(window))


def _in_memory(host: HostMachine) -> int:
    """Return how many pages of the file are in memory, mapped or not."""
    return sum(page & 1 for page in host.do(0, "resident", BASE, PAGES).values)


def _many(pages: int) -> int:
    return pages if pages < PAGES else MANY
