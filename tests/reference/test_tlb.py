"""The reference kernel of the TLB lab: what it flushes, and what it leaves alone."""

import pytest

from grader.machine import Access, Protection
from grader.machine.machine import Machine
from grader.machine.tlb import Tlb
from reference.tlb import TlbKernel

R = Protection.READ
RW = Protection.READ | Protection.WRITE


class Run:
    """A machine with a TLB, its first process, and the flushes since the last look."""

    def __init__(self, monkeypatch, **machine):
        self._flushes = []
        real = Tlb.flush

        def flush(tlb, process, page=None):
            self._flushes.append((process.pid, page))
            real(tlb, process, page)

        monkeypatch.setattr(Tlb, "flush", flush)
        self.machine = Machine(TlbKernel, tlb=True, **machine)
        self.p = self.machine.spawn()

    def step(self, method, *arguments, **fields):
        """One step, which must pass the audit and leave no copied entry that is stale; its answer."""
        self.machine.begin()
        answer = getattr(self.machine, method)(*arguments, **fields)
        seen = self.machine.observe()
        assert seen.findings == [] and not any(seen.stale.values())
        self.values = seen.values
        return answer

    def map(self, pages, rights=RW, **fields):
        """Map pages; the number of the first one."""
        assert self.step("mmap", self.p, pages, rights, **fields) == "ok"
        return self.machine.start // 8

    def write(self, process, page, *values):
        return self.step("access", process, page, len(values), 0, Access.WRITE, values)

    def read(self, process, page, count=1):
        assert self.step("access", process, page, count, 0, Access.READ) == "ok"
        return self.values

    def fork(self, process=None):
        outcome, child = self.step("fork", process or self.p)
        assert outcome == "ok"
        return child

    def flushed(self):
        """Pid and page of every flush since the last call."""
        seen = self._flushes[:]
        self._flushes.clear()
        return seen


@pytest.fixture
def run(monkeypatch):
    return Run(monkeypatch)


def test_fork_flushes_the_parents_writable_pages_only(run):
    """Pages that were read-only already, and shared ones, lose nothing; the child has nothing cached."""
    h, r, s = run.map(2), run.map(1, R), run.map(1, shared=True)
    run.write(run.p, h, 1, 2)
    run.read(run.p, r)
    run.write(run.p, s, 3)
    run.flushed()
    run.fork()

    assert run.flushed() == [(1, h), (1, h + 1)]
    run.fork()
    assert run.flushed() == []


def test_mprotect_flushes_where_a_right_is_lost(run):
    """Not for pages that were never touched, and not for rights that are given."""
    h = run.map(3)
    run.write(run.p, h, 1, 2)
    run.flushed()

    assert run.step("mprotect", run.p, h, 3, R) == "ok"
    assert run.flushed() == [(1, h), (1, h + 1)]
    assert run.step("mprotect", run.p, h, 3, RW) == "ok"
    assert run.flushed() == []
    assert run.step("mprotect", run.p, h, 4, R) == "error"
    assert run.flushed() == []


def test_munmap_flushes_what_was_present(run):
    """One flush a page that had an entry."""
    h = run.map(3)
    run.write(run.p, h + 1, 1)
    run.flushed()

    assert run.step("munmap", run.p, h, 3) == "ok"
    assert run.flushed() == [(1, h + 1)]


def test_a_copy_for_the_kernel_flushes_the_writer(run):
    """The writer's page has another frame; the other sharer's has not."""
    h = run.map(1)
    run.write(run.p, h, 5)
    child = run.fork()
    run.read(child, h)
    run.flushed()

    assert run.step("copy_user", child, h, 1, 0, 8, Access.WRITE, [7]) == "ok"
    assert run.flushed() == [(child.pid, h)]
    assert (run.read(child, h), run.read(run.p, h)) == ([7], [5])


def test_the_last_sharer_is_not_flushed(run):
    """It keeps its frame and gains a right, so what is cached may stay."""
    h = run.map(1)
    run.write(run.p, h, 5)
    run.step("exit", run.fork())
    run.read(run.p, h)
    run.flushed()

    assert run.write(run.p, h, 6) == "ok"
    assert run.flushed() == []


def test_exit_leaves_the_flush_to_the_machine(run):
    """The machine discards what is cached of a process that has gone."""
    h = run.map(2)
    run.write(run.p, h, 1, 2)
    child = run.fork()
    run.flushed()

    assert run.step("exit", child) == "ok"
    assert run.flushed() == []


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_failed_fork_leaves_nothing_stale(run, after):
    """Whatever was flushed on the way, entries and copied entries agree, and the next fork protects again."""
    h = run.map(3)
    run.write(run.p, h, 1, 2, 3)
    run.machine.failure.arm("map", after)
    assert run.step("fork", run.p) == ("error", None)
    run.machine.failure.disarm()
    child = run.fork()

    assert run.write(run.p, h, 4, 5, 6) == "ok"
    assert run.read(child, h, 3) == [1, 2, 3]
