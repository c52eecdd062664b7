"""Mistakes with replacement: the wrong page leaves."""

from __future__ import annotations

from grader.machine import OutOfMemory

from .mistake import Mistake


class Ordered(Mistake):
    """Base of mistakes about the order of victims: `rank` sorts the frames that may leave."""

    def rank(self, frame):
        """Return a frame's place in the line; the lowest leaves first."""
        raise NotImplementedError

    def victims(self):
        of_objects = self.object_frames()
        line = [frame for frame in self.references if frame not in of_objects]
        for frame in sorted(line, key=self.rank):
            if not self.pinned.intersection(self.entries_of(frame)):
                yield frame


class Lifo(Ordered):
    """Sharing: the page that came last is absent, and the oldest is still there."""

    flag, lab, section = "lifo", "swapping", 2
    belief = "evicts the page that came last"

    def rank(self, frame):
        return -list(self.references).index(frame)


class LowestFrame(Ordered):
    """Sharing: a page that has just come back leaves again, since its frame has a low number."""

    flag, lab, section = "fifo_frame", "swapping", 2
    belief = "evicts by the number of the frame, as if low numbers were old"

    def rank(self, frame):
        return frame


class LowestPage(Ordered):
    """Sharing: the page with the lowest number leaves, however young it is."""

    flag, lab, section = "fifo_page", "swapping", 2
    belief = "evicts by the number of the page, as if low pages were old"

    def rank(self, frame):
        return min(page for _, page in self.entries_of(frame))


class FirstTouchOrder(Ordered):
    """Sharing: a page that has just come back is the first to leave again."""

    flag, lab, section = "fifo_first", "swapping", 2
    belief = "lets a page that comes back take its old place in the line"

    def rank(self, frame):
        return min(self.first_seen(*entry) for entry in self.entries_of(frame))

    def first_seen(self, process, page):
        """Return a page's place in the order in which pages were first touched."""
        seen = self._seen = getattr(self, "_seen", {})
        return seen.setdefault((process, page), len(seen))

    def page_fault(self, process, fault):
        self.first_seen(process, self.hw.page_of(fault.address))
        super().page_fault(process, fault)

    def fork(self, parent, child):
        super().fork(parent, child)
        for page in child.page_table.pages():
            first = self.first_seen(parent, page)
            self._seen[child, page] = first


class OwnPagesFirst(Mistake):
    """Sharing: the process that asks loses a page although another's is older."""

    flag, lab, section = "fifo_own", "swapping", 2
    belief = "keeps a line for each process, and evicts from that of the one that needs a frame"

    def victims(self):
        askers = {process for process, _ in self.pinned}
        line = list(super().victims())
        yield from sorted(line, key=lambda frame: not any(p in askers for p, _ in self.entries_of(frame)))


class YoungAgain(Mistake):
    """Sharing: a page stays that was only made writable again, and a younger one leaves."""

    flag, lab, section = "fifo_write", "swapping", 2
    belief = "counts a frame's age from the last fault on it, not from when it was taken"

    def page_fault(self, process, fault):
        super().page_fault(process, fault)
        entry = process.page_table.get(self.hw.page_of(fault.address))
        if entry is not None and entry.frame in self.references:
            self.references[entry.frame] = self.references.pop(entry.frame)


class RecentlyUsed(Mistake):
    """Sharing: a page that was used stays, where first in, first out was asked for."""

    flag, lab, section = "fifo_used", "swapping", 2
    belief = "spares pages that were used also where the policy is first in, first out"

    def victims(self):
        line = list(super().victims())
        used = {frame for frame in line if self.used_lately(self.entries_of(frame))}
        yield from sorted(line, key=lambda frame: frame in used)


class EvictsObjects(Mistake):
    """Audit or sharing: shared memory and the page cache are taken away and saved to slots."""

    flag, lab, section = "evict_shared", "swapping", 2
    belief = "evicts frames of shared memory and of the page cache like any other"

    def object_frames(self):
        return set()


class EvictsAll(Mistake):
    """Frames: one page is needed, and all that may go are written to disk."""

    flag, lab, section = "evict_all", "swapping", 2
    belief = "evicts every page that may leave when it needs a single frame"

    def evict(self):
        super().evict()
        try:
            while True:
                super().evict()
        except OutOfMemory:
            pass


# -- the clock -----------------------------------------------------------------------------------------------


class NoClock(Mistake):
    """Sharing: a page leaves that was used since the hand passed. (A hand that clears no bits shows the same.)"""

    flag, lab, section = "clock_fifo", "swapping", 4
    belief = "evicts the oldest page also where the policy is the clock"

    def used_lately(self, entries):
        return False


class ClockDirty(Ordered):
    """Sharing: a page that was only read leaves before one that was written."""

    flag, lab, section = "clock_dirty", "swapping", 4
    belief = "spares pages that were changed instead of pages that were used"

    def rank(self, frame):
        if self.hw.replacement != "clock":
            return False
        return any(process.page_table.get(page).dirty for process, page in self.entries_of(frame))


class ClockOneEntry(Mistake):
    """Sharing: a frame leaves that the second of its sharers has used."""

    flag, lab, section = "clock_one", "swapping", 4
    belief = "looks at the accessed bit of one sharer and not of all"

    def used_lately(self, entries):
        return super().used_lately(entries[:1])


class ClockClearsAll(Mistake):
    """Sharing: pages lose their mark although the hand has not come to them."""

    flag, lab, section = "clock_all", "swapping", 4
    belief = "clears the accessed bits of all pages whenever it needs a frame"

    def evict(self):
        super().evict()
        if self.hw.replacement == "clock":
            for frame in self.references:
                self.used_lately(self.entries_of(frame))


class ClockFromTheStart(Mistake):
    """Sharing: the hand begins at the oldest page each time, and not where it stopped."""

    flag, lab, section = "clock_start", "swapping", 4
    belief = "leaves a page with a second chance in its place in the line, and begins from the front each time"

    def evict(self):
        before = list(self.references)
        super().evict()
        known = [frame for frame in before if frame in self.references]
        new = [frame for frame in self.references if frame not in before]
        for frame in known + new:
            self.references[frame] = self.references.pop(frame)
