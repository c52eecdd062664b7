"""Mistakes of the later labs as a student might make them: by hand, in a kernel that shares no line with the reference.

Each class is RecordPerPage with one mistake; `flag` is the misconception that is the same mistake, made in the
reference's way.
"""

from __future__ import annotations

from grader.machine import OutOfMemory, SegmentationFault
from tests.reference.tlb_kernels import WRITE, RecordPerPage


class SavesNothing(RecordPerPage):
    """A victim is thrown away, and its pages are new ones to their owners."""

    lab, flag = "swapping", "evict_drop"

    def push_out(self, frame, entries):
        for process, page in entries:
            self.drop(process, page)
        return True


class YoungestFirst(RecordPerPage):
    """The line is read from the wrong end."""

    lab, flag = "swapping", "lifo"

    def frame(self):
        frame = self.hw.frames.allocate()
        self.order.insert(0, frame)
        return frame


class SlotsOfTheDead(RecordPerPage):
    """exit knows of pages that are present, and of no slot."""

    lab, flag = "swapping", "slot_leak"

    def exit(self, process):
        for record in self.space.get(process, {}).values():
            record.slot = None
        super().exit(process)


class ChildWithoutSlots(RecordPerPage):
    """fork copies records and leaves out where their pages are."""

    lab, flag = "swapping", "fork_noswap"

    def fork(self, parent, child):
        super().fork(parent, child)
        for record in self.space[child].values():
            record.slot = None


class EachReadsForItself(RecordPerPage):
    """A page that is back for one sharer is read again for the next."""

    lab, flag = "swapping", "noswapcache"

    def bring(self, process, page, record, access):
        before = self.home.pop(record.slot, None)
        super().bring(process, page, record, access)
        if before is not None and record.slot is None:
            self.weaken(process, page, record.rights)


class BackWithAllRights(RecordPerPage):
    """What comes back may be written, whoever else waits for it."""

    lab, flag = "swapping", "swapin_w"

    def bring(self, process, page, record, access):
        out = record.slot is not None
        super().bring(process, page, record, access)
        if out:
            self.weaken(process, page, record.rights)


class SavesInMunmapAlone(RecordPerPage):
    """exit takes pages away without a look at their dirty bits."""

    lab, flag = "file-backed", "wb_no_exit"

    def exit(self, process):
        for page in self.space.get(process, {}):
            entry = process.page_table.get(page)
            if entry is not None and entry.dirty:
                # A new entry is clean.
                process.page_table.map(page, entry.frame, entry.protection)
        super().exit(process)


class ZerosBehindTheFile(RecordPerPage):
    """Where the file has no page there is memory all the same."""

    lab, flag = "file-backed", "past_end"

    def cell(self, record):
        if record.file is not None and record.key[1] >= record.file.pages and record.key not in self.cells:
            frame = self.frame()
            self.hw.frames.zero(frame)
            self.cells[record.key] = frame
        return super().cell(record)


class AnyMode(RecordPerPage):
    """Nobody asks whether the file may be written."""

    lab, flag = "file-backed", "file_mode"

    def mmap(self, process, region):
        self.quiet = True
        super().mmap(process, region)
        self.quiet = False

    def check_mode(self, shared, file, rights):
        if not getattr(self, "quiet", False):
            super().check_mode(shared, file, rights)


class ReadsAtOnce(RecordPerPage):
    """The whole file is in memory before anybody has touched it."""

    lab, flag = "file-backed", "eager_file"

    def mmap(self, process, region):
        super().mmap(process, region)
        for page in range(region.first_page, region.end_page):
            record = self.space[process][page]
            if record.file is not None:
                try:
                    self.cell(record)
                except (OutOfMemory, SegmentationFault):
                    break


class FirstWriterOwns(RecordPerPage):
    """The cache is not counted, so who alone maps a page writes into it."""

    lab, flag = "file-backed", "cache_no_user"

    def users(self, frame):
        return len(self.entries(frame)) + list(self.home.values()).count(frame)


class ForkKeepsTheTlb(RecordPerPage):
    """The parent's entries are weakened, and nobody tells the TLB."""

    lab, flag = "tlb", "tlb_fork"

    def fork(self, parent, child):
        self.weaken = lambda process, page, rights: process.page_table.protect(page, rights)
        try:
            super().fork(parent, child)
        finally:
            del self.weaken


class RightsKeepTheTlb(RecordPerPage):
    """mprotect changes entries, and nobody tells the TLB."""

    lab, flag = "tlb", "tlb_mprotect"

    def mprotect(self, process, start, pages, protection):
        self.weaken = lambda process, page, rights: process.page_table.protect(page, rights)
        try:
            super().mprotect(process, start, pages, protection)
        finally:
            del self.weaken


class CopiesKeepTheTlb(RecordPerPage):
    """A page gets another frame, and nobody tells the TLB."""

    lab, flag = "tlb", "tlb_cow"

    def change(self, process, page, frame, rights):
        process.page_table.map(page, frame, rights)


class GoneFromTheTableAlone(RecordPerPage):
    """munmap removes entries, and nobody tells the TLB."""

    lab, flag = "tlb", "tlb_unmap"

    def munmap(self, process, start, pages):
        self.drop = self.drop_quietly
        try:
            super().munmap(process, start, pages)
        finally:
            del self.drop

    def drop_quietly(self, process, page):
        entry = process.page_table.get(page)
        if entry is not None:
            process.page_table.unmap(page)
            self.unused(entry.frame)


class VictimsKeepTheTlb(GoneFromTheTableAlone):
    """evict removes entries, and nobody tells the TLB."""

    flag = "tlb_evict"

    def munmap(self, process, start, pages):
        RecordPerPage.munmap(self, process, start, pages)

    def push_out(self, frame, entries):
        self.drop = self.drop_quietly
        try:
            return super().push_out(frame, entries)
        finally:
            del self.drop


class BothSwapMistakes(SavesNothing, YoungestFirst):
    """Two at once: nothing is saved, and the wrong one leaves."""


class SwapAndSlots(SlotsOfTheDead, BackWithAllRights):
    """Two at once: slots of the dead, and rights that are too many."""


class FileMistakes(SavesInMunmapAlone, ZerosBehindTheFile):
    """Two at once: memory behind the end of a file, and pages that exit does not save."""


class ForkAndRights(ForkKeepsTheTlb, GoneFromTheTableAlone):
    """Two at once: neither fork nor munmap tells the TLB."""

    lab = "tlb"


class EvictsTheLargestNumber(RecordPerPage):
    """On no list: the frame with the largest number leaves."""

    lab, flag = "swapping", ""

    def frame(self):
        frame = self.hw.frames.allocate()
        self.order = sorted([*self.order, frame], reverse=True)
        return frame


class OpensFromTheFile(RecordPerPage):
    """On no list: mprotect drops entries of files that may be written again, and with them what was written."""

    lab, flag = "file-backed", ""

    def mprotect(self, process, start, pages, protection):
        super().mprotect(process, start, pages, protection)
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            if WRITE in protection and self.space[process][page].file is not None:
                entry = process.page_table.get(page)
                if entry is not None:
                    self.drop(process, page)


ONE = [kernel for kernel in vars().values() if isinstance(kernel, type) and vars(kernel).get("flag")]
NONE = [BothSwapMistakes, SwapAndSlots, FileMistakes, ForkAndRights, EvictsTheLargestNumber, OpensFromTheFile]
