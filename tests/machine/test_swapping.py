"""A small kernel that swaps, on the whole machine: eviction, major faults, slots."""

from grader.machine import Access, OutOfMemory, Protection
from grader.machine.machine import Machine
from tests.kernels import SmallKernel

RW = Protection.READ | Protection.WRITE


class SwappingKernel(SmallKernel):
    """Evicts private pages in the order of their first touch; slots[process, page] is where a page is."""

    def __init__(self, hw):
        super().__init__(hw)
        self.queue = []
        self.slots = {}

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        slot = self.slots.get((process, page))
        if slot is None:
            super().page_fault(process, fault)
        else:
            frame = self.hw.frames.allocate()
            self.hw.swap.read(slot, frame)
            self.hw.swap.free(slot)
            del self.slots[process, page]
            self.users[frame] = 1
            process.page_table.map(page, frame, self.of(process).find(page).protection)
        if not fault.present:
            self.queue.append((process, page))

    def evict(self):
        if not self.queue:
            raise OutOfMemory
        process, page = self.queue.pop(0)
        frame = process.page_table.get(page).frame
        self.slots[process, page] = self.hw.swap.write(frame)
        self.drop(process, page)

    def exit(self, process):
        self.queue = [(p, page) for p, page in self.queue if p is not process]
        for owner, page in [key for key in self.slots if key[0] is process]:
            self.hw.swap.free(self.slots.pop((owner, page)))
        super().exit(process)


def swapping(frames, slots, pages, **rest):
    machine = Machine(SwappingKernel, frames=frames, swap=slots, **rest)
    process = machine.spawn()
    machine.mmap(process, pages, RW)
    return machine, process


def step(machine, process, access, page, count=1, values=()):
    machine.begin()
    outcome = machine.access(process, 16 + page, count, 0, access, values)
    return outcome, machine.observe()


def test_pages_go_out_and_come_back_with_their_contents():
    """Six pages live on four frames; each comes back by a major fault, with what was written."""
    machine, process = swapping(4, 8, 6)
    _, written = step(machine, process, Access.WRITE, 0, 6, [1, 2, 3, 4, 5, 6])
    _, seen = step(machine, process, Access.READ, 0, 6)

    assert (written.faults, written.writes, written.slots) == ((6, 0), 2, 2)
    assert (seen.values, seen.faults) == ([1, 2, 3, 4, 5, 6], (0, 6))
    assert seen.findings == []


def test_an_evicted_page_is_absent():
    """fault.present is false for a page that is out, and its entry is gone."""
    machine, process = swapping(1, 4, 2)
    step(machine, process, Access.WRITE, 0, 2, [1, 2])

    assert process.page_table.pages() == [17]


def test_exit_gives_back_slots():
    """After exit no frame and no slot is in use."""
    machine, process = swapping(2, 8, 5)
    step(machine, process, Access.WRITE, 0, 5, [1] * 5)
    machine.begin()
    machine.exit(process)
    seen = machine.observe()

    assert (seen.frames, seen.slots, seen.findings) == (0, 0, [])


def test_full_swap_kills_the_asker():
    """Where no slot is free either, the fault that needed one ends in oom."""
    machine, process = swapping(1, 1, 3)
    outcome, seen = step(machine, process, Access.WRITE, 0, 3, [1, 2, 3])

    assert (outcome, seen.frames, seen.slots) == ("oom", 0, 0)


def test_beladys_anomaly():
    """With FIFO replacement four frames fault more often than three (OSTEP, Beyond Physical Memory: Policies)."""
    totals = []
    for frames in (3, 4):
        machine, process = swapping(frames, 16, 5)
        faults = 0
        for page in (0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4):
            minor, major = step(machine, process, Access.WRITE, page, 1, [page])[1].faults
            faults += minor + major
        totals.append(faults)

    assert totals == [9, 10]


def test_a_stale_translation_outlives_an_eviction_that_does_not_flush():
    """Without a flush at eviction the TLB still shows the frame, with whatever is in it now."""

    class Unflushed(SwappingKernel):
        def drop(self, process, page):
            frame = process.page_table.get(page).frame
            process.page_table.unmap(page)
            self.users[frame] -= 1
            self.hw.frames.free(frame)

    machine = Machine(Unflushed, frames=1, swap=4, tlb=True)
    process = machine.spawn()
    machine.mmap(process, 2, RW)
    step(machine, process, Access.WRITE, 0, 2, [7, 8])

    assert step(machine, process, Access.READ, 0)[1].values == [8]
