"""`grader test LAB`: check a student's own scenarios, in the folder mine/ next to the kernel."""

from __future__ import annotations

import argparse
import pathlib
from collections.abc import Iterator
from string import ascii_lowercase
from typing import TYPE_CHECKING

from grader.cli import add_isolation
from grader.errors import InputError
from grader.escape import printable
from grader.grade.session import Session
from grader.grade.submission import Submission, resolve
from grader.intake.own_scenarios import FOLDER, OwnScenario, read_own
from grader.lab.fields import FILES
from grader.lab.lab import Lab, find_lab, load_lab
from grader.mine.strength import Strength, needed, strength_of
from grader.points import points
from grader.report.text import WIDTH, wrap

if TYPE_CHECKING:
    from grader.mine.local import TriedOwn

_STAGES = ("the rule", "the rule and the verb", "the rule, the verb and the state")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument(
        "--submission",
        metavar="WHAT",
        help=f"a folder with {FOLDER}/*.yaml next to its kernel (default: the lab's folder itself)",
    )
    parser.add_argument(
        "--hint",
        type=int,
        choices=(1, 2, 3),
        default=1,
        metavar="N",
        help="how much to say about what no scenario catches: 1 the rule (the default), 2 also the verb of the step, "
        "3 also the state before it",
    )
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    lab = load_lab(find_lab(options.lab))
    home, submission = _home(options.submission, lab)
    own = read_own(home, lab.mine.scenarios if lab.mine is not None else FILES)
    if not own:
        raise InputError(
            [f"{home / FOLDER}: no scenarios; write one, such as {FOLDER}/my-first.yaml (see the lab's README.md)"]
        )
    if lab.reference is not None:
        strength = strength_of(lab, own)
        _print(strength_lines(lab, strength, options.hint))
        return 0 if strength.valid else 1
    return _try(lab, own, submission or resolve(options.submission, lab), options)


def _home(what: str | None, lab: Lab) -> tuple[pathlib.Path, Submission | None]:
    """Return the folder that has mine/: the one that was named, or the kernel's, which may lie deeper."""
    path = pathlib.Path(what) if what is not None else lab.path
    if (path / FOLDER).is_dir():
        return path, None
    submission = resolve(what, lab)
    if what in ("reference",) or submission.trusted is not None:
        raise InputError([f"{what}: this kernel has no scenarios of its own; name a student's folder"])
    if submission.path:
        return pathlib.Path(submission.path).parent, submission
    why = submission.refused or f"scenarios are not read from an archive; unpack it, and name the folder with {FOLDER}/"
    raise InputError([f"{path}: {why}"])


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


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        # Messages quote what is in the files.
        print("\n".join(wrap(printable(line), WIDTH)) if line else "")


# -- with the course's kernels ------------------------------------------------------------------------------------


def strength_lines(lab: Lab, strength: Strength, stage: int) -> Iterator[str]:
    """Yield the report on scenarios that the course's kernels have judged."""
    judged = strength.judged
    yield f"{lab.name}: {_count(len(judged), 'scenario')} of your own"
    width = max(len(one.name) for one in judged)
    for letter, one in zip(_letters(), judged, strict=False):
        state = "INVALID" if one.problems else "copied" if one.copy_of else "valid"
        catches = "-" if one.problems else f"catches {len(one.caught)}"
        yield f"  {letter}  {printable(one.name):{width}}  {_count(one.steps, 'step'):>9}  {state:7}  {catches}"
    for one in judged:
        if one.problems or one.copy_of:
            yield ""
            yield from _trouble(one.name, one.problems, one.copy_of)
    caught = strength.caught
    yield ""
    yield f"Caught: {len(caught)} of {len(strength.beliefs)} misconceptions, kernels that"
    for flag in caught:
        marks = "".join(letter if flag in one.caught else "." for letter, one in zip(_letters(), judged, strict=False))
        yield f"  {marks}  {strength.beliefs[flag]}"
    yield from _missed(lab, strength, stage)
    if lab.mine is not None:
        full = needed(lab.mine, len(strength.beliefs))
        yield ""
        yield (
            f"Points for your scenarios: {points(strength.points)} of {points(strength.most)}, in proportion to what "
            f"they catch; {full} earn all. They are a score of their own, not part of the lab's 100."
        )


def _missed(lab: Lab, strength: Strength, stage: int) -> Iterator[str]:
    from grader.mine.hints import hints

    if not strength.missed:
        return
    yield ""
    yield f"Caught by none of yours: {len(strength.missed)}. They show in ({_STAGES[stage - 1]}):"
    yield from (f"  {hint}" for hint in hints(lab, strength.missed, stage))
    if stage < len(_STAGES):
        yield f"  `--hint {stage + 1}` says more."


def _trouble(name: str, problems: tuple[str, ...], copy_of: str) -> Iterator[str]:
    if copy_of:
        yield f"{name}: has the steps of the public scenario {copy_of}, so it counts for nothing"
    yield from problems


# -- without them -------------------------------------------------------------------------------------------------


def local_lines(lab: Lab, tried: list[TriedOwn]) -> Iterator[str]:
    """Yield the report on scenarios that were tried on the student's own kernel."""
    yield f"{lab.name}: {_count(len(tried), 'scenario')} of your own, on your kernel"
    width = max(len(one.name) for one in tried)
    for one in tried:
        state = "INVALID" if one.problems else "agrees" if one.agrees else "DIFFERS"
        yield f"  {printable(one.name):{width}}  {_count(one.steps, 'step'):>9}  {state}"
    for one in tried:
        if one.problems or not one.agrees:
            yield ""
            yield from one.problems
        if one.attempt is not None and not one.agrees:
            yield f"{one.name}: your kernel does not do what it expects; one of the two is wrong"
            yield from (f"  {line}" for line in one.attempt.lines)
    yield ""
    yield (
        "This copy of the lab has no reference, so this shows only if your scenarios and your kernel agree. The course "
        "decides if they are valid, and counts which mistakes they catch."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _letters() -> Iterator[str]:
    yield from ascii_lowercase
