"""Defines the interface that a student implements, and the arguments that the machine passes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .errors import OutOfMemory
from .protection import Access, Protection

if TYPE_CHECKING:
    from .hardware import Hardware
    from .process import Process
    from .region import Region


class PageFault(NamedTuple):
    """A refused access.

    address  the byte address that was touched
    access   Access.READ, Access.WRITE or Access.EXECUTE
    present  whether the page has an entry in the page table (False too for a page that is out on swap)
    """

    address: int
    access: Access
    present: bool


class Kernel:
    """The methods that the machine calls. Each returns nothing on success.

    It may raise SegmentationFault (the process is killed), OutOfMemory (from a page fault: the process is killed; else
    an error for the caller) or InvalidArgument (an error for the caller). Anything else that escapes is a crash.
    `start` and `address` are byte addresses, `pages` and `length` count pages and bytes.
    """

    def __init__(self, hw: Hardware) -> None:
        self.hw = hw

    def mmap(self, process: Process, region: Region) -> None:
        """Give a process new memory at `region.start`."""
        raise NotImplementedError("mmap")

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take memory back from a process; unmapped pages in the range are not an error."""
        raise NotImplementedError("munmap")

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change what a process may do with memory it has."""
        raise NotImplementedError("mprotect")

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Handle an access that the processor refused; it tries the access again when this returns."""
        raise NotImplementedError("page_fault")

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child` a copy of `parent`; its page table is empty when this is called."""
        raise NotImplementedError("fork")

    def exit(self, process: Process) -> None:
        """Give back everything that a process held; it has ended by itself or was killed."""
        raise NotImplementedError("exit")

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Prepare for the kernel to read or write `length` bytes of user memory from `address` on."""
        raise NotImplementedError("user_access")

    def evict(self) -> None:
        """Make a frame free when none is, or raise OutOfMemory."""
        raise OutOfMemory("this kernel evicts nothing")

    # The machine calls the next three only where it has the Linux profile.

    def madvise(self, process: Process, start: int, pages: int, advice: str) -> None:
        """Take advice on memory: `dontneed`, `pageout`, `wipeonfork` or `dontfork`.

        InvalidArgument, after the other pages have been treated, if a page of the range is not mapped.
        """
        raise NotImplementedError("madvise")

    def mremap(self, process: Process, start: int, pages: int, to: int, to_pages: int) -> None:
        """Move memory with its frames to byte address `to`, `to_pages` pages long from now on."""
        raise NotImplementedError("mremap")

    def mlock(self, process: Process, start: int, pages: int) -> None:
        """Note that pages must stay in memory; the machine then touches those that are not there."""
        raise NotImplementedError("mlock")
