"""Mistakes with rights."""

from __future__ import annotations

from grader.machine import Access, InvalidArgument, Protection

from .mistake import Mistake

READ_WRITE = Protection.READ | Protection.WRITE


class FillWritable(Mistake):
    """Audit: a read-only page may be written."""

    flag, lab, section = "fill_rw", "demand-paging", 3
    belief = "maps every page it fills with the right to write, whatever its region allows"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        if process.page_table.get(page).frame != self.hw.zero_frame:
            process.page_table.protect(page, region.protection | Protection.WRITE)


class GuardFill(Mistake):
    """Outcome: a guard page is filled like any other."""

    flag, lab, section = "guard_fill", "demand-paging", 3
    belief = "fills a page that is not present without asking whether its region allows the access"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if region is not None and not fault.present and not region.protection:
            process.page_table.map(page, self.zeroed_frame(), READ_WRITE)
            return
        super().page_fault(process, fault)


class WriteIsEnough(Mistake):
    """Outcome: what may be written may be executed."""

    flag, lab, section = "exec_any", "demand-paging", 3
    belief = "takes the right to execute for granted"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if region is not None and fault.access is Access.EXECUTE:
            rights = region.protection | Protection.EXECUTE
            if fault.present:
                process.page_table.protect(page, rights)
            else:
                process.page_table.map(page, self.zeroed_frame(), rights)
            return
        super().page_fault(process, fault)


class LazyProtect(Mistake):
    """Audit: rights that were taken away are still there."""

    flag, lab, section = "protect_later", "demand-paging", 3
    belief = "changes the region in mprotect and leaves the entries as they are"

    def mprotect(self, process, start, pages, protection):
        first = self.hw.page_of(start)
        if pages == 0 or any(self.regions[process].find(p) is None for p in range(first, first + pages)):
            raise InvalidArgument("no such range")
        for piece in self.regions[process].remove(first, pages):
            self.regions[process].insert(piece.replace(protection=protection))


class AlwaysWaits(Mistake):
    """Faults: a page that could be written, and may be, faults again at its next write."""

    flag, lab, section = "protect_waits", "demand-paging", 3
    belief = (
        "takes the right to write from every page in mprotect, also where the page had it and its region still does"
    )

    def rights_now(self, entry, region):
        return region.protection & ~Protection.WRITE


class EmptyProtect(Mistake):
    """Outcome: mprotect of nothing succeeds."""

    flag, lab, section = "empty_protect", "demand-paging", 3
    belief = "accepts an mprotect of zero pages"

    def mprotect(self, process, start, pages, protection):
        if pages:
            super().mprotect(process, start, pages, protection)


class EntryOnly(Mistake):
    """Outcome: the region still says what it said before."""

    flag, lab, section = "protect_entry", "demand-paging", 3
    belief = "changes the entries in mprotect and forgets the region"

    def mprotect(self, process, start, pages, protection):
        regions = self.regions[process].copy()
        super().mprotect(process, start, pages, protection)
        self.regions[process] = regions


class HalfProtect(Mistake):
    """Outcome: a range with a hole is changed up to the hole."""

    flag, lab, section = "protect_half", "demand-paging", 3
    belief = "changes what it can in mprotect and only then finds that a page is not mapped"

    def mprotect(self, process, start, pages, protection):
        first = self.hw.page_of(start)
        mapped = 0
        while mapped < pages and self.regions[process].find(first + mapped) is not None:
            mapped += 1
        if mapped:
            super().mprotect(process, start, mapped, protection)
        if mapped < pages or pages == 0:
            raise InvalidArgument("a page that is not mapped")


class HalfNoted(Mistake):
    """Outcome: pages before a hole that nobody has touched yet have other rights, although the call was refused."""

    flag, lab, section = "protect_note", "demand-paging", 3
    belief = "changes the regions in mprotect before it finds that a later page is not mapped"

    def mprotect(self, process, start, pages, protection):
        first = self.hw.page_of(start)
        regions = self.regions[process]
        for page in range(first, first + pages):
            if regions.find(page) is None:
                for piece in regions.remove(first, page - first) if page > first else ():
                    regions.insert(piece.replace(protection=protection))
                raise InvalidArgument("a page that is not mapped")
        super().mprotect(process, start, pages, protection)


class OpenedForDataOnly(Mistake):
    """No progress: a page that became writable cannot be executed any more."""

    flag, lab, section = "opened_rw", "demand-paging", 3
    belief = "takes away the right to execute when it makes a present page writable"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        before = process.page_table.get(page)
        super().page_fault(process, fault)
        if before is not None and process.page_table.get(page).frame == before.frame:
            process.page_table.protect(page, READ_WRITE)


class ReadOnlyCow(Mistake):
    """Outcome or audit: code and read-only data become writable after a fork."""

    flag, lab, section = "ro_cow", "copy-on-write", 5
    belief = "marks every page copy-on-write at fork, read-only ones too, and lets the first write through"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry._replace(cow=True))

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        entry = process.page_table.get(page)
        region = self.regions[process].find(page)
        if entry is not None and entry.cow and region is not None and fault.access is Access.WRITE:
            self.first_write(process, page, region.replace(protection=region.protection | Protection.WRITE))
            return
        super().page_fault(process, fault)


class AnyCow(Mistake):
    """Outcome: read-only data can be written, without any fork."""

    flag, lab, section = "anycow", "copy-on-write", 5
    belief = "takes every write fault on a present page for copy-on-write"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if fault.present and region is not None and fault.access is Access.WRITE:
            self.first_write(process, page, region.replace(protection=region.protection | Protection.WRITE))
            return
        super().page_fault(process, fault)


class CopyGainsAll(Mistake):
    """Audit: a copy may be executed although its region does not allow it."""

    flag, lab, section = "copy_rwx", "copy-on-write", 5
    belief = "gives a copied page all rights there are"

    def first_write(self, process, page, region):
        super().first_write(process, page, region)
        process.page_table.protect(page, Protection.READ | Protection.WRITE | Protection.EXECUTE)


class TakenOverForDataOnly(Mistake):
    """No progress: a page that was shared once cannot be executed any more when its last sharer has written to it."""

    flag, lab, section = "takeover_rw", "copy-on-write", 4
    belief = "takes away the right to execute when it makes the last sharer's page writable"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        before = process.page_table.get(page)
        super().page_fault(process, fault)
        if before is None or process.page_table.get(page).frame != before.frame:
            return
        if before.cow or before.protection == READ_WRITE:
            process.page_table.protect(page, READ_WRITE)
