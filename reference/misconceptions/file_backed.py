"""Mistakes with files in memory."""

from __future__ import annotations

from grader.machine import Access, OutOfMemory, Protection
from reference.file_backed import CachedFile

from .mistake import Mistake


def index_of(region, page):
    """Return the page of its file that a region shows at a page."""
    return region.offset + page - region.first_page


class WritesBackClean(Mistake):
    """Disk: pages that nobody changed are written to the file."""

    flag, lab, section = "wb_clean", "file-backed", 3
    belief = "writes every page of a shared mapping back to its file, changed or not"

    def write_back(self, process, pages):
        for page in pages:
            entry, region = process.page_table.get(page), self.regions[process].find(page)
            shown = region.shared and isinstance(region.file, CachedFile) if region is not None else False
            if entry is not None and shown and region.file.file.writable:
                self.hw.files.write(region.file.file, index_of(region, page), entry.frame)


class WritesBackWritable(Mistake):
    """Disk: pages that might have been changed are written to the file, others are lost."""

    flag, lab, section = "wb_writable", "file-backed", 3
    belief = "takes a page that may be written for one that was written"

    def write_back(self, process, pages):
        for page in pages:
            entry, region = process.page_table.get(page), self.regions[process].find(page)
            if entry is None or not region.shared or not isinstance(region.file, CachedFile):
                continue
            if Protection.WRITE in entry.protection:
                self.hw.files.write(region.file.file, index_of(region, page), entry.frame)


class PrivateIntoTheCache(Mistake):
    """Audit or values: what is written privately shows in every mapping of the file."""

    flag, lab, section = "private_writeback", "file-backed", 2
    belief = "writes a private page where the cache has it"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region if region.file is None else region.replace(shared=True), access)

    def first_write(self, process, page, region):
        super().first_write(process, page, region if region.file is None else region.replace(shared=True))


class PrivateToDisk(Mistake):
    """Disk: a private mapping changes its file when it goes."""

    flag, lab, section = "private_to_disk", "file-backed", 3
    belief = "writes dirty pages of private mappings back to their file too"

    def write_back(self, process, pages):
        for page in pages:
            entry, region = process.page_table.get(page), self.regions[process].find(page)
            if entry is None or not entry.dirty or not isinstance(region.file, CachedFile):
                continue
            if region.file.file.writable:
                self.hw.files.write(region.file.file, index_of(region, page), entry.frame)


class NoCache(Mistake):
    """Faults: every mapping reads its pages from disk again, into frames of its own."""

    flag, lab, section = "no_cache", "file-backed", 1
    belief = "reads a file's page again for every mapping that touches it"

    def mmap(self, process, region):
        super().mmap(process, region)
        if region.file is not None:
            regions = self.regions[process]
            for piece in regions.remove(region.first_page, region.pages):
                regions.insert(piece.replace(file=CachedFile(region.file)))


class CachePerProcess(Mistake):
    """Faults: two processes that map the same file read it twice."""

    flag, lab, section = "cache_per_process", "file-backed", 1
    belief = "keeps a page cache for each process"

    def mmap(self, process, region):
        super().mmap(process, region)
        if region.file is not None:
            mine = {r.file.file: r.file for r in self.regions[process] if isinstance(r.file, CachedFile)}
            others = {r.file for p, regions in self.regions.items() if p is not process for r in regions}
            shown = mine[region.file]
            if shown in others:
                shown = CachedFile(region.file)
            regions = self.regions[process]
            for piece in list(regions):
                if isinstance(piece.file, CachedFile) and piece.file.file is region.file:
                    regions.remove(piece.first_page, piece.pages)
                    regions.insert(piece.replace(file=shown))


class ReadsAtMmap(Mistake):
    """Disk: mmap reads pages that nobody has asked for."""

    flag, lab, section = "eager_file", "file-backed", 1
    belief = "reads a file into memory when it is mapped"

    def mmap(self, process, region):
        super().mmap(process, region)
        if region.file is not None:
            mapped = self.regions[process].find(region.first_page)
            for page in range(mapped.first_page, mapped.end_page):
                if index_of(mapped, page) < region.file.pages:
                    self.object_frame(mapped, page)


class OffsetForgotten(Mistake):
    """Values: a mapping with an offset shows the file's first pages."""

    flag, lab, section = "file_offset", "file-backed", 1
    belief = "counts a file's pages from the beginning of the mapping"

    def object_frame(self, region, page):
        return super().object_frame(region.replace(offset=0) if isinstance(region.file, CachedFile) else region, page)


class ForgetsSplitOffset(Mistake):
    """Disk: after a split, changes are saved to other pages of the file."""

    flag, lab, section = "wb_offset", "file-backed", 3
    belief = "saves a page under its place in the mapping, not under its place in the file"

    def write_back(self, process, pages):
        for page in pages:
            entry, region = process.page_table.get(page), self.regions[process].find(page)
            if entry is None or not entry.dirty or not region.shared or not isinstance(region.file, CachedFile):
                continue
            self.hw.files.write(region.file.file, page - region.first_page, entry.frame)


