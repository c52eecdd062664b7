"""The reference kernel of swapping, rule by rule."""

import pytest

from grader.machine import Access, Protection
from grader.machine.machine import Machine
from grader.machine.outcome import FileSpec
from reference.swapping import SwappingKernel

RW = Protection.READ | Protection.WRITE
R = Protection.READ


class Run:
    """A machine with swap and a file of two pages, its first process, and what each step did."""

    def __init__(self, frames=3, swap=16, **machine):
        self.machine = Machine(
            SwappingKernel, frames=frames, swap=swap, files=[FileSpec("notes", 2, (1, 2))], **machine
        )
        self.kernel = self.machine.kernel
        self.p = self.machine.spawn()

    def step(self, method, *arguments, **fields):
        """One step of the machine: its outcome and what could be seen, which must pass the audit."""
        self.machine.begin()
        outcome = getattr(self.machine, method)(*arguments, **fields)
        seen = self.machine.observe()
        assert seen.findings == []
        return outcome, seen

    def map(self, pages, process=None, **fields):
        outcome, _ = self.step("mmap", process or self.p, pages, RW, **fields)
        assert outcome == "ok"
        return self.machine.start // 8

    def read(self, page, process=None):
        outcome, seen = self.step("access", process or self.p, page, 1, 0, Access.READ)
        return outcome, seen.values, seen.faults

    def write(self, page, value, process=None):
        outcome, seen = self.step("access", process or self.p, page, 1, 0, Access.WRITE, [value])
        return outcome, seen.copies, seen.faults

    def fill(self, page, pages, process=None):
        """Write 1, 2, 3 … to pages; what this did."""
        values = list(range(1, pages + 1))
        return self.step("access", process or self.p, page, pages, 0, Access.WRITE, values)[1]

    def fork(self):
        self.machine.begin()
        outcome, child = self.machine.fork(self.p)
        assert outcome == "ok" and self.machine.observe().findings == []
        return child

    def empty(self):
        """Whether nothing is in use once all processes have ended."""
        for process in list(self.machine.processes.values()):
            _, seen = self.step("exit", process)
        return (seen.frames, seen.slots) == (0, 0) and not self.kernel.out and not self.kernel.references


@pytest.fixture
def run():
    return Run()


def test_the_oldest_page_leaves_and_comes_back(run):
    """FIFO: page 3 takes the place of page 0, and page 0 that of page 1."""
    h = run.map(4)
    assert run.fill(h, 4).slots == 1

    assert run.p.page_table.pages() == [h + 1, h + 2, h + 3]
    assert run.read(h) == ("ok", [1], (0, 1))
    assert run.p.page_table.pages() == [h, h + 2, h + 3]
    assert run.empty()


def test_a_page_that_nobody_else_uses_comes_back_writable(run):
    """Its slot is free again, and a write needs no second fault."""
    h = run.map(4)
    run.fill(h, 4)
    run.read(h)

    assert run.write(h, 9) == ("ok", 0, (0, 0))


def test_the_clock_gives_a_second_chance():
    """A page that was used since the hand last came by stays, and the hand clears its bit."""
    run = Run(replacement="clock")
    h = run.map(5)
    run.fill(h, 4)  # the hand has cleared all bits, and taken page 0
    run.read(h + 1)
    run.write(h + 4, 5)

    assert run.p.page_table.pages() == [h + 1, h + 3, h + 4]
    assert not run.p.page_table.get(h + 1).accessed


def test_sharers_find_the_page_that_one_of_them_brought_back():
    """One major fault, one minor one, the same frame; the slot is free when the last has returned."""
    run = Run(frames=4)
    h = run.map(1)
    run.write(h, 7)
    child = run.fork()
    k = run.map(4, child)
    run.fill(k, 4, child)

    assert run.read(h) == ("ok", [7], (0, 1))
    assert len(run.kernel.out[child]) == 2
    assert run.read(h, child) == ("ok", [7], (1, 0))
    assert run.p.page_table.get(h).frame == child.page_table.get(h).frame
    assert run.empty()


@pytest.mark.parametrize("writer", ["first", "second"])
def test_a_page_that_was_shared_comes_back_shared(writer):
    """Who writes gets a copy, within the fault that brings the page back; the other still sees the old value."""
    run = Run(frames=3)
    h = run.map(1)
    run.write(h, 7)
    child = run.fork()
    k = run.map(3)
    run.fill(k, 3)
    if writer == "second":
        run.read(h, child)

    assert run.write(h, 8) == ("ok", 1, (0, 1) if writer == "first" else (1, 0))
    assert run.read(h, child)[1] == [7]
    assert run.empty()


def test_a_frame_that_still_has_its_slot_leaves_without_being_written(run):
    """Nobody could write to it, so what is on disk is still right."""
    h = run.map(1)
    run.write(h, 7)
    child = run.fork()
    k = run.map(3)
    run.fill(k, 3)
    run.read(h)
    run.read(k)
    run.read(k + 1)

    _, seen = run.step("access", run.p, k + 2, 1, 0, Access.READ)
    assert (seen.writes, seen.slots) == (0, 1)
    assert run.read(h, child)[1] == [7]
    assert run.empty()


