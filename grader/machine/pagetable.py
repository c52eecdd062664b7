"""Implements the page table of a process: page number -> entry."""

from __future__ import annotations

from .entry import _FIELDS, ACCESSED, COW, FRAME_SHIFT, PRESENT, Entry
from .errors import HardwareError
from .frames import WRITER, Frames
from .operations import CLEAR, MAP, PROTECT, UNMAP
from .protection import PROTECTIONS, WRITE_BIT, Protection

_new = tuple.__new__

#: Page numbers are below this; a larger one, such as 2**40, can only be a bug in the kernel.
PAGE_LIMIT = 1 << 30
_PAGE_BITS = PAGE_LIMIT - 1


class PageTable:
    """The handle `process.page_table`. Page numbers, not addresses.

    None of these calls touches the TLB: a kernel that changes an entry flushes what the TLB may hold of it.
    """

    __slots__ = (
        "_allocated",
        "_changes",
        "_entries",
        "_failure",
        "_frames",
        "_log",
        "_pid",
        "_touched",
        "_users",
    )

    def __init__(self, pid: int, frames: Frames, touched: list[PageTable]) -> None:
        self._pid = pid
        self._entries: dict[int, int] = {}
        self._frames = frames
        self._allocated = frames._allocated
        self._users = frames._users
        self._failure = frames._failure
        self._log = frames._log
        # What this step did: the tables it touched, and in each the entries it wrote (0: removed). The audit and the
        # trace look only at these, so the cost of a step grows with what it changes, not with what is mapped.
        self._touched = touched
        self._changes: dict[int, int] = {}

    # -- looking ----------------------------------------------------------------------------------------------

    def get(self, page: int) -> Entry | None:
        """Return the entry of a page, or None if it has none. A snapshot: it does not change with the table."""
        pte = self._entries.get(page)
        if pte is None:
            return None
        # The body of entry.unpack, inlined for speed: no other call is made as often.
        protection, cow, accessed, dirty = _FIELDS[pte & 127]
        return _new(Entry, (pte >> FRAME_SHIFT, protection, cow, accessed, dirty))

    def pages(self) -> list[int]:
        """Return the numbers of all pages that have an entry, ascending."""
        return sorted(self._entries)

    # -- changing ---------------------------------------------------------------------------------------------

    def map(self, page: int, frame: int, protection: Protection, cow: bool = False) -> None:
        """Make an entry, or replace one; accessed and dirty are cleared.

        HardwareError if the frame is free or does not exist. OutOfFrames, with nothing changed, where the scenario
        makes a new entry fail: on a real machine a page table needs memory too.
        """
        try:
            flags = protection.bits
            # `&` raises TypeError for anything but an int, and changes a value that is negative or too large.
            if not self._allocated[frame] or frame < 0 or page & _PAGE_BITS != page:
                raise IndexError
        except (TypeError, IndexError, AttributeError):
            raise HardwareError(self._bad_map(page, frame, protection)) from None
        writer = flags & WRITE_BIT
        if cow:
            flags |= COW
        if self._log is not None:
            self._log += (MAP, self._pid, page, frame, flags)
        entries = self._entries
        if page in entries:
            self._unuse(entries[page])
        elif self._failure.map >= 0:
            self._failure.count("map")
        self._users[frame] = users = self._users[frame] + (WRITER if writer else 1)
        if users > WRITER:
            self._frames._suspects.add(frame)
        changes = self._changes
        if not changes:
            self._touched.append(self)
        changes[page] = entries[page] = (frame << FRAME_SHIFT) + (PRESENT + flags)

    def protect(self, page: int, protection: Protection, cow: bool | None = None) -> None:
        """Change the rights of an entry, and its cow bit unless that is None. Raises HardwareError without an entry."""
        try:
            old = self._entries[page]
            flags = protection.bits
        except (KeyError, TypeError, AttributeError):
            raise HardwareError(self._bad_protect(page, protection)) from None
        if old & COW if cow is None else cow:
            flags |= COW
        if self._log is not None:
            self._log += (PROTECT, self._pid, page, flags)
        if (old ^ flags) & WRITE_BIT:
            frame = old >> FRAME_SHIFT
            users = self._users[frame] + (WRITER - 1 if flags & WRITE_BIT else 1 - WRITER)
            self._users[frame] = users
            if users > WRITER:
                self._frames._suspects.add(frame)
        changes = self._changes
        if not changes:
            self._touched.append(self)
        changes[page] = self._entries[page] = old & ~0xF | flags

    def unmap(self, page: int) -> None:
        """Remove an entry; its frame stays allocated. Raises HardwareError if there is no entry."""
        old = self._entry("unmap", page)
        if self._log is not None:
            self._log += (UNMAP, self._pid, page)
        self._unuse(old)
        if self._frames._moves is not None:
            self._frames._moves.entry_removed(old >> FRAME_SHIFT, self._pid, page, self._entries)
        if not self._changes:
            self._touched.append(self)
        self._changes[page] = 0
        del self._entries[page]

    def clear_accessed(self, page: int) -> None:
        """Clear the accessed bit, as the clock algorithm does. Raises HardwareError if there is no entry."""
        old = self._entry("clear_accessed", page)
        if self._log is not None:
            self._log += (CLEAR, self._pid, page)
        self._put(page, old & ~ACCESSED)

    # -- for the machine, not for kernels ---------------------------------------------------------------------

    def _put(self, page: int, pte: int) -> None:
        """Write an entry, and note that this step did."""
        if not self._changes:
            self._touched.append(self)
        self._changes[page] = self._entries[page] = pte

    def _unuse(self, pte: int) -> None:
        """Take away one user of the frame of an entry that is about to go."""
        frame = pte >> FRAME_SHIFT
        users = self._users[frame] - (WRITER if pte & WRITE_BIT else 1)
        self._users[frame] = users
        if not users:
            self._frames._orphans.append(frame)

    def _discard(self) -> None:
        """Discard all entries of a process that has ended, and the record of their changes."""
        users, orphans = self._users, self._frames._orphans
        for pte in self._entries.values():
            frame = pte >> FRAME_SHIFT
            left = users[frame] - (WRITER if pte & WRITE_BIT else 1)
            users[frame] = left
            if not left:
                orphans.append(frame)
        self._entries.clear()
        self._changes.clear()

    def _entry(self, call: str, page: int) -> int:
        try:
            return self._entries[page]
        except (KeyError, TypeError):
            raise HardwareError(
                f"{call}(pid={self._pid}, page={page!r}): process {self._pid} has no entry for this page; "
                f"{self._nearby()}"
            ) from None

    def _nearby(self) -> str:
        pages = self.pages()
        if not pages:
            return "its page table is empty"
        shown = ", ".join(map(str, pages[:8]))
        return f"it has {len(pages)}: {shown}{' …' if len(pages) > 8 else ''}"

    def _bad_protect(self, page: object, protection: object) -> str:
        call = f"protect(pid={self._pid}, page={page!r})"
        if type(protection) is not Protection:
            return f"{call}: {protection!r} is not a Protection"
        return f"{call}: process {self._pid} has no entry for this page; {self._nearby()}"

    def _bad_map(self, page: object, frame: object, protection: object) -> str:
        call = f"map(pid={self._pid}, page={page!r}, frame={frame!r})"
        last = len(self._allocated) - 2
        if type(page) is not int or not 0 <= page < PAGE_LIMIT:
            return f"{call}: a page number is 0 to {PAGE_LIMIT - 1}"
        if type(frame) is not int:
            return f"{call}: a frame is an int, not {type(frame).__name__}"
        if not 0 <= frame <= last + (self._frames._zero_frame is not None):
            return f"{call}: frame {frame} is out of range; this machine has {last + 1} frames (0-{last})"
        if type(protection) is not Protection:
            return f"{call}: {protection!r} is not a Protection"
        return f"{call}: frame {frame} is free; allocate it first"


def flags_of(flags: int) -> tuple[Protection, bool]:
    """Return the protection and cow bit of a logged `flags`."""
    return PROTECTIONS[flags & 7], bool(flags & COW)
