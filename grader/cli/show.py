"""`grader show LAB SCENARIO`: walk through one scenario step by step, optionally next to a submission's own run."""

from __future__ import annotations

import argparse
from typing import Any

from grader.cli import add_isolation
from grader.errors import InputError, did_you_mean
from grader.escape import printable
from grader.grade.attempt import Attempt
from grader.grade.results import load_recordings
from grader.grade.runners import LocalRunner, Printed, SandboxRunner
from grader.grade.submission import resolve
from grader.lab.lab import Lab, find_lab, load_lab
from grader.report.text import printed
from grader.scenario.model import Scenario
from grader.trace.records import Trace
from grader.view.steps import story

#: Lines of a kernel's own output that are shown.
PRINTED = 200


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", metavar="LAB", help="the lab's folder; optional inside it")
    parser.add_argument("scenario", nargs="?", metavar="SCENARIO", help="the scenario's name")
    parser.add_argument("--submission", metavar="WHAT", help="show this kernel's run next to the reference's")
    parser.add_argument(
        "--point",
        type=int,
        default=0,
        metavar="N",
        help="failure point to show, for scenarios with `after: each` (default: 0)",
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    given, name = (options.lab, options.scenario) if options.scenario else (None, options.lab)
    lab = load_lab(find_lab(given))
    scenario = _find(lab, name)
    output = load_recordings(lab, [scenario])[scenario.id]
    if not 0 <= options.point < len(output.traces):
        raise InputError([f"--point {options.point}: {scenario.id} has {len(output.traces)} failure points, from 0"])
    expected = output.traces[options.point]
    one = scenario.at_failure_point(options.point)
    attempt, told = _attempt(options, lab, one, expected) if options.submission else (None, Printed())
    for line in story(one, expected, attempt):
        print(printable(line, limit=None))
    if told.text:
        for line in ("", *printed(told.text, PRINTED, told.truncated)):
            print(printable(line, limit=None))
    return 0 if attempt is None or attempt.verdict == "passed" else 1


def _find(lab: Lab, name: str) -> Scenario:
    for scenario in lab.all_scenarios:
        if scenario.id == name:
            return scenario
    near = did_you_mean(name, [s.id for s in lab.scenarios]) or f"`grader list {lab.path}` shows them"
    raise InputError([f"{lab.name}: there is no scenario {name!r}; {near}"])


def _attempt(options: argparse.Namespace, lab: Lab, scenario: Scenario, expected: Trace) -> tuple[Attempt, Printed]:
    """Return the submission's attempt, and what it printed."""
    subject = resolve(options.submission, lab)
    if subject.refused:
        raise InputError([f"{options.submission}: {subject.refused}"])
    if subject.trusted is not None:
        return LocalRunner(subject.trusted)(scenario, expected), Printed()
    from grader.sandbox.sandbox import Sandbox

    assert subject.code is not None
    with Sandbox(isolation=options.isolation) as box:
        examiner: Any = SandboxRunner(box, subject.code)
        return examiner(scenario, expected), examiner.printed()