class PastTheEnd(Mistake):
    """Outcome: an access past the end of a file reads zeros."""

    flag, lab, section = "past_end", "file-backed", 1
    belief = "fills pages past the end of a file with zeros"

    def new_object_frame(self, shown, index):
        if isinstance(shown, CachedFile) and index >= shown.file.pages:
            return self.zeroed_frame()
        return super().new_object_frame(shown, index)


class ExitForgetsFiles(Mistake):
    """Disk: what a process wrote to a file is lost when it exits or is killed."""

    flag, lab, section = "wb_no_exit", "file-backed", 3
    belief = "writes back at munmap and not at exit"

    def exit(self, process):
        self.exiting = True
        super().exit(process)
        self.exiting = False

    def write_back(self, process, pages):
        if not getattr(self, "exiting", False):
            super().write_back(process, pages)


class DirtyLost(Mistake):
    """Disk: a change is lost when the page's rights change afterwards."""

    flag, lab, section = "dirty_lost", "file-backed", 3
    belief = "makes a new entry in mprotect and loses the dirty bit"

    def mprotect(self, process, start, pages, protection):
        super().mprotect(process, start, pages, protection)
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            entry = process.page_table.get(page)
            if entry is not None:
                process.page_table.map(page, entry.frame, entry.protection, cow=entry.cow)


class WritesThrough(Mistake):
    """Disk: the change is on disk at once, and a later one is not."""

    flag, lab, section = "write_through", "file-backed", 3
    belief = "writes a page to its file at the first write and not when it goes"

    def page_fault(self, process, fault):
        super().page_fault(process, fault)
        page = self.hw.page_of(fault.address)
        region = self.regions[process].find(page)
        if fault.access is Access.WRITE and region.shared and isinstance(region.file, CachedFile):
            self.hw.files.write(region.file.file, index_of(region, page), process.page_table.get(page).frame)

    def write_back(self, process, pages):
        return


class LastUnmapSaves(Mistake):
    """Disk: a change waits until nobody maps the file any more."""

    flag, lab, section = "wb_last", "file-backed", 3
    belief = "writes a page back when its last mapping goes, whoever wrote it"

    def __init__(self, hw):
        super().__init__(hw)
        self.changed: dict = {}

    def write_back(self, process, pages):
        for page in pages:
            entry, region = process.page_table.get(page), self.regions[process].find(page)
            if entry is not None and entry.dirty and region.shared and isinstance(region.file, CachedFile):
                self.changed[region.file, index_of(region, page)] = entry.frame

    def object_gone(self, shown):
        for (file, index), frame in list(self.changed.items()):
            if file is shown:
                self.hw.files.write(file.file, index, frame)
                del self.changed[file, index]
        super().object_gone(shown)


class CacheWithTheEntries(Mistake):
    """Faults: a page is read again although a region still shows the file."""

    flag, lab, section = "cache_in_entries", "file-backed", 1
    belief = "drops a page from the cache with the last entry that maps it"

    def release(self, frame):
        super().release(frame)
        for shown in self.cached.values():
            for index, held in list(shown.frames.items()):
                if held == frame and self.references.get(frame) == 1:
                    del shown.frames[index]
                    super().release(frame)


class CacheForEver(Mistake):
    """Audit: frames of a file stay in use when no region shows it any more."""

    flag, lab, section = "cache_leak", "file-backed", 1
    belief = "keeps a file's pages in memory for ever"

    def object_gone(self, shown):
        if not isinstance(shown, CachedFile):
            super().object_gone(shown)


class CachedFrameTakenOver(Mistake):
    """Audit or values: the last process that maps a cached page writes into the cache."""

    flag, lab, section = "cache_no_user", "file-backed", 2
    belief = "takes the last process that maps a cached page for the owner of its frame"

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        cached = isinstance(region.file, CachedFile) and entry.frame in region.file.frames.values()
        if cached and not region.shared and self.references[entry.frame] == 2:
            process.page_table.protect(page, region.protection, cow=False)
        else:
            super().first_write(process, page, region)


class PrivateReadsDisk(Mistake):
    """Values: a private page shows what is on disk, not what the cache has."""

    flag, lab, section = "private_around_cache", "file-backed", 2
    belief = "reads a private page from disk into a frame of its own, past the cache"

    def first_touch(self, process, page, region, access):
        if region.shared or not isinstance(region.file, CachedFile):
            super().first_touch(process, page, region, access)
            return
        index = index_of(region, page)
        if index not in region.file.frames:
            super().first_touch(process, page, region, access)
            return
        source = self.new_object_frame(region.file, index)
        frame = self.copied_frame(source)
        self.release(source)
        self.map_new(process, page, frame, region.protection)


