"""Makes the disguised twins of a lab's public scenarios, and replays the reference in them.

A table of recorded answers can pass a public scenario, but not its twin (scenario/twin.py). A kernel that passes only
the scenario is shown to staff, and loses the points if lab.yaml has `twins: decide`.

The twins follow from what only staff have: the reference kernel and the hidden scenarios. So they are the same on every
machine and in every shard, and change only when one of these does: the twins of a task when the reference or one of the
task's own hidden scenarios is edited, so that such an edit does not try those of all tasks again. An exported lab has
no reference; its twins were recorded when it was made, in `twins.json`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.lab.lab import Lab
from grader.lab.recordings import Recording
from grader.scenario.model import Scenario
from grader.scenario.twin import disguise
from grader.trace.json_form import trace_from_json, trace_to_json

FORMAT = 2

#: The recorded twins of a lab without a reference, in its folder.
NAME = "twins.json"


class Twin(NamedTuple):
    """A scenario's twin, the reference's output in it, and how it differs, a few words each."""

    scenario: Scenario
    output: Recording
    differs: tuple[str, ...]


def twins_of(lab: Lab, scenarios: Iterable[Scenario]) -> dict[str, Twin]:
    """Return the twins of public scenarios by id. Empty if the lab has neither a reference nor recorded twins.

    InputError if the reference does not meet the expectations in a twin, or if recorded twins are unusable.
    """
    if lab.reference is None:
        return _load(lab, scenarios) if (lab.path / NAME).is_file() else {}
    twins, problems = make_twins(lab, scenarios, seeds_of(lab))
    if problems:
        raise InputError(problems)
    return twins


def seeds_of(lab: Lab) -> dict[str, str]:
    """Return the seeds of a lab's twins, by task: a hash of the reference's text and of the task's hidden scenarios.

    For a task without hidden scenarios those of all tasks count: the reference alone may be known to students.
    """
    assert lab.reference is not None
    text, seeds = lab.reference.path.read_bytes(), {}
    for task in lab.tasks:
        digest = hashlib.sha256(text)
        for scenario in [s for s in lab.hidden if s.task == task.id] or lab.hidden:
            digest.update(scenario.hash.encode())
        seeds[task.id] = digest.hexdigest()
    return seeds


def make_twins(lab: Lab, scenarios: Iterable[Scenario], seeds: Mapping[str, str]) -> tuple[dict[str, Twin], list[str]]:
    """Return the twins that the seeds of tasks give, and every expectation that the reference does not meet in them."""
    from grader.lab.kernels import reference_kernel
    from grader.lab.reference import reference_output

    kernel = reference_kernel(lab)
    twins, problems = {}, []
    for scenario in scenarios:
        disguised = disguise(scenario, seeds[scenario.task])
        output, wrong = reference_output(disguised.scenario, kernel)
        twins[scenario.id] = Twin(disguised.scenario, output, disguised.differs)
        told = "; ".join(disguised.differs)
        problems += [f"{problem} (in a twin of this scenario: {told})" for problem in wrong]
    return twins, problems


def recorded_twins(lab: Lab) -> str:
    """Return the text of `twins.json` for a copy of the lab that has no reference. It is only for staff."""
    twins = {
        id: [trace_to_json(trace) for trace in twin.output.traces] for id, twin in twins_of(lab, lab.scenarios).items()
    }
    return json.dumps({"format": FORMAT, "seeds": seeds_of(lab), "twins": twins}, separators=(",", ":")) + "\n"


def _load(lab: Lab, scenarios: Iterable[Scenario]) -> dict[str, Twin]:
    path = lab.path / NAME
    try:
        plain: dict[str, Any] = json.loads(path.read_bytes())
        twins = {}
        for scenario in scenarios:
            disguised = disguise(scenario, plain["seeds"][scenario.task])
            traces = [trace_from_json(trace) for trace in plain["twins"][scenario.id]]
            if not traces or any(trace.hash != _hash_at(disguised.scenario, n) for n, trace in enumerate(traces)):
                raise InputError([f"{path}: stale: scenario {scenario.id} was changed since; export the lab again"])
            output = Recording(scenario.id, disguised.scenario.hash, traces)
            twins[scenario.id] = Twin(disguised.scenario, output, disguised.differs)
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError([f"{path}: not the twins of this lab ({error!r}); export the lab again"]) from None
    return twins


def _hash_at(scenario: Scenario, point: int) -> str:
    return scenario.at_failure_point(point).hash
