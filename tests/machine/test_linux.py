"""The machine with the Linux profile: what it counts, what it calls the kernel for, and what its audit allows."""

import pytest

from grader.machine import Access, Protection
from grader.machine.linux import LinuxMachine
from grader.machine.machine import Machine
from grader.machine.outcome import FileSpec
from tests.kernels import SmallKernel

RW = Protection.READ | Protection.WRITE
R = Protection.READ


class Noting(SmallKernel):
    """Notes which methods the machine calls; user_access must not be one of them."""

    def __init__(self, hw):
        super().__init__(hw)
        self.calls = []

    def page_fault(self, process, fault):
        self.calls.append((str(fault.access), self.hw.page_of(fault.address)))
        super().page_fault(process, fault)

    def madvise(self, process, start, pages, advice):
        self.calls.append((advice, pages))

    def mlock(self, process, start, pages):
        self.calls.append(("mlock", pages))


class Run:
    """A machine, its first process with two pages from page 16 on, and what each step did."""

    def __init__(self, kind=LinuxMachine, kernel=Noting, protection=RW, **given):
        self.machine = kind(kernel, frames=16, **given)
        self.p = self.machine.spawn()
        self.step("mmap", self.p, 2, protection)

    def step(self, method, *arguments, **fields):
        self.machine.begin()
        outcome = getattr(self.machine, method)(*arguments, **fields)
        return outcome, self.machine.observe()


def test_a_refused_access_is_counted_by_the_textbook_only():
    """Rule 29: both machines kill the process; only the textbook's counts a fault."""
    for kind, faults in ((Machine, (1, 0)), (LinuxMachine, (0, 0))):
        run = Run(kind, SmallKernel)

        outcome, seen = run.step("access", run.p, 40, 1, 0, Access.READ)

        assert (outcome, seen.faults, run.p._alive) == ("segv", faults, False)


def test_a_handler_survives_a_sigsegv_and_no_other_end():
    """The process lives on after a SIGSEGV; running out of memory still kills it."""
    run = Run(kernel=SmallKernel)
    assert run.step("surviving", run.p, 40, 1, 0, Access.READ, ())[0] == "segv" and run.p._alive

    run.machine.failure.arm("allocate", 0)
    assert run.step("surviving", run.p, 16, 1, 0, Access.WRITE, [1])[0] == "oom" and not run.p._alive
    assert run.step("exit", run.machine.spawn())[0] == "ok"


def test_the_kernel_s_own_access_is_a_fault_page_by_page():
    """Rules 5 and 46: page_fault is called for each page, faults count, and the good part is written."""
    run = Run()

    outcome, seen = run.step("copy_user", run.p, 16, 3, 0, 24, Access.WRITE, [7, 7, 7])

    assert (outcome, seen.faults, run.p._alive) == ("error", (2, 0), True)
    assert run.machine.kernel.calls == [("write", 16), ("write", 17), ("write", 18)]
    assert run.step("access", run.p, 16, 2, 0, Access.READ)[1].values == [7, 7]


@pytest.mark.parametrize(("protection", "access"), [(RW, "write"), (R, "read")])
def test_populating_is_the_machine_s(protection, access):
    """mlock and MAP_POPULATE touch every page: private writable ones as a write, others as a read."""
    run = Run(protection=protection)

    outcome, seen = run.step("mlock", run.p, 16, 2)

    assert (outcome, seen.faults) == ("ok", (2, 0))
    assert run.machine.kernel.calls == [("mlock", 2), (access, 16), (access, 17)]


def test_populating_without_rights_is_an_error():
    """madvise(populate_write) of memory that may only be read fails and calls nothing."""
    run = Run(protection=R)

    assert run.step("madvise", run.p, 16, 2, "populate_write")[0] == "error"
    assert run.machine.kernel.calls == []


def test_the_record_of_a_child_leaves_out_what_madvise_kept_back():
    """After dontfork the child's record has no region there, so an entry in it is a finding."""
    run = Run()
    run.step("madvise", run.p, 16, 1, "dontfork")
    run.machine.begin()
    _, child = run.machine.fork(run.p)

    assert [(r.first_page, r.pages) for r in child._regions] == [(17, 1)]
    assert [(r.first_page, r.pages) for r in run.p._regions] == [(16, 2)]


class Caching(SmallKernel):
    """Reads pages of files into frames, and forgets them."""

    def read(self, index, count=1):
        file = self.hw.files._files[0]
        for _ in range(count):
            self.hw.files.read(file, index, self.hw.frames.allocate())

    def mmap(self, process, region):
        super().mmap(process, region)
        if region.file is not None:
            self.read(0)


def test_the_page_cache_needs_no_mapping():
    """Rule 44: a frame that holds a page of a file is owned, even if no region shows the file; elsewhere it is lost."""
    for kind, findings in ((Machine, ["A2"]), (LinuxMachine, [])):
        run = Run(kind, Caching, files=[FileSpec("notes", 2, (1, 2))])
        run.step("mmap", run.p, 1, R, file="notes", at=8 * 40)

        assert [f.check for f in run.step("munmap", run.p, 40, 1)[1].findings] == findings


def test_a_page_that_is_cached_twice_is_a_leak():
    """What may stay at the end is one frame for each page of a file."""
    run = Run(kernel=Caching, files=[FileSpec("notes", 2, (1, 2))])
    run.machine.kernel.read(0, count=2)
    run.machine.kernel.read(1)

    _, seen = run.step("exit", run.p)

    assert (seen.frames, run.machine.kept_frames()) == (3, 2)


def test_cached_files_are_in_frames_that_the_kernel_can_ask_for():
    """hw.files.cached gives the frames of a file that was in memory before; of others, nothing."""
    run = Run(files=[FileSpec("warm", 2, (1, 2), True, True), FileSpec("cold", 1, (9,))])
    warm, cold = run.machine.files.values()

    held = run.machine.hw.files.cached(warm)

    assert [run.machine._frames._contents[held[page]].byte(0) for page in (0, 1)] == [1, 2]
    assert run.machine.hw.files.cached(cold) == {} and run.machine._disk.reads == 0
