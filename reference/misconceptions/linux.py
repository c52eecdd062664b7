"""Mistakes in a kernel that should do what Linux does; many of them are what the other labs ask for."""

from __future__ import annotations

from grader.machine import Access, InvalidArgument, Protection, SegmentationFault

from .mistake import Mistake


class ReadTakesFrame(Mistake):
    """Frames: a read of untouched memory takes one."""

    flag, lab, section = "read_takes_frame", "linux", 1
    belief = "takes a frame for the first read of a page"

    def first_touch(self, process, page, region, access):
        plain = region.file is None and page not in self.out[process]
        super().first_touch(process, page, region, Access.WRITE if plain else access)
        if plain and access is not Access.WRITE:
            process.page_table.protect(page, region.protection)


class InheritsAll(Mistake):
    """Sharing: a child has entries of a mapping that was only read."""

    flag, lab, section = "inherits_all", "linux", 2
    belief = "copies every present entry of private memory in fork, as in the copy-on-write lab"

    def share_page(self, parent, child, page, entry):
        region = self.regions[parent].find(page)
        if not region.shared and self.areas[parent].find(page).mark is None:
            self.exclusive.discard(entry.frame)
            child.page_table.map(page, entry.frame, entry.protection)
            if entry.frame != self.hw.zero_frame:
                self.references[entry.frame] += 1
        else:
            super().share_page(parent, child, page, entry)


class InheritsWritten(Mistake):
    """Sharing: a child has no entry of a page that was only read in a mapping that was written elsewhere."""

    flag, lab, section = "inherits_by_page", "linux", 2
    belief = "decides page by page in fork, and copies only entries of pages that were written"

    def share_page(self, parent, child, page, entry):
        if entry.frame != self.hw.zero_frame and not self.is_cached(entry.frame):
            super().share_page(parent, child, page, entry)

    def is_cached(self, frame):
        return any(frame in cached.frames.values() for cached in self.cached.values())


class InheritsShared(Mistake):
    """Sharing: a child has entries of shared memory before it has touched it."""

    flag, lab, section = "inherits_shared", "linux", 2
    belief = "copies the entries of shared memory in fork"

    def share_page(self, parent, child, page, entry):
        if self.regions[parent].find(page).shared:
            child.page_table.map(page, entry.frame, entry.protection)
            self.references[entry.frame] += 1
        else:
            super().share_page(parent, child, page, entry)


class MarksReads(Mistake):
    """Sharing: a mapping that was only read is inherited."""

    flag, lab, section = "marks_reads", "linux", 2
    belief = "marks a mapping at its first touch, even if that is a read"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        if not region.shared:
            self.areas[process].mark_private(page)


class MarkNotInherited(Mistake):
    """Sharing: a grandchild faults on pages that its parent has only read."""

    flag, lab, section = "mark_not_inherited", "linux", 2
    belief = "gives the child's mappings no mark, so that only what the child writes itself is inherited"

    def fork(self, parent, child):
        super().fork(parent, child)
        self.areas[child].areas = [area._replace(mark=None) for area in self.areas[child].areas]


class MarkLostInSplit(Mistake):
    """Sharing: after an mprotect of a part, that part is not inherited."""

    flag, lab, section = "mark_lost_in_split", "linux", 2
    belief = "loses the mark of a part that mprotect splits off"

    def mprotect(self, process, start, pages, protection):
        super().mprotect(process, start, pages, protection)
        first = self.hw.page_of(start)
        areas = self.areas[process]
        areas.areas = [area._replace(mark=None) if area.first == first else area for area in areas.areas]


class MarksAddresses(Mistake):
    """Sharing: a new mapping at an old place is inherited although it was only read."""

    flag, lab, section = "marks_addresses", "linux", 2
    belief = "keeps the mark of an address range after munmap"

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        marked = [area for area in self.areas[process].areas if area.mark and first <= area.first < first + pages]
        self.once = getattr(self, "once", set()) | {(process, area.first) for area in marked}
        super().munmap(process, start, pages)

    def mmap(self, process, region):
        super().mmap(process, region)
        if (process, region.first_page) in getattr(self, "once", ()):
            self.areas[process].mark_private(region.first_page)


