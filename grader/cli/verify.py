"""`grader verify LAB`: compare a kernel with the reference in every scenario of a small world."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from grader.cli import add_isolation
from grader.errors import InputError
from grader.lab.lab import find_lab, load_lab

#: Default number of steps of the longest scenarios.
STEPS = 4


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument("--submission", metavar="WHAT", help="the kernel to verify (see `grader run`)")
    parser.add_argument(
        "--steps", type=int, default=STEPS, metavar="N", help=f"steps of the longest scenarios (default: {STEPS})"
    )
    parser.add_argument(
        "--scope", default="basic", metavar="S", help="small world: basic, rights or memory (default: basic)"
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from grader.escape import printable
    from grader.grade.session import Session
    from grader.grade.submission import resolve
    from grader.lab.kernels import reference_kernel
    from grader.verify.explore import SCOPES, ReferenceBroken, verify

    if options.steps < 1:
        raise InputError([f"--steps {options.steps}: expected a number, 1 or more"])
    lab = load_lab(find_lab(options.lab))
    reference = reference_kernel(lab)
    used = {step.verb for scenario in lab.scenarios for step in scenario.steps}
    if options.scope not in SCOPES:
        raise InputError([f"--scope {printable(options.scope)}: expected one of {', '.join(SCOPES)}"])
    scope = SCOPES[options.scope]
    scope = scope._replace(verbs=tuple(verb for verb in scope.verbs if verb in used))
    submission = resolve(options.submission, lab)
    if submission.refused:
        raise InputError([f"{options.submission}: {submission.refused}"])
    with Session(lab, options.isolation) as session:
        runner = session.runner(submission)
        with tqdm(unit=" scenarios", file=sys.stderr, disable=None, leave=False) as bar:
            try:
                result = verify(scope, lab.tasks[0].id, reference, runner, options.steps, bar.update)
            except ReferenceBroken as error:
                raise InputError([f"{lab.name}: {error}; run `grader check {printable(str(lab.path))}`"]) from None
        runner.discard()
    print(
        f"{lab.name}: {scope.pages} pages, {scope.processes} processes, {scope.frames} frames; {', '.join(scope.verbs)}"
    )
    return _tell(result)


def _tell(result: Any) -> int:
    """Print the outcome; return the exit status."""
    from grader.escape import printable
    from grader.report.text import WIDTH, wrap
    from grader.scenario.writer import to_yaml

    if result.found is None and result.unjudged is None:
        if result.stopped:
            print(f"Stopped. No difference so far in {result.scenarios} scenarios.")
        print(f"No difference in any scenario of up to {result.steps} steps ({result.scenarios} compared).")
        return 1 if result.stopped else 0
    scenario, attempt = result.found or (None, result.unjudged)
    print(f"{'Found a shortest difference' if scenario else 'Could not judge'} after {result.scenarios} scenarios:\n")
    for line in [attempt.verdict, *attempt.lines]:
        print("\n".join(wrap(printable(line), WIDTH, "  ")))
    if scenario is not None:
        print(f"\nThe scenario:\n\n{to_yaml(scenario)}", end="")
    return 1
