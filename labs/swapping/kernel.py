"""Your kernel for the lab "Swapping and replacement".

Begin by copying the body of your file-backed kernel's class, and the class of its cached files, into this file; then
follow the tasks of README.md. Only this file is graded: it may import `grader.machine` and the standard library.
"""

from __future__ import annotations

from grader.machine import (
    Access,
    InvalidArgument,
    Kernel,
    OutOfFrames,
    OutOfMemory,
    PageFault,
    Process,
    Protection,
    Region,
    RegionMap,
    SegmentationFault,
)


class SwappingKernel(Kernel):
    """A file-backed kernel whose private pages leave memory when it is full, and come back when they are touched.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address), self.hw.files, and new:
    self.hw.swap            the swap disk, or None where the machine has none
    self.hw.swap.write(frame)       copies a frame to a free slot and returns the slot's number; OutOfMemory if none is free
    self.hw.swap.read(slot, frame)  copies a slot's page into a frame; the slot stays in use
    self.hw.swap.free(slot)         gives a slot back
    self.hw.replacement     "fifo" or "clock"
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map nothing yet (as in the file-backed lab).

        region          start (byte address), pages, protection, shared, file, offset; first_page, end_page
        Return nothing. Raise InvalidArgument as before.
        """
        raise NotImplementedError("task 1: mmap (bring yours along from the file-backed lab)")  # TODO(1)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change the rights of `pages` pages from byte address `start` on (handout, section 1).

        Return nothing; raise InvalidArgument as before. Pages that are out stay out. Accessed bits stay as they are.
        """
        raise NotImplementedError("task 1: mprotect (bring yours along from the file-backed lab)")  # TODO(1)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, sections 1, 3 and 5).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry; False also for a page that is out
        Return, and the access is tried again. Raise SegmentationFault if no region allows the access. If `allocate` or
        `map` raises OutOfFrames, let it escape: a page that could not come back is still in its slot.
        """
        raise NotImplementedError("task 1: page_fault")  # TODO(1)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process (handout, section 1).

        Return nothing; raise InvalidArgument if `pages` is zero. A slot that nobody needs any more is free on return.
        """
        raise NotImplementedError("task 1: munmap")  # TODO(1)

    def exit(self, process: Process) -> None:
        """Release everything a process holds, slots too; it has exited or was killed (handout, section 1).

        Return nothing; raise nothing. The machine removes the entries itself when this returns.
        """
        raise NotImplementedError("task 1: exit")  # TODO(1)

    def evict(self) -> None:
        """Make one frame free. `allocate` calls this when no frame is free (handout, sections 1, 2 and 4).

        Return nothing, with at least one frame free that was not. Raise OutOfMemory if no frame may leave, or if
        all that may would need a slot and none is free; then nothing has left. `allocate` called from here raises OutOfFrames.
        """
        raise NotImplementedError("tasks 1 and 2: evict")  # TODO(1), TODO(2)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child`, whose page table is empty, a copy of `parent` (handout, section 3).

        Return nothing. If `map` raises OutOfFrames, let it escape, after everything is as it was before the call, the
        slots too. Fork moves nothing to or from disk.
        """
        raise NotImplementedError("task 3: fork")  # TODO(3)

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Make a buffer fit for the kernel's own access (handout, section 5).

        address         of the buffer's first byte; `length` in bytes, at least 1
        access          Access.READ: the kernel will read the buffer; Access.WRITE: it will write it
        Return when every page of the buffer is present, all at the same time, and may be accessed like that without
        harm to others. Raise what page_fault would raise for the first page that can't be made ready.
        """
        raise NotImplementedError("task 5: user_access")  # TODO(5)
