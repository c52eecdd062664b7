"""The access loop, system calls, deaths and forks."""

import pytest

from grader.machine import Access, Kernel, OutOfMemory, Protection, SegmentationFault
from grader.machine.machine import ERROR, OK, OOM, SEGV, KernelCrash, Machine, NoProgress
from tests.kernels import SmallKernel

RW = Protection.READ | Protection.WRITE
READ, WRITE = Access.READ, Access.WRITE


def write(machine, process, page, value, offset=0):
    machine.begin()
    return machine.access(process, page, 1, offset, WRITE, [value])


def read(machine, process, page, offset=0):
    machine.begin()
    outcome = machine.access(process, page, 1, offset, READ)
    return outcome, machine.observe().values


def test_first_touch_faults_once_and_then_no_more(boot):
    """A first write is one fault, a second write none, and the value reads back."""
    machine, process = boot()
    machine.mmap(process, 2, RW)
    faults = []
    for value in (7, 8):
        write(machine, process, 16, value)
        faults.append(machine.observe().faults)

    assert faults == [(1, 0), (0, 0)]
    assert read(machine, process, 16) == (OK, [8])


def test_a_machine_knows_its_own_page_size_in_the_middle_of_anothers_step():
    """Two threads may each have a machine: a region is cut into the pages of the machine that it is on."""
    machine, other = Machine(SmallKernel, page_size=8), Machine(SmallKernel, page_size=32)
    process = machine.spawn()
    machine.begin()
    other.begin()

    assert machine.mmap(process, 1, RW, at=64) == OK
    assert [region.first_page for region in process._regions] == [8]


def test_a_range_is_accessed_page_by_page_up_to_the_first_failure(boot):
    """Of three pages of which the last is unmapped, two are written before the process is killed."""
    machine, process = boot()
    machine.mmap(process, 2, RW)
    machine.begin()

    assert machine.access(process, 16, 3, 0, WRITE, [1, 2, 3]) == SEGV
    assert machine.observe().faults == (3, 0)


def test_a_kill_releases_everything_in_the_same_step(boot):
    """After a segv no frame is in use and the process is gone."""
    machine, process = boot()
    machine.mmap(process, 1, RW)
    write(machine, process, 16, 1)
    outcome = write(machine, process, 99, 1)
    seen = machine.observe()

    assert (outcome, seen.frames, list(machine.processes)) == (SEGV, 0, [])


def test_out_of_frames_from_a_fault_kills_with_oom(boot):
    """The third page on a machine of two frames kills the process that asked for it."""
    machine, process = boot(frames=2)
    machine.mmap(process, 3, RW)
    machine.begin()

    assert machine.access(process, 16, 3, 0, WRITE, [1, 1, 1]) == OOM


def test_a_kernel_that_never_maps_makes_no_progress():
    """After two calls the third refusal ends the run, and counts as a third fault."""

    class Idle(SmallKernel):
        def page_fault(self, process, fault):
            pass

    machine = Machine(Idle)
    process = machine.spawn()

    with pytest.raises(NoProgress, match="page 16: the write is still refused after 2 calls"):
        write(machine, process, 16, 1)
    assert machine.observe().faults == (3, 0)


def test_a_kernel_may_need_two_calls():
    """An access that the second call makes possible goes through, and counts two faults."""

    class Slow(SmallKernel):
        calls = 0

        def page_fault(self, process, fault):
            self.calls += 1
            if self.calls % 2 == 0:
                super().page_fault(process, fault)

    machine = Machine(Slow)
    process = machine.spawn()
    machine.mmap(process, 1, RW)

    assert write(machine, process, 16, 1) == OK
    assert machine.observe().faults == (2, 0)


def test_the_fault_says_where_how_and_whether_present(boot):
    """address has the byte's offset, access the kind, present whether there is an entry."""
    seen = []

    class Watching(SmallKernel):
        def page_fault(self, process, fault):
            seen.append(tuple(fault))
            super().page_fault(process, fault)

    machine, process = boot(Watching)
    machine.mmap(process, 1, RW)
    machine.access(process, 16, 1, 3, READ)
    machine.fork(process)
    machine.access(process, 16, 1, 5, WRITE, [1])

    assert seen == [(16 * 8 + 3, READ, False), (16 * 8 + 5, WRITE, True)]


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(0), RecursionError()])
def test_anything_else_that_escapes_is_a_crash(error):
    """Exceptions that are no answer, SystemExit included, end the run as a crash that keeps the cause."""

    class Broken(SmallKernel):
        def page_fault(self, process, fault):
            raise error

    machine = Machine(Broken)
    process = machine.spawn()

    with pytest.raises(KernelCrash, match="page_fault raised") as caught:
        write(machine, process, 16, 1)
    assert caught.value.cause is error


def test_any_exception_from_exit_is_a_crash(boot):
    """exit has nobody to answer to: even OutOfMemory from it is a crash."""

    class Refusing(SmallKernel):
        def exit(self, process):
            raise OutOfMemory

    machine, process = boot(Refusing)

    with pytest.raises(KernelCrash, match="exit raised OutOfMemory"):
        machine.exit(process)


