"""A textbook scenario on a machine with the Linux profile."""

from __future__ import annotations

from .model import LINUX, Scenario

#: Frames of such a machine, at least: the page cache outlives its mappings, and read-ahead fills it.
FRAMES = 4096


def on_linux(scenario: Scenario) -> Scenario:
    """Return the same steps on a machine with the Linux profile; expectations, which are the textbook's, are dropped.

    Scenarios that need a number of frames or an injected failure mean something else there: check that first.
    """
    machine = scenario.machine
    machine = machine._replace(profile=LINUX, zero_page=False, tlb=False, frames=max(machine.frames, FRAMES))
    return scenario._replace(machine=machine, steps=tuple(step._replace(expect={}) for step in scenario.steps))
