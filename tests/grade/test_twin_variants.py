"""Honest kernels never differ in a twin: every correct variant, every allocation order, several seeds."""

from collections import defaultdict
from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.twins import make_twins
from grader.grade.verdicts import PASSED
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.reference import reference_output
from grader.scenario.twin import disguise
from tests.conftest import ROOT
from tests.reference import file_backed_kernels, swapping_kernels, tlb_kernels
from tests.reference.alternatives import ALTERNATIVES

#: Every correct kernel of the tests, with the lab that it solves.
VARIANTS = [
    *((lab, kernel) for lab, kernels in ALTERNATIVES.items() for kernel in kernels),
    *(("file-backed", kernel) for kernel in file_backed_kernels.KERNELS),
    *(("swapping", kernel) for kernel in swapping_kernels.KERNELS),
    *(("tlb", kernel) for kernel in tlb_kernels.KERNELS),
]
ORDERS = ("lowest", "stride", "random")


@cache
def loaded(name):
    """Return a lab of the repository."""
    return load_lab(ROOT / "labs" / name)


@cache
def twins_in(name, seed, order):
    """Return the twins of a lab's public scenarios whose machines hand out frames in an order."""
    lab = loaded(name)
    twins, problems = make_twins(lab, [in_order(s, order) for s in lab.scenarios], defaultdict(lambda: seed))
    assert problems == []
    return twins


def differing(name, kernel, seed, order):
    """Return the scenarios in whose twins a kernel does not pass."""
    twins = twins_in(name, seed, order)
    attempt = partial(attempt_here, make_kernel=kernel)
    return [id for id, twin in twins.items() if attempt_each(twin.scenario, twin.output, attempt).verdict != PASSED]


def in_order(scenario, order):
    """Return a scenario whose machine hands out frames in another order."""
    return scenario._replace(machine=scenario.machine._replace(allocation=order, seed=7))


@pytest.mark.proof
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", ["", "first", "second"])
@pytest.mark.parametrize(("name", "kernel"), VARIANTS, ids=lambda value: getattr(value, "__name__", value))
def test_no_correct_variant_differs_in_any_twin(name, kernel, seed, order):
    """Each correct kernel passes the twins of all public scenarios of its lab."""
    assert differing(name, kernel, seed, order) == []


@settings(max_examples=25)
@given(st.sampled_from(VARIANTS), st.text(max_size=6), st.sampled_from(ORDERS), st.integers(0, 1000))
def test_a_correct_variant_passes_the_twin_of_any_scenario(variant, seed, order, number):
    """Whatever the kernel, the seed, the order of frames and the scenario."""
    name, kernel = variant
    lab = loaded(name)
    scenario = in_order(lab.scenarios[number % len(lab.scenarios)], order)
    twin = disguise(scenario, seed).scenario
    recording, problems = reference_output(twin, reference_kernel(lab))

    assert problems == []
    assert attempt_each(twin, recording, partial(attempt_here, make_kernel=kernel)).verdict == PASSED
