"""`grader show LAB SCENARIO`: walk through one scenario step by step, optionally next to a submission's own run.

Text for a terminal; with `--step N` only this step; `--format svg` draws the state after a step, and `--format html`
is a page to step through.
"""

from __future__ import annotations

import argparse
import pathlib
import sys

from grader.cli import add_isolation, streams
from grader.cli.compiling import tell_compiling
from grader.cli.given import add_lab_and_scenario, lab_and_scenario
from grader.errors import InputError
from grader.escape import printable
from grader.grade.attempt import Attempt
from grader.grade.runner import Printed
from grader.grade.session import Session, open_session
from grader.grade.submission import resolve
from grader.lab.lab import Lab
from grader.lab.lookup import find_scenario
from grader.lab.recordings import Recording
from grader.program import command
from grader.report.text import printed
from grader.scenario.model import Scenario
from grader.trace.records import Trace
from grader.view.steps import story

FORMATS = ("text", "svg", "html")

#: Lines of a kernel's own output that are shown.
PRINTED = 200


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_scenario(parser, "the scenario's name")
    parser.add_argument("--submission", metavar="WHAT", help="show this kernel's run next to the reference's")
    parser.add_argument(
        "--point",
        type=int,
        metavar="N",
        help="failure point to show, for scenarios with `after: each` (default: where the submission fails first)",
    )
    parser.add_argument("--step", type=int, metavar="N", help="show only the state after this step")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="text (default); svg: a picture of the state after --step; html: a page to step through",
    )
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser; needs --format html")
    add_isolation(parser)


def run(options: argparse.Namespace) -> int:
    _check(options)
    given, name = lab_and_scenario(options)
    with open_session(given, options.isolation) as session:
        session.compiling = tell_compiling
        if name is None:
            return _list(session.lab)
        scenario = find_scenario(session.lab, name, hidden=True)
        traces = session.recording(scenario).traces
        if options.point is None:
            options.point = _first_failing(options, session, scenario)
        if not 0 <= options.point < len(traces):
            last = f"the last is {len(traces) - 1}" if len(traces) > 1 else "there is only 0"
            raise InputError([f"--point {options.point}: {scenario.id} has no such failure point; {last}"])
        expected = traces[options.point]
        one = scenario.at_failure_point(options.point)
        if options.step is not None and not 1 <= options.step <= len(one.steps):
            raise InputError([f"--step {options.step}: {scenario.id} has steps 1 to {len(one.steps)}"])
        attempt, told = _attempt(options, session, one, expected) if options.submission else (None, Printed())
    prints = printed(told.text, PRINTED, told.truncated) if told.text else []
    if options.format == "svg":
        _write(options.output, _svg(options, one, expected, attempt))
    elif options.format == "html":
        _page(options, one, expected, attempt, prints)
    else:
        lines = story(one, expected, attempt, options.step) + _host(session.recording(scenario))
        lines += ["", *prints] if prints else []
        _write(options.output, "".join(f"{printable(line, limit=None)}\n" for line in lines))
    return 0 if attempt is None or attempt.verdict == "passed" else 1


def _host(recording: Recording) -> list[str]:
    """Return what a real kernel did, where that was recorded."""
    if recording.host is None:
        return []
    differences = recording.host_differences()
    same = f"not the same in step {', '.join(map(str, differences))}" if differences else "the same in every step"
    return ["", f"On a real kernel ({recording.host.kernel}): {same}."]


def _list(lab: Lab) -> int:
    """Print the scenarios that can be shown, where none was named, and how to show one; return the exit status."""
    print("\n".join(streams.fitted([f"{s.id:34} {printable(s.title, limit=None)}" for s in lab.scenarios])))
    print(f"\nName one of them, such as:\n  {command('show', lab.path, lab.scenarios[0].id)}")
    return 0


def _first_failing(options: argparse.Namespace, session: Session, scenario: Scenario) -> int:
    """Return the failure point at which the submission fails first; 0 if it passes everywhere, or if there is none."""
    if options.submission is None or scenario.each is None:
        return 0
    submission = resolve(options.submission, session.lab)
    return session.attempt(session.runner(submission), scenario).point


def _check(options: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if options.format == "svg" and options.step is None:
        raise InputError(["--format svg draws the state after one step: add --step N"])
    if options.open and options.format != "html":
        raise InputError(["--open shows a page: add --format html"])
    if options.format == "html" and options.step is not None:
        raise InputError(["--format html has every step: leave out --step, and add #sN to the page's address"])


def _svg(options: argparse.Namespace, scenario: Scenario, expected: Trace, attempt: Attempt | None) -> str:
    from grader.view.layout import picture_after
    from grader.view.svg import svg_file

    records = expected.steps if attempt is None else attempt.records
    if not any(record.number == options.step for record in records):
        last = max((record.number for record in records), default=0)
        has = f"the last step with a state is {last}" if last else "no step has a state"
        raise InputError([f"--step {options.step}: {has} in the run of {options.submission}"])
    return svg_file(picture_after(scenario, expected.pids, records, options.step))


def _page(
    options: argparse.Namespace, scenario: Scenario, expected: Trace, attempt: Attempt | None, prints: list[str]
) -> None:
    """Write the page, and open it if that was asked for; without --output in a new temporary folder."""
    from grader.view.player import player

    path = options.output
    if options.open and path is None:
        import tempfile

        path = str(pathlib.Path(tempfile.mkdtemp(prefix="forklab-"), f"{scenario.id}.html"))
    _write(path, player(scenario, expected, attempt, prints))
    if not options.open:
        return
    import webbrowser

    if not webbrowser.open(pathlib.Path(path).resolve().as_uri()):
        raise InputError([f"{path}: no browser could be started; open this file in one yourself"])
    print(path)


def _write(path: str | None, text: str) -> None:
    """Write to a file, or to standard output."""
    if path is None:
        sys.stdout.write(text)
        return
    from grader.files import write_file

    try:
        write_file(path, text)
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None


def _attempt(
    options: argparse.Namespace, session: Session, scenario: Scenario, expected: Trace
) -> tuple[Attempt, Printed]:
    """Return the submission's attempt, and what it printed."""
    submission = resolve(options.submission, session.lab)
    if submission.refused:
        raise InputError([f"{options.submission}: {submission.refused}"])
    runner = session.runner(submission)
    return runner(scenario, expected), runner.printed()
