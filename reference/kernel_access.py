"""The model answer to the lab kernel-access: the kernel itself reads and writes user memory."""

from __future__ import annotations

from grader.machine import Access, PageFault, Process
from reference.shared_memory import SharedMemoryKernel


class KernelAccessKernel(SharedMemoryKernel):
    """A system call's buffer gets what the process's own access would get: pages, copies, and refusals."""

    def user_access(self, process: Process, address: int, length: int, access: Access) -> None:
        """Make every page of the buffer ready for this access (contract, rule 8).

        Raises what page_fault would raise; pages that were made ready before stay so.
        """
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        for page in range(first, last + 1):
            entry = process.page_table.get(page)
            if entry is None or not entry.protection.allows(access):
                self.page_fault(process, PageFault(page * self.hw.page_size, access, entry is not None))
