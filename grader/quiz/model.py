"""The records of a loaded quiz, all immutable."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from grader.formats.yaml_reader import Block
from grader.scenario.model import Scenario

FORMAT = 1
TYPES = ("single", "multiple", "number", "order", "match", "text")

WITH_CHOICES = ("single", "multiple", "order", "match")

#: Reserved question id: on a sheet it holds the seed of the variant.
VARIANT = "variant"


#: What makes a choice right: true or false; in `order` its place, from 1; in `match` the text that belongs to it.
Right = bool | int | str


class Choice(NamedTuple):
    """One choice of a question, with the reason why it is right or wrong."""

    id: str
    text: str
    right: Right
    why: str


class Observation(NamedTuple):
    """An observation of a scenario's replay after a step (from 1).

    process  the process whose faults, copies, … are counted; "" for all
    at       the place, for figures that have one (`present`, `writable`, `shared`, `file`); "" for the others
    """

    scenario: Scenario
    after: int
    process: str
    observe: str
    at: str


class Computed(NamedTuple):
    """A key computed by the reference: an expression over named observations.

    key     the author's own figure, to compare with the computed one; None if there is none
    inline  True if a scenario is written in the question itself, so that it has no recorded output
    """

    expression: str
    observations: dict[str, Observation]
    key: object
    inline: bool


#: The answer of a question as its file gives it. None if the choices hold the key.
Answer = Fraction | tuple[str, ...] | Computed | None


class Wrong(NamedTuple):
    """An expected wrong answer: the flag of a misconception, whose kernel gives the value, or a value and a reason."""

    flag: str
    value: str
    why: str


class Question(NamedTuple):
    """One question, with the parameters of its variant substituted.

    answer       a number (Fraction), a tuple of accepted texts, or Computed; None where the choices hold the key
    distractors  wrong answers that have their own reason
    why          why the answer is right; "" if the choices explain it
    penalty      share of the points that a wrong answer costs
    parameters   name -> its possible values; `values` has the chosen ones
    raw          the question as written, from which other variants are made
    line         line number in the quiz file
    """

    id: str
    type: str
    points: Fraction
    text: str
    choices: tuple[Choice, ...]
    answer: Answer
    unit: str
    tolerance: Fraction
    section: str
    why: str
    distractors: tuple[Wrong, ...]
    penalty: Fraction
    parameters: dict[str, list[object]]
    values: dict[str, object]
    raw: Block
    line: int

    @property
    def offers_computed(self) -> bool:
        """Return True for a `single` question whose choices are the key and the answers of misconceptions."""
        return self.type == "single" and isinstance(self.answer, Computed)


class Quiz(NamedTuple):
    """A quiz file.

    path    for messages
    seed    the seed that chose its variant; "" for the first values
    rule    the course's seed as written in the file; "" if the file has none (see variants.py)
    """

    title: str
    questions: tuple[Question, ...]
    path: str
    seed: str = ""
    rule: str = ""

    @property
    def varies(self) -> bool:
        """Return True if this quiz has more than one variant."""
        return any(question.parameters for question in self.questions)

    @property
    def computed(self) -> int:
        """Return the number of keys that the reference computes."""
        return sum(isinstance(question.answer, Computed) for question in self.questions)

    @property
    def points(self) -> Fraction:
        return sum((question.points for question in self.questions), Fraction(0))
