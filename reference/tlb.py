"""The model answer to the lab tlb: tell the processor which of its copied entries are no longer true."""

from __future__ import annotations

from grader.machine import Process, Protection, Region
from reference.swapping import SwappingKernel


class TlbKernel(SwappingKernel):
    """Flush a page where its entry has lost a right, has got another frame, or has gone; and nowhere else.

    Between any two calls, no cached translation allows what its entry does not allow, or leads to another frame. It
    may allow less: then the hardware looks at the entry again before it asks the kernel.
    """

    def share_page(self, parent: Process, child: Process, page: int, entry) -> None:
        """Flush the parent's page, which may have lost the right to write. Nothing is cached of the new child."""
        super().share_page(parent, child, page, entry)
        self.flush_if_less(parent, page, entry.protection)

    def first_write(self, process: Process, page: int, region: Region) -> None:
        """Flush the page, which may map another frame now; in kernel access, no fault has flushed it."""
        frame = process.page_table.get(page).frame
        super().first_write(process, page, region)
        if process.page_table.get(page).frame != frame:
            self.hw.tlb.flush(process, page)

    def mprotect(self, process: Process, start: int, pages: int, protection: Protection) -> None:
        """Change protection, and flush the range so that cached entries lose the rights too."""
        first = self.hw.page_of(start)
        before = {page: process.page_table.get(page) for page in range(first, first + pages)}
        super().mprotect(process, start, pages, protection)
        for page, entry in before.items():
            if entry is not None:
                self.flush_if_less(process, page, entry.protection)

    def remove_page(self, process: Process, page: int) -> None:
        """Remove an entry, and flush it so that no cached copy remains."""
        super().remove_page(process, page)
        self.hw.tlb.flush(process, page)

    def flush_if_less(self, process: Process, page: int, before: Protection) -> None:
        """Flush the page if its entry does not allow any more all that it allowed before."""
        if before & ~process.page_table.get(page).protection:
            self.hw.tlb.flush(process, page)
