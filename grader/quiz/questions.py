"""quizzes/NAME.yaml -> questions. Strict: every refusal has file, line, what was found and what is accepted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from grader.lab import Lab, LabError
from grader.scenario.yamltext import Block, FormatError, Items, read_yaml

FORMAT = 1
TYPES = ("single", "multiple", "number", "order", "match", "text")
WITH_CHOICES = ("single", "multiple", "order", "match")

_TOP = ("format", "title", "questions")
_QUESTION = ("id", "type", "points", "text", "choices", "answer", "unit", "tolerance", "section")
_CHOICE = ("id", "text", "right", "why")
_COMPUTED = ("scenario", "after", "process", "observe")

#: What a computed key may observe: figures cumulative up to the step, totals after it, or the step's own outcome.
OBSERVED = ("faults", "minor", "major", "copies", "reads", "writes", "frames", "slots", "value", "outcome")


class Choice(NamedTuple):
    """right: true or false; in `order` the place, from 1; in `match` the text that belongs to it."""

    id: str
    text: str
    right: Any
    why: str


class Computed(NamedTuple):
    """A key that a scenario gives: what to observe after which step (from 1), of which process ("" for all)."""

    scenario: str
    after: int
    process: str
    observe: str


class Question(NamedTuple):
    """answer: a number, a text, or Computed; None where the choices hold the key. line: of the file."""

    id: str
    type: str
    points: Fraction
    text: str
    choices: tuple[Choice, ...]
    answer: Any
    unit: str
    tolerance: Fraction
    section: str
    line: int


class Quiz(NamedTuple):
    """A quiz file. `path` is for messages."""

    title: str
    questions: tuple[Question, ...]
    path: str


def load_quiz(lab: Lab) -> Quiz:
    """The quiz of a lab. LabError if the file is missing or wrong, or a question names what is not in the lab."""
    if lab.quiz is None:
        raise LabError([f"{lab.name}: this lab has no quiz"])
    try:
        block = read_yaml(lab.quiz.read_bytes(), lab.quiz.name)
        return _Reader(lab, lab.quiz.name).quiz(block)
    except FormatError as error:
        raise LabError([str(error)]) from None
    except OSError as error:
        raise LabError([f"{lab.quiz}: {error.strerror}"]) from None


class _Reader:
    """One file's load."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name

    def wrong(self, line: int, message: str) -> FormatError:
        return FormatError(self.name, line, message)

    def fields(self, block: Any, fields: tuple[str, ...], needed: tuple[str, ...], what: str, line: int) -> Block:
        if not isinstance(block, Block):
            raise self.wrong(line, f"{what} must be a mapping of {', '.join(fields)}")
        for key in block:
            if key not in fields:
                raise self.wrong(block.lines[key], f"{what} has no field {key!r}; it takes {', '.join(fields)}")
        for key in needed:
            if key not in block:
                raise self.wrong(block.line, f"{what} needs {key!r}")
        return block

    def quiz(self, block: Any) -> Quiz:
        block = self.fields(block, _TOP, _TOP, "a quiz", 1)
        if block["format"] != FORMAT:
            raise self.wrong(block.lines["format"], f"format {block['format']!r} is not known; this grader reads 1")
        items = block["questions"]
        if not isinstance(items, Items) or not items:
            raise self.wrong(block.lines["questions"], "questions must be a list with at least one question")
        questions: dict[str, Question] = {}
        for item, line in zip(items, items.lines, strict=True):
            question = self.question(item, line)
            if question.id in questions:
                first = questions[question.id].line
                raise self.wrong(line, f"question {question.id!r} is there twice; first in line {first}")
            questions[question.id] = question
        return Quiz(str(block["title"]), tuple(questions.values()), self.name)

    def question(self, item: Any, line: int) -> Question:
        block = self.fields(item, _QUESTION, ("id", "type", "points", "text"), "a question", line)
        kind = block["type"]
        if kind not in TYPES:
            raise self.wrong(block.lines["type"], f"type {kind!r} is not known; accepted are {', '.join(TYPES)}")
        for field, types in (("choices", WITH_CHOICES), ("answer", ("number", "text")), ("tolerance", ("number",))):
            if field in block and kind not in types:
                raise self.wrong(block.lines[field], f"a question of type {kind} takes no {field!r}")
        needed = "choices" if kind in WITH_CHOICES else "answer"
        if needed not in block:
            raise self.wrong(line, f"a question of type {kind} needs {needed!r}")
        choices = self.choices(block, kind) if kind in WITH_CHOICES else ()
        return Question(
            str(block["id"]),
            kind,
            self.number(block, "points", Fraction(1)),
            str(block["text"]).strip(),
            choices,
            self.answer(block, kind) if "answer" in block else None,
            str(block.get("unit", "")),
            self.number(block, "tolerance", Fraction(0)),
            str(block.get("section", "")),
            line,
        )

    def number(self, block: Block, key: str, default: Fraction) -> Fraction:
        value = block.get(key, default)
        if isinstance(value, Fraction):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise self.wrong(block.lines[key], f"{key} is {value!r}; accepted is a number, 0 or more")
        return Fraction(str(value))

    def choices(self, block: Block, kind: str) -> tuple[Choice, ...]:
        items = block["choices"]
        if not isinstance(items, Items) or len(items) < 2:
            raise self.wrong(block.lines["choices"], "choices must be a list of at least two")
        choices: list[Choice] = []
        for item, line in zip(items, items.lines, strict=True):
            given = self.fields(item, _CHOICE, _CHOICE, "a choice", line)
            choice = Choice(str(given["id"]), str(given["text"]).strip(), given["right"], str(given["why"]).strip())
            if any(choice.id == other.id or choice.text == other.text for other in choices):
                raise self.wrong(line, f"choice {choice.id!r} has the id or the text of an earlier one")
            choices.append(choice)
        self.check_right(choices, kind, block)
        return tuple(choices)

    def check_right(self, choices: list[Choice], kind: str, block: Block) -> None:
        line = block.lines["choices"]
        rights = [choice.right for choice in choices]
        if kind == "order":
            if sorted(rights, key=str) != sorted(range(1, len(rights) + 1), key=str):
                raise self.wrong(line, f"in `order`, right is the place: the numbers 1 to {len(rights)}, each once")
        elif kind == "match":
            if not all(isinstance(right, str) for right in rights):
                raise self.wrong(line, "in `match`, right is the text that belongs to the choice")
        elif not all(isinstance(right, bool) for right in rights):
            raise self.wrong(line, f"in `{kind}`, right is true or false")
        elif kind == "single" and sum(rights) != 1:
            raise self.wrong(line, f"{sum(rights)} choices are right; a `single` question has exactly one")
        elif not any(rights):
            raise self.wrong(line, "no choice is right")

    def answer(self, block: Block, kind: str) -> Any:
        answer = block["answer"]
        line = block.lines["answer"]
        if not isinstance(answer, Block):
            if kind == "number" and (isinstance(answer, bool) or not isinstance(answer, int | float)):
                raise self.wrong(line, f"answer is {answer!r}; accepted is a number, or a scenario to observe")
            return Fraction(str(answer)) if kind == "number" else str(answer)
        given = self.fields(answer, _COMPUTED, ("scenario", "after", "observe"), "a computed answer", line)
        scenario = next((s for s in self.lab.scenarios if s.id == given["scenario"]), None)
        if scenario is None:
            raise self.wrong(line, f"there is no public scenario {given['scenario']!r} in {self.lab.name}")
        if type(given["after"]) is not int or not 1 <= given["after"] <= len(scenario.steps):
            steps = len(scenario.steps)
            raise self.wrong(line, f"after is {given['after']!r}; {scenario.id} has steps 1 to {steps}")
        if given["observe"] not in OBSERVED:
            raise self.wrong(line, f"observe is {given['observe']!r}; accepted are {', '.join(OBSERVED)}")
        return Computed(scenario.id, given["after"], str(given.get("process", "")), given["observe"])
