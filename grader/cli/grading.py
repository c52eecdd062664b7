"""The work of `grader run`: try the scenarios, mark the quiz, report."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from grader.cli import streams
from grader.cli.compiling import tell_compiling
from grader.cli.next_step import commands, next_step
from grader.cli.output import write
from grader.errors import InputError
from grader.escape import printable
from grader.grade.attempt import Attempt
from grader.grade.graded import Graded
from grader.grade.kept_answers import KeptAnswers
from grader.grade.last_run import remember
from grader.grade.result import Result
from grader.grade.result_builder import ResultBuilder, exit_status
from grader.grade.runner import LocalRunner, Runner
from grader.grade.session import Session, open_session, with_twins
from grader.grade.submission import Submission, resolve
from grader.grade.verdicts import PASSED
from grader.lab.lab import QUIZ_TASK, Lab
from grader.machine import core
from grader.plural import number_of
from grader.quiz import mark
from grader.report import render
from grader.report.text import WIDTH
from grader.sandbox.isolation import Isolation
from grader.scenario.model import Scenario
from grader.trace.records import Trace

if TYPE_CHECKING:
    from grader.sandbox.sandbox import Sandbox

#: Seconds before progress is shown.
PATIENCE = 0.5


def grade(options: argparse.Namespace, boxes: Mapping[str, Sandbox]) -> int:
    """Grade what the options name, report it, and return the exit status. `boxes`: sandboxes that are started."""
    with (
        open_session(options.lab, options.isolation, boxes) as session,
        KeptAnswers(session.lab.path) as session.answers,
    ):
        session.compiling = tell_compiling
        return _grade(options, session)


def _grade(options: argparse.Namespace, session: Session) -> int:
    lab = session.lab
    if options.verify:
        refuse_without_reference(lab)
    submission = resolve(options.submission, lab)
    public, hidden = session.choose(options.only)
    session.load(public + hidden)
    progress = Progress(public, len(public) + len(hidden))
    runner = _debugger(options, session, submission) if options.debug else session.runner(submission)
    graded = session.grade(runner, public, hidden, progress)
    if options.audience == "staff" or options.twins:
        from grader.grade.twins import twins_of

        graded = with_twins(graded, runner, twins_of(lab, public))
        if options.audience != "staff":
            # Standard error: Gradescope shows it to instructors only, and the report is the student's.
            report_twins(graded)
    progress.done()
    if options.verbose:
        print(f"machine: {core.which()}", file=sys.stderr)
    remarks, world = [*submission.remarks, *runner.remarks()], ""
    if options.verify:
        from grader.verify.certificate import certify

        certificate = certify(session, submission)
        remarks.append(certificate.line)
        world = certificate.world
    isolation = _isolation(session, options)
    session.dismiss()
    quiz = mark(lab, submission.answers, unread=submission.unread) if options.only in (None, QUIZ_TASK) else None
    result = ResultBuilder(lab, graded, quiz, options.only, session.hashes(), remarks).build(
        submission.name, submission.digest, isolation, options.audience
    )
    if options.only is None and options.submission is None and options.audience == "student":
        remember(lab, result)
    if options.format == "html" and options.output is not None:
        _write_pages(result, graded, options.output, session)
    else:
        _report(result, options, lab, submission, world)
    return exit_status(result)


def refuse_without_reference(lab: Lab) -> None:
    """InputError if --verify has nothing to compare with; said before a run whose report would be lost."""
    if lab.reference is None:
        problem = f"{lab.name}: --verify compares with the reference kernel, which a released lab never has"
        raise InputError([f"{problem}; run it without --verify"])


def _write_pages(result: Result, graded: list[Graded], folder: str, session: Session) -> None:
    """Write the report as a page, and one page for each failing public scenario; follow no link inside the folder."""
    from urllib.parse import quote

    from grader.batch.output import Output
    from grader.report.html_page import player_pages

    recordings = {g.scenario.id: session.recording(g.scenario) for g in graded if not g.hidden}
    pages = player_pages(result, graded, recordings)
    with Output(pathlib.Path(folder)) as output:
        for id, page in pages.items():
            output.write(f"scenarios/{id}.html", page)
        output.write("index.html", render(result, "html", pages={id: f"scenarios/{quote(id)}.html" for id in pages}))
    print(f"{printable(os.path.join(folder, 'index.html'), limit=None)}: {_of_pages(len(pages))}")


def _of_pages(number: int) -> str:
    return f"the report, and {number_of(number, 'page')} to step through failing scenarios"


def _debugger(options: argparse.Namespace, session: Session, submission: Submission) -> Runner:
    """Return a runner for the student's class, loaded into this process from its file so that a debugger finds it."""
    from grader.lab.kernels import load_file_class

    if submission.refused or submission.trusted is not None:
        return session.runner(submission)
    if submission.code is not None and submission.code.language == "c":
        other = f"print with fl_log, or see each step with `{commands(options, session.lab)('show', 'SCENARIO')}`"
        raise InputError([f"--debug works for kernels in Python, and {submission.path or 'this one'} is in C; {other}"])
    if not submission.path:
        raise InputError([f"--debug runs a folder or a kernel file; {options.submission!r} is neither"])
    if "PYTHONBREAKPOINT" not in os.environ:
        sys.breakpointhook = _break
    return _DebuggedRunner(load_file_class(pathlib.Path(submission.path), session.lab.kernel.name))


