"""Decides whether a student's scenario is valid: the reference and all correct variants of it must pass.

Every problem names the file and the line, and what is wrong with the expectation. The rule that it is about follows, in
the contract's words.
"""

from __future__ import annotations

from functools import partial

from grader.compare.expectations import Expectations
from grader.grade.attempt import Attempt, attempt_each, attempt_here
from grader.grade.verdicts import PASSED
from grader.lab.kernels import reference_kernel
from grader.lab.lab import QUIZ_TASK, Lab
from grader.lab.mistakes import variant_kernels
from grader.lab.recordings import Recording
from grader.lab.reference import reference_output
from grader.replay.simulated import MakeKernel
from grader.scenario.model import Scenario
from grader.trace.records import Trace

#: The steps that a scenario may take on one kernel, over all of its failure points.
WORK = 300

#: The rule behind an expectation, in the contract's words.
RULES = {
    "outcome": "an access that no region allows kills the process (segv), a fault that finds no free frame kills the "
    "process that asked (oom), a call that cannot be carried out returns an error, and everything else succeeds",
    "values": "a page holds what was last written to it as its own address space sees it, and a fresh page is zero",
    "sharing": "which pages have an entry, which of them share a frame, and whether they may be written follows from "
    "first touches, forks, copies and unmappings, and from nothing else",
    "faults": "every access that a page's entry refuses is one page fault, and an access that the entry allows is none",
    "copies": "a frame is copied at the first write to a page whose frame has another user, and at no other time",
    "frames": "a frame is in use from the moment in which a page needs it to the moment in which its last user leaves",
    "disk": "a page is read from disk when it is needed and not in memory, and written when its contents would be lost",
}


def check_task(lab: Lab, scenario: Scenario) -> list[str]:
    """Return the problem with the scenario's task, if there is one."""
    tasks = [task.id for task in lab.tasks if task.id != QUIZ_TASK]
    if scenario.task in tasks:
        return []
    return [f"{scenario.path}:1: task {scenario.task!r} is not a task of this lab; there are {', '.join(tasks)}"]


def problems_with(lab: Lab, scenario: Scenario) -> tuple[Recording | None, list[str]]:
    """Return the reference's output in a scenario, and why the scenario is not valid; no output if it is too long."""
    wrong = check_task(lab, scenario)
    if wrong:
        return None, wrong
    output, problems = reference_output(scenario, reference_kernel(lab))
    if len(output.traces) * len(scenario.steps) > WORK:
        assert scenario.each is not None
        points = f"{len(output.traces)} failure points of {len(scenario.steps)} steps each"
        return None, [f"{scenario.path}:{scenario.each.line}: {points} are more than {WORK} steps; use fewer pages"]
    if problems:
        return output, [*problems, *_rules(scenario, output)]
    return output, _variant_problems(lab, scenario, output)


def _rules(scenario: Scenario, output: Recording) -> list[str]:
    """Return the rules that unmet expectations are about, one line each, in the order of the steps."""
    found: dict[str, None] = {}
    for point, trace in enumerate(output.traces):
        expectations = Expectations(scenario.at_failure_point(point))
        for record in trace.steps:
            found |= dict.fromkeys(unmet.rule for unmet in expectations.unmet(record))
    return [f"the rule about {rule}: {RULES[rule]}" for rule in found]


def _variant_problems(lab: Lab, scenario: Scenario, output: Recording) -> list[str]:
    for belief, kernel in variant_kernels(lab).items():
        attempt = attempt_each(scenario, output, partial(meets_expectations, kernel=kernel))
        if attempt.verdict != PASSED:
            line = 1
            if attempt.divergence is not None and attempt.divergence.step <= len(scenario.steps):
                line = scenario.steps[attempt.divergence.step - 1].line
            return [
                f"{scenario.path}:{line}: a correct kernel that {belief} does not pass ({attempt.message}); "
                f"the contract leaves this free, so no scenario may ask for it"
            ]
    return []


def meets_expectations(scenario: Scenario, recorded: Trace, kernel: MakeKernel) -> Attempt:
    """Try a scenario as it is judged for students: by its own expectations and the audit, not by the trace."""
    return attempt_here(scenario, None, kernel)