class ZeroedNotCopied(Mistake):
    """Values: the bytes around the written one are zero instead of the file's."""

    flag, lab, section = "private_zeroed", "file-backed", 2
    belief = "gives the first write to a private page of a file a frame of zeros"

    def first_touch(self, process, page, region, access):
        anonymous = region.file is not None and not region.shared and access is Access.WRITE
        super().first_touch(process, page, region.replace(file=None) if anonymous else region, access)


class FileModeIgnored(Mistake):
    """Outcome: a read-only file gets a shared mapping that may be written."""

    flag, lab, section = "file_mode", "file-backed", 1
    belief = "does not look at a file's mode when it is mapped shared"

    def check_may_write_back(self, file, shared, protection):
        return

    def write_back(self, process, pages):
        saved = []
        for page in pages:
            region = self.regions[process].find(page)
            if region is None or not isinstance(region.file, CachedFile) or region.file.file.writable:
                saved.append(page)
        super().write_back(process, saved)


class FileModeOnlyAtMmap(Mistake):
    """Outcome: mprotect gives a right that mmap would have refused."""

    flag, lab, section = "file_mode_mprotect", "file-backed", 1
    belief = "asks for a file's mode in mmap and not in mprotect"

    def mprotect(self, process, start, pages, protection):
        self.changing = True
        try:
            super().mprotect(process, start, pages, protection)
        finally:
            self.changing = False

    def check_may_write_back(self, file, shared, protection):
        if not getattr(self, "changing", False):
            super().check_may_write_back(file, shared, protection)


class FileModeForAll(Mistake):
    """Outcome: a private mapping of a read-only file is refused."""

    flag, lab, section = "file_mode_private", "file-backed", 1
    belief = "refuses every writable mapping of a read-only file, also a private one"

    def check_may_write_back(self, file, shared, protection):
        super().check_may_write_back(file, True, protection)


class ForkDirties(Mistake):
    """Disk: a child writes back what its parent wrote."""

    flag, lab, section = "fork_dirty", "file-backed", 3
    belief = "lets a child inherit that a page of a shared mapping is dirty"

    def __init__(self, hw):
        super().__init__(hw)
        self.inherited: set = set()

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        if entry.dirty or (parent, page) in self.inherited:
            self.inherited.add((child, page))

    def write_back(self, process, pages):
        pages = list(pages)
        super().write_back(process, pages)
        for page in pages:
            entry, region = process.page_table.get(page), self.regions[process].find(page)
            if entry is None or entry.dirty or (process, page) not in self.inherited:
                continue
            if region.shared and isinstance(region.file, CachedFile):
                self.hw.files.write(region.file.file, index_of(region, page), entry.frame)


class FailedTouchDropsCopy(Mistake):
    """Audit: the copy of a file's page is lost when an entry for it cannot be made."""

    flag, lab, section = "file_touch_leak", "file-backed", 4
    belief = "loses the copy of a file's page when the entry for it cannot be made"

    def map_new(self, process, page, frame, protection):
        region = self.regions[process].find(page)
        if region.file is None:
            super().map_new(process, page, frame, protection)
        else:
            process.page_table.map(page, frame, protection)


class FailedTouchEmptiesCache(Mistake):
    """Frames or faults: a page that was read for a fault that failed is not there for the next one."""

    flag, lab, section = "file_touch_forgets", "file-backed", 4
    belief = "takes a page out of the cache again when an entry for it cannot be made"

    def map_new(self, process, page, frame, protection):
        region = self.regions[process].find(page)
        try:
            super().map_new(process, page, frame, protection)
        except OutOfMemory:
            if isinstance(region.file, CachedFile):
                cached = region.file.frames[index_of(region, page)]
                if self.references[cached] == 1:
                    self.release(region.file.frames.pop(index_of(region, page)))
            raise


class BssFromFile(Mistake):
    """Values or outcome: memory behind a file's mapping shows the file."""

    flag, lab, section = "bss_from_file", "file-backed", 4
    belief = "takes anonymous memory right behind a file's pages for more of the file"

    def mmap(self, process, region):
        before = self.regions[process].find(region.first_page - 1)
        super().mmap(process, region)
        if region.file is None and not region.shared and before is not None and isinstance(before.file, CachedFile):
            regions = self.regions[process]
            offset = before.offset + before.pages
            for piece in regions.remove(region.first_page, region.pages):
                regions.insert(piece.replace(file=before.file, offset=offset))


class PatchIsData(Mistake):
    """Faults: code that was written cannot be executed without a further fault."""

    flag, lab, section = "private_noexec", "file-backed", 2
    belief = "leaves the right to execute out when it copies a private page of a file"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, as_data(region) if access is Access.WRITE else region, access)

    def first_write(self, process, page, region):
        super().first_write(process, page, as_data(region))


def as_data(region):
    """Return a region without the right to execute it, if it is private and of a file."""
    private = isinstance(region.file, CachedFile) and not region.shared
    return region.replace(protection=region.protection & ~Protection.EXECUTE) if private else region
