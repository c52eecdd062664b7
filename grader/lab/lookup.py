"""Find a scenario of a lab by its name. If there is none, the error says which one is spelled like it."""

from __future__ import annotations

from grader.errors import InputError, did_you_mean
from grader.lab.lab import Lab
from grader.program import command
from grader.scenario.model import Scenario


def find_scenario(lab: Lab, name: str, hidden: bool = False) -> Scenario:
    """Return a public scenario by its name, or, with `hidden`, any. InputError if the lab has none of that name."""
    for scenario in lab.all_scenarios if hidden else lab.scenarios:
        if scenario.id == name:
            return scenario
    kind = "scenario" if hidden else "public scenario"
    raise no_scenario(lab, f"no {kind} {name!r}", name)


def no_scenario(lab: Lab, found: str, name: str) -> InputError:
    """Return the error that a lab has no scenario of a name. `found` says that; hidden names are never suggested."""
    near = did_you_mean(name, [s.id for s in lab.scenarios]) or f"`{command('list', lab.path)}` shows them"
    return InputError([f"{lab.name}: {found}; {near}"])
