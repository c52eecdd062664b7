"""Mistakes with the first touch."""

from __future__ import annotations

from grader.machine import Access, Protection

from .mistake import Mistake

READ_WRITE = Protection.READ | Protection.WRITE


class NoZero(Mistake):
    """Values: a fresh page reads as 0xEE, or as what its frame held before."""

    flag, lab, section = "nozero", "demand-paging", 1
    belief = "hands out frames as they are, without filling them with zeros"

    def zeroed_frame(self):
        frame = self.hw.frames.allocate()
        if hasattr(self, "references"):
            self.references[frame] = 1
        return frame


class Eager(Mistake):
    """Frames: pages are present before anybody has touched them, and no fault is ever taken."""

    flag, lab, section = "eager", "demand-paging", 1
    belief = "allocates all frames in mmap instead of at the first touch"

    def mmap(self, process, region):
        super().mmap(process, region)
        for page in range(region.first_page, region.end_page):
            process.page_table.map(page, self.zeroed_frame(), region.protection)


class NoBounds(Mistake):
    """Outcome and audit: wild pointers find memory."""

    flag, lab, section = "nobounds", "demand-paging", 3
    belief = "fills every page that is touched, whether or not it lies in a region"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        if self.regions[process].find(page) is None and not fault.present:
            process.page_table.map(page, self.zeroed_frame(), READ_WRITE)
            return
        super().page_fault(process, fault)


class ReadOnlyFirst(Mistake):
    """Faults: a page that is read first faults again when it is written."""

    flag, lab, section = "read_ro", "demand-paging", 1
    belief = "maps a page read-only when it is read first, so that its first write faults a second time"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        if not Protection.WRITE.allows(access):
            process.page_table.protect(page, region.protection & ~Protection.WRITE)


class OneFrameForAll(Mistake):
    """Audit and values: all fresh pages are the same page."""

    flag, lab, section = "zero_shared_w", "demand-paging", 4
    belief = "maps one frame of zeros, writable, for every fresh page"

    def first_touch(self, process, page, region, access):
        # The frame that another page has already, where there is one.
        for other in self.regions:
            for present in other.page_table.pages():
                entry = other.page_table.get(present)
                if entry.frame != self.hw.zero_frame:
                    process.page_table.map(page, entry.frame, region.protection)
                    if hasattr(self, "references"):
                        self.references[entry.frame] += 1
                    return
        super().first_touch(process, page, region, access)


class ExitLeak(Mistake):
    """Audit: frames without an owner after an exit."""

    flag, lab, section = "exit_leak", "demand-paging", 1
    belief = "forgets a process at exit without giving back its frames"

    def exit(self, process):
        self.regions.pop(process, None)


class Noop(Mistake):
    """No progress: the same fault again and again."""

    flag, lab, section = "noop", "demand-paging", 1
    belief = "returns from page_fault without having changed anything"

    def page_fault(self, process, fault):
        return


class RoundUp(Mistake):
    """Sharing: the page after the one that was touched is filled."""

    flag, lab, section = "roundup", "demand-paging", 1
    belief = "rounds the faulting address up instead of down to its page"

    def page_fault(self, process, fault):
        size = self.hw.page_size
        super().page_fault(process, fault._replace(address=-(-fault.address // size) * size))


class ZeroWritable(Mistake):
    """Audit: the shared frame of zeros may be written."""

    flag, lab, section = "zero_writable", "demand-paging", 4
    belief = "maps the shared frame of zeros with the right to write"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        process.page_table.protect(page, region.protection)


class ZeroForWrites(Mistake):
    """Faults: a page that is written first takes two faults."""

    flag, lab, section = "zero_for_writes", "demand-paging", 4
    belief = "maps the frame of zeros also when the first access is a write"

    def first_touch(self, process, page, region, access):
        if self.hw.zero_frame is not None:
            process.page_table.map(page, self.hw.zero_frame, region.protection & ~Protection.WRITE)
        else:
            super().first_touch(process, page, region, access)


class ZeroForReadsOnly(Mistake):
    """Frames: a page that is executed first takes a frame although the machine has a page of zeros."""

    flag, lab, section = "zero_reads_only", "demand-paging", 4
    belief = (
        "maps the shared frame of zeros when a page is read first, and a frame of its own when it is executed first"
    )

    def first_touch(self, process, page, region, access):
        if access is Access.EXECUTE:
            process.page_table.map(page, self.zeroed_frame(), region.protection)
        else:
            super().first_touch(process, page, region, access)


class NeverZeroPage(Mistake):
    """Frames: reading takes frames although the machine has a page of zeros."""

    flag, lab, section = "no_zero_page", "demand-paging", 4
    belief = "takes a frame for every page that is read, although there is a shared frame of zeros"

    def first_touch(self, process, page, region, access):
        process.page_table.map(page, self.zeroed_frame(), region.protection)


class ZeroToDataOnly(Mistake):
    """Faults: a page that showed zeros cannot be executed without a further fault once it was written."""

    flag, lab, section = "zero_to_rw", "demand-paging", 4
    belief = "takes away the right to execute when a page that showed zeros is first written"

    def first_write(self, process, page, region):
        zero = process.page_table.get(page).frame == self.hw.zero_frame
        super().first_write(process, page, region)
        if zero:
            process.page_table.protect(page, READ_WRITE)


class Readahead(Mistake):
    """Sharing: a neighbour that nobody touched is present."""

    flag, lab, section = "readahead", "demand-paging", 1
    belief = "fills the next page too, because it will be needed soon"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        if page + 1 < region.end_page and process.page_table.get(page + 1) is None:
            super().first_touch(process, page + 1, region, access)


class OneAddressSpace(Mistake):
    """Outcome: a process may touch what only another one has mapped."""

    flag, lab, section = "one_space", "demand-paging", 1
    belief = "keeps one list of regions for all processes"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        if self.regions[process].find(page) is None:
            for regions in list(self.regions.values()):
                region = regions.find(page)
                if region is not None and not fault.present and region.protection.allows(fault.access):
                    process.page_table.map(page, self.zeroed_frame(), region.protection)
                    return
        super().page_fault(process, fault)


class SwallowsOutOfMemory(Mistake):
    """No progress: where a frame is missing, page_fault returns as if all were well."""

    flag, lab, section = "swallow_oom", "demand-paging", 1
    belief = (
        "returns from page_fault as if all were well when no frame is free, instead of letting the process be killed"
    )

    def page_fault(self, process, fault):
        from grader.machine import OutOfFrames

        try:
            super().page_fault(process, fault)
        except OutOfFrames:
            return
