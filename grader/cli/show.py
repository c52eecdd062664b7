"""`grader show LAB SCENARIO`: walk through one scenario step by step, optionally next to a submission's own run."""

from __future__ import annotations

import argparse

from grader.cli import add_isolation
from grader.errors import InputError, did_you_mean
from grader.escape import printable
from grader.grade.attempt import Attempt
from grader.grade.runner import Printed
from grader.grade.session import Session, open_session
from grader.grade.submission import resolve
from grader.lab.lab import Lab
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
    with open_session(given, options.isolation, sandboxed=False) as session:
        scenario = _find(session.lab, name)
        recording = session.recording(scenario)
        if not 0 <= options.point < len(recording.traces):
            points = len(recording.traces)
            raise InputError([f"--point {options.point}: {scenario.id} has {points} failure points, from 0"])
        expected = recording.traces[options.point]
        one = scenario.at_failure_point(options.point)
        attempt, told = _attempt(options, session, one, expected) if options.submission else (None, Printed())
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


def _attempt(
    options: argparse.Namespace, session: Session, scenario: Scenario, expected: Trace
) -> tuple[Attempt, Printed]:
    """Return the submission's attempt, and what it printed."""
    submission = resolve(options.submission, session.lab)
    if submission.refused:
        raise InputError([f"{options.submission}: {submission.refused}"])
    runner = session.runner(submission)
    return runner(scenario, expected), runner.printed()
