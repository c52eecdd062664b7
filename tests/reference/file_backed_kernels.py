"""Kernels of the lab file-backed that are correct and built differently: each gets full marks."""

from grader.machine import Access, InvalidArgument, Kernel, OutOfFrames, Protection, RegionMap, SegmentationFault
from reference.file_backed import CachedFile, FileBackedKernel

W = Protection.WRITE


class Shared:
    """Memory behind regions: a file's cached pages, or anonymous."""

    def __init__(self, file=None):
        self.file = file
        self.pages = {}
        self.shown = 0  # pages of regions that show it


class FromTheHandout(Kernel):
    """In one piece, written from the handout: a list of counts, objects that count the pages that show them."""

    def __init__(self, hw):
        super().__init__(hw)
        self.maps = {}
        self.files = {}
        self.users = [0] * 4096

    def of(self, process):
        return self.maps.setdefault(process, RegionMap())

    def take(self):
        frame = self.hw.frames.allocate()
        self.users[frame] = 1
        return frame

    def drop(self, frame):
        if frame == self.hw.zero_frame:
            return
        self.users[frame] -= 1
        if self.users[frame] == 0:
            self.hw.frames.free(frame)

    def mmap(self, process, region):
        shown = None
        if region.file is not None:
            self.may(region.file, region.shared, region.protection)
            shown = self.files.get(region.file) or Shared(region.file)
        elif region.shared:
            shown = Shared()
        self.of(process).insert(region.replace(file=shown))
        if shown:
            shown.shown += region.pages
            if shown.file:
                self.files[shown.file] = shown

    def may(self, file, shared, protection):
        if shared and W in protection and not file.writable:
            raise InvalidArgument("read-only")

    def mprotect(self, process, start, pages, protection):
        first = self.hw.page_of(start)
        regions = self.of(process)
        if not pages:
            raise InvalidArgument("none")
        for page in range(first, first + pages):
            region = regions.find(page)
            if region is None:
                raise InvalidArgument("hole")
            if region.file and region.file.file:
                self.may(region.file.file, region.shared, protection)
        for piece in regions.remove(first, pages):
            regions.insert(piece.replace(protection=protection))
        for page in range(first, first + pages):
            entry = process.page_table.get(page)
            if entry:
                keep = W in entry.protection or regions.find(page).shared
                process.page_table.protect(page, protection if keep else protection & ~W)

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        self.ready(process, page, fault.access)

    def ready(self, process, page, access):
        region = self.of(process).find(page)
        if region is None or not region.protection.allows(access):
            raise SegmentationFault
        table = process.page_table
        entry = table.get(page)
        rights = region.protection
        if entry is None:
            if region.file is not None:
                frame = self.cached(region, page)
                if region.shared:
                    table.map(page, frame, rights)
                    self.users[frame] += 1
                elif access is Access.WRITE:
                    self.map_own(table, page, self.copy(frame), rights)
                else:
                    table.map(page, frame, rights & ~W)
                    self.users[frame] += 1
            elif self.hw.zero_frame is not None and access is not Access.WRITE:
                table.map(page, self.hw.zero_frame, rights & ~W)
            else:
                self.map_own(table, page, self.zeros(), rights)
            return
        if access is not Access.WRITE:
            table.protect(page, rights & ~W)
        elif entry.frame == self.hw.zero_frame:
            table.map(page, self.zeros(), rights)
        elif region.shared or self.users[entry.frame] == 1:
            table.protect(page, rights)
        else:
            table.map(page, self.copy(entry.frame), rights)
            self.drop(entry.frame)

    def map_own(self, table, page, frame, rights):
        try:
            table.map(page, frame, rights)
        except OutOfFrames:
            self.drop(frame)
            raise

    def zeros(self):
        frame = self.take()
        self.hw.frames.zero(frame)
        return frame

    def copy(self, source):
        frame = self.take()
        self.hw.frames.copy(source, frame)
        return frame

    def cached(self, region, page):
        shown = region.file
        index = region.offset + page - region.first_page
        if index not in shown.pages:
            if shown.file is None:
                shown.pages[index] = self.zeros()
            elif index >= shown.file.pages:
                raise SegmentationFault
            else:
                frame = self.take()
                self.hw.files.read(shown.file, index, frame)
                shown.pages[index] = frame
        return shown.pages[index]

    def fork(self, parent, child):
        regions = self.of(parent)
        made = []
        try:
            for page in parent.page_table.pages():
                entry = parent.page_table.get(page)
                keep = entry.protection if regions.find(page).shared else entry.protection & ~W
                child.page_table.map(page, entry.frame, keep)
                made.append(page)
        except OutOfFrames:
            for page in made:
                child.page_table.unmap(page)
            raise
        for page in made:
            entry = parent.page_table.get(page)
            if entry.frame != self.hw.zero_frame:
                self.users[entry.frame] += 1
            if not regions.find(page).shared:
                parent.page_table.protect(page, entry.protection & ~W, cow=True)
        self.maps[child] = regions.copy()
        for region in regions:
            if region.file:
                region.file.shown += region.pages

    def save(self, process, page):
        entry = process.page_table.get(page)
        if entry is None or not entry.dirty:
            return
        region = self.of(process).find(page)
        if region.shared and region.file.file:
            self.hw.files.write(region.file.file, region.offset + page - region.first_page, entry.frame)

    def gone(self, pieces):
        for piece in pieces:
            shown = piece.file
            if shown is None:
                continue
            shown.shown -= piece.pages
            if shown.shown == 0:
                for frame in shown.pages.values():
                    self.drop(frame)
                shown.pages = {}
                self.files.pop(shown.file, None)

    def munmap(self, process, start, pages):
        if not pages:
            raise InvalidArgument("none")
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            entry = process.page_table.get(page)
            if entry:
                self.save(process, page)
                process.page_table.unmap(page)
                self.drop(entry.frame)
        self.gone(self.of(process).remove(first, pages))

    def exit(self, process):
        for page in process.page_table.pages():
            entry = process.page_table.get(page)
            self.save(process, page)
            process.page_table.unmap(page)
            self.drop(entry.frame)
        self.gone(list(self.maps.pop(process, [])))

    def user_access(self, process, address, length, access):
        for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
            entry = process.page_table.get(page)
            if entry is None or not entry.protection.allows(access):
                self.ready(process, page, access)


