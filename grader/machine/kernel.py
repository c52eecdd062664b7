"""The interface that a student implements, and what the machine hands to it."""

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
    """What the machine calls. A method returns nothing on success.

    It may raise SegmentationFault (the process is killed), OutOfMemory (from a page fault: the process is killed; else
    an error for the caller) or InvalidArgument (an error for the caller). Anything else that escapes is a crash.
    `start` and `address` are byte addresses, `pages` and `length` count pages and bytes.
    """

    def __init__(self, hw: Hardware) -> None:
        self.hw = hw

    def mmap(self, process: Process, region: Region) -> None:
        """A process asks for new memory at `region.start`."""
        raise NotImplementedError("mmap")

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """A process gives memory back; pages of the range that are not mapped are no error."""
        raise NotImplementedError("munmap")

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """A process changes what it may do with memory it has."""
        raise NotImplementedError("mprotect")

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """The processor refused an access and will try it again when this returns."""
        raise NotImplementedError("page_fault")

    def fork(self, parent: Process, child: Process) -> None:
        """`child` becomes a copy of `parent`; its page table is empty when this is called."""
        raise NotImplementedError("fork")

    def exit(self, process: Process) -> None:
        """A process is gone, by itself or killed; everything it held is given back."""
        raise NotImplementedError("exit")

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """The kernel itself is about to read or write `length` bytes of user memory from `address` on."""
        raise NotImplementedError("user_access")

    def evict(self) -> None:
        """No frame is free: make one free, or raise OutOfMemory."""
        raise OutOfMemory("this kernel evicts nothing")
