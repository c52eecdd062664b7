"""Correct kernels that are built differently: what they do otherwise, the contract leaves free.

A student's scenario is valid if the reference and all of these pass it. Each is a mixin on a lab's reference; `belief`
completes the sentence "a correct kernel that …", and it can be built from the lab `since` up to the lab `until`: the
references of later labs do more in the methods that it replaces.
"""

from __future__ import annotations

from grader.machine import Protection


class ReleasesEarly:
    """exit forgets its regions first, and unmaps from the highest page down."""

    since = "demand-paging"
    until = "kernel-access"
    belief = "unmaps the highest page first when a process exits"

    def exit(self, process):
        gone = self.regions.pop(process, ())
        for page in reversed(process.page_table.pages()):
            self.remove_page(process, page)
        self.regions_gone(gone)


class MapsTwice:
    """A copy is entered in three calls: the old entry is removed, and the new one is made before it has its rights."""

    since = "copy-on-write"
    until = "swapping"
    belief = "removes the old entry before it makes the new one"

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        if region.shared or entry.frame == self.hw.zero_frame or self.references[entry.frame] == 1:
            super().first_write(process, page, region)
            return
        frame = self.copied_frame(entry.frame)
        process.page_table.unmap(page)
        self.release(entry.frame)
        process.page_table.map(page, frame, Protection.NONE)
        process.page_table.protect(page, region.protection)


class ProtectsTwice:
    """fork protects each page that it shares again, and leaves the cow bit off."""

    since = "copy-on-write"
    belief = "does not use the cow bit"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        copied = child.page_table.get(page)
        if copied is not None:  # Linux leaves out the pages of mappings that never had a private one
            child.page_table.protect(page, copied.protection, cow=False)


class UnmapsOneByOne:
    """munmap goes page by page."""

    since = "shared-memory"
    belief = "unmaps a range page by page"

    def munmap(self, process, start, pages):
        if pages <= 1:
            super().munmap(process, start, pages)
            return
        for page in range(pages):
            super().munmap(process, start + page * self.hw.page_size, 1)


class TouchesByteByByte:
    """user_access goes byte by byte, so the pages before one that is refused are ready by that time."""

    since = "kernel-access"
    until = "file-backed"
    belief = "makes a buffer ready byte by byte, so that some pages are ready when a later one is refused"

    def user_access(self, process, address, length, access):
        for byte in range(address, address + length):
            super().user_access(process, byte, 1, access)