class OneFaultPerPage(Mistake):
    """Sharing: a read of a file in memory maps one page."""

    flag, lab, section = "no_window", "linux", 3
    belief = "maps one page per fault"

    def first_touch(self, process, page, region, access):
        if region.file is None or access is Access.WRITE or page in self.out[process]:
            super().first_touch(process, page, region, access)
        else:
            self.map_object_page(process, page, region, self.object_frame(region, page))


class WindowForFilesOnly(Mistake):
    """Sharing: a read of shared memory that others have filled maps one page."""

    flag, lab, section = "window_files_only", "linux", 3
    belief = "maps the window around a read of a file, but not of shared memory"

    def first_touch(self, process, page, region, access):
        if region.file is None or access is Access.WRITE or region.file in self.cached.values():
            super().first_touch(process, page, region, access)
        else:
            self.map_object_page(process, page, region, self.object_frame(region, page))


class WindowOfWrites(Mistake):
    """Sharing: a write maps pages that nobody has touched."""

    flag, lab, section = "window_of_writes", "linux", 3
    belief = "maps the window at write faults too"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        if region.file is not None and access is Access.WRITE:
            index = self.index_in_object(region, page)
            for near in range(max(page - 16, region.first_page), min(page + 16, region.end_page)):
                frame = region.file.frames.get(index + near - page)
                if frame is not None and process.page_table.get(near) is None:
                    self.map_object_page(process, near, region, frame)


class _OtherWindow(Mistake):
    """Maps the window from `begin` on to `end`, instead of the right one."""

    def window(self, page, area):
        raise NotImplementedError

    def first_touch(self, process, page, region, access):
        if region.file is None or access is Access.WRITE or page in self.out[process]:
            super().first_touch(process, page, region, access)
            return
        self.map_object_page(process, page, region, self.object_frame(region, page))
        area = self.areas[process].find(page)
        for near in self.window(page, area):
            frame = region.file.frames.get(self.index_in_object(region, near))
            if area.first <= near < area.end and frame is not None and process.page_table.get(near) is None:
                self.map_object_page(process, near, region, frame)


class WindowFromTheFault(_OtherWindow):
    """Sharing: pages before the one that was read are absent."""

    flag, lab, section = "window_forward", "linux", 3
    belief = "maps the sixteen pages from the faulting one on"

    def window(self, page, area):
        return range(page, page + 16)


class WindowAligned(_OtherWindow):
    """Sharing: a mapping that begins within a window of sixteen gets too few pages."""

    flag, lab, section = "window_cut_off", "linux", 3
    belief = "ends every window at a multiple of sixteen pages, even if the mapping begins in the middle of one"

    def window(self, page, area):
        return range(page - page % 16, page - page % 16 + 16)


class NoReadAhead(Mistake):
    """Disk: one page is read where the neighbours should come along."""

    flag, lab, section = "no_read_ahead", "linux", 3
    belief = "reads from disk only the page that was touched"

    def read_ahead(self, region, index):
        pass


class ReadsForward(Mistake):
    """Disk: pages before the touched one are not read."""

    flag, lab, section = "reads_forward", "linux", 3
    belief = "reads ahead only in the direction of growing addresses"

    def read_ahead(self, region, index):
        for near in range(index, min(index + self.read_ahead_pages, region.file.file.pages)):
            if near not in region.file.frames:
                region.file.frames[near] = self.new_object_frame(region.file, near)


class CacheDies(Mistake):
    """Frames: the pages of a file are gone after munmap."""

    flag, lab, section = "cache_dies", "linux", 3
    belief = "frees the pages of a file with its last mapping, as in the file-backed lab"

    def object_gone(self, shown):
        for frame in shown.frames.values():
            self.release(frame)
        shown.frames.clear()


class SharedFileWritable(Mistake):
    """Sharing: a page of a shared file is writable after a read, so that nobody notices the first write."""

    flag, lab, section = "shared_file_writable", "linux", 3
    belief = "maps pages of a shared file with all rights at a read, as in the file-backed lab"

    def map_object_page(self, process, page, region, frame):
        super().map_object_page(process, page, region, frame)
        if region.shared:
            process.page_table.protect(page, region.protection)