def test_fork_shares_what_is_out(run):
    """The slot lives until the last sharer has gone."""
    h = run.map(4)
    run.fill(h, 4)
    child = run.fork()

    assert run.step("exit", child)[1].slots == 1
    assert run.read(h)[1] == [1]
    assert run.empty()


def test_a_fork_that_fails_leaves_slots_alone(run):
    """The parent still finds its page, and the slot goes when the parent does."""
    h = run.map(4)
    run.fill(h, 4)
    run.machine.begin()
    run.machine.failure.arm("map", 1)
    assert run.machine.fork(run.p)[0] == "error"
    assert run.machine.observe().findings == []

    assert run.read(h)[1] == [1]
    assert run.empty()


def test_munmap_frees_the_slots_of_its_range(run):
    """Only of these pages."""
    h = run.map(6)
    run.fill(h, 6)

    assert run.step("munmap", run.p, h, 2)[1].slots == 1
    assert run.read(h + 2)[1] == [3]


def test_shared_memory_and_files_stay():
    """Frames of objects are no victims; where nothing else is, the asker is out of memory."""
    run = Run(frames=3)
    s, m = run.map(1, shared=True), run.map(2, file="notes")
    run.write(s, 7)
    run.read(m)
    h = run.map(2)

    assert run.fill(h, 2).writes == 1
    assert run.step("access", run.p, m + 1, 1, 0, Access.WRITE, [5])[0] == "oom"


def test_a_private_copy_of_a_file_page_may_leave():
    """It comes back from its slot and not from the file."""
    run = Run(frames=3)
    m, h = run.map(1, file="notes"), run.map(2)
    run.write(m, 9)
    run.fill(h, 2)

    assert run.read(m) == ("ok", [9], (0, 1))


def test_full_swap_kills_the_asker_alone():
    """Nothing of the others is lost, and what the killed process had can be used again."""
    run = Run(frames=2, swap=1)
    h = run.map(2)
    run.fill(h, 2)
    child = run.fork()
    k = run.map(2, child)

    assert run.step("access", child, k, 2, 0, Access.WRITE, [1, 2])[0] == "oom"
    assert [run.read(h + page)[1] for page in range(2)] == [[1], [2]]
    assert run.empty()


def test_where_no_slot_is_free_a_frame_that_has_one_leaves():
    """The oldest frame needs a slot and there is none; the next one is on disk already."""
    run = Run(frames=2, swap=2)
    h = run.map(1)
    run.write(h, 7)
    child = run.fork()
    k = run.map(2)
    run.fill(k, 2)
    run.read(h)  # page k is out now, and h has a slot as well
    assert run.read(k)[2] == (0, 1)

    assert run.read(h, child) == ("ok", [7], (0, 1))


def test_a_copy_does_not_evict_its_source():
    """With two frames the copy takes the place of the other page."""
    run = Run(frames=2)
    h = run.map(2)
    run.fill(h, 2)
    child = run.fork()

    assert run.write(h, 8, child) == ("ok", 1, (1, 0))
    assert run.p.page_table.pages() == [h]
    assert run.read(h)[1] == [1]


def test_a_buffer_stays_together():
    """No page of a buffer leaves while the kernel makes the others ready; a longer buffer is an error."""
    run = Run(frames=2)
    h = run.map(3)
    run.write(h + 1, 5)
    run.write(h + 2, 6)

    assert run.step("copy_user", run.p, h, 2, 0, 16, Access.WRITE, [8, 9])[0] == "ok"
    assert run.p.page_table.pages() == [h, h + 1]
    assert run.step("copy_user", run.p, h, 3, 0, 24, Access.WRITE, [8, 9, 10])[0] == "error"
    assert run.read(h + 2)[1] == [6]


@pytest.mark.parametrize("operation", ["allocate", "map"])
def test_a_page_that_cannot_come_back_stays_where_it_is(run, operation):
    """The slot still has it, and no frame is lost."""
    h = run.map(4)
    run.fill(h, 4)
    run.machine.begin()
    run.machine.failure.arm(operation, 0)
    assert run.machine.copy_user(run.p, h, 1, 0, 8, Access.READ) == "error"
    assert run.machine.observe().findings == []

    assert run.read(h)[1] == [1]
    assert run.empty()


@pytest.mark.parametrize(("frames", "faults"), [(3, 9), (4, 10)])
def test_beladys_anomaly(frames, faults):
    """More memory, more faults (Belady, Nelson, Shedler 1969; the string is that of OSTEP, chapter 22)."""
    run = Run(frames=frames)
    h = run.map(5)
    counts = [run.write(h + page, 1)[2] for page in (0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4)]

    assert sum(minor + major for minor, major in counts) == faults
