"""Your kernel for the lab "The TLB, and when to flush it".

Begin by copying the body of your swapping kernel's class, and the classes that it needs, into this file; then follow
the tasks of README.md. Only this file is graded: it may import `grader.machine` and the standard library.
"""

from __future__ import annotations

from grader.machine import (
    Access,
    Kernel,
    PageFault,
    Process,
    Protection,
    Region,
)


class TlbKernel(Kernel):
    """A swapping kernel that tells the processor when a copied entry is no longer true.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address), self.hw.files,
    self.hw.swap, and new: self.hw.tlb.flush(process, page) forgets one page of a process, by its number, and
    self.hw.tlb.flush(process) all of them. Both return nothing, and do nothing where there is no TLB.
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map nothing yet.

        region          start (byte address), pages, protection, shared, file, offset
        Return nothing. Raise InvalidArgument, with nothing changed, if the region has no pages, overlaps one that the
        process has, or is a shared and writable region of a file that is not writable.
        """
        raise NotImplementedError("task 1: mmap (bring yours along from the swapping lab)")  # TODO(1)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process (handout, section 1).

        Return nothing; pages that are not mapped are no error. Raise InvalidArgument if `pages` is zero. On return no
        copied entry leads to a page of the range any more.
        """
        raise NotImplementedError("task 1: munmap")  # TODO(1)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change the rights of `pages` pages from byte address `start` on (handout, section 1).

        Return nothing. Raise InvalidArgument, with nothing changed, if `pages` is zero, a page of the range is not
        mapped, or a shared region of a file that is not writable would become writable. On return no copied entry
        allows what was taken away.
        """
        raise NotImplementedError("task 1: mprotect")  # TODO(1)

    def exit(self, process: Process) -> None:
        """Release everything a process holds; it has exited or was killed.

        Return nothing; raise nothing. The machine removes the entries, and what is copied of them, when this returns.
        """
        raise NotImplementedError("task 1: exit (bring yours along from the swapping lab)")  # TODO(1)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child`, whose page table is empty, a copy of `parent` (handout, section 2).

        Return nothing. On return no copied entry of the parent allows a write that its page table does not allow. If
        `map` raises OutOfFrames, let it escape, after everything is as it was before the call.
        """
        raise NotImplementedError("task 2: fork")  # TODO(2)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, section 3).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry in the page table; what the TLB holds is not asked
        Return, and the access is tried again with the entry that is in the page table then. Raise SegmentationFault if
        no region allows the access; let OutOfMemory escape, with no frame lost and nothing changed.
        """
        raise NotImplementedError("task 3: page_fault")  # TODO(3)

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Make a buffer fit for the kernel's own access (handout, section 3).

        address         of the buffer's first byte; `length` in bytes, at least 1
        access          Access.READ: the kernel will read the buffer; Access.WRITE: it will write it
        Return when every page of the buffer is present and may be accessed like that without harm to others, and no
        copied entry of the process leads to a frame that a page of the buffer has left. Raise what page_fault would
        raise for the first page that can't be made ready; if memory ran out, those before it stay ready.
        """
        raise NotImplementedError("task 3: user_access")  # TODO(3)

    def evict(self) -> None:
        """Free one frame, whosever it is; the machine calls this when none is free (handout, section 4).

        Return nothing. On return no process has an entry, or a copied entry, that leads to the frame. Raise OutOfMemory
        if no page can leave.
        """
        raise NotImplementedError("task 4: evict")  # TODO(4)
