"""Mistakes with memory that is meant to be shared."""

from __future__ import annotations

from grader.machine import Access, Protection, SegmentationFault

from .mistake import Mistake


class SharedCow(Mistake):
    """Values or sharing: the parent does not see what its child writes."""

    flag, lab, section = "shared_cow", "shared-memory", 3
    belief = "makes shared memory copy-on-write at fork, like private memory"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        for process in (parent, child):
            process.page_table.protect(page, entry.protection & ~Protection.WRITE, cow=True)

    def first_write(self, process, page, region):
        super().first_write(process, page, region.replace(shared=False))


class SharedProtect(Mistake):
    """Outcome: a process is killed when it writes to its own shared memory."""

    flag, lab, section = "shared_protect", "shared-memory", 3
    belief = "write-protects shared memory at fork and then refuses the write"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        if self.regions[parent].find(page).shared:
            for process in (parent, child):
                process.page_table.protect(page, entry.protection & ~Protection.WRITE)

    def page_fault(self, process, fault):
        region = self.regions[process].find(self.hw.page_of(fault.address))
        if region is not None and region.shared and fault.present and fault.access is Access.WRITE:
            raise SegmentationFault
        super().page_fault(process, fault)


class SharedExitFree(Mistake):
    """Audit: the survivor's pages point to freed frames."""

    flag, lab, section = "shared_exit_free", "shared-memory", 4
    belief = "frees shared frames when the first process that maps them exits"

    def exit(self, process):
        mine = {region.file for region in self.regions[process] if region.shared}
        super().exit(process)
        for shown in mine:
            for index, frame in list(shown.frames.items()):
                if frame in self.references:
                    self.references.pop(frame)
                    self.hw.frames.free(frame)
                del shown.frames[index]

    def release(self, frame):
        if frame in self.references:
            super().release(frame)


class ObjectsNeverEnd(Mistake):
    """Audit: frames of shared memory stay in use when nobody maps it any more."""

    flag, lab, section = "object_leak", "shared-memory", 4
    belief = "keeps a shared object's frames for ever"

    def object_gone(self, shown):
        return


class ObjectsInTheEntries(Mistake):
    """Values: shared memory is forgotten when its last entry goes, although a region shows it."""

    flag, lab, section = "object_in_entries", "shared-memory", 4
    belief = "lets a shared page live only as long as some page table entry maps it"

    def remove_page(self, process, page):
        region = self.regions[process].find(page)
        frame = process.page_table.get(page).frame
        super().remove_page(process, page)
        holders = {r.file for regions in self.regions.values() for r in regions if r.shared}
        if region is not None and region.shared:
            holders.add(region.file)
        for shown in holders:
            for index, held in list(shown.frames.items()):
                if held == frame and self.references.get(frame) == 1:
                    del shown.frames[index]
                    self.release(frame)


class IndexFromTheRegion(Mistake):
    """Values or sharing: after a split, pages of the later piece show other pages of the object."""

    flag, lab, section = "split_offset", "shared-memory", 3
    belief = "counts a shared page from the beginning of its region, also after the region was cut"

    def first_touch(self, process, page, region, access):
        super().first_touch(process, page, region.replace(offset=0) if region.shared else region, access)


class ObjectForEach(Mistake):
    """Sharing: pages first touched after a fork are not shared."""

    flag, lab, section = "object_per_process", "shared-memory", 3
    belief = "shares what was present at fork, and nothing that is touched later"

    def fork(self, parent, child):
        from reference.shared_memory import SharedObject

        super().fork(parent, child)
        regions = self.regions[child]
        for region in list(regions):
            if region.shared:
                own = SharedObject()
                own.frames = dict(region.file.frames)
                for frame in own.frames.values():
                    self.references[frame] += 1
                regions.remove(region.first_page, region.pages)
                regions.insert(region.replace(file=own))


class SharedIsPrivate(Mistake):
    """Values: shared memory behaves like private memory from the first touch on."""

    flag, lab, section = "shared_ignored", "shared-memory", 3
    belief = "takes no notice of MAP_SHARED"

    def mmap(self, process, region):
        super().mmap(process, region.replace(shared=False))


class SharedIsNoCode(Mistake):
    """Faults: shared memory that may be executed faults when it is."""

    flag, lab, section = "shared_noexec", "shared-memory", 3
    belief = "leaves the right to execute out when it maps shared memory"

    def first_touch(self, process, page, region, access):
        if region.shared and access is not Access.EXECUTE:
            region = region.replace(protection=region.protection & ~Protection.EXECUTE)
        super().first_touch(process, page, region, access)
