"""Mistakes with the kernel's own accesses to user memory."""

from __future__ import annotations

from grader.machine import Access, InvalidArgument, PageFault, Protection, SegmentationFault

from .mistake import Mistake


class CopyoutNoCow(Mistake):
    """Values: the parent sees what a system call wrote for its child."""

    flag, lab, section = "copyout_nocow", "kernel-access", 2
    belief = "writes a system call's data straight into a frame that others share"

    def user_access(self, process, address, length, access):
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        for page in range(first, last + 1):
            region = self.regions[process].find(page)
            if region is None or not region.protection.allows(access):
                raise SegmentationFault
            if process.page_table.get(page) is None:
                self.first_touch(process, page, region, access)


class CopyoutNoPermission(Mistake):
    """Outcome: a system call changes memory that its process may not write."""

    flag, lab, section = "copyout_noperm", "kernel-access", 2
    belief = "checks that a buffer is mapped, but not what its process may do there"

    def user_access(self, process, address, length, access):
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        for page in range(first, last + 1):
            region = self.regions[process].find(page)
            if region is not None and not region.protection.allows(access):
                if process.page_table.get(page) is None:
                    self.first_touch(process, page, region, access)
            else:
                super().user_access(process, page * self.hw.page_size, 1, access)


class CopyoutNoLazy(Mistake):
    """Outcome: a system call fails on memory that was never touched."""

    flag, lab, section = "copyout_nolazy", "kernel-access", 2
    belief = "refuses a buffer that is not present yet"

    def user_access(self, process, address, length, access):
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        if any(process.page_table.get(page) is None for page in range(first, last + 1)):
            raise InvalidArgument("not present")
        super().user_access(process, address, length, access)


class CopyoutFirst(Mistake):
    """No progress: the second page of a buffer is not there."""

    flag, lab, section = "copyout_first", "kernel-access", 2
    belief = "prepares only the first page of a buffer"

    def user_access(self, process, address, length, access):
        super().user_access(process, address, 1, access)


class CopyoutOneMore(Mistake):
    """Sharing: a page after the buffer is present that nobody asked for."""

    flag, lab, section = "copyout_extra", "kernel-access", 2
    belief = "prepares the page after the buffer too, when the buffer ends at the end of a page"

    def user_access(self, process, address, length, access):
        super().user_access(process, address, length, access)
        after = self.hw.page_of(address + length)
        region = self.regions[process].find(after)
        if region is not None and region.protection.allows(access) and process.page_table.get(after) is None:
            self.first_touch(process, after, region, access)


class CopyinIsWrite(Mistake):
    """Copies: reading a buffer copies its pages."""

    flag, lab, section = "copyin_copies", "kernel-access", 2
    belief = "treats every access of the kernel as a write"

    def user_access(self, process, address, length, access):
        first, last = self.hw.page_of(address), self.hw.page_of(address + length - 1)
        for page in range(first, last + 1):
            region = self.regions[process].find(page)
            writable = region is not None and region.protection.allows(Access.WRITE)
            super().user_access(process, page * self.hw.page_size, 1, Access.WRITE if writable else access)


class FailedTouchLeaks(Mistake):
    """Audit: a frame without an owner when an entry could not be made."""

    flag, lab, section = "touch_leak", "kernel-access", 3
    belief = "loses the new frame when the entry for it cannot be made"

    def first_touch(self, process, page, region, access):
        if region.shared or self.hw.zero_frame is not None:
            super().first_touch(process, page, region, access)
            return
        process.page_table.map(page, self.zeroed_frame(), region.protection)


class FaultsForAll(Mistake):
    """Faults: a page that was writable is not any more after the kernel has read it."""

    flag, lab, section = "access_all", "kernel-access", 2
    belief = "handles a fault for every page of a buffer, also for those whose entry allows the access"

    def user_access(self, process, address, length, access):
        for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
            present = process.page_table.get(page) is not None
            self.page_fault(process, PageFault(page * self.hw.page_size, access, present))


class BufferIsData(Mistake):
    """Faults: what the kernel wrote cannot be executed without a fault."""

    flag, lab, section = "copyout_noexec", "kernel-access", 2
    belief = "leaves the right to execute out when it makes a page of a buffer ready"

    def user_access(self, process, address, length, access):
        before = {page: process.page_table.get(page) for page in process.page_table.pages()}
        super().user_access(process, address, length, access)
        for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
            entry = process.page_table.get(page)
            if entry != before.get(page):
                process.page_table.protect(page, entry.protection & ~Protection.EXECUTE)


class SharedBackAsData(Mistake):
    """Faults: shared memory that mprotect has opened again faults when it is executed."""

    flag, lab, section = "shared_back_noexec", "kernel-access", 1
    belief = "leaves the right to execute out when mprotect gives shared memory its rights back"

    def rights_now(self, entry, region):
        rights = super().rights_now(entry, region)
        return rights & ~Protection.EXECUTE if region.shared else rights
