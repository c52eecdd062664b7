"""Kernels for the lab tlb that are correct and different from the reference, and the flushes that each may choose."""

import pathlib

import pytest

from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from reference.swapping import SwappingKernel
from reference.tlb import TlbKernel
from tests.marks import ORDERS
from tests.reference.alternatives import FaultsByItself, UnmapsOneByOne, later
from tests.reference.tlb_kernels import RecordPerPage

METHODS = ("mmap", "munmap", "mprotect", "fork", "exit", "page_fault", "user_access", "evict")


def after_each(finish):
    """A swapping kernel that calls finish(kernel, its processes) at the end of every method, however that ends."""

    def wrapped(name):
        def method(self, *arguments):
            self.known = getattr(self, "known", {})
            for process in arguments[: 2 if name == "fork" else 1]:
                self.known.setdefault(process, {})
            try:
                return getattr(super(kernel, self), name)(*arguments)
            finally:
                finish(self, self.known)
                if name == "exit":
                    del self.known[arguments[0]]

        return method

    kernel = type(finish.__name__, (SwappingKernel,), {name: wrapped(name) for name in METHODS})
    return kernel


def flushes_everything(kernel, known):
    """Forget all pages of all processes after every call."""
    for process in known:
        kernel.hw.tlb.flush(process)


def flushes_what_changed(kernel, known):
    """Remember the page tables as they were after the last call, and flush every page that looks different."""
    for process, seen in known.items():
        table = process.page_table
        now = {page: (table.get(page).frame, table.get(page).protection) for page in table.pages()}
        for page in {*seen, *now}:
            if seen.get(page) != now.get(page):
                kernel.hw.tlb.flush(process, page)
        known[process] = now


def flushes_whole_processes(kernel, known):
    """As above, but a process of which any page changed is flushed as a whole."""
    for process, seen in known.items():
        table = process.page_table
        now = {page: (table.get(page).frame, table.get(page).protection) for page in table.pages()}
        if seen != now:
            kernel.hw.tlb.flush(process)
        known[process] = now


class FlushesFirst(SwappingKernel):
    """Before the change instead of after it: nobody runs in between."""

    def share_page(self, parent, child, page, entry):
        self.hw.tlb.flush(parent, page)
        super().share_page(parent, child, page, entry)

    def first_write(self, process, page, region):
        self.hw.tlb.flush(process, page)
        super().first_write(process, page, region)

    def mprotect(self, process, start, pages, protection):
        for page in range(pages):
            self.hw.tlb.flush(process, self.hw.page_of(start) + page)
        super().mprotect(process, start, pages, protection)

    def remove_page(self, process, page):
        self.hw.tlb.flush(process, page)
        super().remove_page(process, page)


class FlushesAtTheEndOfFork(TlbKernel):
    """fork succeeds first, and then flushes the parent as a whole; a failed one flushes nothing."""

    def share_page(self, parent, child, page, entry):
        super(TlbKernel, self).share_page(parent, child, page, entry)

    def fork(self, parent, child):
        super().fork(parent, child)
        self.hw.tlb.flush(parent)


class KernelPathOnly(TlbKernel):
    """Flushes a page that moved in user_access alone: after a page fault the hardware copies the entry anew."""

    def first_write(self, process, page, region):
        super(TlbKernel, self).first_write(process, page, region)

    def user_access(self, process, address, length, access):
        try:
            super().user_access(process, address, length, access)
        finally:
            for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
                self.hw.tlb.flush(process, page)


KERNELS = [
    RecordPerPage,
    *map(after_each, (flushes_everything, flushes_what_changed, flushes_whole_processes)),
    FlushesFirst,
    FlushesAtTheEndOfFork,
    KernelPathOnly,
    *(later(kernel, TlbKernel) for kernel in (UnmapsOneByOne, FaultsByItself)),
]


@pytest.fixture(scope="module")
def lab():
    return load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "tlb")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_correct_but_different_kernels_pass(lab, kernel, order):
    """When, how much and in which order one flushes is free, under any allocation order."""
    for scenario in lab.all_scenarios:
        other = scenario._replace(machine=scenario.machine._replace(allocation=order, seed=4))
        attempt = attempt_each(other, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        assert attempt.verdict == "passed", (scenario.id, attempt.lines)


def test_a_kernel_that_never_flushes_fails_in_every_task(lab):
    """The kernel of the lab before, on machines with a TLB: no task is left with full marks."""
    failed = set()
    for scenario in lab.all_scenarios:
        attempt = attempt_each(scenario, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, SwappingKernel))
        if attempt.verdict != "passed":
            failed.add(scenario.task)

    assert failed == {"rights", "fork", "frames", "eviction"}
