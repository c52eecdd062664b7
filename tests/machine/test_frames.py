"""Physical memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.machine import HardwareError, Kernel, OutOfFrames, OutOfMemory
from grader.machine.frames import ALLOCATION_ORDERS, Frames
from grader.machine.image import POISON, Image
from grader.machine.machine import Machine


def test_lowest_order_hands_out_the_lowest_free_frame():
    """A freed frame is handed out again before a fresh one."""
    frames = Frames(4)
    for _ in range(3):
        frames.allocate()
    frames.free(1)

    assert frames.allocate() == 1
    assert frames.allocate() == 3


@pytest.mark.parametrize("order", ALLOCATION_ORDERS)
@given(number=st.integers(1, 40), seed=st.integers(0, 99))
def test_every_order_hands_out_every_frame_once(order, number, seed):
    """Whatever the order, a machine of n frames hands out n different frames, and then none."""
    frames = Frames(number, allocation=order, seed=seed)

    assert {frames.allocate() for _ in range(number)} == set(range(number))
    with pytest.raises(OutOfFrames):
        frames.allocate()


def test_random_order_depends_on_the_seed_alone():
    """The same seed gives the same order, another seed another one."""
    orders = [[Frames(30, allocation="random", seed=s).allocate() for _ in range(1)] for s in (1, 1)]
    many = [tuple(f.allocate() for _ in range(30)) for f in (Frames(30, allocation="random", seed=s) for s in (1, 2))]

    assert orders[0] == orders[1]
    assert many[0] != many[1]


def test_fresh_and_freed_frames_are_poisoned():
    """A frame comes filled with poison, also when it was written and freed before."""
    frames = Frames(1)
    frame = frames.allocate()
    first = frames._contents[frame].byte(0)
    frames.zero(frame)
    frames._contents[frame] = Image(0, ((3, 9),))
    frames.free(frame)
    frames.allocate()

    assert (first, frames._contents[0].byte(3)) == (POISON, POISON)


def test_copy_copies_every_byte_and_counts():
    """All bytes of the source arrive, written ones too, and later writes to one do not show in the other."""
    frames = Frames(2)
    source, target = frames.allocate(), frames.allocate()
    frames.zero(source)
    frames._contents[source] = Image(0, ((5, 7),))
    frames.copy(source, target)
    frames._contents[source] = frames._contents[source].with_byte(5, 8)

    assert [frames._contents[target].byte(n) for n in (0, 5)] == [0, 7]
    assert frames._copies == 1


def test_copy_from_the_zero_frame_is_no_copy():
    """Copying the zero frame counts as zeroing (additions to the contract, 1)."""
    frames = Frames(2, zero_frame=True)
    target = frames.allocate()
    frames.copy(2, target)

    assert (frames._copies, frames._contents[target].byte(0), frames._in_use) == (0, 0, 1)


def test_double_free_names_the_frame():
    """Freeing a frame twice is refused in words."""
    frames = Frames(2)
    frames.free(frames.allocate())

    with pytest.raises(HardwareError, match=r"free\(0\): frame 0 is free"):
        frames.free(0)


@pytest.mark.parametrize("call", ["free", "zero"])
@pytest.mark.parametrize("frame", [-1, 2, 99, "a", None, 1.0])
def test_what_is_no_frame_is_refused(call, frame):
    """Numbers out of range and things that are no numbers raise HardwareError, never anything else."""
    frames = Frames(2)
    frames.allocate()

    with pytest.raises(HardwareError, match=call):
        getattr(frames, call)(frame)


def test_the_zero_frame_cannot_be_freed_or_written():
    """The zero frame is pinned: free and copy to it are refused."""
    frames = Frames(2, zero_frame=True)
    frame = frames.allocate()

    with pytest.raises(HardwareError, match="zero frame"):
        frames.free(2)
    with pytest.raises(HardwareError, match="zero frame"):
        frames.copy(frame, 2)


class Evicting(Kernel):
    """Frees frame 0 when asked; counts how often it was."""

    asked = 0

    def evict(self):
        self.asked += 1
        self.hw.frames.free(0)


def test_allocate_asks_evict_once_and_tries_again():
    """With no frame free, evict is called once and the frame it freed is handed out."""
    machine = Machine(Evicting, frames=2)
    for _ in range(2):
        machine.hw.frames.allocate()

    assert machine.hw.frames.allocate() == 0
    assert machine.kernel.asked == 1


def test_evict_that_frees_nothing_ends_in_out_of_frames():
    """An evict that returns without freeing leaves allocate with OutOfFrames."""

    class Idle(Kernel):
        def evict(self):
            pass

    machine = Machine(Idle, frames=1)
    machine.hw.frames.allocate()

    with pytest.raises(OutOfFrames, match=r"evict\(\) made none free"):
        machine.hw.frames.allocate()


def test_allocate_within_evict_does_not_evict_again():
    """An evict that allocates gets OutOfFrames, which is an OutOfMemory, instead of being called for ever."""

    class Greedy(Kernel):
        def evict(self):
            self.hw.frames.allocate()

    machine = Machine(Greedy, frames=1)
    machine.hw.frames.allocate()

    with pytest.raises(OutOfMemory, match="nothing could be evicted"):
        machine.hw.frames.allocate()


def test_injected_failure_fires_at_its_call_and_once():
    """after: 1 lets one allocate succeed and fails the second; the third works again."""
    machine = Machine(Kernel, frames=4)
    machine.failure.arm("allocate", 1)
    machine.hw.frames.allocate()

    with pytest.raises(OutOfFrames, match="scenario asked for"):
        machine.hw.frames.allocate()
    assert machine.failure.fired
    assert machine.hw.frames.allocate() == 1
