"""Recorded runs of the labs' scenarios, and small runs of SmallKernel, for tests of pictures."""

from __future__ import annotations

from functools import cache

from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from tests.conftest import ROOT
from tests.kernels import SmallKernel


@cache
def lab_of(name):
    """Return a lab of the repository."""
    return load_lab(ROOT / "labs" / name)


@cache
def recorded(lab, scenario):
    """Return a public scenario of a lab and its recorded trace."""
    found = next(one for one in lab_of(lab).scenarios if one.id == scenario)
    return found.at_failure_point(0), load_recording(lab_of(lab), found).traces[0]


def replayed(*steps, machine="{}", files="{}", kernel=SmallKernel):
    """Return a scenario with these steps, each a line of YAML, and its trace."""
    lines = "".join(f"  - {step}\n" for step in steps)
    head = f"format: 1\ntitle: A run\ntask: t\nmachine: {machine}\nfiles: {files}\nprocesses: [P]\nsteps:\n"
    scenario = parse_scenario(head + lines, "run")
    return scenario, replay(scenario, kernel)
