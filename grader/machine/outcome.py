"""Defines how a step can end, the exceptions that end a run, and what is observed of a step."""

from __future__ import annotations

from typing import NamedTuple

from .audit import Finding
from .image import Image
from .moves import SwapMove
from .protection import Access

OK, SEGV, OOM, ERROR = "ok", "segv", "oom", "error"

#: Calls of page_fault for one access; if it still faults after these, the run ends with "no progress" (rule 11).
RETRIES = 2


class KernelCrash(Exception):
    """An exception that the contract does not allow escaped from a kernel's `method`; `cause` is the exception."""

    def __init__(self, method: str, cause: BaseException) -> None:
        super().__init__(f"{method} raised {type(cause).__name__}")
        self.method = method
        self.cause = cause


class NoProgress(Exception):
    """Raised if an access is still refused after RETRIES calls of page_fault."""

    def __init__(self, pid: int, page: int, access: Access, absent: bool) -> None:
        super().__init__(
            f"process {pid}, page {page}: the {access} is still refused after {RETRIES} calls of page_fault"
        )
        self.pid = pid
        self.page = page
        self.access = access
        self.absent = absent


class FileSpec(NamedTuple):
    """A file on the machine's disk: page i is filled with contents[i].

    cached  whether all of it is in the page cache when the scenario begins (Linux profile only)
    """

    name: str
    pages: int
    contents: tuple[int, ...]
    writable: bool = True
    cached: bool = False


class SharedObject:
    """The memory of an anonymous shared region. It has an identity and nothing else."""

    __slots__ = ("__weakref__",)


class Observation(NamedTuple):
    """The effects of one step, as the machine observed them. Differences, except `frames` and `slots`, the totals."""

    values: list[int]  # bytes read, in order
    faults: tuple[int, int]  # minor, major; of the process that acted
    copies: int
    reads: int  # pages from disk
    writes: int  # pages to disk
    written: list[tuple[int, int, Image]]  # file, page, new contents
    frames: int
    slots: int
    allocated: list[int]  # frames handed out, in order
    changes: dict[int, dict[int, int]]  # pid -> page -> entry (0: gone)
    stale: dict[int, dict[int, int]]  # pid -> page -> what the TLB holds and the page table does not say
    findings: list[Finding]
    swapped: list[SwapMove]  # what was done with swap slots, in order
