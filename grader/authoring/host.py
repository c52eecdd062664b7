"""Run a lab's scenarios with the Linux profile on this machine's kernel, for their recorded outputs."""

from __future__ import annotations

import os

from grader.errors import InputError
from grader.host.machine import HostMachine
from grader.host.probes import missing
from grader.host.replay import HostReplay, HostStep, unfit
from grader.lab.lab import Lab
from grader.lab.recordings import HostRun
from grader.lab.recordings import HostStep as RecordedStep
from grader.scenario.model import LINUX


def runs_on_host(lab: Lab) -> dict[str, HostRun]:
    """Return what this machine's kernel did, by id, in the public scenarios with the Linux profile that it can run.

    InputError where it cannot run any.
    """
    reason = missing()
    if reason:
        raise InputError([f"--host: not here: {reason}"])
    system = os.uname()
    # Without what a distribution adds to the version, such as "-generic".
    kernel = f"{system.sysname} {system.release.partition('-')[0]}, {system.machine}"
    runs = {}
    with HostMachine() as host:
        for scenario in lab.scenarios:
            if scenario.machine.profile == LINUX and not unfit(scenario):
                steps, _ = HostReplay(host, scenario).run()
                runs[scenario.id] = HostRun(kernel, [_recorded(step) for step in steps])
    return runs


def _recorded(step: HostStep) -> RecordedStep:
    """Return a step for a recording. fork, whose faults are not measured, never faults in the memory under test."""
    minor, major = step.faults or (0, 0)
    return step.outcome, minor, major, step.values
