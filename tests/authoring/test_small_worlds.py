"""A lab's correct variants in its small worlds, and misconceptions that no scenario shows."""

import pytest

from grader.authoring import mutants, small_worlds
from grader.authoring.reached import reached
from grader.authoring.small_worlds import explore_lab
from grader.lab.lab import load_lab
from grader.verify.verify import worlds
from tests.compare.test_judge import ParentWritable
from tests.kernels import SmallKernel


class Crashes(SmallKernel):
    def fork(self, parent, child):
        raise KeyError("parent")


def test_a_variant_that_differs_is_a_problem(lab, monkeypatch):
    """With the shortest scenario in words; one that agrees is none."""
    variants = {"keeps its books in one dict": SmallKernel, "is wrong": ParentWritable}
    monkeypatch.setattr(small_worlds, "variant_kernels", lambda lab: variants)
    found = explore_lab(load_lab(lab), [])

    assert (found.variants, found.worlds) == (2, 1)
    assert found.differing == [
        "the correct variant that is wrong differs in: P maps 1 private page rw- as h; P writes 1 to h[0]; P forks C1"
    ]


def test_a_misconception_that_shows_there_and_in_no_scenario_is_named(lab, monkeypatch):
    """A scenario to be written."""
    monkeypatch.setattr(small_worlds, "misconception_kernel", lambda lab, flag: ParentWritable)
    found = explore_lab(load_lab(lab), ["parent_w"])

    assert [step.verb for step in found.missed["parent_w"].steps] == ["mmap", "write", "fork"]


def test_a_reference_that_fails_in_a_world_is_a_problem(lab, monkeypatch):
    """It is reported with the world, and nothing raises."""
    monkeypatch.setattr(small_worlds, "variant_kernels", lambda lab: {"is like the reference": SmallKernel})
    monkeypatch.setattr("grader.verify.verify.reference_kernel", lambda lab: Crashes)
    [problem] = explore_lab(load_lab(lab), []).differing

    assert problem == (
        "scope one-page: the reference crashes in fork (KeyError: 'parent') in the last step of: "
        "P maps 1 private page rw- as h; P forks C1"
    )


def test_a_reference_without_variants_goes_through_the_worlds_alone(lab, monkeypatch):
    """A verb that it has not implemented is a problem of the lab's scope."""
    monkeypatch.setattr("grader.verify.verify.reference_kernel", lambda lab: Crashes)
    monkeypatch.setattr(small_worlds, "reference_kernel", lambda lab: Crashes)

    assert explore_lab(load_lab(lab), []).differing[0].startswith("scope one-page: the reference crashes in fork")


class Interrupted(SmallKernel):
    """Runs while somebody presses ctrl-C."""

    def fork(self, parent, child):
        raise KeyboardInterrupt


@pytest.mark.parametrize("of", ["variants", "mutants", "functions"])
def test_ctrl_c_ends_the_proof(lab, monkeypatch, of):
    """A world that was explored in part proves nothing: neither that a kernel agrees, nor what it does not run."""
    lab = load_lab(lab)
    monkeypatch.setattr(small_worlds, "variant_kernels", lambda lab: {"is stopped": Interrupted})
    proof = {
        "variants": lambda: explore_lab(lab, []),
        "mutants": lambda: mutants._difference(lab, Interrupted, worlds(lab)),
        "functions": lambda: reached(lab, Interrupted, 3),
    }
    with pytest.raises(KeyboardInterrupt):
        proof[of]()


@pytest.mark.proof
@pytest.mark.parametrize("name", ["shared-memory", "kernel-access"])
def test_the_variants_of_a_lab_agree(root, name):
    """Whatever the reference's correct variants do otherwise, no short scenario shows it."""
    assert explore_lab(load_lab(root / "labs" / name), []).differing == []
