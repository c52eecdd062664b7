"""Your kernel for the lab "Shared memory and the life of a region".

Begin by copying the body of your copy-on-write kernel's class (helpers and __init__ too) into the class below; then
follow the tasks of README.md. Only this file is graded: it may import `grader.machine` and the standard library.
"""

from __future__ import annotations

from grader.machine import (
    Kernel,
    PageFault,
    Process,
    Region,
)


class SharedMemoryKernel(Kernel):
    """Demand paging, copy-on-write for private memory, and shared memory that is really shared.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address).
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map nothing yet (handout, sections 1 and 3).

        process         hashable; `process.page_table` maps page numbers to frames
        region          start (byte address), pages, protection, shared; first_page and end_page are page numbers.
                        `file` is None here; for shared memory you may keep your object in it, with region.replace
        Return nothing. Raise InvalidArgument, with nothing changed, if the region has no pages or overlaps one that
        the process has.
        """
        raise NotImplementedError("task 1: mmap (bring yours along from the copy-on-write lab)")  # TODO(1)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process (handout, sections 1, 2 and 4).

        start           a multiple of the page size; the range may cover parts of several regions, and gaps
        Return nothing; pages that are not mapped, or have no entry, are no error. Raise InvalidArgument, with nothing
        changed, if `pages` is zero. What is left of a region keeps its rights, its contents and, if it is shared, its
        pages of the object. A private frame is freed with its last entry, an object's frames with the last region.
        """
        raise NotImplementedError("task 1: munmap")  # TODO(1)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, section 3).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry (False: nothing is mapped there yet)
        Return, and the access is tried again. Raise SegmentationFault if no region allows the access; let OutOfFrames
        escape if a frame is needed and none is free, with nothing changed. A page of a shared region gets the frame
        that its object has for it, or the object gets a fresh one.
        """
        raise NotImplementedError("task 3: page_fault (bring yours along, then add shared pages)")  # TODO(3)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child`, whose page table is empty, a copy of `parent` (handout, sections 2, 3 and 4).

        Return nothing. The child gets the parent's regions, touched or not. Entries of writable private regions become
        read-only in both; entries of shared regions are copied as they are. No frame is allocated or copied.
        """
        raise NotImplementedError("task 2: fork (bring yours along from the copy-on-write lab)")  # TODO(2)

    def exit(self, process: Process) -> None:
        """Release everything a process holds; it has exited or was killed (handout, sections 2 and 4).

        Return nothing; raise nothing. Frames and shared objects that others still use stay as they are.
        """
        raise NotImplementedError("task 2: exit (bring yours along from the copy-on-write lab)")  # TODO(2)
