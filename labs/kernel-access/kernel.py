"""Your kernel for the lab "Kernel access, changed rights and failure".

Begin by copying the body of your shared-memory kernel's class, and the class of its shared objects, into this file;
then follow the tasks of README.md. Only this file is graded: it may import `grader.machine` and the standard library.
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


class KernelAccessKernel(Kernel):
    """A shared-memory kernel that changes rights, uses user memory itself, and fails without a trace.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address).
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map nothing yet.

        region          start (byte address), pages, protection, shared; first_page and end_page are page numbers
        Return nothing. Raise InvalidArgument, with nothing changed, if the region has no pages or overlaps one that
        the process has.
        """
        raise NotImplementedError("task 1: mmap (bring yours along from the shared-memory lab)")  # TODO(1)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process.

        Return nothing; pages that are not mapped are no error. Raise InvalidArgument if `pages` is zero.
        """
        raise NotImplementedError("task 1: munmap (bring yours along from the shared-memory lab)")  # TODO(1)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change the rights of `pages` pages from byte address `start` on (handout, section 1).

        start           a multiple of the page size; the range may cover parts of several regions
        protection      the new rights of the range, perhaps Protection.NONE
        Return nothing. Raise InvalidArgument, with nothing changed, if `pages` is zero or a page of the range is not
        mapped. Rights taken away are gone on return; so are frames and contents kept. The right to write a private
        page that is present and not writable comes with its next write.
        """
        raise NotImplementedError("task 1: mprotect")  # TODO(1)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, sections 1 and 3).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry; true also for an entry without any rights
        Return, and the access is tried again. Raise SegmentationFault if the region does not allow the access or there
        is none. If `allocate` or `map` raises OutOfFrames, let it escape, with no frame lost and nothing changed.
        """
        raise NotImplementedError("task 1: page_fault (bring yours along, then look at it again)")  # TODO(1)

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Make a buffer fit for the kernel's own access (handout, sections 2 and 3).

        address         of the buffer's first byte; `length` in bytes, at least 1
        access          Access.READ: the kernel will read the buffer; Access.WRITE: it will write it
        Return when every page of the buffer is present and may be accessed like that without harm to others. Raise what
        page_fault would raise for the first page that can't be made ready. If memory ran out, those before it stay
        ready.
        """
        raise NotImplementedError("task 2: user_access")  # TODO(2)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child`, whose page table is empty, a copy of `parent` (handout, section 4).

        Return nothing. If `map` raises OutOfFrames, let it escape, after everything is as it was before the call: no
        entry in the child, every entry of the parent with its old rights and cow bit, all counts. The machine does not
        call `exit` for a child that was never born.
        """
        raise NotImplementedError("task 4: fork (bring yours along, then make it undo itself)")  # TODO(4)

    def exit(self, process: Process) -> None:
        """Release everything a process holds; it has exited or was killed.

        Return nothing; raise nothing. Frames and shared objects that others still use stay as they are.
        """
        raise NotImplementedError("task 1: exit (bring yours along from the shared-memory lab)")  # TODO(1)
