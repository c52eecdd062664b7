"""Which pages leave for which slot, from the order in which entries go and frames are written."""

from grader.machine import Kernel, Protection
from grader.machine.machine import Machine
from grader.machine.moves import FREE, LEAVE, READ, WRITE, SwapMove, SwapMoves

RW = Protection.parse("rw-")


def booted():
    """A machine with swap, one process with a region of four pages, and its first page's number."""

    class Idle(Kernel):
        def mmap(self, process, region):
            pass

    machine = Machine(Idle, frames=4, swap=4)
    process = machine.spawn()
    machine.mmap(process, 4, RW)
    machine.begin()
    return machine, process, machine.start // 8


def test_a_frame_may_be_written_before_or_after_its_entries_go():
    """Both orders say the same: these pages left for this slot."""
    machine, process, page = booted()
    one, other = machine.hw.frames.allocate(), machine.hw.frames.allocate()
    process.page_table.map(page, one, RW)
    process.page_table.map(page + 1, other, RW)
    process.page_table.unmap(page)
    machine.hw.swap.write(one)
    machine.hw.swap.write(other)
    process.page_table.unmap(page + 1)

    assert machine.observe().swapped == [
        SwapMove(WRITE, 0, one),
        SwapMove(LEAVE, 0, one, ((1, page),)),
        SwapMove(WRITE, 1, other),
        SwapMove(LEAVE, 1, other, ((1, page + 1),)),
    ]


def test_a_page_leaves_without_a_write_for_the_slot_that_still_holds_it():
    """What was read from a slot and not changed needs no new one; once the slot is free it is no place to go."""
    machine, process, page = booted()
    frame = machine.hw.frames.allocate()
    slot = machine.hw.swap.write(frame)
    machine.hw.swap.read(slot, frame)
    process.page_table.map(page, frame, RW)
    process.page_table.unmap(page)
    process.page_table.map(page + 1, frame, RW)
    machine.hw.swap.free(slot)
    process.page_table.unmap(page + 1)

    assert machine.observe().swapped == [
        SwapMove(WRITE, slot, frame),
        SwapMove(READ, slot, frame),
        SwapMove(LEAVE, slot, frame, ((1, page),)),
        SwapMove(FREE, slot),
    ]


def test_a_page_that_moved_to_another_frame_does_not_leave_with_the_old_one():
    """Unmapped from a shared frame and mapped to a copy of its own, it stays, or leaves with the copy."""
    machine, process, page = booted()
    shared, copy = machine.hw.frames.allocate(), machine.hw.frames.allocate()
    table = process.page_table
    table.map(page, shared, RW)
    table.unmap(page)
    table.map(page, copy, RW)
    machine.hw.swap.write(shared)
    table.unmap(page)
    machine.hw.swap.write(copy)
    machine.hw.swap.write(shared)

    leaves = [move for move in machine.observe().swapped if move.kind == LEAVE]
    assert leaves == [SwapMove(LEAVE, 1, copy, ((1, page),))]


def test_pages_that_a_call_takes_for_good_do_not_leave():
    """munmap and exit end a page; it is not out afterwards."""
    machine, process, page = booted()
    frame = machine.hw.frames.allocate()
    machine.hw.swap.write(frame)
    process.page_table.map(page, frame, RW)
    process.page_table.unmap(page)
    process._regions.remove(page, 1)

    assert machine.observe().swapped == [SwapMove(WRITE, 0, frame)]


def test_a_frame_that_is_handed_out_again_is_another_one():
    """What it once held, and who mapped it then, does not count any more."""
    moves = SwapMoves()
    moves.written(0, 7)
    moves.entry_removed(7, 1, 20, {})
    moves.frame_reused(7)
    moves.moves.clear()
    moves.written(1, 7)
    moves.freed(1)
    moves.entry_removed(7, 1, 21, {})

    assert moves.moves == [SwapMove(WRITE, 1, 7), SwapMove(FREE, 1)]
