"""Your kernel for the lab "Copy-on-write fork".

Bring `mmap`, `munmap`, `mprotect`, `page_fault` and `exit` along from your demand-paging kernel, with `__init__` and
your helper methods, and follow the tasks of README.md. Only this file is graded: it may import `grader.machine` and
the standard library, but not your older kernel.
"""

from __future__ import annotations

from grader.machine import (
    Access,
    InvalidArgument,
    Kernel,
    OutOfFrames,
    PageFault,
    Process,
    Protection,
    Region,
    RegionMap,
    SegmentationFault,
)


class CopyOnWriteKernel(Kernel):
    """A demand-paging kernel whose fork shares frames, and copies one when a sharer first writes to it.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address). If you write an
    `__init__(self, hw)`, begin it with `super().__init__(hw)`.
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map nothing yet (demand-paging lab).

        process         perhaps one that this kernel has not seen before: then it has no regions
        region          start (byte address), pages, protection; first_page and end_page are page numbers
        Return nothing. Raise InvalidArgument, with nothing changed, if the region has no pages or overlaps one that
        the process has.
        """
        raise NotImplementedError("task 1: mmap (bring yours along from the demand-paging lab)")  # TODO(1)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process (handout, section 4).

        Return nothing. The pages have no entries and no region any more, and this process no longer uses their frames;
        a frame without a user is freed. Pages that are not mapped are no error. Raise InvalidArgument if `pages` is 0.
        """
        raise NotImplementedError("task 1: munmap (bring yours along from the demand-paging lab)")  # TODO(1), TODO(4)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change what this process may do with `pages` pages from byte address `start` on (handout, section 5).

        protection      the new rights of the range
        Return nothing. Rights that are taken away are gone on return; the right to write a page that is present and
        not writable comes with its next write. No fault, no copy; frames stay. Raise InvalidArgument, with nothing
        changed, if `pages` is 0 or a page of the range is in no region.
        """
        raise NotImplementedError("task 1: mprotect (bring yours along from the demand-paging lab)")  # TODO(1), TODO(5)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, sections 1 and 3 to 6).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry; False: nothing is mapped there yet
        Return, and the access is tried again. Raise SegmentationFault if the page is in no region or the region does
        not allow the access; raise OutOfFrames (or let that of `allocate` escape), with nothing changed, if a frame is
        needed and none is free.
        """
        raise NotImplementedError("task 1: page_fault (bring yours along; task 3 lets it copy)")  # TODO(1), TODO(3)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child` a copy of `parent` that shares all its frames (handout, sections 2 and 6).

        child           a process with an empty page table and no regions
        Return nothing. No frame is allocated or copied. Raise OutOfFrames (or let that of `map` escape) only after
        everything is as it was before the call: the child has no entry, each entry of the parent has its old
        protection and cow bit, every count its old value. `exit` is not called for such a child.
        """
        raise NotImplementedError("task 2: fork")  # TODO(2)

    def exit(self, process: Process) -> None:
        """Release what a process holds; it has exited or was killed (handout, sections 1 and 2).

        process         perhaps one that never mapped or touched anything
        Return nothing, raise nothing. Frames that nobody else uses are free afterwards, frames that somebody uses stay.
        """
        raise NotImplementedError("task 1: exit (bring yours along from the demand-paging lab)")  # TODO(1), TODO(2)
