"""Mistakes with frames that several processes share, and that leave and come back as one."""

from __future__ import annotations

from grader.machine import OutOfMemory
from reference.swapping import Slot

from .mistake import Mistake


class EvictOneEntry(Mistake):
    """Audit: an entry is left that points to a frame which is free."""

    flag, lab, section = "evict_one", "swapping", 3
    belief = "removes one entry of the frame that it evicts, and not those of the other sharers"

    def swap_out(self, frame):
        slot = self.slot_of(frame) or Slot(self.hw.swap.write(frame))
        entries = self.entries_of(frame)
        process, page = entries[0]
        self.out[process][page] = slot
        slot.sharers += 1
        self.remove_page(process, page)
        if len(entries) > 1:
            self.references[frame] = 1
            self.release(frame)


class SlotForEach(Mistake):
    """Frames: a page that two share takes two slots, and comes back twice."""

    flag, lab, section = "slot_each", "swapping", 3
    belief = "saves a shared frame once for each process that maps it"

    def swap_out(self, frame):
        for process, page in self.entries_of(frame):
            slot = Slot(self.hw.swap.write(frame))
            slot.sharers = 1
            self.out[process][page] = slot
            self.remove_page(process, page)


class SlotFirst(Mistake):
    """Values or crash: the slot is used again, or freed again, while another sharer still needs it."""

    flag, lab, section = "slot_first", "swapping", 3
    belief = "frees a slot as soon as one of its sharers has come back"

    def leave_slot(self, process, page):
        slot = self.out[process].pop(page)
        slot.sharers = 0
        self.hw.swap.free(slot.number)
        if slot.frame is not None:
            self.release(slot.frame)
            slot.frame = None


class ForkForgetsSlots(Mistake):
    """Values: the child reads zero where its parent's page was out."""

    flag, lab, section = "fork_noswap", "swapping", 3
    belief = "passes only present pages on in fork, and not those that are out"

    def fork(self, parent, child):
        away, self.out[parent] = self.out[parent], {}
        try:
            super().fork(parent, child)
        finally:
            self.out[parent] = away


class ForkNoCount(Mistake):
    """Frames: the slot is free as soon as one of the two has gone or come back."""

    flag, lab, section = "fork_slot_noref", "swapping", 3
    belief = "copies the numbers of slots in fork and does not count the new sharer"

    def fork(self, parent, child):
        super().fork(parent, child)
        for slot in self.out[child].values():
            slot.sharers -= 1

    def leave_slot(self, process, page):
        slot = self.out[process][page]
        if slot.sharers < 1:
            slot.sharers = 1
        super().leave_slot(process, page)


class ForkBringsBack(Mistake):
    """Disk: fork reads from swap what nobody has asked for."""

    flag, lab, section = "fork_swapin", "swapping", 3
    belief = "brings the parent's pages back in fork, so that it can share their frames"

    def fork(self, parent, child):
        for page in list(self.out[parent]):
            self.pinned = {(parent, page)}
            try:
                self.swap_in(parent, page, self.regions[parent].find(page))
            except OutOfMemory:
                break
            finally:
                self.pinned = set()
        super().fork(parent, child)


class BackWritable(Mistake):
    """Values: who comes back first writes into the frame that the others will find."""

    flag, lab, section = "swapin_w", "swapping", 3
    belief = "brings a shared page back writable, since only one process maps it"

    def swap_in(self, process, page, region):
        super().swap_in(process, page, region)
        frame = process.page_table.get(page).frame
        if len(self.entries_of(frame)) == 1:
            process.page_table.protect(page, region.protection, cow=False)


class NoSwapCache(Mistake):
    """Faults: every sharer reads the page from disk, into a frame of its own."""

    flag, lab, section = "noswapcache", "swapping", 3
    belief = "brings a shared page back again for each sharer, although it is in memory"

    def swap_in(self, process, page, region):
        slot = self.out[process][page]
        in_memory, slot.frame = slot.frame, None
        alone, slot.sharers = slot.sharers, 1
        frame = None
        try:
            slot.frame = frame = self.frame_from(slot)
            self.references[frame] += 1
            self.map_new(process, page, frame, region.protection)
            self.references[frame] -= 1
        except OutOfMemory:
            if frame is not None:
                self.release(frame)
            raise
        finally:
            slot.frame, slot.sharers = in_memory, alone
        self.leave_slot(process, page)


class BackForAll(Mistake):
    """Sharing: pages are mapped for processes that have not asked for them."""

    flag, lab, section = "swapin_all", "swapping", 3
    belief = "maps a page that comes back for all its sharers at once"

    def swap_in(self, process, page, region):
        slot = self.out[process][page]
        super().swap_in(process, page, region)
        for other, pages in list(self.out.items()):
            for number in [p for p, s in pages.items() if s is slot]:
                super().swap_in(other, number, self.regions[other].find(number))


class TwoFaults(Mistake):
    """Faults: a write to a shared page that is out costs one fault to bring it back and one to copy it."""

    flag, lab, section = "swapin_twice", "swapping", 3
    belief = "only brings a page back, and leaves its copy to the next fault"

    def first_touch(self, process, page, region, access):
        if page in self.out[process]:
            self.swap_in(process, page, region)
        else:
            super().first_touch(process, page, region, access)


class WrittenAgain(Mistake):
    """Frames: a frame whose contents are still on disk takes another slot when it leaves."""

    flag, lab, section = "slot_again", "swapping", 3
    belief = "saves a frame again that still has its slot on disk"

    def swap_out(self, frame):
        slot = self.slot_of(frame)
        if slot is None:
            super().swap_out(frame)
            return
        slot.frame = None
        self.references[frame] -= 1
        try:
            super().swap_out(frame)
        except OutOfMemory:
            slot.frame = frame
            self.references[frame] += 1
            raise


class StaleOwner(Mistake):
    """Copies: the one who is left copies a page that nobody else needs."""

    flag, lab, section = "slot_sharers", "swapping", 3
    belief = "does not notice that the sharers who were still out have gone"

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        ever = self._ever = getattr(self, "_ever", set())
        if entry.frame in ever and self.references.get(entry.frame) == 1:
            ever.discard(entry.frame)
            process.page_table.map(page, self.copied_frame(entry.frame), region.protection)
            self.release(entry.frame)
        else:
            super().first_write(process, page, region)

    def swap_in(self, process, page, region):
        slot = self.out[process][page]
        super().swap_in(process, page, region)
        if slot.sharers:
            self._ever = getattr(self, "_ever", set()) | {slot.frame}


class FailedForkCounts(Mistake):
    """Frames: after a fork that failed, slots stay in use for ever."""

    flag, lab, section = "fork_fail_slots", "swapping", 3
    belief = "counts the child among the sharers of a slot also if fork fails"

    def fork(self, parent, child):
        try:
            super().fork(parent, child)
        except OutOfMemory:
            for slot in self.out[parent].values():
                slot.sharers += 1
            raise
