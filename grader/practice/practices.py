"""Defines the practices: a lab's program, its stops, and what a wrong prediction at each stop usually means."""

from __future__ import annotations

from typing import NamedTuple

#: New faults in the buffer, of the parent and of the child; None for a process that is not there.
Pair = tuple[int | None, int | None]


class Stop(NamedTuple):
    """A place where the program waits.

    does      what has happened since the stop before
    step      the same step of the scenario, from 1; 0 if the scenario has none
    expected  the new faults in the buffer, as the lab's rules give them
    rule      why
    wrong     a predicted number -> the misconception that gives it, and a sentence that answers it
    question  id of a quiz question that belongs here, or ""
    """

    does: str
    step: int
    expected: Pair
    rule: str
    wrong: dict[int, str]
    question: str = ""


class Practice(NamedTuple):
    """A program of a lab with its stops.

    scenario  the same on the simulated machine, or "" if the lab has no such scenario
    alive     the stops of the variant in which the child does not leave
    shared    whether the buffer is shared memory
    """

    lab: str
    scenario: str
    source: str
    stops: tuple[Stop, ...]
    alive: tuple[Stop, ...]
    lesson: str
    shared: bool = False


_MAPPED = Stop(
    "the parent maps a buffer of 1024 pages",
    1,
    (0, None),
    "mmap only notes what may be touched; no page has a frame yet.",
    {1024: "You expected mmap to allocate frames. It gives none: a frame comes with the first touch."},
)
_WRITTEN = Stop(
    "the parent writes one byte into each page",
    2,
    (1024, None),
    "Demand paging: each first touch is one fault, for one frame filled with zeros.",
    {
        0: "You expected the frames to be there since mmap. They come one by one, with the first touch.",
        1: "You expected one fault for the whole buffer. Every page has an entry and a fault of its own.",
    },
    "faults-before-fork",
)
_FORKED = Stop(
    "the parent forks; the child waits",
    3,
    (0, 0),
    "fork gives the child entries to the same frames, read-only on both sides. Nothing in the buffer faults.",
    {1024: "You expected fork to copy the buffer, or to make the child fault it in. Both now use the same frames."},
)
_READ = Stop(
    "the child reads the first 512 pages",
    4,
    (0, 0),
    "The child's pages are present since the fork, and reading is allowed. Reads are free.",
    {512: "You expected the child's pages to be absent. That would be demand paging; fork has made them present."},
)
_CHILD_WROTE = Stop(
    "the child writes the other 512 pages",
    5,
    (0, 512),
    "Copy-on-write: each first write to a shared page is one fault and one copy, for the process that writes.",
    {
        0: "You expected the child to write without a fault. Then its parent would find its own data changed.",
        1: "You expected one fault for all pages. The kernel copies page by page, at the write to each.",
        1024: "You expected the child to copy the whole buffer. Only the pages that it writes are copied.",
    },
    "faults-after-write",
)
_GONE = Stop(
    "the child exits",
    6,
    (0, None),
    "The parent is now the only user of its frames, but its entries do not change: they are still read-only.",
    {512: "You expected the child's end to cost the parent faults. It costs none; the parent pays when it writes."},
)
_PARENT_WROTE = Stop(
    "the parent writes all 1024 pages again",
    7,
    (1024, None),
    "fork left all 1024 entries read-only, and each faults at its next write. No other process uses the frames any "
    "more, so the kernel takes them over and copies none.",
    {
        0: "You expected the parent to be able to write again since the child has gone. The kernel does not look for "
        "entries to open; the parent finds out at its next write, one fault per page.",
        512: "You expected faults in one half only. fork made all 1024 pages read-only, whatever the child did later.",
    },
)
_PARENT_WROTE_ALIVE = _PARENT_WROTE._replace(
    step=0,
    expected=(1024, 0),
    rule="fork left all 1024 entries read-only. 512 frames are still shared with the living child and are copied; the "
    "child has copies of the other 512, so the parent takes those frames over.",
)
_GONE_ALIVE = _GONE._replace(step=0, rule="All pages of the parent are its own already.")

_SHARED_WRITTEN = _WRITTEN._replace(
    step=0, rule="Shared memory is given frames page by page as well, at the first touch.", question=""
)
_SHARED_FORKED = _FORKED._replace(
    step=0,
    rule="fork copies no entries of shared memory on Linux (in the lab it does). The child will find the same frames.",
)
_SHARED_READ = Stop(
    "the child reads the first 512 pages",
    0,
    (0, 32),
    "The pages are in memory, but the child has no entries yet. Each read fault maps the 16-page window around it: "
    "512 / 16 = 32. In the lab fork has copied the entries, and this is 0.",
    {
        0: "You expected fork to have copied the entries. That is how the lab does it; Linux leaves them out.",
        512: "You expected one fault per page. For a read, Linux maps all 16 pages of the window that are in memory.",
    },
)
_SHARED_WROTE = Stop(
    "the child writes the other 512 pages",
    0,
    (0, 512),
    "Each write fault maps one page: the parent's own frame, with the right to write. Nothing is copied. In the lab "
    "this is 0, because the entries are there and were never protected.",
    {
        0: "You expected the child to have entries since the fork. In the lab it has; Linux makes them at the touch.",
        32: "You expected windows again. A write fault maps only its own page.",
    },
)
_SHARED_GONE = _GONE._replace(step=0, rule="What the child wrote stays: the memory belongs to all who map it.")
_SHARED_SEEN = Stop(
    "the parent reads all 1024 pages",
    0,
    (0, None),
    "The parent's entries were never protected, and they lead to the frames that the child wrote into.",
    {
        512: "You expected the parent to fault on the child's pages. Both have had the same frames all the time.",
        1024: "You expected copy-on-write. It is switched off for shared memory, so no entry was protected.",
    },
)

PRACTICES = {
    "fork-faults": Practice(
        lab="copy-on-write",
        scenario="fork-faults",
        source="fork_faults.c",
        stops=(_MAPPED, _WRITTEN, _FORKED, _READ, _CHILD_WROTE, _GONE, _PARENT_WROTE),
        alive=(_MAPPED, _WRITTEN, _FORKED, _READ, _CHILD_WROTE, _PARENT_WROTE_ALIVE, _GONE_ALIVE),
        lesson="Demand paging puts off giving a page a frame until its first touch. Copy-on-write puts off giving a "
        "page a frame of its own until its first write: the page is mapped already, to a frame that others use too.",
    ),
    "shared-faults": Practice(
        lab="shared-memory",
        scenario="",
        source="shared_faults.c",
        stops=(
            _MAPPED._replace(step=0),
            _SHARED_WRITTEN,
            _SHARED_FORKED,
            _SHARED_READ,
            _SHARED_WROTE,
            _SHARED_GONE,
            _SHARED_SEEN,
        ),
        alive=(
            _MAPPED._replace(step=0),
            _SHARED_WRITTEN,
            _SHARED_FORKED,
            _SHARED_READ,
            _SHARED_WROTE,
            _SHARED_SEEN._replace(expected=(0, 0)),
            _SHARED_GONE,
        ),
        lesson="Private memory is copied at the first write, so that nobody sees it. Shared memory is never copied, so "
        "that everybody does.",
        shared=True,
    ),
}
