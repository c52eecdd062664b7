"""`grader predict LAB [SCENARIO]`: predict what each step of a scenario will do, then see it."""

from __future__ import annotations

import argparse

from grader.cli.given import add_lab_and_scenario, lab_and_scenario
from grader.cli.streams import answer, say
from grader.errors import InputError
from grader.escape import printable
from grader.lab.lab import Lab, load_lab
from grader.lab.lookup import find_lab, find_scenario
from grader.lab.recordings import load_recording
from grader.program import command
from grader.scenario.model import Scenario
from grader.trace.records import StepRecord, Trace
from grader.view.questions import Question, Score, heading, questions
from grader.view.steps import cost


def arguments(parser: argparse.ArgumentParser) -> None:
    add_lab_and_scenario(parser, "the scenario's name (default: the first with questions)")
    parser.add_argument("--no-input", action="store_true", help="show questions with their answers; ask nothing")


def run(options: argparse.Namespace) -> int:
    given, name = lab_and_scenario(options)
    lab = load_lab(find_lab(given))
    scenario, trace = _chosen(lab, name)
    say(f"{scenario.id}: {scenario.title}")
    if not options.no_input:
        say("Type the number of your answer. Enter skips a question, q quits.")
    score = Score()
    try:
        stopped = _walk(scenario, trace, score, asked=not options.no_input)
    except EOFError:
        message = "the input ended before the scenario did; --no-input shows questions with their answers"
        raise InputError([message]) from None
    if options.no_input:
        return 0
    say("")
    say(f"{'Stopped' if stopped else 'The end'}: {score}.")
    say("To look at each step again:")
    print(f"  {command('show', lab.path, scenario.id)}")
    return 0


def _chosen(lab: Lab, name: str | None) -> tuple[Scenario, Trace]:
    """Return a public scenario by its name, or the first that has a question, and the reference's run of it."""
    for scenario in lab.scenarios if name is None else [find_scenario(lab, name)]:
        one, trace = scenario.at_failure_point(0), load_recording(lab, scenario).traces[0]
        if name is not None or any(own for _, own in questions(one, trace.pids, trace.steps)):
            return one, trace
    raise InputError([f"{lab.name}: no scenario has a step that could be predicted"])


def _walk(scenario: Scenario, trace: Trace, score: Score, asked: bool) -> bool:
    """Go through all steps; return True if the user stopped before the end."""
    for record, own in questions(scenario, trace.pids, trace.steps):
        say("")
        say(heading(scenario, record.number))
        for question in own:
            _pose(question)
            if not asked:
                say(f"   The answer: {question.choices[question.answer]}. {question.why}")
            elif not _answered(question, score):
                return True
        say(f"   {_cost(record)}")
    return False


def _pose(question: Question) -> None:
    say(f"   {question.text}")
    for number, choice in enumerate(question.choices, 1):
        say(f"     {number}. {choice}")


def _answered(question: Question, score: Score) -> bool:
    """Read an answer and respond to it; return False if the user quits."""
    while True:
        text = answer(f"   1 to {len(question.choices)}? ").strip().lower()
        if text in ("q", "quit"):
            return False
        if not text:
            score.add(question, None)
            say(f"   Skipped. The answer: {question.choices[question.answer]}. {question.why}")
            return True
        if text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(question.choices):
            right = score.add(question, int(text) - 1)
            told = "Right." if right else f"Not so. The answer: {question.choices[question.answer]}."
            say(f"   {told} {question.why}")
            return True
        say(
            f"   '{printable(text, 40)}' is not an answer: type a number from 1 to {len(question.choices)}, "
            "Enter to skip, or q to quit."
        )


def _cost(record: StepRecord) -> str:
    return cost(record, record.outcome)
