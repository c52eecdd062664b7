"""What is said of a handler that returned while the access was still refused."""

import pytest

from grader.compare.stuck import stuck
from grader.grade.attempt import attempt_here
from grader.lab.reference import reference_output
from grader.machine import Protection, SegmentationFault
from grader.replay.simulated import replay
from tests.kernels import SmallKernel
from tests.messages import assert_message
from tests.scenario.test_loader import parse

SCENARIO = parse("write: {by: P, at: 'h[1]', value: 1}")
WILD = parse("read: {by: P, at: 'h[4]', expect: {outcome: segv}}")


class MapsAnAddress(SmallKernel):
    """Takes the address for a page number."""

    def page_fault(self, process, fault):
        process.page_table.map(fault.address, self.hw.frames.allocate(), Protection.READ | Protection.WRITE)


class ReturnsEarly(SmallKernel):
    """Does nothing."""

    def page_fault(self, process, fault):
        return "done"


class MapsReadOnly(SmallKernel):
    """Makes an entry that does not allow the write."""

    def page_fault(self, process, fault):
        page = self.hw.page_of(fault.address)
        if process.page_table.get(page) is None:
            process.page_table.map(page, self.hw.frames.allocate(), Protection.READ)


class ReturnsTheException(SmallKernel):
    """Returns SegmentationFault instead of raising it."""

    def page_fault(self, process, fault):
        return SegmentationFault


@pytest.mark.parametrize(
    ("kernel", "scenario"),
    [(MapsAnAddress, SCENARIO), (ReturnsEarly, SCENARIO), (MapsReadOnly, SCENARIO), (ReturnsTheException, WILD)],
)
def test_each_cause_has_its_words(kernel, scenario):
    """The access, what the page table held, what the reference does, and what most likely happened."""
    expected = reference_output(scenario, SmallKernel)[0].traces[0]
    attempt = attempt_here(scenario, expected, kernel)

    assert attempt.verdict == "no_progress"
    assert_message(f"stuck-{kernel.__name__}", "\n".join(attempt.lines) + "\n")


@pytest.mark.parametrize(
    ("kernel", "scenario"),
    [(MapsAnAddress, SCENARIO), (ReturnsEarly, SCENARIO), (MapsReadOnly, SCENARIO), (ReturnsTheException, WILD)],
)
def test_a_kernel_in_c_reads_what_c_does(kernel, scenario):
    """It returns errors and raises nothing, and what it returns is looked at."""
    expected = reference_output(scenario, SmallKernel)[0].traces[0]
    records = list(attempt_here(scenario, expected, kernel).records)

    assert_message(f"stuck-c-{kernel.__name__}", "\n".join(stuck(scenario, expected, records, "c")) + "\n")


def test_the_address_is_the_byte_that_was_touched():
    """It is what the kernel was called with, so a kernel that took it for a page number is recognised there too."""
    scenario = parse("write: {by: P, at: 'h[1]+3', value: 1}")
    lines = attempt_here(scenario, replay(scenario, SmallKernel), MapsAnAddress).lines

    assert "    the access    write page 17 (P:h[1], address 139)" in lines
    assert "  Page 139 was mapped; the fault was in page 17 (address 139)." in lines
