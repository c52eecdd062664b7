"""Kernels for the lab swapping that are correct and different from the reference."""

import pathlib

import pytest

from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from reference.file_backed import FileBackedKernel
from tests.marks import ORDERS
from tests.reference.swapping_kernels import KERNELS


@pytest.fixture(scope="module")
def lab():
    return load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "swapping")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_correct_but_different_kernels_pass(lab, kernel, order):
    """How slots, sharers and the line are kept is free, and so is what is done first, under any allocation order."""
    for scenario in lab.all_scenarios:
        other = scenario._replace(machine=scenario.machine._replace(allocation=order, seed=4))
        attempt = attempt_each(other, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        assert attempt.verdict == "passed", (scenario.id, attempt.lines)


def test_a_kernel_that_evicts_nothing_fails_in_every_task(lab):
    """The kernel of the lab before, which has no evict: no task is left with full marks."""
    failed = set()
    for scenario in lab.all_scenarios:
        expected = load_recording(lab, scenario)
        attempt = attempt_each(scenario, expected, lambda s, e: attempt_here(s, e, FileBackedKernel))
        if attempt.verdict != "passed":
            failed.add(scenario.task)

    assert failed == {task.id for task in lab.tasks} - {"quiz"}
