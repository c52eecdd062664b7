"""Your kernel for the lab "Files and programs in memory".

Begin by copying the body of your kernel-access kernel's class, and the class of its shared objects, into this file;
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


class FileBackedKernel(Kernel):
    """A kernel-access kernel that maps files, through one page cache, and saves what was changed.

    `self.hw` is the machine's handle: self.hw.frames, self.hw.page_size, self.hw.page_of(address), and new:
    self.hw.files.read(file, index, frame) and self.hw.files.write(file, index, frame) move one page of a file.
    """

    def mmap(self, process: Process, region: Region) -> None:
        """Note a new region of a process; map and read nothing yet (handout, section 1).

        region          start (byte address), pages, protection, shared; first_page and end_page are page numbers
        region.file     None for anonymous memory; else a file with `.name`, `.pages` (its length), `.writable`
        region.offset   the page of the file that the region's first page shows
        Return nothing. Raise InvalidArgument, with nothing changed, if the region has no pages, overlaps one that the
        process has, or is a shared and writable region of a file that is not writable. A region may reach past the
        end of its file.
        """
        raise NotImplementedError("task 1: mmap")  # TODO(1)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change the rights of `pages` pages from byte address `start` on (handout, section 1).

        Return nothing. Raise InvalidArgument, with nothing changed, if `pages` is zero, a page of the range is not
        mapped, or a shared region of a file that is not writable would become writable. Pages that are dirty stay so.
        """
        raise NotImplementedError("task 1: mprotect (bring yours along from the kernel-access lab)")  # TODO(1)

    def page_fault(self, process: Process, fault: PageFault) -> None:
        """Decide what happens after the hardware refused an access (handout, sections 1, 2 and 4).

        fault.address   the byte address that was touched
        fault.access    Access.READ, Access.WRITE or Access.EXECUTE
        fault.present   whether the page has an entry; true also for an entry without any rights
        Return, and the access is tried again. Raise SegmentationFault if no region allows the access, or if the page
        lies past the end of its file. If `allocate` or `map` raises OutOfFrames, let it escape: a page of a file that
        was read stays in the cache, everything else is as it was.
        """
        raise NotImplementedError("task 1: page_fault")  # TODO(1)

    def fork(self, parent: Process, child: Process) -> None:
        """Make `child`, whose page table is empty, a copy of `parent` (handout, sections 2 and 3).

        Return nothing. If `map` raises OutOfFrames, let it escape, after everything is as it was before the call. Fork
        reads nothing from disk and writes nothing to it.
        """
        raise NotImplementedError("task 2: fork (bring yours along from the kernel-access lab)")  # TODO(2)

    def munmap(self, process: Process, start: int, pages: int) -> None:
        """Take `pages` pages from byte address `start` on away from this process (handout, sections 1 and 3).

        Return nothing; pages that are not mapped are no error. Raise InvalidArgument if `pages` is zero. Pages that
        were changed through a shared region of a file are written to it. If no region of any process shows the file
        any more, its frames in the cache are free on return.
        """
        raise NotImplementedError("task 3: munmap")  # TODO(3)

    def exit(self, process: Process) -> None:
        """Release everything a process holds; it has exited or was killed (handout, sections 1 and 3).

        Return nothing; raise nothing. Changed pages of files are saved as in munmap. The machine removes the entries
        itself when this returns.
        """
        raise NotImplementedError("task 3: exit")  # TODO(3)

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Make a buffer fit for the kernel's own access (handout, section 4).

        address         of the buffer's first byte; `length` in bytes, at least 1
        access          Access.READ: the kernel will read the buffer; Access.WRITE: it will write it
        Return when every page of the buffer is present and may be accessed like that without harm to others. Raise what
        page_fault would raise for the first page that can't be made ready. If memory ran out, those before it stay
        ready.
        """
        raise NotImplementedError("task 4: user_access (bring yours along from the kernel-access lab)")  # TODO(4)