def test_a_method_that_is_not_implemented_is_a_crash_with_its_name():
    """The bare Kernel's methods raise NotImplementedError, which the machine reports as such."""
    machine = Machine(Kernel)
    process = machine.spawn()

    with pytest.raises(KernelCrash) as caught:
        machine.mmap(process, 1, RW)
    assert isinstance(caught.value.cause, NotImplementedError)


def test_the_first_mapping_starts_at_page_16_and_the_next_leaves_one_page(boot):
    """Starts are the machine's choice: page 16, then one unmapped page between mappings, also after an munmap."""
    machine, process = boot()
    starts = []
    for pages in (3, 1):
        machine.mmap(process, pages, RW)
        starts.append(machine.start // 8)
    machine.munmap(process, 20, 1)
    machine.mmap(process, 1, RW)

    assert [*starts, machine.start // 8] == [16, 20, 22]


def test_a_child_goes_on_after_the_mappings_it_inherited(boot):
    """The highest page ever mapped counts inherited mappings."""
    machine, process = boot()
    machine.mmap(process, 4, RW)
    _, child = machine.fork(process)
    machine.mmap(child, 1, RW)

    assert machine.start // 8 == 21


def test_errors_of_calls_leave_the_process_alive(boot):
    """An overlapping mmap is an error of that call; the process lives and its memory is as before."""
    machine, process = boot()
    machine.mmap(process, 2, RW)
    outcome = machine.mmap(process, 1, RW, at=17 * 8)

    assert (outcome, process.pid in machine.processes) == (ERROR, True)


def test_a_segmentation_fault_from_a_call_kills(boot):
    """SegmentationFault from munmap kills the caller."""

    class Strict(SmallKernel):
        def munmap(self, process, start, pages):
            raise SegmentationFault

    machine, process = boot(Strict)

    assert machine.munmap(process, 16, 1) == SEGV
    assert not machine.processes


def test_fork_beyond_the_limit_does_not_reach_the_kernel(boot):
    """With max_processes alive, fork is an error, and no pid is used up."""
    machine, process = boot(max_processes=2)
    _, child = machine.fork(process)

    assert machine.fork(process) == (ERROR, None)
    machine.exit(child)
    assert machine.fork(process)[1].pid == 3


def test_pids_are_never_reused(boot):
    """A child that follows a dead one gets a new pid."""
    machine, process = boot()
    _, first = machine.fork(process)
    machine.exit(first)

    assert machine.fork(process)[1].pid == first.pid + 1


def test_a_failed_fork_that_leaves_entries_is_found(boot):
    """Entries left in the child, or changed in the parent, after a failed fork are an audit finding."""
    machine, process = boot()
    machine.mmap(process, 2, RW)
    for page in (16, 17):
        write(machine, process, page, 1)
    machine.begin()
    machine.failure.arm("map", 1)
    outcome, child = machine.fork(process)
    findings = machine.observe().findings

    assert (outcome, child) == (ERROR, None)
    assert [f.check for f in findings] == ["FORK"]
    assert (1, 16) in findings[0].entries and (2, 16) in findings[0].entries


def test_kernel_access_counts_no_fault_and_moves_bytes(boot):
    """copy_to_user materialises an untouched page without a counted fault; the process then reads without one."""
    machine, process = boot()
    machine.mmap(process, 2, RW)
    machine.begin()
    outcome = machine.copy_user(process, 16, 2, 0, 16, WRITE, [7, 7])
    faults = machine.observe().faults

    assert (outcome, faults) == (OK, (0, 0))
    assert read(machine, process, 17) == (OK, [7])


def test_kernel_access_without_rights_is_an_error_and_nobody_dies(boot):
    """Copying into a read-only page is the caller's error."""
    machine, process = boot()
    machine.mmap(process, 1, Protection.READ)

    assert machine.copy_user(process, 16, 1, 0, 8, WRITE, [7]) == ERROR
    assert process.pid in machine.processes


def test_kernel_access_to_a_page_still_absent_makes_no_progress(boot):
    """A user_access that returns without making the page present is no progress."""

    class Idle(SmallKernel):
        def user_access(self, process, address, length, access):
            pass

    machine, process = boot(Idle)
    machine.mmap(process, 1, RW)

    with pytest.raises(NoProgress):
        machine.copy_user(process, 16, 1, 0, 1, READ)


def test_two_machines_live_side_by_side(boot):
    """Nothing is global: two machines with other page sizes, driven in turn, do not mix."""
    (small, p), (large, q) = boot(page_size=8), boot(page_size=4096)
    for machine, process in ((small, p), (large, q)):
        machine.begin()
        machine.mmap(process, 1, RW)
    write(small, p, 16, 1)
    write(large, q, 16, 2, offset=4095)

    assert read(small, p, 16) == (OK, [1])
    assert read(large, q, 16, offset=4095) == (OK, [2])
