"""`grader test LAB`: check a student's own scenarios, in the folder mine/ next to the kernel."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterable

from grader.cli import add_isolation
from grader.cli.given import add_lab_and_kernel, lab_and_submission
from grader.errors import InputError
from grader.grade.session import Session
from grader.grade.submission import Submission, resolve
from grader.intake.mine_files import FOLDER
from grader.intake.own_scenarios import OwnScenario, own_of
from grader.lab.fields import FILES
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab
from grader.mine.hints import RULE, STATE, VERB
from grader.mine.strength import strength_of
from grader.mine.text import local_lines, strength_lines
from grader.report.text import WIDTH, wrap


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_kernel(parser)
    parser.add_argument(
        "--submission",
        metavar="WHAT",
        help=f"a folder with {FOLDER}/*.yaml next to its kernel (default: the lab's folder itself)",
    )
    parser.add_argument(
        "--hint",
        type=int,
        choices=(RULE, VERB, STATE),
        default=RULE,
        metavar="N",
        help="how much to say about what no scenario catches: 1 the rule (the default), 2 also the verb of the step, "
        "3 also the state before it",
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    options.lab, options.submission = lab_and_submission(options)
    lab = load_lab(find_lab(options.lab))
    submission = resolve(options.submission, lab)
    own = _own(options.submission, lab, submission)
    if lab.reference is not None:
        strength = strength_of(lab, own)
        more = f"`--hint {options.hint + 1}` says more." if options.hint < STATE else ""
        _print(strength_lines(lab, strength, options.hint, more))
        return 0 if strength.valid else 1
    return _try(lab, own, submission, options)


def _own(what: str | None, lab: Lab, submission: Submission) -> list[OwnScenario]:
    """Return a submission's own scenarios: next to the kernel, even one that is refused, or in an archive.

    InputError if there are none.
    """
    if what == "reference" or submission.trusted is not None:
        raise InputError([f"{what}: this kernel has no scenarios of its own; name a student's folder"])
    path = pathlib.Path(submission.home or what or lab.path)
    own = own_of(submission.home, submission.own, lab.mine.scenarios if lab.mine is not None else FILES)
    if not own:
        if submission.refused:
            raise InputError([f"{path}: {submission.refused}"])
        way_out = f"write one, such as {FOLDER}/my-first.yaml, in the format of scenarios/*.yaml"
        raise InputError([f"{path / FOLDER}: no scenarios; {way_out}"])
    return own


def _try(lab: Lab, own: list[OwnScenario], submission: Submission, options: argparse.Namespace) -> int:
    """Try scenarios on the student's own kernel; return the exit status."""
    from grader.mine.local import try_own

    if submission.refused:
        raise InputError([f"{submission.name}: {submission.refused}"])
    with Session(lab, options.isolation) as session:
        runner = session.runner(submission)
        tried = try_own(lab, own, runner)
        runner.discard()
    _print(local_lines(lab, tried))
    return 0 if all(one.agrees for one in tried) else 1


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print("\n".join(wrap(line, WIDTH)) if line else "")
