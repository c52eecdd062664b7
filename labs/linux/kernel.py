"""Your kernel for the lab "Where Linux differs".

Begin by copying the bodies of your file-backed kernel's classes into this file (a swapping kernel serves as well); then
follow the tasks of README.md. Only this file is graded: it may import `grader.machine` and the standard library.
"""

from __future__ import annotations

from grader.machine import (
    Kernel,
    PageFault,
    Process,
    Protection,
    Region,
)


class LinuxKernel(Kernel):
    """A file-backed kernel that faults where Linux faults.

    `self.hw` is the machine's handle, as before. New: self.hw.zero_frame is never None, and self.hw.files.cached(file)
    returns the pages of a file that were in memory before the scenario began, as {page of the file: frame}.
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map and read nothing yet (handout, sections 2 and 3).

        region          start (byte address), pages, protection, shared, file, offset; first_page and end_page are
                        page numbers
        Return nothing. Raise InvalidArgument as in the file-backed lab. The frames of hw.files.cached(region.file) are
        the file's pages in your cache: take them over when the file is mapped for the first time.
        """
        raise NotImplementedError("task 1: mmap (bring yours along from the file-backed lab)")  # TODO(1)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, sections 1, 3 and 5).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry; true also for an entry without any rights
        Return, and the access is tried again. Raise SegmentationFault, with nothing changed, if no region allows the
        access. The machine calls this for the kernel's own accesses and to populate memory as well.
        """
        raise NotImplementedError("task 1: page_fault")  # TODO(1)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child`, whose page table is empty, a copy of `parent` (handout, section 2).

        Return nothing. Entries are copied mapping by mapping: all present ones of a private mapping that has ever had
        a private page, none of the others.
        """
        raise NotImplementedError("task 2: fork")  # TODO(2)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process (handout, section 3).

        Return nothing; pages that are not mapped are no error. Raise InvalidArgument if `pages` is zero. Changed pages
        of shared files are written back. The pages of a file stay in memory, even if nobody maps it any more.
        """
        raise NotImplementedError("task 3: munmap")  # TODO(3)

    def exit(self, process: Process) -> None:
        """Release everything a process holds; it has exited or was killed (handout, section 3).

        Return nothing; raise nothing. The pages of files stay in memory, as after munmap.
        """
        raise NotImplementedError("task 3: exit")  # TODO(3)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change the rights of `pages` pages from byte address `start` on (handout, section 4).

        Return nothing; zero pages are no error. Raise InvalidArgument at the first page that is not mapped, or that
        would make a shared region of a read-only file writable; the pages before it have changed then.
        """
        raise NotImplementedError("task 4: mprotect")  # TODO(4)
