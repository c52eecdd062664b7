"""Kernels of the lab swapping that are correct and built differently: each gets full marks."""

from __future__ import annotations

from grader.machine import Access, OutOfFrames, OutOfMemory, Protection, SegmentationFault
from reference.swapping import SwappingKernel
from reference.tlb import TlbKernel
from tests.reference.alternatives import UnmapsOneByOne, later
from tests.reference.file_backed_kernels import FromTheHandout
from tests.reference.tlb_kernels import RecordPerPage

W = Protection.WRITE


class SwapsFromTheHandout(FromTheHandout):
    """Written from the handout: slots are numbers, the line is a ticket that each frame draws when it is taken.

    away     (process, page) -> slot
    waiting  slot -> the pages that are out in it
    back     slot -> the frame that one of them came back to; the slot is one of its users
    """

    def __init__(self, hw):
        super().__init__(hw)
        self.away = {}
        self.waiting = {}
        self.back = {}
        self.ticket = {}
        self.stays = set()

    def take(self):
        frame = super().take()
        self.ticket[frame] = self.next_ticket()
        return frame

    def next_ticket(self):
        return max(self.ticket.values(), default=0) + 1

    def drop(self, frame):
        super().drop(frame)
        if frame != self.hw.zero_frame and self.users[frame] == 1 and frame in self.back.values():
            # In memory for nobody but its slot.
            self.back = {slot: other for slot, other in self.back.items() if other != frame}
            super().drop(frame)

    def page_fault(self, process, fault):
        self.keep_while_ready(process, [self.hw.page_of(fault.address)], fault.access, always=True)

    def user_access(self, process, address, length, access):
        pages = range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1)
        self.keep_while_ready(process, pages, access, always=False)

    def keep_while_ready(self, process, pages, access, always):
        self.stays = {(process, page) for page in pages}
        try:
            for page in pages:
                entry = process.page_table.get(page)
                if always or entry is None or not entry.protection.allows(access):
                    self.ready(process, page, access)
        finally:
            self.stays = set()

    def ready(self, process, page, access):
        if (process, page) in self.away:
            region = self.of(process).find(page)
            if not region.protection.allows(access):
                raise SegmentationFault
            self.bring_back(process, page, region.protection)
            if access is not Access.WRITE or W in process.page_table.get(page).protection:
                return
        super().ready(process, page, access)

    def bring_back(self, process, page, rights):
        slot = self.away[process, page]
        if slot not in self.back:
            frame = self.take()
            self.hw.swap.read(slot, frame)
            self.back[slot] = frame
        frame = self.back[slot]
        mine = self.users[frame] == 1 and len(self.waiting[slot]) == 1
        self.users[frame] += 1
        try:
            process.page_table.map(page, frame, rights if mine else rights & ~W)
        except OutOfFrames:
            self.drop(frame)
            raise
        self.leave(process, page)

    def leave(self, process, page):
        slot = self.away.pop((process, page))
        self.waiting[slot].remove((process, page))
        if not self.waiting[slot]:
            del self.waiting[slot]
            self.hw.swap.free(slot)
            if slot in self.back:
                super().drop(self.back.pop(slot))

    def fork(self, parent, child):
        super().fork(parent, child)
        for (process, page), slot in list(self.away.items()):
            if process is parent:
                self.away[child, page] = slot
                self.waiting[slot].append((child, page))

    def munmap(self, process, start, pages):
        super().munmap(process, start, pages)
        first = self.hw.page_of(start)
        self.leave_all(process, range(first, first + pages))

    def exit(self, process):
        super().exit(process)
        self.leave_all(process, [page for other, page in self.away if other is process])

    def leave_all(self, process, pages):
        for page in pages:
            if (process, page) in self.away:
                self.leave(process, page)

    def evict(self):
        if self.hw.swap is None:
            raise OutOfMemory
        shown = {f for regions in self.maps.values() for r in regions if r.file for f in r.file.pages.values()}
        places = {}
        for process in self.maps:
            for page in process.page_table.pages():
                places.setdefault(process.page_table.get(page).frame, []).append((process, page))
        tried = set()
        while True:
            line = [
                frame
                for frame in places
                if frame not in shown and frame not in tried and frame != self.hw.zero_frame
                if not self.stays & set(places[frame])
            ]
            if not line:
                raise OutOfMemory
            oldest = min(line, key=self.ticket.get)
            used = [place for place in places[oldest] if place[0].page_table.get(place[1]).accessed]
            if used and self.hw.replacement == "clock":
                for process, page in used:
                    process.page_table.clear_accessed(page)
                self.ticket[oldest] = self.next_ticket()
            elif self.out_to_disk(oldest, places[oldest]):
                return
            else:
                tried.add(oldest)

    def out_to_disk(self, frame, places):
        slots = [slot for slot, other in self.back.items() if other == frame]
        try:
            slot = slots[0] if slots else self.hw.swap.write(frame)
        except OutOfMemory:
            return False
        for process, page in places:
            process.page_table.unmap(page)
            self.away[process, page] = slot
            self.waiting.setdefault(slot, []).append((process, page))
        for _ in places:
            self.drop(frame)
        return True


