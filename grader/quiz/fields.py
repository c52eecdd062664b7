"""The quiz format as tables: every field with its accepted values. The loader and the JSON Schema both use these."""

from __future__ import annotations

import re

from grader.formats.fields import (
    Kind,
    Schema,
    Table,
    choice,
    is_number,
    is_text,
    is_whole,
    list_of,
    number,
    optional,
    required,
    text,
    version,
)
from grader.quiz.model import FORMAT, TYPES, VARIANT

#: What a key may observe: figures cumulative up to the step, totals after the step, or what the step itself showed.
OBSERVED = (
    "faults",
    "minor",
    "major",
    "copies",
    "reads",
    "writes",
    "frames",
    "slots",
    "value",
    "values",
    "outcome",
    "present",
    "writable",
    "shared",
    "file",
)

#: Observations that need a place.
PLACED = ("present", "writable", "shared", "file")

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,47}\Z")
_PARAMETER = re.compile(r"[a-z][a-z_0-9]{0,15}\Z")
_NUMBER_LIMIT = 10**12


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_ID.match(value)) and value != VARIANT


def _is_scalar(value: object) -> bool:
    return is_text(value) or isinstance(value, bool) or (is_number(value) and abs(value) <= _NUMBER_LIMIT)


def _is_value(value: object) -> bool:
    return _is_scalar(value) and not isinstance(value, bool)


def _is_answer(value: object) -> bool:
    several = isinstance(value, list) and bool(value) and all(map(_is_value, value))
    return several or isinstance(value, dict) or _is_value(value)


def _are_parameters(value: object) -> bool:
    if not isinstance(value, dict) or not value or not all(_PARAMETER.match(key) for key in value):
        return False
    for name, values in value.items():
        if not isinstance(values, list) or len(values) < 2 or not all(map(_is_scalar, values)):
            return False
        if len({str(v) for v in values}) != len(values):
            raise ValueError(f"parameter {name!r} has the same value twice: {', '.join(map(str, values))}")
    return True


def _is_step(value: object) -> bool:
    return isinstance(value, str) or (is_whole(value) and value >= 1)


def _are_observations(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(v, dict) for v in value.values())


def _anything(value: object) -> bool:
    return True


_TEXT_SCHEMA: Schema = {"type": "string", "minLength": 1}
_SCALAR_SCHEMA: Schema = {"type": ["number", "string"]}
_ANY_SCALAR_SCHEMA: Schema = {"type": ["number", "string", "boolean"]}

