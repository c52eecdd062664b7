"""`grader fuzz LAB`: run random scenarios to check the reference and the misconceptions, or to find a kernel's bug."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import TYPE_CHECKING

from grader.cli import add_isolation
from grader.cli.compiling import tell_compiling
from grader.cli.given import add_lab_and_kernel, lab_and_submission
from grader.errors import InputError
from grader.grade.verdicts import PASSED
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab
from grader.plural import number_of
from grader.program import command

if TYPE_CHECKING:
    from grader.authoring.fuzz.search import Found
    from grader.replay.simulated import MakeKernel

#: Default number of random scenarios to try.
EXAMPLES = 4000


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_kernel(parser)
    parser.add_argument(
        "--submission", metavar="WHAT", help="search for a scenario on which this submission differs (see `grader run`)"
    )
    parser.add_argument(
        "--host",
        action="store_true",
        help="search for a scenario on which this machine's kernel differs from the model",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="random seed (default: a new one each run)")
    parser.add_argument(
        "--examples", type=int, default=EXAMPLES, metavar="N", help=f"maximum number of scenarios (default: {EXAMPLES})"
    )
    parser.add_argument("--output", metavar="FILE", help="write the scenario found to FILE")
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    from grader.lab.kernels import reference_kernel

    if options.examples < 1:
        raise InputError([f"--examples {options.examples}: expected a number, 1 or more"])
    options.lab, options.submission = lab_and_submission(options)
    lab = load_lab(find_lab(options.lab))
    kernel = reference_kernel(lab)
    if options.seed is None:
        from random import SystemRandom

        options.seed = SystemRandom().randrange(1_000_000)
    if options.host:
        return _host(lab, options)
    if options.submission is None:
        return _prove(lab, kernel, options)
    return _search(lab, kernel, options)


def _prove(lab: Lab, kernel: MakeKernel, options: argparse.Namespace) -> int:
    """Check that the reference agrees with itself and that every misconception differs from it; return the status."""
    from tqdm import tqdm

    from grader.authoring.fuzz.search import explore
    from grader.lab.mistakes import misconception_kernel, misconceptions

    mistaken = {flag: misconception_kernel(lab, flag) for flag in misconceptions(lab, taught=True)}
    with tqdm(total=options.examples, unit="scenario", file=sys.stderr, disable=None, leave=False) as bar:
        shown = explore(lab, kernel, mistaken, options.seed, options.examples, bar.update)
    print(f"{lab.name}: {shown.scenarios} random scenarios, seed {options.seed}")
    if shown.problems:
        print(f"  FAIL the reference, in {number_of(len(shown.problems), 'scenario')}. The first:")
        print("\n".join(f"       {line}" for line in shown.problems[0].splitlines()))
    else:
        print("  ok   the reference keeps every rule, and does not depend on frame order or page size")
    if shown.survivors:
        print(f"  FAIL no scenario catches {len(shown.survivors)} of the misconceptions: {', '.join(shown.survivors)}")
    elif mistaken:
        last = max(shown.caught, key=lambda flag: shown.caught[flag])
        print(
            f"  ok   all {len(mistaken)} misconceptions are caught; the last, {last}, by scenario {shown.caught[last]}"
        )
    return 1 if shown.problems or shown.survivors else 0


def _host(lab: Lab, options: argparse.Namespace) -> int:
    """Search for a scenario on which this machine differs from the Linux profile; return the exit status."""
    from grader.authoring.fuzz.host import find_host_difference

    if options.submission is not None:
        raise InputError(["--host and --submission do not go together: only trusted scenarios run on this machine"])
    search = find_host_difference(lab, options.seed, options.examples)
    number = search.tried.total()
    for what in search.left_out:
        print(f"Left out on this machine: {what}")
    if search.faults:
        from grader.scenario.writer import to_yaml

        fault = search.faults[0]
        print(f"The Linux profile fails on {number_of(len(search.faults), 'scenario')}. The first: {fault}")
        print(f"\n{to_yaml(fault.scenario)}")
    if search.found is None:
        print(f"{lab.name}: this machine is as modelled in {number} random scenarios, seed {options.seed}")
        each = 1000 * search.seconds / max(number, 1)
        print(f"  {search.seconds:.1f} s of processor time on the replays, {each:.0f} ms each")
        return 1 if search.faults else 0
    _tell(lab, search.found, number, options)
    return 1


def _search(lab: Lab, kernel: MakeKernel, options: argparse.Namespace) -> int:
    """Search for a scenario on which a submission differs; return the exit status."""
    from grader.authoring.fuzz.search import find_difference
    from grader.grade.session import Session
    from grader.grade.submission import resolve

    submission = resolve(options.submission, lab)
    if submission.refused:
        raise InputError([f"{options.submission}: {submission.refused}"])
    with Session(lab, options.isolation) as session:
        session.compiling = tell_compiling
        runner = session.runner(submission)
        found, tried = find_difference(lab, kernel, runner, options.seed, options.examples)
        runner.discard()
    if found is None:
        print(f"{lab.name}: no difference in {tried.total()} random scenarios, seed {options.seed}")
        open_ones = tried.total() - tried[PASSED]
        if open_ones:
            print(f"  but {open_ones} of them could not be judged, mostly because a method has not been written yet")
        return 1 if open_ones else 0
    _tell(lab, found, tried.total(), options)
    return 1


def _tell(lab: Lab, found: Found, tried: int, options: argparse.Namespace) -> None:
    from grader.escape import printable
    from grader.files import write_file
    from grader.report.text import WIDTH, wrap
    from grader.scenario.writer import to_yaml

    print(f"Found a difference and shrank it in {tried} attempts, seed {options.seed}:\n")
    for line in [found.attempt.verdict, *found.attempt.lines]:
        print("\n".join(wrap(printable(line), WIDTH, "  ")))
    text = to_yaml(found.scenario)
    if options.output is None:
        print(f"\nThe scenario, ready for a file in scenarios/ or hidden/ (--output FILE writes it):\n\n{text}", end="")
        return
    path = pathlib.Path(options.output)
    write_file(path, text)
    following = command("record", lab.path)
    print(f"\nThe scenario is in {path}. Give it a title that states the rule, then run `{following}`.")
