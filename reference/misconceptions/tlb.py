"""Mistakes with the TLB: what the processor remembers is forgotten too late, in the wrong place, or not at all.

`super(TlbKernel, self)` is the kernel before this lab, which knows of no TLB.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.machine import Process, Protection
from reference.tlb import TlbKernel

from .mistake import Mistake


class TlbFork(Mistake):
    """Faults: the parent goes on writing into the frame that it shares."""

    flag, lab, section = "tlb_fork", "tlb", 2
    belief = "write-protects the parent's entries in fork and does not flush them"

    def share_page(self, parent, child, page, entry):
        super(TlbKernel, self).share_page(parent, child, page, entry)


class TlbForkChild(Mistake):
    """Faults: the parent goes on writing into the frame that it shares."""

    flag, lab, section = "tlb_fork_child", "tlb", 2
    belief = "flushes the child in fork, of which nothing is cached, and not the parent"

    def share_page(self, parent, child, page, entry):
        super(TlbKernel, self).share_page(parent, child, page, entry)
        self.hw.tlb.flush(child)


class TlbForkFirst(Mistake):
    """Faults: the parent's second page is written without a copy."""

    flag, lab, section = "tlb_fork_first", "tlb", 2
    belief = "flushes one page of the parent in fork, and not all that it has weakened"

    def share_page(self, parent, child, page, entry):
        super(TlbKernel, self).share_page(parent, child, page, entry)
        self.hw.tlb.flush(parent, parent.page_table.pages()[0])


class TlbForkEarly(Mistake):
    """Faults: what the parent's own copy made writable stays so in the TLB at the second fork."""

    flag, lab, section = "tlb_fork_once", "tlb", 2
    belief = "flushes a page at the first fork and takes it for protected ever after"

    def __init__(self, hw):
        super().__init__(hw)
        self._flushed = set()

    def share_page(self, parent, child, page, entry):
        super(TlbKernel, self).share_page(parent, child, page, entry)
        if (parent, page) not in self._flushed:
            self._flushed.add((parent, page))
            self.hw.tlb.flush(parent, page)


class TlbCow(Mistake):
    """Values: a process reads its old frame after the kernel has written into the new one."""

    flag, lab, section = "tlb_cow", "tlb", 3
    belief = "gives a page another frame and does not flush the old translation"

    def first_write(self, process, page, region):
        super(TlbKernel, self).first_write(process, page, region)


class TlbCowOthers(Mistake):
    """Values: a process reads its old frame after the kernel has written into the new one."""

    flag, lab, section = "tlb_cow_others", "tlb", 3
    belief = "flushes all other processes after a copy, and not the one whose page has moved"

    def first_write(self, process, page, region):
        super(TlbKernel, self).first_write(process, page, region)
        for other in self.regions:
            if other is not process:
                self.hw.tlb.flush(other, page)


class TlbZeroFrame(Mistake):
    """Values: a process still reads zeros after the kernel has written."""

    flag, lab, section = "tlb_zero", "tlb", 3
    belief = "flushes after a copy, but not when the common frame of zeros is replaced"

    def first_write(self, process, page, region):
        if process.page_table.get(page).frame == self.hw.zero_frame:
            super(TlbKernel, self).first_write(process, page, region)
        else:
            super().first_write(process, page, region)


class TlbBufferFirst(Mistake):
    """Values: the second page of a buffer shows what was there before the kernel's write."""

    flag, lab, section = "tlb_buffer", "tlb", 3
    belief = "flushes only the first page of a buffer that it writes"

    _first_of_buffer = None

    def user_access(self, process, address, length, access):
        self._first_of_buffer = self.hw.page_of(address)
        super().user_access(process, address, length, access)
        self._first_of_buffer = None

    def first_write(self, process, page, region):
        if self._first_of_buffer in (None, page):
            super().first_write(process, page, region)
        else:
            super(TlbKernel, self).first_write(process, page, region)


class Selective(Mistake):
    """Base of mistakes that flush some of the pages that lose their entry, and not others.

    `unmapping` and `leaving` are the pages, as (process, page), that munmap or an eviction is about to take away.
    """

    unmapping: Sequence[tuple[Process, int]] = ()
    leaving: Sequence[tuple[Process, int]] = ()

    def forgets(self, process, page):
        """Return True if this page is not flushed."""
        return False

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        self.unmapping = [(process, page) for page in range(first, first + pages)]
        super().munmap(process, start, pages)
        self.unmapping = ()

    def swap_out(self, frame):
        self.leaving = self.entries_of(frame)
        try:
            super().swap_out(frame)
        finally:
            self.leaving = ()

    def remove_page(self, process, page):
        if self.forgets(process, page):
            super(TlbKernel, self).remove_page(process, page)
        else:
            super().remove_page(process, page)


