"""The TLB."""

import pytest

from grader.machine import Access, HardwareError, Protection
from grader.machine.machine import OK, SEGV
from tests.kernels import SmallKernel

RW = Protection.READ | Protection.WRITE


class Forgetful(SmallKernel):
    """Never flushes."""

    def drop(self, process, page):
        frame = process.page_table.get(page).frame
        process.page_table.unmap(page)
        self.users[frame] -= 1
        if self.users[frame] == 0:
            self.hw.frames.free(frame)


def step(machine, process, access, value=0):
    machine.begin()
    outcome = machine.access(process, 16, 1, 0, access, [value])
    return outcome, machine.observe()


def test_a_stale_entry_is_used_until_it_is_flushed(boot):
    """After an munmap without flush the page still reads; after a flush it does not."""
    machine, process = boot(Forgetful, tlb=True)
    machine.mmap(process, 1, RW)
    step(machine, process, Access.WRITE, 7)
    machine.begin()
    machine.munmap(process, 16, 1)
    stale = machine.observe().stale
    outcome, _ = step(machine, process, Access.READ)
    machine.hw.tlb.flush(process, 16)

    assert list(stale) == [1]
    assert outcome == OK
    assert step(machine, process, Access.READ)[0] == SEGV


def test_a_cached_translation_that_refuses_is_looked_up_again(boot):
    """A page cached read-only and then upgraded in the table is written without a fault."""
    machine, process = boot(tlb=True)
    machine.mmap(process, 1, RW)
    step(machine, process, Access.WRITE)
    process.page_table.protect(16, Protection.READ)
    machine.hw.tlb.flush(process)
    step(machine, process, Access.READ)
    process.page_table.protect(16, RW)
    outcome, seen = step(machine, process, Access.WRITE)

    assert (outcome, seen.faults) == (OK, (0, 0))


def test_entries_are_tagged_by_process(boot):
    """Two processes with the same page number do not see each other's entries."""
    machine, process = boot(tlb=True)
    machine.mmap(process, 1, RW)
    step(machine, process, Access.WRITE, 5)
    machine.hw.tlb.flush(process)
    _, child = machine.fork(process)
    step(machine, child, Access.WRITE, 6)

    assert step(machine, process, Access.READ)[1].values == [5]


def test_without_a_tlb_flush_does_nothing(boot):
    """The handle is there in every machine."""
    machine, process = boot()

    assert machine.hw.tlb.flush(process, 3) is None


@pytest.mark.parametrize("page", [-1, "x", 2.5])
def test_flush_refuses_what_is_no_page(boot, page):
    """A page number that is none is a hardware error, TLB or not."""
    machine, process = boot()

    with pytest.raises(HardwareError, match=r"flush\(pid=1, page="):
        machine.hw.tlb.flush(process, page)
