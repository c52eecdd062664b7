"""`grader run LAB`: grade one submission."""

from __future__ import annotations

import argparse
import gc
import os
import pathlib
import shlex
import sys
import time
from typing import Any

from grader.cli import add_isolation
from grader.cli.output import write
from grader.grade.attempt import BEFORE
from grader.grade.results import Result, choose, exit_status, load_outputs
from grader.grade.runners import local_examiner
from grader.grade.session import Means, attempt_all, marks_of_quiz, means_of
from grader.grade.submission import Subject, resolve
from grader.lab.lab import QUIZ_TASK, Lab, LabError, find_lab, load_lab
from grader.report import FORMATS, render
from grader.scenario.model import Scenario
from grader.text import plain

#: Seconds after which progress is shown.
PATIENCE = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder (default: this one)")
    parser.add_argument(
        "--submission",
        metavar="WHAT",
        help="a folder, a kernel file, an archive, `reference`, or "
        "misconception:NAME (default: the lab's folder itself)",
    )
    parser.add_argument(
        "--only", metavar="PATTERN", help="only scenarios of this name (* and ? stand for others), or of this task"
    )
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how to report (default: text)")
    parser.add_argument("--output", metavar="FILE", help="write the report there instead of to standard output")
    parser.add_argument(
        "--audience", choices=("student", "staff"), default="student", help="staff sees hidden scenarios"
    )
    add_isolation(parser)
    parser.add_argument(
        "--debug", action="store_true", help="run the kernel in this process, unofficially, so that breakpoint() works"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="tell every failure in full")
    parser.add_argument("-q", "--quiet", action="store_true", help="the summary alone")


def run(options: argparse.Namespace) -> int:
    # A run lives for a moment: collecting garbage in between would only cost time.
    gc.disable()
    given = options.submission
    with_worker = not options.debug and not (given or "").startswith("misconception:")
    if not with_worker:
        return _grade(options, None)
    from grader.sandbox.sandbox import Box

    # Started first, so that the worker's interpreter warms up while this one reads YAML.
    with Box(isolation=options.isolation) as box:
        return _grade(options, box)


def _grade(options: argparse.Namespace, box: Any) -> int:
    lab = load_lab(find_lab(options.lab))
    subject = resolve(options.submission, lab)
    public, hidden = choose(lab, options.only)
    outputs = load_outputs(lab, public + hidden)
    progress = Progress(public, len(public) + len(hidden))
    means = _debugged(options, lab, subject) if options.debug else means_of(subject, box)
    graded = attempt_all(lab, means, public, hidden, outputs, progress)
    progress.done()
    result = Result(lab, graded, _quiz(lab, subject, options), options.only, remarks=subject.remarks).build(
        subject.name, subject.digest, _isolation(box, options), options.audience
    )
    _report(result, options, lab, subject)
    return exit_status(result)


def _debugged(options: argparse.Namespace, lab: Lab, subject: Subject) -> Means:
    """The student's class, loaded into this process from its file, so that a debugger finds the lines."""
    from grader.lab.kernels import load_file_class

    if subject.refused or subject.trusted is not None:
        return means_of(subject, None)
    if not subject.path:
        raise LabError([f"--debug runs a folder or a kernel file; {options.submission!r} is neither"])
    return Means(local_examiner(load_file_class(pathlib.Path(subject.path), lab.kernel.name)))


def _quiz(lab: Lab, subject: Subject, options: argparse.Namespace) -> dict[str, Any] | None:
    """The marks of the quiz sheet, where the lab has a quiz and the quiz is not left out."""
    return marks_of_quiz(lab, subject.answers) if options.only in (None, QUIZ_TASK) else None


def _isolation(box: Any, options: argparse.Namespace) -> dict[str, Any]:
    if box is not None:
        return dict(box.isolation)
    isolation: dict[str, Any] = {"wanted": options.isolation, "got": "none", "missing": {}}
    if options.debug:
        isolation["unofficial"] = True
    return isolation


def _report(result: dict[str, Any], options: argparse.Namespace, lab: Lab, subject: Subject) -> None:
    extra: dict[str, Any] = {}
    if options.format == "text":
        verbosity = options.verbose - options.quiet
        colour = options.output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        extra = {"colour": colour, "verbosity": verbosity, "next_step": next_step(result, options, lab)}
    elif options.format == "github":
        extra = {"kernel": kernel_path(subject)}
        tell_github(result)
    write(options, render(result, options.format, **extra))


def kernel_path(subject: Subject) -> str:
    """Return the kernel's path in the repository, for annotations; "" if it lies elsewhere."""
    root = pathlib.Path(os.environ.get("GITHUB_WORKSPACE") or ".").resolve()
    path = pathlib.Path(subject.path).resolve() if subject.path else root
    return path.relative_to(root).as_posix() if path != root and path.is_relative_to(root) else ""


def tell_github(result: dict[str, Any]) -> None:
    """Append the job summary and the Classroom object to the files that GitHub names, if it does."""
    from grader.report import github

    for variable, text in (("GITHUB_STEP_SUMMARY", github.summary), ("GITHUB_OUTPUT", github.output_line)):
        if os.environ.get(variable):
            with open(os.environ[variable], "a", encoding="utf-8") as file:
                file.write(text(result))


def next_step(result: dict[str, Any], options: argparse.Namespace, lab: Lab) -> str:
    """What to do now; a second line, if there is one, is a command."""
    first = next((s for s in result["scenarios"] if s["verdict"] not in ("passed", "waiting")), None)
    if first is None:
        if result["points"] == result["max_points"]:
            return "all points that can be earned here are earned."
        return f"the quiz.\ngrader quiz {lab.path}"
    if first["verdict"] == "ungradable":
        return "run it again; if that does not help, tell the course: it is not your kernel's fault."
    if first["visibility"] == "hidden":
        return f"read task {lab.task(first['task']).number} of {lab.path / 'README.md'} again; a hidden scenario fails."
    if BEFORE in first.get("details", ()):
        return "mend the line above; no scenario can begin before that."
    task = lab.task(first["task"])
    where = f"task {task.number} of {lab.path / 'README.md'}"
    if first["verdict"] == "not_implemented":
        return f"{where}, then {lab.kernel.path}"
    # A submission may be called anything, what moves a cursor included; and the line is there to be copied.
    given = f" --submission {plain(shlex.quote(options.submission))}" if options.submission else ""
    return f"{where}, and the whole story:\ngrader show {lab.path} {first['id']}{given}"


class Progress:
    """A line on a terminal's stderr that says where we are, if it takes longer than a moment."""

    def __init__(self, public: list[Scenario], total: int) -> None:
        self.names = {scenario.id: scenario.id for scenario in public}
        self.total = total
        self.count = 0
        self.began = time.monotonic()
        self.shown = False

    def __call__(self, scenario: Scenario) -> None:
        self.count += 1
        if time.monotonic() - self.began > PATIENCE and sys.stderr.isatty():
            self.shown = True
            sys.stderr.write(f"\r\x1b[K  {self.count} of {self.total}  {self.names.get(scenario.id, 'hidden')}")
            sys.stderr.flush()

    def done(self) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
