"""`grader predict LAB [SCENARIO]`: predict what each step of a scenario will do, then see it."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import textwrap

from grader.errors import InputError, did_you_mean
from grader.escape import printable
from grader.lab.lab import Lab, find_lab, load_lab
from grader.lab.recordings import load_recording
from grader.program import command
from grader.scenario.model import Scenario
from grader.trace.records import StepRecord, Trace
from grader.view.questions import Question, Score, heading, questions
from grader.view.steps import cost

#: Characters of a line.
WIDTH = 79


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lab", nargs="?", metavar="LAB", help="the lab's folder; optional inside it")
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", help="the scenario's name (default: the first with questions)"
    )
    parser.add_argument("--no-input", action="store_true", help="show questions with their answers; ask nothing")


def run(options: argparse.Namespace) -> int:
    given, name = _given(options)
    lab = load_lab(find_lab(given))
    scenario, trace = _chosen(lab, name)
    _say(f"{scenario.id}: {scenario.title}")
    if not options.no_input:
        _say("Type the number of your answer. Enter skips a question, q quits.")
    score = Score()
    stopped = _walk(scenario, trace, score, asked=not options.no_input)
    if options.no_input:
        return 0
    _say("")
    _say(f"{'Stopped' if stopped else 'The end'}: {score}.")
    _say("To look at each step again:")
    print(f"  {command('show', lab.path, scenario.id)}")
    return 0


def _given(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """Return lab and scenario: inside a lab's folder, a single argument that is not a folder names a scenario."""
    if options.scenario or not options.lab:
        return options.lab, options.scenario
    here = pathlib.Path("lab.yaml").is_file() and not os.path.isdir(options.lab)
    return (None, options.lab) if here else (options.lab, None)


def _chosen(lab: Lab, name: str | None) -> tuple[Scenario, Trace]:
    """Return a public scenario by its name, or the first that has a question, and the reference's run of it."""
    for scenario in lab.scenarios:
        if name in (None, scenario.id):
            one, trace = scenario.at_failure_point(0), load_recording(lab, scenario).traces[0]
            if name is not None or any(own for _, own in questions(one, trace.pids, trace.steps)):
                return one, trace
    if name is None:
        raise InputError([f"{lab.name}: no scenario has a step that could be predicted"])
    near = did_you_mean(name, [s.id for s in lab.scenarios]) or f"`{command('list', lab.path)}` shows them"
    raise InputError([f"{lab.name}: no scenario {name!r}; {near}"])


def _walk(scenario: Scenario, trace: Trace, score: Score, asked: bool) -> bool:
    """Go through all steps; return True if the user stopped before the end."""
    for record, own in questions(scenario, trace.pids, trace.steps):
        _say("")
        _say(heading(scenario, record.number))
        for question in own:
            _pose(question)
            if not asked:
                _say(f"   The answer: {question.choices[question.answer]}. {question.why}")
            elif not _answered(question, score):
                return True
        _say(f"   {_cost(record)}")
    return False


def _pose(question: Question) -> None:
    _say(f"   {question.text}")
    for number, choice in enumerate(question.choices, 1):
        _say(f"     {number}. {choice}")


def _answered(question: Question, score: Score) -> bool:
    """Read an answer and respond to it; return False if the user quits."""
    while True:
        text = _read(f"   1 to {len(question.choices)}? ").strip().lower()
        if text in ("q", "quit"):
            return False
        if not text:
            score.add(question, None)
            _say(f"   Skipped. The answer: {question.choices[question.answer]}. {question.why}")
            return True
        if text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(question.choices):
            right = score.add(question, int(text) - 1)
            told = "Right." if right else f"Not so. The answer: {question.choices[question.answer]}."
            _say(f"   {told} {question.why}")
            return True
        _say(
            f"   {printable(text, 40)!r} is not an answer: type a number from 1 to {len(question.choices)}, "
            "Enter to skip, or q to quit."
        )


def _cost(record: StepRecord) -> str:
    return cost(record, record.outcome)


def _say(line: str) -> None:
    """Print a line, broken at blanks where it is longer than a terminal is wide."""
    shown = printable(line, limit=None)
    indent = " " * (len(shown) - len(shown.lstrip()) + 2)
    for part in textwrap.wrap(shown, WIDTH, subsequent_indent=indent, break_long_words=False) or [""]:
        print(part, flush=True)


def _read(prompt: str) -> str:
    print(prompt, end="", flush=True)
    answer = sys.stdin.readline()
    if not sys.stdin.isatty():
        # A terminal echoes what is typed; from a pipe, the answer is printed so that the output reads the same.
        _say(answer.rstrip("\n"))
    if not answer:
        message = "the input ended before the scenario did; --no-input shows questions with their answers"
        raise InputError([message])
    return answer
