"""Replays a scenario on the reference: returns the output to record, and the problems of scenario and reference."""

from __future__ import annotations

from grader.compare.expectations import Expectations
from grader.lab.recordings import Recording
from grader.machine.outcome import KernelCrash
from grader.replay.simulated import MakeKernel, Replay, run_all
from grader.scenario.model import Scenario
from grader.trace.records import SKIPPED, StepRecord, Trace

#: Maximum number of failure points for `after: each`.
POINT_LIMIT = 500


def reference_output(scenario: Scenario, make_kernel: MakeKernel) -> tuple[Recording, list[str]]:
    """Return the output to record for a scenario, and what is wrong with the scenario or the reference."""
    if scenario.each is None:
        run = Replay(scenario, make_kernel)
        trace = run_all(run)
        return Recording(scenario.id, scenario.hash, [trace]), problems_of(scenario, run, trace)
    traces: list[Trace] = []
    for point in range(POINT_LIMIT):
        one = scenario.at_failure_point(point)
        run = Replay(one, make_kernel)
        trace = run_all(run)
        if run.unfired and trace.end is not None:
            break
        traces.append(trace)
        wrong = problems_of(one, run, trace)
        if wrong:
            return Recording(scenario.id, scenario.hash, traces), [f"{w} (with `after: {point}`)" for w in wrong]
    if not traces:
        wrong = [f"{scenario.path}:{scenario.each.line}: the reference has no failure point here: nothing ever fails"]
        return Recording(scenario.id, scenario.hash, []), wrong
    return Recording(scenario.id, scenario.hash, traces), []


def problems_of(scenario: Scenario, run: Replay, trace: Trace) -> list[str]:
    """Return what a run of the reference shows to be wrong, each with the scenario's file and line."""
    problems = []
    expectations = Expectations(scenario)
    for step, record in zip(scenario.steps, trace.steps, strict=False):
        place = f"{scenario.path}:{step.line}: step {step.number}"
        problems += [f"{place}: {wrong}" for wrong in _problems_of_step(step.by, record, expectations)]
    if run.failure is not None:
        cause = run.failure.cause if isinstance(run.failure, KernelCrash) else run.failure
        number = len(trace.steps)
        line = scenario.steps[number - 1].line if number else 1
        problems.append(f"{scenario.path}:{line}: step {number}: the reference fails: {type(cause).__name__}: {cause}")
    for number in run.unfired:
        line = scenario.steps[number - 1].line
        problems.append(
            f"{scenario.path}:{line}: step {number}: this injected failure never triggers with the reference kernel"
        )
    if trace.end is not None and (trace.end.frames or trace.end.slots):
        left = f"{trace.end.frames} frames and {trace.end.slots} slots"
        problems.append(f"{scenario.path}:1: at the end the reference leaves {left} in use")
    return problems


def _problems_of_step(by: str, record: StepRecord, expectations: Expectations) -> list[str]:
    unmet = expectations.unmet(record)
    if record.outcome == SKIPPED:
        return [f"process {by!r} has ended by this step on the reference"]
    problems = [f"expected {each.expected}; the reference shows {each.found}" for each in unmet]
    problems += [f"the reference breaks audit check {f.check} (frame {f.frame})" for f in record.findings]
    return problems
