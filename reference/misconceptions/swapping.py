"""Mistakes with the swap disk: what leaves, what comes back, and who still needs it."""

from __future__ import annotations

from grader.machine import InvalidArgument, OutOfMemory, Protection
from reference.copy_on_write import NOT_WRITE

from .mistake import Mistake


class EvictDrop(Mistake):
    """Values: what was written reads as zero after it was evicted."""

    flag, lab, section = "evict_drop", "swapping", 1
    belief = "frees a victim's frame without saving what is in it"

    def swap_out(self, frame):
        for process, page in self.entries_of(frame):
            self.remove_page(process, page)


class SwapUntouched(Mistake):
    """Values: what was written reads as zero after it was evicted, and slots fill up."""

    flag, lab, section = "swap_untouched", "swapping", 1
    belief = "takes every page without an entry for one that was never touched"

    def first_touch(self, process, page, region, access):
        away = self.out[process].pop(page, None)
        super().first_touch(process, page, region, access)
        if away is not None:
            self.out[process][page] = away


class SwapZeroed(Mistake):
    """Values: what comes back from disk is zeros."""

    flag, lab, section = "swap_zeroed", "swapping", 1
    belief = "fills the frame of a page that comes back with zeros, as it does with new ones"

    def frame_from(self, slot):
        frame = super().frame_from(slot)
        self.hw.frames.zero(frame)
        return frame


class SlotLeak(Mistake):
    """Frames: the disk fills up with pages of processes that have ended."""

    flag, lab, section = "slot_leak", "swapping", 1
    belief = "does not release the slots of a process that ends"

    def exit(self, process):
        away = self.out.pop(process, {})
        super().exit(process)
        self._kept = [*getattr(self, "_kept", ()), away]


class SlotUnmapped(Mistake):
    """Frames: the slot of a page that was unmapped stays in use; a new page there shows the old contents."""

    flag, lab, section = "slot_unmap", "swapping", 1
    belief = "forgets in munmap the pages of the range that are out"

    def munmap(self, process, start, pages):
        away, self.out[process] = self.out[process], {}
        try:
            super().munmap(process, start, pages)
        finally:
            self.out[process] = away


class SlotKept(Mistake):
    """Frames: a slot stays in use after its last page has come back."""

    flag, lab, section = "slot_kept", "swapping", 1
    belief = "keeps a page's slot after the page has come back, until the process ends"

    def swap_in(self, process, page, region):
        slot = self.out[process][page]
        slot.sharers += 1
        super().swap_in(process, page, region)
        slot.sharers -= 1
        if slot.sharers == 0 and slot.frame is not None:
            self.release(slot.frame)
            slot.frame = None
            self._stale = [*getattr(self, "_stale", ()), (process, slot.number)]

    def exit(self, process):
        super().exit(process)
        for owner, number in getattr(self, "_stale", ()):
            if owner is process:
                self.hw.swap.free(number)


class RightsOfOld(Mistake):
    """Audit: a page comes back writable into a region that is read-only by now."""

    flag, lab, section = "swap_rights", "swapping", 1
    belief = "gives a page that comes back the rights that it had when it left"

    def swap_out(self, frame):
        rights = self._rights = getattr(self, "_rights", {})
        for process, page in self.entries_of(frame):
            rights[process, page] = process.page_table.get(page).protection
        super().swap_out(frame)

    def swap_in(self, process, page, region):
        rights = getattr(self, "_rights", {}).get((process, page), region.protection)
        super().swap_in(process, page, region.replace(protection=rights))


class BackReadOnly(Mistake):
    """Faults: the first write to a page that has come back costs a second fault."""

    flag, lab, section = "swapin_ro", "swapping", 1
    belief = "brings every page back read-only, also one that nobody else uses"

    def swap_in(self, process, page, region):
        super().swap_in(process, page, region)
        entry = process.page_table.get(page)
        process.page_table.protect(page, entry.protection & NOT_WRITE)


class BackAsData(Mistake):
    """Faults: code that has come back costs a second fault when it is executed."""

    flag, lab, section = "swapin_noexec", "swapping", 1
    belief = "leaves the right to execute out when it brings a page back"

    def swap_in(self, process, page, region):
        super().swap_in(process, page, region.replace(protection=region.protection & ~Protection.EXECUTE))


class BackFromTheFile(Mistake):
    """Values: what was written to a private page of a file is gone after it was evicted."""

    flag, lab, section = "swap_file", "swapping", 1
    belief = "brings a page of a private file mapping back from the file, not from where it was saved"

    def first_touch(self, process, page, region, access):
        if region.file is not None and page in self.out[process]:
            self.leave_slot(process, page)
        super().first_touch(process, page, region, access)


# -- when something is missing --------------------------------------------------------------------------------


class CopySourceLeaves(Mistake):
    """Audit, values or crash: a copy is made from a frame that has left meanwhile."""

    flag, lab, section = "evict_source", "swapping", 5
    belief = "lets the very page leave that it is about to copy"

    def first_write(self, process, page, region):
        before, self.pinned = self.pinned, set()
        try:
            super().first_write(process, page, region)
        finally:
            self.pinned = before


class BufferLeaves(Mistake):
    """No progress: the first page of a buffer has left when the last one is ready."""

    flag, lab, section = "evict_buffer", "swapping", 5
    belief = "keeps only the page of a buffer in memory that it is making ready"

    def page_fault(self, process, fault):
        before, self.pinned = self.pinned, set()
        try:
            super().page_fault(process, fault)
        finally:
            self.pinned = before


class BufferOut(Mistake):
    """Outcome: a system call fails where the process's own access would succeed."""

    flag, lab, section = "access_out", "swapping", 5
    belief = "refuses a system call's buffer that is out on disk"

    def user_access(self, process, address, length, access):
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        if any(page in self.out[process] for page in range(first, last + 1)):
            raise InvalidArgument("the buffer is out")
        super().user_access(process, address, length, access)


class FullDiskLoses(Mistake):
    """Outcome: memory is found where there is none, and what was in it is lost."""

    flag, lab, section = "swap_full", "swapping", 5
    belief = "gives a victim's frame away also if no slot is free for what is in it"

    def swap_out(self, frame):
        try:
            super().swap_out(frame)
        except OutOfMemory:
            for process, page in self.entries_of(frame):
                self.remove_page(process, page)


class FullDiskStops(Mistake):
    """Outcome: a process is killed although a frame could leave whose contents are on disk already."""

    flag, lab, section = "swap_full_stop", "swapping", 5
    belief = "gives up if there is no slot for the oldest page, although a younger one needs none"

    def victims(self):
        yield from list(super().victims())[:1]


class BackWithoutEntry(Mistake):
    """Audit: a frame is in use that no entry maps."""

    flag, lab, section = "swapin_leak", "swapping", 5
    belief = "keeps the frame that it took for a page whose entry could not be made"

    def map_new(self, process, page, frame, protection):
        if page in self.out[process]:
            process.page_table.map(page, frame, protection)
        else:
            super().map_new(process, page, frame, protection)


class SlotEarly(Mistake):
    """Values or frames: a page that could not come back is lost."""

    flag, lab, section = "slot_early", "swapping", 5
    belief = "gives a slot up before the page's entry is made"

    def swap_in(self, process, page, region):
        try:
            super().swap_in(process, page, region)
        except OutOfMemory:
            self.leave_slot(process, page)
            raise
