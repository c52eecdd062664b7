"""Kernels with one typical mistake each, for testing scenarios and for naming what a student believes.

A mistake is a mixin that overrides a method or two of a reference kernel; `kernel(flag, base)` puts it on top of a
lab's reference. `belief` completes the sentence "behaves like a kernel that …", `lab` is the lab that teaches the rule,
and `section` the handout's section to read again. The docstring says what shows the mistake.
"""

from __future__ import annotations

from typing import Any

from . import (
    copy_on_write,
    demand_paging,
    file_backed,
    kernel_access,
    linux,
    mapping,
    permissions,
    replacement,
    shared_memory,
    slots,
    swapping,
    tlb,
)
from .mistake import Mistake

#: Labs in the order in which a student meets them. A mistake can be made from the lab on that teaches its rule.
LABS = ("demand-paging", "copy-on-write", "shared-memory", "kernel-access", "file-backed", "swapping", "tlb", "linux")

#: (lab, earlier lab whose mistakes cannot be made there): machines with the Linux profile have no TLB.
_WITHOUT = {("linux", "tlb")}


def _collect() -> dict[str, type[Mistake]]:
    found: dict[str, type[Mistake]] = {}
    for module in (
        demand_paging,
        mapping,
        permissions,
        copy_on_write,
        shared_memory,
        kernel_access,
        file_backed,
        swapping,
        slots,
        replacement,
        tlb,
        linux,
    ):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Mistake) and value.flag:
                found[value.flag] = value
    return found


MISTAKES = _collect()


def applicable(lab: str) -> list[str]:
    """Return the flags of the mistakes that can be made in a lab, in the order of the labs that teach the rules."""
    if lab not in LABS:
        return []
    known = [name for name in LABS[: LABS.index(lab) + 1] if (lab, name) not in _WITHOUT]
    flags = [flag for flag, mistake in MISTAKES.items() if mistake.lab in known]
    return sorted(flags, key=lambda flag: LABS.index(MISTAKES[flag].lab))


def kernel(flag: str, base: type) -> type:
    """Return the reference class `base` with one mistake. Raises KeyError for an unknown flag."""
    mistake: Any = MISTAKES[flag]
    return type(f"{flag}_{base.__name__}", (mistake, base), {"__doc__": mistake.__doc__})
