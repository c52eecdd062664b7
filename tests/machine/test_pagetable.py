"""Page tables."""

import pytest

from grader.machine import Access, HardwareError, OutOfFrames, Protection

RW = Protection.READ | Protection.WRITE


def test_an_entry_says_what_was_mapped(bare):
    """get gives frame, protection, cow, accessed and dirty; a fresh entry is neither accessed nor dirty."""
    _, hw, process = bare()
    frame = hw.frames.allocate()
    process.page_table.map(5, frame, RW, cow=True)

    assert process.page_table.get(5) == (frame, RW, True, False, False)


def test_an_entry_is_a_view_that_stays(bare):
    """An entry that was looked up does not change when the table does."""
    _, hw, process = bare()
    process.page_table.map(5, hw.frames.allocate(), RW)
    entry = process.page_table.get(5)
    process.page_table.protect(5, Protection.READ)

    assert entry.protection is RW
    with pytest.raises(AttributeError):
        entry.frame = 3


def test_map_replaces_and_clears_accessed_and_dirty(bare):
    """Mapping a present page again replaces the entry, with its used bits cleared."""
    machine, hw, process = bare()
    process.page_table.map(5, hw.frames.allocate(), RW)
    machine._mark_used(process, 5, 0, Access.WRITE)
    was_dirty = process.page_table.get(5).dirty
    process.page_table.map(5, hw.frames.allocate(), RW)

    assert was_dirty
    assert process.page_table.get(5) == (1, RW, False, False, False)


def test_protect_keeps_frame_and_cow_unless_told(bare):
    """protect changes the rights; cow changes only when it is given."""
    _, hw, process = bare()
    process.page_table.map(5, hw.frames.allocate(), RW, cow=True)
    process.page_table.protect(5, Protection.READ)
    kept = process.page_table.get(5).cow
    process.page_table.protect(5, RW, cow=False)

    assert kept
    assert process.page_table.get(5)[:3] == (0, RW, False)


def test_pages_is_an_ascending_snapshot(bare):
    """pages lists page numbers in order and may be walked while entries go."""
    _, hw, process = bare()
    for page in (9, 2, 5):
        process.page_table.map(page, hw.frames.allocate(), RW)

    for page in process.page_table.pages():
        process.page_table.unmap(page)

    assert process.page_table.pages() == []


def test_an_entry_without_rights_is_present(bare):
    """`---` is an entry all the same."""
    _, hw, process = bare()
    process.page_table.map(5, hw.frames.allocate(), Protection.NONE)

    assert process.page_table.get(5) is not None


@pytest.mark.parametrize("call", ["protect", "unmap", "clear_accessed"])
def test_calls_on_an_absent_page_name_it_and_its_neighbours(bare, call):
    """protect, unmap and clear_accessed of an absent page say which pages there are."""
    _, hw, process = bare()
    process.page_table.map(5, hw.frames.allocate(), RW)
    arguments = (RW,) if call == "protect" else ()

    with pytest.raises(HardwareError, match=rf"{call}\(pid=1, page=6\).*it has 1: 5"):
        getattr(process.page_table, call)(6, *arguments)


@pytest.mark.parametrize(
    ("page", "frame", "protection", "words"),
    [
        (-1, 0, RW, "a page number is 0 to"),
        (1 << 40, 0, RW, "a page number is 0 to"),
        ("5", 0, RW, "a page number is 0 to"),
        (5.0, 0, RW, "a page number is 0 to"),
        (5, 99, RW, r"frame 99 is out of range; this machine has 16 frames \(0-15\)"),
        (5, -1, RW, "out of range"),
        (5, 1, RW, "frame 1 is free; allocate it first"),
        (5, None, RW, "a frame is an int, not NoneType"),
        (5, 0, "rw-", "'rw-' is not a Protection"),
    ],
)
def test_map_refuses_nonsense_in_words(bare, page, frame, protection, words):
    """Whatever is wrong with a call of map, the message has the value and what is accepted; nothing changes."""
    _, hw, process = bare()
    hw.frames.allocate()

    with pytest.raises(HardwareError, match=words):
        process.page_table.map(page, frame, protection)
    assert process.page_table.pages() == []


def test_injected_map_failure_counts_new_entries_alone(bare):
    """Replacing an entry is no new entry: the failure waits for the next one that is, and leaves nothing behind."""
    machine, hw, process = bare()
    frame = hw.frames.allocate()
    process.page_table.map(5, frame, RW)
    machine.failure.arm("map", 0)
    process.page_table.map(5, frame, Protection.READ)

    with pytest.raises(OutOfFrames):
        process.page_table.map(6, frame, RW)
    assert process.page_table.pages() == [5]
