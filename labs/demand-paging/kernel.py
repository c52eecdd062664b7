"""Your kernel for the lab "Demand paging". Follow the tasks of README.md; replace each `raise NotImplementedError`."""

from __future__ import annotations

from grader.machine import (
    Access,
    InvalidArgument,
    Kernel,
    PageFault,
    Process,
    Protection,
    Region,
    RegionMap,
    SegmentationFault,
)


class DemandPagingKernel(Kernel):
    """Promises memory in mmap and hands it out at the first touch.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address). If you write an
    `__init__(self, hw)`, begin it with `super().__init__(hw)`.
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map nothing yet (handout, section 1).

        process         perhaps one that this kernel has not seen before: then it has no regions
        region          start (byte address), pages, protection; first_page and end_page are page numbers
        Return nothing. Raise InvalidArgument, with nothing changed, if the region has no pages or overlaps one that
        the process has (RegionMap.insert raises it for both).
        """
        raise NotImplementedError("task 1: mmap")  # TODO(1)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, sections 1, 3 and 4).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry; False: nothing is mapped there yet
        Return, and the access is tried again. Raise SegmentationFault if the page is in no region or the region does
        not allow the access; let the OutOfFrames of `allocate` escape if there is no frame.
        """
        raise NotImplementedError("task 1: page_fault")  # TODO(1)

    def exit(self, process: Process) -> None:
        """Release what a process holds; it has exited or was killed (handout, section 1).

        process         perhaps one that never mapped or touched anything
        Return nothing, raise nothing. Every frame of the process is free afterwards.
        """
        raise NotImplementedError("task 1: exit")  # TODO(1)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from the process (handout, section 2).

        Return nothing. The pages have no entries and no region any more, and their frames are free. Pages that are not
        mapped, or were never touched, are no error. Raise InvalidArgument if `pages` is 0.
        """
        raise NotImplementedError("task 2: munmap")  # TODO(2)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change what the process may do with `pages` pages from byte address `start` on (handout, section 3).

        protection      the new rights of the range
        Return nothing. Rights that are taken away are gone on return; the right to write a page that is present and
        not writable comes with its next write. No fault; frames and contents stay. Raise InvalidArgument, with
        nothing changed, if `pages` is 0 or a page of the range is in no region.
        """
        raise NotImplementedError("task 3: mprotect")  # TODO(3)
