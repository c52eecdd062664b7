"""Verifies a lab's correct variants in its worlds, and looks there for misconceptions that none of its scenarios shows.

A variant that differs is a fault of the reference, of the variant or of a world. A misconception that differs there and
in no scenario is a scenario to be written: the shortest is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from grader.lab.kernels import reference_kernel
from grader.lab.lab import Lab
from grader.lab.mistakes import misconception_kernel, variant_kernels
from grader.replay.simulated import MakeKernel
from grader.scenario.describe import in_words
from grader.scenario.model import Scenario
from grader.verify.product import ReferenceFault
from grader.verify.verify import verify_kernel, worlds

#: Steps to which each kernel is explored in each world.
STEPS = 5


class Explored(NamedTuple):
    """Holds what was found.

    differing  a sentence for each variant that differs
    missed     flag of a misconception -> the shortest scenario that shows it
    """

    variants: int
    worlds: int
    differing: list[str]
    missed: dict[str, Scenario]


def explore_lab(lab: Lab, unseen: Iterable[str], progress: Callable[[str], object] = lambda what: None) -> Explored:
    """Explore the worlds of a lab. unseen: misconceptions that no scenario of the lab catches.

    Without variants, the reference goes through the worlds alone.
    """
    variants = variant_kernels(lab)
    kernels = {f"the correct variant that {what}": kernel for what, kernel in variants.items()}
    differing = []
    for what, kernel in (kernels or {"the reference": reference_kernel(lab)}).items():
        progress(what)
        found = _difference(lab, kernel)
        if isinstance(found, str):
            return Explored(len(variants), len(worlds(lab)), [found], {})  # every kernel would show it
        if found is not None:
            fault = "differs" if kernels else "leaves something behind"
            differing.append(f"{what} {fault} in: {in_words(found.steps)}")
    missed = {}
    for flag in unseen:
        progress(flag)
        found = _difference(lab, misconception_kernel(lab, flag))
        if isinstance(found, Scenario):
            missed[flag] = found
    return Explored(len(variants), len(worlds(lab)), differing, missed)


def _difference(lab: Lab, kernel: MakeKernel) -> Scenario | str | None:
    """Return the scenario that shows a difference, or None; or what is wrong with the reference."""
    for world in worlds(lab):
        try:
            found = verify_kernel(lab, world, kernel, STEPS).outcome.whole().difference
        except ReferenceFault as fault:
            return str(fault)
        if found is not None:
            return found
    return None
