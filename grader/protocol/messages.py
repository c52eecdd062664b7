"""Turns a scenario into the messages that a worker gets, one per step: what to do, never what is expected."""

from __future__ import annotations

import json
from typing import Union

from grader.machine.frames import allocation_order
from grader.protocol import wire
from grader.scenario.model import Scenario, Step

#: An answer -> the answers that have followed it, or the end that the scenario had after it.
Answers = dict[bytes, Union["Answers", "End"]]


class End:
    """The attempt that a scenario's answers, from the first to this one, led to."""

    __slots__ = ("attempt",)

    def __init__(self, attempt: object) -> None:
        self.attempt = attempt


class ScenarioMessages:
    """One scenario as messages.

    beginning  the payload of BEGIN
    messages   kind and payload of every STEP, and of END
    script     all of it as the bytes of one message after the other
    due        bytes of answers that the scenario's own size explains
    step_due   the same in one step
    entries    page table entries that can exist at the same time
    answers    earlier answers, beginning with that to BEGIN, whose verdict is known (grade/answer_cache.py)
    """

    __slots__ = ("answers", "beginning", "due", "entries", "messages", "scenario", "script", "step_due")

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.beginning = _beginning(scenario)
        self.messages = [(wire.STEP, step_message(step)) for step in scenario.steps]
        self.messages.append((wire.END, b""))
        self.script = b"".join(wire.frame(*message) for message in [(wire.BEGIN, self.beginning), *self.messages])
        self.entries = _entries(scenario)
        self.step_due = _PAGE_BYTES * self.entries
        self.due = self.step_due * (len(scenario.steps) + 1)
        self.answers: Answers = {}


#: Bytes of answers that a page may take in one step: an honest kernel needs about fifty, or a hundred if it swaps.
_PAGE_BYTES = 256


def _entries(scenario: Scenario) -> int:
    """Return how many page table entries a scenario's size explains: every process touches every page."""
    pages = sum(step.fields["pages"] for step in scenario.steps if step.verb == "mmap")
    processes = len(scenario.processes) + sum(step.verb == "fork" for step in scenario.steps)
    return pages * processes


def _beginning(scenario: Scenario) -> bytes:
    files = [[f.name, f.pages, list(f.contents), f.writable, *[True] * f.cached] for f in scenario.files]
    spec = scenario.machine
    beginning: dict[str, object] = {"machine": spec._asdict(), "files": files, "processes": list(scenario.processes)}
    order = allocation_order(spec.allocation, spec.frames, spec.seed)
    if order is not None:
        beginning["order"] = order  # a worker in another language has other random numbers
    return json.dumps(beginning).encode()


def step_message(step: Step) -> bytes:
    """Return the message for a step."""
    return json.dumps({"verb": step.verb, "by": step.by, **step.fields}).encode()
