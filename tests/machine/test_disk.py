"""Swap and files."""

import pytest

from grader.machine import HardwareError, OutOfMemory
from grader.machine.image import Image
from grader.machine.outcome import FileSpec

NOTES = FileSpec("notes", 3, (65, 66, 67))
FIXED = FileSpec("fixed", 1, (1,), False)


def test_a_page_comes_back_from_swap_as_it_went(bare):
    """Contents survive write and read; each move is counted, and the slot stays in use until it is freed."""
    machine, hw, _ = bare(swap=2)
    frame = hw.frames.allocate()
    hw.frames.zero(frame)
    machine._frames._contents[frame] = Image(0, ((3, 9),))
    slot = hw.swap.write(frame)
    hw.frames.zero(frame)
    hw.swap.read(slot, frame)

    assert machine._frames._contents[frame].byte(3) == 9
    assert (machine._disk.reads, machine._disk.writes, hw.swap._in_use) == (1, 1, 1)


def test_a_machine_without_swap_has_none(bare):
    """hw.swap is None where the machine has no slots."""
    assert bare()[1].swap is None


def test_full_swap_raises_out_of_memory(bare):
    """swap.write with no slot free says how many there are."""
    _, hw, _ = bare(swap=1)
    frame = hw.frames.allocate()
    hw.swap.write(frame)

    with pytest.raises(OutOfMemory, match="all 1 slots are in use"):
        hw.swap.write(frame)


@pytest.mark.parametrize("slot", [0, 7, -1, None])
def test_a_slot_that_is_not_in_use_is_refused(bare, slot):
    """Reading or freeing such a slot is a hardware error that lists the slots in use."""
    _, hw, _ = bare(swap=2)
    frame = hw.frames.allocate()

    for call in (lambda: hw.swap.read(slot, frame), lambda: hw.swap.free(slot)):
        with pytest.raises(HardwareError, match=r"is not in use \(slots in use: \[\]\)"):
            call()


def test_file_pages_move_both_ways(bare):
    """files.read brings a page in, files.write puts a frame on disk, where the next read finds it."""
    machine, hw, _ = bare(files=[NOTES])
    notes = machine.files["notes"]
    frame = hw.frames.allocate()
    hw.files.read(notes, 1, frame)
    first = machine._frames._contents[frame].byte(0)
    machine._frames._contents[frame] = Image(66, ((0, 90),))
    hw.files.write(notes, 1, frame)

    assert first == 66
    assert notes._images[1].byte(0) == 90


def test_a_page_past_the_end_of_a_file_is_refused(bare):
    """The message has the page and how many there are."""
    machine, hw, _ = bare(files=[NOTES])

    with pytest.raises(HardwareError, match=r"files.read\(notes, 3\): notes has 3 pages \(0-2\)"):
        hw.files.read(machine.files["notes"], 3, hw.frames.allocate())


def test_a_read_only_file_is_not_written(bare):
    """files.write to a read-only file is refused by the hardware."""
    machine, hw, _ = bare(files=[FIXED])

    with pytest.raises(HardwareError, match="read-only"):
        hw.files.write(machine.files["fixed"], 0, hw.frames.allocate())


def test_what_is_no_file_of_this_machine_is_refused(bare):
    """A file of another machine, or anything else, is refused."""
    machine, _, _ = bare(files=[NOTES])
    _, hw, _ = bare(files=[NOTES])

    with pytest.raises(HardwareError, match="not a file of this machine"):
        hw.files.read(machine.files["notes"], 0, hw.frames.allocate())
