"""Correct kernels in the worlds that the labs name: all that the tests have, and the variants of each reference."""

import pytest

from grader.lab.lab import load_lab
from grader.lab.mistakes import variant_kernels
from grader.verify.verify import verify_kernel, worlds
from tests.conftest import ROOT
from tests.reference import file_backed_kernels, linux_kernels, swapping_kernels, tlb_kernels
from tests.reference.alternatives import ALTERNATIVES
from tests.reference.students import student

#: The first labs, where students build kernels of their own as well.
FIRST = ("demand-paging", "copy-on-write")

#: Lab -> steps up to which its worlds are explored, unless they close before; 3 in the others, which have most worlds.
STEPS = {"demand-paging": 5, "copy-on-write": 5, "shared-memory": 4, "kernel-access": 4}

#: Lab -> correct kernels that are built differently.
CORRECT = {
    **{name: [*kernels, student()] if name in FIRST else kernels for name, kernels in ALTERNATIVES.items()},
    "file-backed": file_backed_kernels.KERNELS,
    "swapping": swapping_kernels.KERNELS,
    "tlb": tlb_kernels.KERNELS,
    "linux": linux_kernels.KERNELS,
}


def assert_no_difference(lab, kernel):
    """No difference in any world of the lab, of as many steps as STEPS says."""
    for world in worlds(lab):
        found = verify_kernel(lab, world, kernel, STEPS.get(lab.name, 3))
        assert found.outcome.difference is None, (world.name, found.attempt and found.attempt.lines)
        assert found.outcome.merged, (world.name, found.outcome.reason)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "kernel"), [(name, kernel) for name, kernels in CORRECT.items() for kernel in kernels]
)
def test_a_correct_kernel_has_no_difference(name, kernel):
    """However it keeps its books; and two states of it can be compared."""
    assert_no_difference(load_lab(ROOT / "labs" / name), kernel)


@pytest.mark.proof
@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_variant_of_the_reference_has_no_difference(name):
    """A student's own scenarios must hold on each of them, so none may do what the contract forbids."""
    lab = load_lab(ROOT / "labs" / name)
    for kernel in variant_kernels(lab).values():
        assert_no_difference(lab, kernel)
