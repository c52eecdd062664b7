"""Reads the same steps on the simulated machine from the lab's recorded output, which a released lab has too."""

from __future__ import annotations

from typing import NamedTuple

from grader.errors import InputError
from grader.lab.lab import Lab
from grader.lab.recordings import load_recording
from grader.trace.state import Counts, State


class Simulated(NamedTuple):
    """The counts that a step of the scenario added: process -> faults, and copies of all processes together."""

    faults: dict[str, int]
    copies: int


def simulate(lab: Lab, name: str) -> list[Simulated]:
    """Return what each step of a public scenario adds, in order."""
    scenario = next((s for s in lab.scenarios if s.id == name), None)
    if scenario is None:
        raise InputError([f"{lab.path}/scenarios: the practice needs the scenario {name}; fetch the lab again"])
    state = State(scenario)
    steps = []
    for record in load_recording(lab, scenario).traces[0].steps:
        before = dict(state.counts)
        state.follow(record)
        faults = {n: _faults(state.counts, pid) - _faults(before, pid) for n, pid in state.pids.items()}
        steps.append(Simulated(faults, record.copies))
    return steps


def _faults(counts: dict[int, Counts], pid: int) -> int:
    found = counts.get(pid, Counts())
    return found.minor + found.major