class TlbUnmap(Selective):
    """Outcome: a page that was unmapped can still be read."""

    flag, lab, section = "tlb_unmap", "tlb", 1
    belief = "does not flush the pages that munmap takes away"

    def forgets(self, process, page):
        return bool(self.unmapping)


class TlbUnmapLate(Selective):
    """Outcome: a page that was unmapped can still be read."""

    flag, lab, section = "tlb_remap", "tlb", 1
    belief = "flushes when a page is mapped again, and not when it goes"

    def mmap(self, process, region):
        super().mmap(process, region)
        self.hw.tlb.flush(process)

    def forgets(self, process, page):
        return bool(self.unmapping)


class TlbFirstOfRange(Selective):
    """Outcome: the last page of a range is still readable after munmap, or writable after mprotect."""

    flag, lab, section = "tlb_first", "tlb", 1
    belief = "flushes only the first page of a range"

    def forgets(self, process, page):
        return (process, page) in self.unmapping[1:]

    def mprotect(self, process, start, pages, protection):
        super(TlbKernel, self).mprotect(process, start, pages, protection)
        self.hw.tlb.flush(process, self.hw.page_of(start))


class TlbAddress(Mistake):
    """Outcome: a page that was unmapped can still be read."""

    flag, lab, section = "tlb_address", "tlb", 1
    belief = "flushes by address where a page number is asked for"

    def mprotect(self, process, start, pages, protection):
        super(TlbKernel, self).mprotect(process, start, pages, protection)
        for page in range(pages):
            self.hw.tlb.flush(process, start + page * self.hw.page_size)

    def remove_page(self, process, page):
        super(TlbKernel, self).remove_page(process, page)
        self.hw.tlb.flush(process, page * self.hw.page_size)


class TlbMprotect(Mistake):
    """Outcome: a page is written that is read-only."""

    flag, lab, section = "tlb_mprotect", "tlb", 1
    belief = "changes the entries in mprotect and does not flush"

    def mprotect(self, process, start, pages, protection):
        super(TlbKernel, self).mprotect(process, start, pages, protection)


class TlbOnlyWrite(Mistake):
    """Outcome: a page is read or executed that allows neither."""

    flag, lab, section = "tlb_only_write", "tlb", 1
    belief = "flushes when the right to write is lost, and not for the other rights"

    def flush_if_less(self, process, page, before):
        if Protection.WRITE in before & ~process.page_table.get(page).protection:
            self.hw.tlb.flush(process, page)


class TlbHidden(Mistake):
    """Outcome: a page without any rights is read."""

    flag, lab, section = "tlb_hidden", "tlb", 1
    belief = "flushes when some right is left, and takes an entry without rights for no entry"

    def flush_if_less(self, process, page, before):
        if process.page_table.get(page).protection:
            super().flush_if_less(process, page, before)


class TlbEvict(Selective):
    """Values: a process reads what another one has written into its former frame."""

    flag, lab, section = "tlb_evict", "tlb", 4
    belief = "does not flush the pages that it evicts"

    def forgets(self, process, page):
        return bool(self.leaving)


class TlbEvictOne(Selective):
    """Values: the second sharer of an evicted frame reads what is in the frame now."""

    flag, lab, section = "tlb_evict_one", "tlb", 4
    belief = "flushes one of the processes that share an evicted frame"

    def forgets(self, process, page):
        return (process, page) in self.leaving[1:]


class TlbEvictAsker(Selective):
    """Values: a process reads what the one that needed a frame has written into it."""

    flag, lab, section = "tlb_evict_asker", "tlb", 4
    belief = "flushes the process that needs a frame, and not the one that loses it"

    def forgets(self, process, page):
        return bool(self.leaving) and process not in {asker for asker, _ in self.pinned}


class TlbNever(Mistake):
    """Faults: the parent goes on writing; and everything else that a flush is for."""

    flag, lab, section = "tlb_never", "tlb", 1
    belief = "never flushes anything"

    def flush_if_less(self, process, page, before):
        pass

    def first_write(self, process, page, region):
        super(TlbKernel, self).first_write(process, page, region)

    def remove_page(self, process, page):
        super(TlbKernel, self).remove_page(process, page)
