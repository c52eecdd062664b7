"""Reads and writes recorded reference outputs: one JSON file per scenario, with its traces.

A scenario has one trace, or, with `after: each`, one for every failure point that the reference has. An output is
stale when the scenario it was recorded from reads differently now (comments and layout do not count).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.files import is_aside, write_file
from grader.kept import Pack
from grader.lab.lab import Lab
from grader.program import command
from grader.scenario.model import Scenario
from grader.trace.json_form import trace_from_json, trace_to_json
from grader.trace.plain_form import plain_trace, trace_of
from grader.trace.records import Trace

FORMAT = 1

#: Folder of the cache for recordings of a lab, how many are kept at most, and the fewest that are worth it.
KIND, MOST, FEW = "recordings", 600, 8

#: What a real kernel did in one step: outcome, minor faults, major faults, bytes read.
HostStep = tuple[str, int, int, list[int]]


class HostRun(NamedTuple):
    """The steps of a scenario on a real kernel. `kernel` is its name, version and architecture."""

    kernel: str
    steps: list[HostStep]


class Recording(NamedTuple):
    """The recorded output of the reference in a scenario. traces[i] is the run at failure point i.

    host    the same steps on a real kernel, for scenarios on machines with the Linux profile; None if never recorded
    digest  sha256 of the file; b"" if it was not read from one
    """

    scenario: str
    hash: str
    traces: list[Trace]
    host: HostRun | None = None
    digest: bytes = b""

    def host_differences(self) -> list[int]:
        """Return the numbers of the steps in which the real kernel did something else than the reference."""
        if self.host is None:
            return []
        reference = [(r.outcome, *r.faults, r.values) for r in self.traces[0].steps]
        steps = list(self.host.steps)
        length = max(len(reference), len(steps))
        return [n + 1 for n in range(length) if reference[n : n + 1] != steps[n : n + 1]]


def recording_path(lab: Lab, scenario: Scenario) -> pathlib.Path:
    return lab.outputs / f"{scenario.id}.json"


def load_recording(lab: Lab, scenario: Scenario, kept: Pack | None = None) -> Recording:
    """Return the recorded output of a scenario. Raises InputError if it is missing, unreadable or stale.

    kept  recordings that were read before, by their digest; gets this one
    """
    path = recording_path(lab, scenario)
    try:
        output = _read(path.read_bytes(), kept)
    except FileNotFoundError:
        raise InputError(
            [f"{path}: the reference output of scenario {scenario.id} is missing; {_again(lab)}"]
        ) from None
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError([f"{path}: not a reference output ({error}); {_again(lab)}"]) from None
    if output.hash != scenario.hash or not output.traces:
        changed = f"scenario {scenario.id} was changed since it was recorded"
        raise InputError([f"{path}: stale: {changed}; {_again(lab)}"])
    return output


def _read(data: bytes, kept: Pack | None) -> Recording:
    """Return a recording from its file, or as it was kept. ValueError, KeyError or TypeError if it is not one."""
    digest = hashlib.sha256(data).digest()
    known: Any = kept.get(digest) if kept is not None else None
    if known is not None:
        with contextlib.suppress(ValueError, TypeError, IndexError):
            scenario, hash, traces, host = known
            return Recording(scenario, hash, list(map(trace_of, traces)), host and HostRun(*host), digest)
    plain = json.loads(data)
    traces = [trace_from_json(trace) for trace in plain["traces"]]
    recording = Recording(plain["scenario"], plain["hash"], traces, _host(plain.get("host")), digest)
    if kept is not None:
        host = recording.host and tuple(recording.host)
        kept.put(digest, (recording.scenario, recording.hash, list(map(plain_trace, traces)), host))
    return recording


def _again(lab: Lab) -> str:
    """Return how to get the reference outputs again. Looking up what the command is called takes a while."""
    return f"run `{command('record', lab.path)}`" if lab.reference is not None else "fetch the lab again"


def _host(plain: dict[str, Any] | None) -> HostRun | None:
    """Return what a real kernel did. ValueError, KeyError or TypeError if this is something else."""
    if plain is None:
        return None
    steps = [(str(outcome), int(minor), int(major), list(values)) for outcome, minor, major, values in plain["steps"]]
    return HostRun(str(plain["kernel"]), steps)


def left_over(lab: Lab) -> list[str]:
    """Return a problem if recordings have no scenario: files of the lab may be lost, and with them points."""
    known = {scenario.id for scenario in lab.all_scenarios}
    try:
        names = {name.removesuffix(".json") for name in os.listdir(lab.outputs) if name.endswith(".json")}
    except OSError:
        return []  # each scenario without its recording is a problem of its own
    unknown = sorted(name for name in names - known if not is_aside(name))
    if not unknown:
        return []
    shown = ", ".join(unknown[:3]) + f" and {len(unknown) - 3} more" * (len(unknown) > 3)
    return [f"{lab.outputs}: recordings of scenarios that are not there: {shown}; get these back, or {_again(lab)}"]


def load_recordings(lab: Lab, scenarios: Iterable[Scenario]) -> dict[str, Recording]:
    """Return the recordings of scenarios by id. InputError with all that are missing, stale or left over."""
    recordings, problems = {}, left_over(lab)
    scenarios = list(scenarios)
    kept = Pack(KIND, lab.path, MOST) if len(scenarios) >= FEW else None
    for scenario in scenarios:
        try:
            recordings[scenario.id] = load_recording(lab, scenario, kept)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    if kept is not None:
        kept.save()
    return recordings


def write_recording(path: pathlib.Path, output: Recording) -> bool:
    """Write an output; return True if the file changed. A line a step, so that a change reads well in a diff."""
    return write_file(path, _text(output), make_folders=True)


def _text(output: Recording) -> str:
    traces = []
    for trace in output.traces:
        plain = trace_to_json(trace)
        steps = ",\n".join("    " + json.dumps(step, separators=(",", ":")) for step in plain.pop("steps"))
        end = plain.pop("end", None)
        head = json.dumps(plain, separators=(",", ":"))[:-1]
        tail = "" if end is None else f',\n   "end":{json.dumps(end, separators=(",", ":"))}'
        traces.append(f'  {head},"steps":[\n{steps}]{tail}}}')
    head = json.dumps({"format": FORMAT, "scenario": output.scenario, "hash": output.hash})[:-1]
    if output.host is not None:
        host = {"kernel": output.host.kernel, "steps": output.host.steps}
        head += f',\n "host": {json.dumps(host, separators=(",", ":"))}'
    return f'{head}, "traces": [\n' + ",\n".join(traces) + "\n]}\n"