class LooksForUsers(FileBackedKernel):
    """No counts: a frame's users are found in all page tables and objects whenever somebody wants to know."""

    def __init__(self, hw):
        super().__init__(hw)
        self.references = _Ignored()
        self.tables = set()

    def users(self, frame):
        entries = sum(t.get(p).frame == frame for t in self.tables for p in t.pages())
        shown = {r.file for regions in self.regions.values() for r in regions if r.file is not None}
        return entries + sum(list(o.frames.values()).count(frame) for o in shown | set(self.cached.values()))

    def mmap(self, process, region):
        self.tables.add(process.page_table)
        super().mmap(process, region)

    def fork(self, parent, child):
        self.tables |= {parent.page_table, child.page_table}
        super().fork(parent, child)

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        if region.shared or (entry.frame != self.hw.zero_frame and self.users(entry.frame) == 1):
            process.page_table.protect(page, region.protection)
        elif entry.frame == self.hw.zero_frame:
            process.page_table.map(page, self.zeroed_frame(), region.protection)
        else:
            process.page_table.map(page, self.copied_frame(entry.frame), region.protection)

    def exit(self, process):
        self.write_back(process, process.page_table.pages())
        for page in process.page_table.pages():
            self.remove_page(process, page)
        self.tables.discard(process.page_table)
        self.regions_gone(self.regions.pop(process, ()))

    def object_gone(self, shown):
        frames = list(shown.frames.values())
        shown.frames.clear()
        for frame in frames:
            self.release(frame)

    def release(self, frame):
        if frame != self.hw.zero_frame and not self.users(frame):
            self.hw.frames.free(frame)


class _Ignored:
    """Counts that nobody keeps."""

    def __getitem__(self, key):
        return 0

    def __delitem__(self, key):
        pass

    def __setitem__(self, key, value):
        pass


class OneDictionary(FileBackedKernel):
    """The cache is one dictionary from (file, page) to frames, emptied by a count of the pages that are mapped."""

    def __init__(self, hw):
        super().__init__(hw)
        self.pages = {}
        self.mapped = {}

    def mmap(self, process, region):
        super().mmap(process, region)
        if region.file is not None:
            self.mapped[region.file] = self.mapped.get(region.file, 0) + region.pages

    def fork(self, parent, child):
        super().fork(parent, child)
        for region in self.regions[child]:
            if isinstance(region.file, CachedFile):
                self.mapped[region.file.file] += region.pages

    def object_frame(self, region, page):
        if not isinstance(region.file, CachedFile):
            return super().object_frame(region, page)
        key = region.file.file, region.offset + page - region.first_page
        if key not in self.pages:
            self.pages[key] = self.new_object_frame(region.file, key[1])
        return self.pages[key]

    def regions_gone(self, gone):
        gone = list(gone)
        super().regions_gone(region for region in gone if not isinstance(region.file, CachedFile))
        for region in gone:
            if isinstance(region.file, CachedFile):
                self.mapped[region.file.file] -= region.pages
        for file, index in list(self.pages):
            if not self.mapped[file]:
                self.release(self.pages.pop((file, index)))


class SavesBackwards(FileBackedKernel):
    """Saves and unmaps from the highest page down, a page at a time."""

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        if not pages:
            raise InvalidArgument("no pages")
        for page in reversed(range(first, first + pages)):
            super().munmap(process, page * self.hw.page_size, 1)

    def exit(self, process):
        for page in reversed(process.page_table.pages()):
            self.write_back(process, [page])
            self.remove_page(process, page)
        self.regions_gone(self.regions.pop(process, ()))


class MarksTheCache(FileBackedKernel):
    """Cached pages of writable private regions carry the cow bit from the beginning, and the bit decides."""

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region, access)
        entry = process.page_table.get(page)
        if isinstance(region.file, CachedFile) and not region.shared and access is not Access.WRITE:
            process.page_table.protect(page, entry.protection, cow=True)

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        cached = isinstance(region.file, CachedFile) and entry.frame in region.file.frames.values()
        assert not cached or region.shared or entry.cow
        super().first_write(process, page, region)


class MapsInSteps(FileBackedKernel):
    """Makes every entry without rights at first, and gives them afterwards."""

    def map_new(self, process, page, frame, protection):
        super().map_new(process, page, frame, Protection.NONE)
        process.page_table.protect(page, protection)


class ChecksEveryRegion(FileBackedKernel):
    """Looks after every call which files are still shown, instead of asking when a region goes."""

    def regions_gone(self, gone):
        shown = {region.file for regions in self.regions.values() for region in regions}
        super().regions_gone(gone)
        for cached in self.cached.values():
            if cached not in shown and cached.frames:
                self.object_gone(cached)


KERNELS = [
    FromTheHandout,
    LooksForUsers,
    OneDictionary,
    SavesBackwards,
    MarksTheCache,
    MapsInSteps,
    ChecksEveryRegion,
]
