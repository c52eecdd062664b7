"""`grader verify LAB`: compare a kernel with the reference in every scenario of a small world."""

from __future__ import annotations

import argparse
import pathlib
import sys
import time
from typing import TYPE_CHECKING

from grader.cli import add_isolation
from grader.cli.compiling import tell_compiling
from grader.cli.given import add_lab_and_kernel, lab_and_submission
from grader.errors import InputError
from grader.program import command

if TYPE_CHECKING:
    from grader.lab.lab import Lab
    from grader.verify.verified import Verified

#: Seconds between two updates of the progress line.
PAUSE = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_kernel(parser)
    parser.add_argument(
        "--submission", metavar="WHAT", help="the kernel to verify (default: the lab's folder; see `grader run`)"
    )
    parser.add_argument("--scope", metavar="S", help="explore only this world of lab.yaml's `scope` (default: each)")
    parser.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="maximum number of steps after the first mappings (default: until nothing new is found; for kernels "
        "whose states cannot be compared as far as 5000 scenarios go)",
    )
    parser.add_argument("--output", metavar="FILE", help="write the scenario that shows a difference to FILE")
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    from grader.grade.session import open_session
    from grader.grade.submission import resolve
    from grader.lab.kernels import reference_kernel
    from grader.report.text import WIDTH, wrap
    from grader.verify.product import ReferenceFault
    from grader.verify.verify import verify_all, worlds
    from grader.verify.words import remarks

    options.lab, options.submission = lab_and_submission(options)
    if options.steps is not None and options.steps < 0:
        raise InputError([f"--steps {options.steps}: expected a number, 0 or more"])
    with open_session(options.lab, options.isolation) as session:
        session.compiling = tell_compiling
        submission = resolve(options.submission, session.lab)
        reference = reference_kernel(session.lab)
        if options.submission == "reference":
            submission = submission._replace(trusted=reference)  # ours: it needs no sandbox
        if submission.refused:
            raise InputError([f"{options.submission or session.lab.path}: {submission.refused}"])
        chosen = worlds(session.lab, options.scope)
        print(session.lab.name)
        status = 0
        limits: dict[str, None] = {}  # remarks, each once
        progress = _Progress()
        try:
            for verified in verify_all(session, chosen, submission, options.steps, progress, resume=True):
                progress.clear()
                limits.update(dict.fromkeys(remarks(verified.outcome)))
                status = max(status, _print(verified, session.lab, options))
        except ReferenceFault as fault:
            progress.clear()
            raise InputError([f"{session.lab.name}: {fault}"]) from None
        finally:
            progress.clear()
        if limits and status == 1:
            print()  # so that a scenario that is copied ends with its last line
        for remark in limits:
            print("\n".join(wrap(remark, WIDTH, "")))
    return status


def _print(verified: Verified, lab: Lab, options: argparse.Namespace) -> int:
    """Print what was found in a world, and return the exit status."""
    from grader.report.text import WIDTH, wrap
    from grader.verify.words import certificate

    world, outcome, attempt = verified
    for line in wrap(f"{world.name}: {world.summary}", WIDTH, "  "):
        print(line)
    if attempt is not None:
        return _show(verified, lab, options)
    mark = "ok" if outcome.scenarios else "--"
    print("\n".join(wrap(f"{mark}   {certificate(outcome)}", WIDTH - 4, "    ")))
    return 130 if outcome.stopped else 0


def _show(verified: Verified, lab: Lab, options: argparse.Namespace) -> int:
    """Print the scenario with a difference, and return the exit status."""
    from grader.escape import printable
    from grader.files import write_file
    from grader.grade.verdicts import NOT_IMPLEMENTED, UNGRADABLE
    from grader.report.text import WIDTH, wrap
    from grader.scenario.writer import to_yaml
    from grader.verify.words import headline

    attempt, scenario = verified.attempt, verified.outcome.difference
    assert attempt is not None and scenario is not None
    known = attempt.verdict in (NOT_IMPLEMENTED, UNGRADABLE)
    told = "nothing can be compared yet" if known else f"{headline(verified.outcome)}:"
    print("\n".join(wrap(f"FAIL {told}", WIDTH - 4, "    ")))
    for line in attempt.lines:
        print("\n".join(wrap(printable(line), WIDTH - 9, " " * 9)))
    if known:
        return 3 if attempt.verdict == UNGRADABLE else 1
    text = to_yaml(scenario)
    if options.output is None:
        print(f"\nThe scenario (--output FILE writes it):\n\n{text}", end="")
        return 1
    path = pathlib.Path(options.output)
    write_file(path, text)
    print(f"\nThe scenario is in {path}.")
    if lab.reference is None:
        print("Put it into the lab's mine/ to try it after every change:")
        print(f"  {command('test', lab.path)}")
        return 1
    print("Put it into the lab's scenarios/, then record and see it:")
    print(f"  {command('record', lab.path)}")
    print(f"  {command('show', lab.path, path.stem, '--submission', options.submission or lab.path)}")
    return 1


class _Progress:
    """A line on stderr that says how far the search is; nothing if stderr is not a terminal."""

    def __init__(self) -> None:
        self._begin = self._level_begin = self._shown = time.monotonic()
        self._level = -1
        self._on = sys.stderr.isatty()
        self._width = 0

    def __call__(self, steps: int, states: int, edges: int, share: float) -> None:
        now = time.monotonic()
        if steps != self._level:
            self._level, self._level_begin = steps, now
        if not self._on or now - self._shown < PAUSE:
            return
        self._shown = now
        rate = edges / max(now - self._begin, 0.001)
        left = (now - self._level_begin) * (1 - share) / max(share, 0.001)
        line = f"step {steps + 1}: {share:4.0%}, {left:.0f} s left; {states:,} states, {rate:,.0f} steps a second"
        self._write(line)

    def clear(self) -> None:
        """Remove the line, and begin counting again."""
        if self._width:
            self._write("")
        self._begin = self._level_begin = time.monotonic()
        self._level = -1

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r{line.ljust(self._width)}\r" if not line else f"\r{line.ljust(self._width)}")
        sys.stderr.flush()
        self._width = len(line)
