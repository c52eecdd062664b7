"""Record reference outputs: replay every scenario on the reference, and write the outputs if nothing is wrong."""

from __future__ import annotations

from grader.authoring.grouped import grouped
from grader.errors import InputError
from grader.lab.lab import Lab
from grader.lab.recordings import HostRun, Recording, load_recording, recording_path, write_recording
from grader.lab.reference import reference_output
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario
from grader.trace.json_form import trace_from_json


def record(lab: Lab, make_kernel: MakeKernel) -> list[str]:
    """Record every scenario of a lab again; return what changed. On a problem, write nothing and raise InputError."""
    outputs: list[Recording] = []
    problems: list[str] = []
    for scenario in lab.all_scenarios:
        output, wrong = reference_output(scenario, make_kernel)
        outputs.append(output)
        problems += wrong
    if problems:
        raise InputError(grouped(problems))
    changes = []
    for scenario, output in zip(lab.all_scenarios, outputs, strict=True):
        was = _recorded(lab, scenario)
        path = recording_path(lab, scenario)
        if was is not None and was.hash == output.hash:
            output = output._replace(host=was.host)  # these steps are what the real kernel was asked to do
        if write_recording(path, output):
            changes.append(f"{scenario.id}: {describe_change(was, output)}")
    known = {f"{scenario.id}.json" for scenario in lab.all_scenarios}
    for path in sorted(lab.outputs.glob("*.json")):
        if path.name not in known:
            path.unlink()
            changes.append(f"{path.stem}: removed; this scenario no longer exists")
    return changes


def record_host(lab: Lab, runs: dict[str, HostRun]) -> list[str]:
    """Note what a real kernel did in scenarios, by id, in their recorded outputs; return what changed."""
    changes = []
    for scenario in lab.all_scenarios:
        if scenario.id in runs:
            recording = load_recording(lab, scenario)._replace(host=runs[scenario.id])
            if write_recording(recording_path(lab, scenario), recording):
                changes.append(f"{scenario.id}: {runs[scenario.id].kernel}")
    return changes


def _recorded(lab: Lab, scenario: Scenario) -> Recording | None:
    try:
        return load_recording(lab, scenario._replace())
    except InputError:
        return _stale(lab, scenario)


def _stale(lab: Lab, scenario: Scenario) -> Recording | None:
    """Return the output recorded from an earlier text of the scenario, for describe_change."""
    import json

    try:
        plain = json.loads(recording_path(lab, scenario).read_bytes())
        return Recording(plain["scenario"], plain["hash"], [trace_from_json(t) for t in plain["traces"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def describe_change(was: Recording | None, now: Recording) -> str:
    """Return one line on how an output differs from the previous one."""
    if was is None:
        return "new"
    if len(was.traces) != len(now.traces):
        return f"{len(was.traces)} failure points became {len(now.traces)}"
    for point, (old, new) in enumerate(zip(was.traces, now.traces, strict=True)):
        if len(old.steps) != len(new.steps):
            return f"{len(old.steps)} steps became {len(new.steps)}"
        for before, after in zip(old.steps, new.steps, strict=True):
            if before != after:
                fields = [f for f in before._fields if getattr(before, f) != getattr(after, f)]
                at = f" at failure point {point}" if len(now.traces) > 1 else ""
                return f"step {after.number}{at}: {', '.join(fields)} changed"
    return "same run; only the text of the scenario changed"
