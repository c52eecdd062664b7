"""Keys: what a question's right answer is, computed from the reference's recorded outputs where the quiz says so."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from grader.lab import Lab, LabError
from grader.outputs import load_output
from grader.scenario.trace import Trace

from .questions import Computed, Question, Quiz


def key_of(lab: Lab, quiz: Quiz, question: Question) -> Any:
    """The key: a set of ids (single, multiple), a list of ids (order), a dict (match), a Fraction or a text.

    LabError if a computed key cannot be computed.
    """
    if question.type in ("single", "multiple"):
        return {choice.id for choice in question.choices if choice.right}
    if question.type == "order":
        return [choice.id for choice in sorted(question.choices, key=lambda choice: choice.right)]
    if question.type == "match":
        return {choice.id: choice.right for choice in question.choices}
    if not isinstance(question.answer, Computed):
        return question.answer
    scenario = next(s for s in lab.scenarios if s.id == question.answer.scenario)
    try:
        observed = observe(load_output(lab, scenario).traces[0], question.answer)
    except ValueError as error:
        raise LabError([f"{quiz.path}:{question.line}: question {question.id!r}: {error}"]) from None
    return Fraction(observed) if question.type == "number" else str(observed)


def observe(trace: Trace, what: Computed) -> int | str:
    """What a trace shows after a step. ValueError, in words, if it shows no such thing."""
    records = trace.steps[: what.after]
    last = records[-1]
    if what.observe == "outcome":
        return last.outcome
    if what.observe == "value":
        if not last.values:
            raise ValueError(f"step {what.after} of {what.scenario} reads nothing")
        return last.values[-1]
    if what.observe in ("frames", "slots"):
        return int(getattr(last, what.observe))
    if what.process:
        if what.process not in trace.pids:
            raise ValueError(
                f"there is no process {what.process!r} in {what.scenario}; {', '.join(trace.pids)} are there"
            )
        records = [record for record in records if record.actor == trace.pids[what.process]]
    if what.observe in ("copies", "reads", "writes"):
        return sum(getattr(record, what.observe) for record in records)
    minor = sum(record.faults[0] for record in records)
    major = sum(record.faults[1] for record in records)
    return {"minor": minor, "major": major, "faults": minor + major}[what.observe]