class NeverExclusive(Mistake):
    """Sharing: a page of the process's own faults once more after mprotect."""

    flag, lab, section = "never_exclusive", "linux", 4
    belief = "leaves the right to write to the next fault after every mprotect, as in the kernel-access lab"

    def rights_now(self, entry, region):
        rights = super().rights_now(entry, region)
        return rights if region.shared or Protection.WRITE in entry.protection else rights & ~Protection.WRITE


class ExclusiveByCount(Mistake):
    """Sharing: a page is writable at once because its sharer has gone."""

    flag, lab, section = "exclusive_by_count", "linux", 4
    belief = "gives the right to write back at once wherever the frame has one user"

    def rights_now(self, entry, region):
        if not region.shared and self.references.get(entry.frame) == 1:
            return region.protection
        return super().rights_now(entry, region)


class ForgetsOwnAgain(Mistake):
    """Sharing: a page that its process has written since the fork faults after mprotect."""

    flag, lab, section = "own_only_from_birth", "linux", 4
    belief = "takes a page for the process's own only if it was never shared"

    def first_write(self, process, page, region):
        before = process.page_table.get(page).frame
        super().first_write(process, page, region)
        if not region.shared and before != self.hw.zero_frame:
            self.exclusive.discard(process.page_table.get(page).frame)


class ForgetsDirty(Mistake):
    """Sharing: a dirty page of a shared file faults after mprotect."""

    flag, lab, section = "forgets_dirty", "linux", 4
    belief = "treats dirty pages of a shared file like clean ones in mprotect"

    def rights_now(self, entry, region):
        return super().rights_now(entry._replace(dirty=False), region)


class AllOrNothing(Mistake):
    """Sharing: an mprotect that meets a hole has changed nothing."""

    flag, lab, section = "all_or_nothing", "linux", 4
    belief = "looks for holes before mprotect changes anything, as in the kernel-access lab"

    def mprotect(self, process, start, pages, protection):
        if self.reach(process, self.hw.page_of(start), pages, protection) < pages:
            raise InvalidArgument("a hole")
        super().mprotect(process, start, pages, protection)


class NoPagesRefused(Mistake):
    """Outcome: mprotect of no pages is refused."""

    flag, lab, section = "no_pages_refused", "linux", 4
    belief = "refuses an mprotect of no pages"

    def mprotect(self, process, start, pages, protection):
        if pages == 0:
            raise InvalidArgument("no pages")
        super().mprotect(process, start, pages, protection)


class MapsThenRefuses(Mistake):
    """Sharing: a write that was refused has left an entry."""

    flag, lab, section = "maps_then_refuses", "linux", 5
    belief = "makes the page present before it looks whether the access is allowed"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        refused = region is not None and not fault.present and not region.protection.allows(fault.access)
        if refused and region.protection.allows(Access.READ):
            self.first_touch(process, page, region, Access.READ)
            raise SegmentationFault
        super().page_fault(process, fault)


class FetchRefusedAtOnce(Mistake):
    """Faults: an instruction fetch from an untouched page that may only be read counts nothing."""

    flag, lab, section = "fetch_refused_at_once", "linux", 5
    belief = "refuses an instruction fetch without faulting the page in"

    def page_fault(self, process, fault):
        region = self.regions[process].find(self.hw.page_of(fault.address))
        if fault.access is Access.EXECUTE and (region is None or not region.protection.allows(Access.EXECUTE)):
            raise SegmentationFault
        super().page_fault(process, fault)


class FetchMapsAnything(Mistake):
    """Sharing: an instruction fetch maps a page without any right."""

    flag, lab, section = "fetch_maps_anything", "linux", 5
    belief = "faults a page in for every refused instruction fetch, even if it may not be read"

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        fetch = region is not None and fault.access is Access.EXECUTE and not fault.present
        if fetch and not region.protection.allows(Access.READ):
            self.first_touch(process, page, region, Access.READ)
        else:
            super().page_fault(process, fault)
