"""Mistakes with fork, copies and counts."""

from __future__ import annotations

from grader.machine import OutOfMemory, Protection

from .mistake import Mistake


class ParentWritable(Mistake):
    """Audit: after fork the parent may write to frames that its child shares."""

    flag, lab, section = "parent_w", "copy-on-write", 2
    belief = "protects only the child's pages at fork and lets the parent go on writing"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        parent.page_table.protect(page, entry.protection, cow=entry.cow)


class ChildWritable(Mistake):
    """Audit: after fork the child may write to its parent's frames."""

    flag, lab, section = "child_w", "copy-on-write", 2
    belief = "protects only the parent's pages at fork"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        child.page_table.protect(page, entry.protection, cow=entry.cow)


class NobodyProtected(Mistake):
    """Audit: after fork both write into the same frames."""

    flag, lab, section = "parent_w_and_child_w", "copy-on-write", 2
    belief = "shares frames at fork and protects neither side"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        for process in (parent, child):
            process.page_table.protect(page, entry.protection, cow=entry.cow)


class EagerFork(Mistake):
    """Sharing and copies: every page is copied at fork."""

    flag, lab, section = "eager_fork", "copy-on-write", 2
    belief = "copies every page at fork"

    def share_page(self, parent, child, page, entry):
        copy = self.copied_frame(entry.frame)
        child.page_table.map(page, copy, entry.protection)


class ZeroCopy(Mistake):
    """Values: the other bytes of a page that was copied are zero."""

    flag, lab, section = "nocopy", "copy-on-write", 3
    belief = "gives the writer a fresh page of zeros instead of a copy"

    def first_write(self, process, page, region):
        before = process.page_table.get(page).frame
        super().first_write(process, page, region)
        after = process.page_table.get(page).frame
        if after != before:
            self.hw.frames.zero(after)


class AlwaysCopy(Mistake):
    """Copies or sharing: the last sharer gets a new frame too."""

    flag, lab, section = "always_copy", "copy-on-write", 4
    belief = "copies at every first write, even when nobody else uses the frame any more"

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        if entry.frame == self.hw.zero_frame:
            super().first_write(process, page, region)
            return
        copy = self.copied_frame(entry.frame)
        process.page_table.map(page, copy, region.protection)
        self.release(entry.frame)


class ReuseOffByOne(Mistake):
    """Audit: a frame with two users is made writable."""

    flag, lab, section = "reuse_off1", "copy-on-write", 4
    belief = "takes a frame with two users for its own"

    def first_write(self, process, page, region):
        entry = process.page_table.get(page)
        if self.references.get(entry.frame) == 2:
            process.page_table.protect(page, region.protection, cow=False)
            return
        super().first_write(process, page, region)


class NoIncrement(Mistake):
    """Audit: a frame is freed, or made writable, while another process uses it."""

    flag, lab, section = "no_inc", "copy-on-write", 2
    belief = "does not count the child's entries at fork"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        if entry.frame in self.references:
            self.references[entry.frame] -= 1

    def release(self, frame):
        if frame in self.references:
            super().release(frame)


class IncrementTwice(Mistake):
    """Audit: frames stay in use after their last user has gone."""

    flag, lab, section = "inc_twice", "copy-on-write", 2
    belief = "counts each shared page twice at fork"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        if entry.frame in self.references:
            self.references[entry.frame] += 1


class NoDecrement(Mistake):
    """Copies and leaks: whoever is left with the old frame goes on copying."""

    flag, lab, section = "no_dec", "copy-on-write", 3
    belief = "does not give up the old frame when it copies"

    def first_write(self, process, page, region):
        before = process.page_table.get(page).frame
        super().first_write(process, page, region)
        if process.page_table.get(page).frame != before and before in self.references:
            self.references[before] += 1


class FreeAlways(Mistake):
    """Audit: entries point to a frame that was freed."""

    flag, lab, section = "free_always", "copy-on-write", 2
    belief = "frees a frame when the first of its users lets go"

    def release(self, frame):
        if frame != self.hw.zero_frame and self.references.pop(frame, 0):
            self.hw.frames.free(frame)


