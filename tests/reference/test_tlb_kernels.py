"""Kernels for the lab tlb that are correct and different from the reference, and the flushes that each may choose."""

import pathlib

import pytest

from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from reference.swapping import SwappingKernel
from tests.marks import ORDERS
from tests.reference.tlb_kernels import KERNELS


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
