"""What a quiz is, once it is loaded: immutable records."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from grader.formats.yaml_reader import Block
from grader.scenario.model import Scenario

FORMAT = 1
TYPES = ("single", "multiple", "number", "order", "match", "text")

WITH_CHOICES = ("single", "multiple", "order", "match")

#: The id under which a sheet names its variant; no question may be called that.
VARIANT = "variant"


class Choice(NamedTuple):
    """right: true or false; in `order` the place, from 1; in `match` the text that belongs to it."""

    id: str
    text: str
    right: Any
    why: str


class Observation(NamedTuple):
    """What a scenario's replay shows after a step (from 1).

    process  whose faults, copies, … ; "" for all
    at       the place, for figures that have one (`present`, `writable`, `shared`, `file`); "" for the others
    """

    scenario: Scenario
    after: int
    process: str
    observe: str
    at: str


class Computed(NamedTuple):
    """A key that the reference gives: an expression over named observations.

    key     the author's own figure, to be held against the computed one; None if there is none
    inline  whether a scenario is written in the question itself, and has no recorded output
    """

    expression: str
    observations: dict[str, Observation]
    key: Any
    inline: bool


class Wrong(NamedTuple):
    """A wrong answer that is expected: the flag of a misconception, whose kernel gives the value, or value and why."""

    flag: str
    value: str
    why: str


class Question(NamedTuple):
    """One question, with the parameters of its variant put in.

    answer       a number (Fraction), a tuple of accepted texts, or Computed; None where the choices hold the key
    distractors  wrong answers with a reason of their own
    why          why the answer is right; "" if the choices say it
    penalty      share of the points that a wrong answer costs
    parameters   name -> the values it can have; `values` has the chosen ones
    raw          the question as it was written, to make other variants from
    line         of the file
    """

    id: str
    type: str
    points: Fraction
    text: str
    choices: tuple[Choice, ...]
    answer: Any
    unit: str
    tolerance: Fraction
    section: str
    why: str
    distractors: tuple[Wrong, ...]
    penalty: Fraction
    parameters: dict[str, list[Any]]
    values: dict[str, Any]
    raw: Block
    line: int

    @property
    def offers_computed(self) -> bool:
        """Whether this is a `single` question whose choices are the key and what misconceptions give."""
        return self.type == "single" and isinstance(self.answer, Computed)


class Quiz(NamedTuple):
    """A quiz file.

    path    for messages
    seed    what its variant was chosen by; "" for the first values
    rule    the course's seed as the file states it; "" if it states none (see variants.py)
    """

    title: str
    questions: tuple[Question, ...]
    path: str
    seed: str = ""
    rule: str = ""

    @property
    def varies(self) -> bool:
        """Whether there is more than one variant of this quiz."""
        return any(question.parameters for question in self.questions)

    @property
    def computed(self) -> int:
        """How many keys the reference gives."""
        return sum(isinstance(question.answer, Computed) for question in self.questions)

    @property
    def points(self) -> Fraction:
        return sum((question.points for question in self.questions), Fraction(0))