class UpgradeOther(Mistake):
    """Audit or faults: the other side of a copy is made writable."""

    flag, lab, section = "upgrade_other", "copy-on-write", 4
    belief = "declares the other side the sole owner after the first copy and makes it writable"

    def first_write(self, process, page, region):
        before = process.page_table.get(page).frame
        super().first_write(process, page, region)
        if process.page_table.get(page).frame == before:
            return
        for other in self.regions:
            entry = other.page_table.get(page)
            if other is not process and entry is not None and entry.frame == before:
                other.page_table.protect(page, region.protection, cow=False)
                return


class UpgradeFirst(Mistake):
    """Audit, when memory is full: the shared frame was made writable before the copy failed."""

    flag, lab, section = "upgrade_first", "copy-on-write", 6
    belief = "makes the page writable before it knows that there is a frame for the copy"

    def first_write(self, process, page, region):
        process.page_table.protect(page, region.protection)
        super().first_write(process, page, region)

    def page_fault(self, process, fault):
        try:
            super().page_fault(process, fault)
        except OutOfMemory:
            if not fault.present:
                raise


class ReforkReadOnly(Mistake):
    """Outcome: a grandchild is killed at its first write."""

    flag, lab, section = "refork_ro", "copy-on-write", 2
    belief = "takes a page that is read-only since the first fork for read-only for ever at the second"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        if Protection.WRITE not in entry.protection:
            child.page_table.protect(page, entry.protection, cow=False)

    def page_fault(self, process, fault):
        from grader.machine import Access, SegmentationFault

        entry = process.page_table.get(self.hw.page_of(fault.address))
        lost = entry is not None and not entry.cow and Protection.WRITE not in entry.protection
        if lost and fault.access is Access.WRITE and entry.frame != self.hw.zero_frame:
            raise SegmentationFault
        super().page_fault(process, fault)


class IncrementIfWritable(Mistake):
    """Audit: a frame that was shared by two forks is freed too early."""

    flag, lab, section = "inc_if_w", "copy-on-write", 2
    belief = "counts a user at fork only where the page was still writable"

    def share_page(self, parent, child, page, entry):
        super().share_page(parent, child, page, entry)
        if Protection.WRITE not in entry.protection and entry.frame in self.references:
            self.references[entry.frame] -= 1

    def release(self, frame):
        if frame in self.references:
            super().release(frame)


class WrongSide(Mistake):
    """Sharing: the writer keeps the frame, the others are moved to the copy."""

    flag, lab, section = "wrong_pte", "copy-on-write", 3
    belief = "moves another process to the copy and lets the writer keep the frame"

    def first_write(self, process, page, region):
        old = process.page_table.get(page)
        super().first_write(process, page, region)
        new = process.page_table.get(page)
        if new.frame == old.frame:
            return
        for other in self.regions:
            entry = other.page_table.get(page)
            if other is not process and entry is not None and entry.frame == old.frame:
                other.page_table.map(page, new.frame, entry.protection, cow=True)
                process.page_table.map(page, old.frame, new.protection)
                return


class ForkPopulates(Mistake):
    """Sharing and frames: untouched pages are present after fork."""

    flag, lab, section = "fork_populate", "copy-on-write", 2
    belief = "fills untouched pages at fork so that the child finds them"

    def fork(self, parent, child):
        for region in self.regions[parent]:
            for page in range(region.first_page, region.end_page):
                if parent.page_table.get(page) is None and region.protection:
                    parent.page_table.map(page, self.zeroed_frame(), region.protection)
        super().fork(parent, child)


class ForkNoRegions(Mistake):
    """Outcome: a child is killed at an inherited page that nobody has touched."""

    flag, lab, section = "fork_noregion", "copy-on-write", 2
    belief = "copies the page table at fork and forgets the regions"

    def fork(self, parent, child):
        super().fork(parent, child)
        present = set(child.page_table.pages())
        for region in list(self.regions[child]):
            for page in range(region.first_page, region.end_page):
                if page not in present:
                    self.regions[child].remove(page, 1)


