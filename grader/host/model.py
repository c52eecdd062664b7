"""Scenarios on Linux as modelled: replayed on the profile's kernel, or read from the file that a released lab has.

The profile's kernel builds on the model answers of all labs, so it is never released. What it does in public scenarios
is: `linux.json` has a trace of each that can be replayed on a real kernel.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.lab.kernels import load_class
from grader.lab.lab import ClassAt, Lab
from grader.lab.recordings import load_recording
from grader.replay.simulated import MakeKernel, replay
from grader.scenario.model import LINUX, Scenario
from grader.scenario.profile import on_linux
from grader.trace.json_form import trace_from_json, trace_to_json
from grader.trace.records import Trace

from .measure import Sizes
from .replay import unfit

FORMAT = 1

#: The file in a released lab.
FILE = "linux.json"

#: The sizes that the profile has on its own.
PROFILE = Sizes()


class LinuxModel(NamedTuple):
    """Linux as modelled.

    run    returns the trace of a public scenario of the lab on the profile
    sizes  that it was run with
    """

    run: Callable[[Scenario], Trace]
    sizes: Sizes


def linux_model(lab: Lab, sizes: Sizes = PROFILE) -> LinuxModel | None:
    """Return the model with these sizes, or a released lab's, whose sizes are the profile's; None if it has none."""
    kernel = linux_kernel(lab, sizes)
    if kernel is None:
        return _released(lab)
    return LinuxModel(lambda scenario: replay(with_profile(scenario), kernel), sizes)


def linux_kernel(lab: Lab, sizes: Sizes = PROFILE) -> MakeKernel | None:
    """Return the kernel of the Linux profile with these sizes; None in a released lab, which has no references."""
    path = lab.path.resolve().parent.parent / "reference" / "linux.py"
    if not path.is_file():
        return None
    kernel: Any = load_class(ClassAt(path, "LinuxKernel"))
    pages = {"read_ahead_pages": sizes.read_ahead, "window_pages": sizes.window}
    changed = {name: value for name, value in pages.items() if value not in (None, getattr(kernel, name))}
    return type(kernel.__name__, (kernel,), changed) if changed else kernel


def with_profile(scenario: Scenario) -> Scenario:
    """Return a scenario as the model and a real kernel run it."""
    return scenario if scenario.machine.profile == LINUX else on_linux(scenario)


# -- released labs --------------------------------------------------------------------------------------------------


def released_runs(lab: Lab) -> str | None:
    """Return the text of a released lab's file; None if the lab has no model.

    Scenarios that have the profile themselves are left out: their recorded outputs are released anyway.
    """
    model = linux_model(lab)
    if model is None:
        return None
    textbook = [s for s in lab.scenarios if s.machine.profile != LINUX and not unfit(s)]
    runs = {s.id: {"hash": s.hash, "trace": trace_to_json(model.run(s))} for s in textbook}
    return json.dumps({"format": FORMAT, "runs": runs}, separators=(",", ":")) + "\n"


def _released(lab: Lab) -> LinuxModel | None:
    """Return the model that was released with a lab. InputError if the file is not what `released_runs` writes."""
    path = lab.path / FILE
    try:
        released = json.loads(path.read_bytes())
        known = {id: (run["hash"], run["trace"]) for id, run in released["runs"].items()}
        if released["format"] != FORMAT:
            raise ValueError(f"format {released['format']}")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError([f"{path}: not the runs of the Linux model ({error}); fetch the lab again"]) from None

    def run(scenario: Scenario) -> Trace:
        if scenario.machine.profile == LINUX:
            return load_recording(lab, scenario).traces[0]
        recorded, trace = known.get(scenario.id, ("", None))
        if recorded != scenario.hash:
            raise InputError([f"{path}: no run of the scenario {scenario.id} as it is now; fetch the lab again"])
        try:
            found = trace_from_json(trace)
            if len(found.steps) != len(scenario.steps):
                raise ValueError(f"{len(found.steps)} steps")
        except (ValueError, RecursionError) as error:
            problem = f"not a run of the scenario {scenario.id} ({error}); fetch the lab again"
            raise InputError([f"{path}: {problem}"]) from None
        return found

    return LinuxModel(run, PROFILE)
