# Its module has no such class, but a __getattr__ that makes another one each time it is asked, and a class of its own.
# level: L1
# verdicts: passed passed passed
# alone: yes

import sys
import types

from grader.machine import Kernel, Protection, RegionMap, SegmentationFault


class Module(types.ModuleType):
    def __getattribute__(self, name):
        if name == "Attack":
            return make()
        return super().__getattribute__(name)


def make():
    class Honest(Kernel):
        def __init__(self, hw):
            super().__init__(hw)
            self.regions, self.users = {}, {}

        def mmap(self, process, region):
            self.regions.setdefault(process, RegionMap()).insert(region)

        def page_fault(self, process, fault):
            page = self.hw.page_of(fault.address)
            region = self.regions[process].find(page)
            if region is None:
                raise SegmentationFault
            old = process.page_table.get(page)
            if old is not None and self.users[old.frame] == 1:
                process.page_table.protect(page, region.protection, cow=False)
                return
            frame = self.hw.frames.allocate()
            if old is None:
                self.hw.frames.zero(frame)
            else:
                self.hw.frames.copy(old.frame, frame)
                self.users[old.frame] -= 1
            self.users[frame] = 1
            process.page_table.map(page, frame, region.protection)

        def fork(self, parent, child):
            self.regions[child] = self.regions[parent].copy()
            for page in parent.page_table.pages():
                entry = parent.page_table.get(page)
                kept = entry.protection & ~Protection.WRITE
                parent.page_table.protect(page, kept, cow=True)
                child.page_table.map(page, entry.frame, kept, cow=True)
                self.users[entry.frame] += 1

        def exit(self, process):
            for page in process.page_table.pages():
                frame = process.page_table.get(page).frame
                process.page_table.unmap(page)
                self.users[frame] -= 1
                if self.users[frame] == 0:
                    self.hw.frames.free(frame)

    return Honest


sys.modules[__name__].__class__ = Module