class SharedRegions(Mistake):
    """Outcome: what one process maps or unmaps is mapped or unmapped for its relatives too."""

    flag, lab, section = "fork_same_regions", "copy-on-write", 2
    belief = "lets parent and child use one and the same list of regions"

    def fork(self, parent, child):
        super().fork(parent, child)
        self.regions[child] = self.regions[parent]


class NoUndo(Mistake):
    """Audit: a failed fork leaves entries behind."""

    flag, lab, section = "fork_no_undo", "copy-on-write", 6
    belief = "leaves a fork that failed half-way as it is"

    def unshare_page(self, parent, child, page, entry):
        return


class UndoKeepsProtection(Mistake):
    """Audit: after a failed fork the parent's pages stay read-only."""

    flag, lab, section = "fork_undo_half", "copy-on-write", 6
    belief = "removes the child's entries after a failed fork but leaves the parent's protected"

    def unshare_page(self, parent, child, page, entry):
        if child.page_table.get(page) is not None:
            self.remove_page(child, page)


class UndoneAsData(Mistake):
    """Audit: after a failed fork the parent may not execute what it could."""

    flag, lab, section = "fork_undo_noexec", "copy-on-write", 6
    belief = "leaves the right to execute out when it gives the parent its pages back after a failed fork"

    def unshare_page(self, parent, child, page, entry):
        super().unshare_page(parent, child, page, entry)
        if Protection.WRITE in entry.protection:
            parent.page_table.protect(page, entry.protection & ~Protection.EXECUTE)


class UndoKeepsCounts(Mistake):
    """Copies or leaks: after a failed fork frames seem to have a user too many."""

    flag, lab, section = "fork_undo_counts", "copy-on-write", 6
    belief = "restores the entries after a failed fork but not the counts"

    def unshare_page(self, parent, child, page, entry):
        if child.page_table.get(page) is not None:
            child.page_table.unmap(page)
        parent.page_table.protect(page, entry.protection, cow=entry.cow)


class EagerUpgrade(Mistake):
    """Faults: the last user's next write does not fault any more."""

    flag, lab, section = "eager_upgrade", "copy-on-write", 4
    belief = "makes the last user's page writable as soon as the others have gone"

    def release(self, frame):
        super().release(frame)
        if self.references.get(frame) != 1:
            return
        for process in self.regions:
            for page in process.page_table.pages():
                entry = process.page_table.get(page)
                region = self.regions[process].find(page)
                if entry.frame == frame and entry.cow and region is not None:
                    process.page_table.protect(page, region.protection, cow=False)


class PrivateShared(Mistake):
    """Audit: private memory is used by parent and child alike."""

    flag, lab, section = "private_shared", "copy-on-write", 3
    belief = "lets a first write go into the frame that is shared"

    def first_write(self, process, page, region):
        process.page_table.protect(page, region.protection, cow=False)


class ParentNeverCopies(Mistake):
    """Sharing: a parent that writes first keeps the frame."""

    flag, lab, section = "child_copies", "copy-on-write", 3
    belief = "believes that only a child ever copies, and moves the child when its parent writes"

    def first_write(self, process, page, region):
        old = process.page_table.get(page)
        children = [p for p in self.regions if p.pid > process.pid]
        sharing = [p for p in children if (e := p.page_table.get(page)) is not None and e.frame == old.frame]
        super().first_write(process, page, region)
        new = process.page_table.get(page)
        if new.frame == old.frame or not sharing:
            return
        entry = sharing[0].page_table.get(page)
        sharing[0].page_table.map(page, new.frame, entry.protection, cow=True)
        process.page_table.map(page, old.frame, new.protection)


class KillsTheOther(Mistake):
    """Outcome: a copy that finds no frame is not refused but taken from somebody."""

    flag, lab, section = "oom_steals", "copy-on-write", 6
    belief = "writes into the shared frame when there is none for a copy"

    def first_write(self, process, page, region):
        try:
            super().first_write(process, page, region)
        except OutOfMemory:
            process.page_table.protect(page, region.protection, cow=False)