TEXT = text()
ID = Kind(
    f"a short name in small letters, digits and -, other than `{VARIANT}`",
    {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "not": {"const": VARIANT}},
    _is_id,
)
POINTS = Kind(
    "a number, 0 or more",
    {"type": "number", "minimum": 0},
    lambda value: is_number(value) and 0 <= value <= _NUMBER_LIMIT,
)
SHARE = number(0, 1)
TYPE = choice(TYPES)
OBSERVE = choice(OBSERVED)
RIGHT = Kind(
    "true or false; a place in `order`; the text that belongs to it in `match`", _ANY_SCALAR_SCHEMA, _is_scalar
)
ANSWER = Kind(
    "a number, a text, a list of accepted texts, or a mapping that says what to observe in a scenario",
    {
        "anyOf": [
            _SCALAR_SCHEMA,
            {"type": "array", "items": _SCALAR_SCHEMA, "minItems": 1},
            {"$ref": "#/$defs/observation"},
            {"$ref": "#/$defs/expression"},
        ]
    },
    _is_answer,
)
CHOICES = list_of("a list of at least two", {"$ref": "#/$defs/choice"}, _anything, least=2)
QUESTIONS = list_of("a list with at least one question", {"$ref": "#/$defs/question"}, _anything)
PARAMETERS = Kind(
    "a mapping of names to lists of at least two numbers or words, such as {pages: [256, 512, 1024]}",
    {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z][a-z_0-9]{0,15}$"},
        "additionalProperties": {"type": "array", "items": _ANY_SCALAR_SCHEMA, "minItems": 2, "uniqueItems": True},
    },
    _are_parameters,
)
DISTRACTORS = list_of(
    "a list of flags of misconceptions, and of {value: …, why: …}",
    {"anyOf": [_TEXT_SCHEMA, {"$ref": "#/$defs/distractor"}]},
    lambda value: isinstance(value, dict) or is_text(value),
)
SCENARIO = Kind(
    "a public scenario's name, or a scenario",
    {"anyOf": [_TEXT_SCHEMA, {"type": "object", "required": ["steps"]}]},
    lambda value: isinstance(value, dict) or is_text(value),
)
STEP = Kind(
    "the number of a step, from 1",
    {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^\\{.+\\}$"}]},
    _is_step,
)
OBSERVATIONS = Kind(
    "a mapping of names to what they observe",
    {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/observation"}},
    _are_observations,
)
VALUE = Kind("a number or a text", _SCALAR_SCHEMA, _is_value)

TOP: Table = {
    "format": required(version(FORMAT), "the version of this format"),
    "title": required(TEXT, "what the quiz is about"),
    "penalty": optional(SHARE, "the share of its points that a wrong answer costs; 0 unless given"),
    "seed": optional(TEXT, "chooses the variant that the course marks; {student} stands for the student's id"),
    "questions": required(QUESTIONS, "the questions, in order"),
}

QUESTION: Table = {
    "id": required(ID, "unique in the quiz; the key of the answer on a sheet"),
    "type": required(TYPE, "how it is asked and marked"),
    "points": required(POINTS, "points, in the quiz's own scale"),
    "text": required(TEXT, "the question, in Markdown"),
    "choices": optional(CHOICES, "the choices to select, put in order, or match"),
    "answer": optional(ANSWER, "the key of a number or text question, or of a single question if the key is computed"),
    "unit": optional(TEXT, "the unit of the number"),
    "tolerance": optional(POINTS, "how much a number may differ from the key; 0 unless given"),
    "section": optional(TEXT, "the heading of the handout section to read again"),
    "why": optional(TEXT, "why the answer is right"),
    "distractors": optional(DISTRACTORS, "wrong answers to explain, or to offer as choices"),
    "penalty": optional(SHARE, "the share of its points that a wrong answer costs"),
    "parameters": optional(PARAMETERS, "numbers and words that differ between students"),
}

CHOICE: Table = {
    "id": required(ID, "the id that stands for the choice on a sheet"),
    "text": required(TEXT, "the choice, in Markdown"),
    "right": required(RIGHT, "true or false; in `order` its place, from 1; in `match` the text that belongs to it"),
    "why": required(TEXT, "why it is right or wrong"),
}

OBSERVATION: Table = {
    "scenario": required(SCENARIO, "a public scenario of the lab, or one of the question's own"),
    "after": required(STEP, "after which step"),
    "process": optional(TEXT, "the process observed; all processes unless given"),
    "observe": required(OBSERVE, "what to observe; figures are cumulative"),
    "at": optional(TEXT, "the place, such as P:h[0:2], for " + ", ".join(PLACED)),
    "key": optional(VALUE, "the author's own figure; `grader check` compares it with the computed one"),
}

EXPRESSION: Table = {
    "expression": required(TEXT, "an expression over the names in `of`, such as faults - copies"),
    "of": required(OBSERVATIONS, "the observations, by name"),
    "key": optional(VALUE, "the author's own figure; `grader check` compares it with the computed one"),
}

DISTRACTOR: Table = {
    "value": required(VALUE, "the wrong answer"),
    "why": required(TEXT, "why it is wrong"),
}

#: type -> the fields that it needs, and the fields that only some types accept.
NEEDED: dict[str, tuple[str, ...]] = {
    "single": (),
    "multiple": ("choices",),
    "number": ("answer",),
    "order": ("choices",),
    "match": ("choices",),
    "text": ("answer",),
}
ONLY = {
    "choices": ("single", "multiple", "order", "match"),
    "answer": ("single", "number", "text"),
    "distractors": ("single", "number", "text"),
    "unit": ("single", "number"),
    "tolerance": ("number",),
    "why": ("single", "number", "text"),
}