def _break(*_: object, **__: object) -> None:
    """Stop in the debugger, in the function that called breakpoint(). Ctrl-C leaves it, as q and ctrl-D do."""
    import pdb
    from bdb import BdbQuit

    class Debugger(pdb.Pdb):
        def cmdloop(self, intro: object = None) -> None:
            try:
                super().cmdloop(intro)
            except KeyboardInterrupt:
                raise BdbQuit from None

    Debugger().set_trace(sys._getframe(1))


class _DebuggedRunner(LocalRunner):
    """Ends the command where somebody leaves the debugger (q, ctrl-D, ctrl-C): the next scenario is not wanted."""

    def __call__(self, scenario: Scenario, expected: Trace | None, known: bool = False, once: bool = False) -> Attempt:
        """Replay a scenario on a new kernel. KeyboardInterrupt if the debugger was left."""
        attempt = super().__call__(scenario, expected, known)
        if attempt.message.startswith("BdbQuit"):
            raise KeyboardInterrupt
        return attempt


def _isolation(session: Session, options: argparse.Namespace) -> Isolation:
    isolation = session.isolation
    return {**isolation, "unofficial": True} if options.debug else isolation


def _report(result: Result, options: argparse.Namespace, lab: Lab, submission: Submission, world: str) -> None:
    """Write the report. world: the small world in which --verify has found a difference, or ""."""
    extra: dict[str, object] = {}
    if options.format == "text":
        verbosity = options.verbose - options.quiet
        following = next_step(result, options, lab, submission.refused)
        colour = options.output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        extra = {"colour": colour, "verbosity": verbosity, "next_step": following}
        extra["shows"] = commands(options, lab)("verify", "--scope", world) if world else ""
        extra |= {"command": commands(options, lab), "width": _width(options)}
    elif options.format == "github":
        extra = {"kernel": kernel_path(submission)}
        tell_github(result)
    write(options, render(result, options.format, **extra))


def _width(options: argparse.Namespace) -> int:
    """Return the columns of the terminal; elsewhere those of a report that is read later."""
    return (streams.columns() if options.output is None else None) or WIDTH


def report_twins(graded: list[Graded]) -> None:
    """Name on stderr the scenarios that passed and whose twins did not."""
    for g in graded:
        if g.twin is not None and g.twin.verdict != PASSED:
            told = f"passes {g.scenario.id}, but not its twin ({g.twin.verdict}): {'; '.join(g.differs)}"
            print(f"grader: {told}", file=sys.stderr)


def kernel_path(submission: Submission) -> str:
    """Return the kernel's path in the repository, for annotations; "" if it lies elsewhere."""
    root = pathlib.Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    path = pathlib.Path(submission.path).resolve() if submission.path else root
    return path.relative_to(root).as_posix() if path != root and path.is_relative_to(root) else ""


def tell_github(result: Result) -> None:
    """Append the job summary and the Classroom object to the files that GitHub names, if it does."""
    from grader.report import github

    for variable, text in (("GITHUB_STEP_SUMMARY", github.summary), ("GITHUB_OUTPUT", github.output_line)):
        if os.environ.get(variable):
            with open(os.environ[variable], "a", encoding="utf-8") as file:
                file.write(text(result))


class Progress:
    """A progress line on stderr, shown only on a terminal and only if grading takes longer than a moment."""

    def __init__(self, public: list[Scenario], total: int) -> None:
        self.names = {scenario.id for scenario in public}
        self.total = total
        self.count = 0
        self.began = time.monotonic()
        self.shown = False
        self.last = ""

    def __call__(self, scenario: Scenario) -> None:
        if scenario.id in self.names:
            self.count += 1
            shown = f"{self.count} of {self.total}  {scenario.id}"
        else:
            # One line for all of them: how long each one takes is something that a kernel could say.
            shown = "hidden scenarios"
        if shown == self.last:
            return
        if time.monotonic() - self.began > PATIENCE and sys.stderr.isatty():
            self.shown = True
            self.last = shown
            sys.stderr.write(f"\r\x1b[K  {shown}")
            sys.stderr.flush()

    def done(self) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