class RingWithHand(SwappingKernel):
    """The line is a ring in a list, with a hand that points to its front."""

    def __init__(self, hw):
        super().__init__(hw)
        self.ring = []
        self.hand = 0

    def zeroed_frame(self):
        return self.enter(super().zeroed_frame())

    def copied_frame(self, source):
        return self.enter(super().copied_frame(source))

    def frame_from(self, slot):
        return self.enter(super().frame_from(slot))

    def enter(self, frame):
        """Right before the hand: that is the end of the line."""
        self.ring.insert(self.hand, frame)
        self.hand += 1
        return frame

    def take_out(self, frame):
        index = self.ring.index(frame)
        del self.ring[index]
        self.hand -= index < self.hand

    def release(self, frame):
        super().release(frame)
        if frame in self.ring and frame not in self.references:
            self.take_out(frame)

    def victims(self):
        stay = self.object_frames()
        step = 0
        while step < len(self.ring):
            frame = self.ring[(self.hand + step) % len(self.ring)]
            entries = self.entries_of(frame)
            if frame in stay or self.pinned.intersection(entries):
                step += 1
            elif self.hw.replacement == "clock" and self.used_lately(entries):
                self.take_out(frame)
                self.enter(frame)
            else:
                yield frame
                step += 1


class OpensAfterwards(SwappingKernel):
    """What comes back is read-only first, and gets its rights once the slot has been left."""

    def swap_in(self, process, page, region):
        shut = region.replace(protection=region.protection & ~W)
        super().swap_in(process, page, shut)
        frame = process.page_table.get(page).frame
        if self.references[frame] == 1:
            process.page_table.protect(page, region.protection)


class SlotsFirst(SwappingKernel):
    """What is out is given up before what is present."""

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        for page in reversed(range(first, first + pages)):
            if page in self.out[process]:
                self.leave_slot(process, page)
        super().munmap(process, start, pages)

    def exit(self, process):
        for page in sorted(self.out[process], reverse=True):
            self.leave_slot(process, page)
        super().exit(process)


class ForksSlotsFirst(SwappingKernel):
    """The child gets the pages that are out before those that are present, and gives them back if that fails."""

    def fork(self, parent, child):
        away, self.out[parent] = self.out[parent], {}
        for slot in away.values():
            slot.sharers += 1
        try:
            super().fork(parent, child)
        except OutOfMemory:
            for slot in away.values():
                slot.sharers -= 1
            self.out[parent] = away
            raise
        self.out[parent], self.out[child] = away, dict(away)


class LooksAtEveryPage(SwappingKernel):
    """Nothing but the page tables is asked: who uses a frame, and how many are out in a slot."""

    def entries_of(self, frame):
        processes = sorted(self.regions, key=lambda process: -process.pid)
        places = [(process, page) for process in processes for page in reversed(process.page_table.pages())]
        return [(process, page) for process, page in places if process.page_table.get(page).frame == frame]

    def leave_slot(self, process, page):
        slot = self.out[process][page]
        slot.sharers = sum(other is slot for pages in self.out.values() for other in pages.values())
        super().leave_slot(process, page)


KERNELS = [
    SwapsFromTheHandout,
    RecordPerPage,
    RingWithHand,
    OpensAfterwards,
    SlotsFirst,
    ForksSlotsFirst,
    LooksAtEveryPage,
    TlbKernel,
    later(UnmapsOneByOne, SwappingKernel),
]
