"""The quiz format as tables: every field with what it takes. Loader and JSON Schema are both made from these."""

from __future__ import annotations

import re
from typing import Any

from grader.quiz.model import FORMAT, TYPES, VARIANT
from grader.scenario.kinds import Field, Kind

#: What a key may observe: figures cumulative up to the step, totals after it, or what the step itself showed.
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

#: Those that need a place.
PLACED = ("present", "writable", "shared", "file")

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,47}\Z")
_PARAMETER = re.compile(r"[a-z][a-z_0-9]{0,15}\Z")
_NUMBER_LIMIT = 10**12


def _an_id(value: Any) -> str | None:
    if isinstance(value, str) and _ID.match(value) and value != VARIANT:
        return None
    return f"a short name in small letters, digits and -, other than `{VARIANT}`"


def _a_text(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "a text"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _NUMBER_LIMIT


def _points(value: Any) -> str | None:
    return None if _is_number(value) and value >= 0 else "a number, 0 or more"


def _share(value: Any) -> str | None:
    return None if _is_number(value) and 0 <= value <= 1 else "a number, 0 to 1"


def _several(value: Any) -> str | None:
    return None if isinstance(value, list) and len(value) >= 2 else "a list of at least two"


def _questions(value: Any) -> str | None:
    return None if isinstance(value, list) and value else "a list with at least one question"


def _scalar(value: Any) -> bool:
    return _is_number(value) or isinstance(value, bool) or (isinstance(value, str) and bool(value.strip()))


def _value(value: Any) -> str | None:
    return None if _scalar(value) and not isinstance(value, bool) else "a number or a text"


def _right(value: Any) -> str | None:
    return None if _scalar(value) else "true or false; a place in `order`; the text that belongs to it in `match`"


def _answer(value: Any) -> str | None:
    if isinstance(value, dict) or _value(value) is None:
        return None
    if isinstance(value, list) and value and all(_value(v) is None for v in value):
        return None
    return "a number, a text, a list of accepted texts, or a mapping that says what to observe in a scenario"


def _parameters(value: Any) -> str | None:
    accepted = "a mapping of names to lists of at least two numbers or words, such as {pages: [256, 512, 1024]}"
    if not isinstance(value, dict) or not value or not all(_PARAMETER.match(key) for key in value):
        return accepted
    for values in value.values():
        if not isinstance(values, list) or len(values) < 2 or not all(map(_scalar, values)):
            return accepted
        if len({str(v) for v in values}) != len(values):
            return f"{accepted}; here one of them is there twice"
    return None


def _distractors(value: Any) -> str | None:
    accepted = "a list of flags of misconceptions, and of {value: …, why: …}"
    ok = isinstance(value, list) and value and all(isinstance(v, dict) or _a_text(v) is None for v in value)
    return None if ok else accepted


def _scenario(value: Any) -> str | None:
    return None if isinstance(value, dict) or _a_text(value) is None else "a public scenario's name, or a scenario"


def _step(value: Any) -> str | None:
    return None if (type(value) is int and value >= 1) or isinstance(value, str) else "the number of a step, from 1"


def _observations(value: Any) -> str | None:
    ok = isinstance(value, dict) and value and all(isinstance(v, dict) for v in value.values())
    return None if ok else "a mapping of names to what they observe"


_TEXT_SCHEMA = {"type": "string", "minLength": 1}
_NUMBER_SCHEMA = {"type": "number"}
_SCALAR_SCHEMA = {"type": ["number", "string"]}
_ANY_SCALAR_SCHEMA = {"type": ["number", "string", "boolean"]}

TEXT = Kind("a text", "a text", _TEXT_SCHEMA, _a_text)
ID = Kind(
    "a name", "a name", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,47}$", "not": {"const": VARIANT}}, _an_id
)
POINTS = Kind("points", "a number, 0 or more", {"type": "number", "minimum": 0}, _points)
SHARE = Kind("a share", "a number, 0 to 1", {"type": "number", "minimum": 0, "maximum": 1}, _share)
VERSION = Kind(
    "a format",
    str(FORMAT),
    {"const": FORMAT},
    lambda v: None if v == FORMAT and not isinstance(v, bool) else f"{FORMAT}, the one this grader reads",
)
TYPE = Kind.choice("a type", TYPES)
OBSERVE = Kind.choice("what to observe", OBSERVED)
RIGHT = Kind("right", "true or false", _ANY_SCALAR_SCHEMA, _right)
ANSWER = Kind(
    "an answer",
    "an answer",
    {
        "anyOf": [
            _SCALAR_SCHEMA,
            {"type": "array", "items": _SCALAR_SCHEMA, "minItems": 1},
            {"$ref": "#/$defs/observation"},
            {"$ref": "#/$defs/expression"},
        ]
    },
    _answer,
)
CHOICES = Kind(
    "choices",
    "a list of at least two",
    {"type": "array", "items": {"$ref": "#/$defs/choice"}, "minItems": 2},
    _several,
)
QUESTIONS = Kind(
    "questions",
    "a list with at least one question",
    {"type": "array", "items": {"$ref": "#/$defs/question"}, "minItems": 1},
    _questions,
)
PARAMETERS = Kind(
    "parameters",
    "a mapping of names to lists",
    {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z][a-z_0-9]{0,15}$"},
        "additionalProperties": {"type": "array", "items": _ANY_SCALAR_SCHEMA, "minItems": 2, "uniqueItems": True},
    },
    _parameters,
)
DISTRACTORS = Kind(
    "distractors",
    "a list of flags",
    {"type": "array", "items": {"anyOf": [_TEXT_SCHEMA, {"$ref": "#/$defs/distractor"}]}, "minItems": 1},
    _distractors,
)
SCENARIO = Kind(
    "a scenario", "a scenario", {"anyOf": [_TEXT_SCHEMA, {"type": "object", "required": ["steps"]}]}, _scenario
)
STEP = Kind(
    "a step",
    "the number of a step",
    {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^\\{.+\\}$"}]},
    _step,
)
OBSERVATIONS = Kind(
    "observations",
    "a mapping",
    {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/observation"}},
    _observations,
)
VALUE = Kind("a value", "a number or a text", _SCALAR_SCHEMA, _value)

TOP = {
    "format": Field(VERSION, True, "the version of this format"),
    "title": Field(TEXT, True, "what the quiz is about"),
    "penalty": Field(SHARE, False, "the share of its points that a wrong answer costs; 0 unless given"),
    "seed": Field(TEXT, False, "what chooses the variant that the course marks; {student} is the student's id"),
    "questions": Field(QUESTIONS, True, "the questions, in order"),
}

QUESTION = {
    "id": Field(ID, True, "unique in the quiz; the key of the answer on a sheet"),
    "type": Field(TYPE, True, "how it is asked and marked"),
    "points": Field(POINTS, True, "points, in the quiz's own scale"),
    "text": Field(TEXT, True, "the question, in Markdown"),
    "choices": Field(CHOICES, False, "what to choose from, to bring in order or to match"),
    "answer": Field(ANSWER, False, "the key of number and text; or of single, if it is to be computed"),
    "unit": Field(TEXT, False, "what a number counts"),
    "tolerance": Field(POINTS, False, "how far a number may be off; 0 unless given"),
    "section": Field(TEXT, False, "the heading of the handout to read again"),
    "why": Field(TEXT, False, "why the answer is right"),
    "distractors": Field(DISTRACTORS, False, "wrong answers to explain, or to offer"),
    "penalty": Field(SHARE, False, "the share of its points that a wrong answer costs"),
    "parameters": Field(PARAMETERS, False, "numbers and words that differ from student to student"),
}

CHOICE = {
    "id": Field(ID, True, "what a sheet says for it"),
    "text": Field(TEXT, True, "the choice, in Markdown"),
    "right": Field(RIGHT, True, "true or false; in order its place, from 1; in match the text that belongs to it"),
    "why": Field(TEXT, True, "why it is right or wrong"),
}

OBSERVATION = {
    "scenario": Field(SCENARIO, True, "a public scenario of the lab, or one of the question's own"),
    "after": Field(STEP, True, "after which step"),
    "process": Field(TEXT, False, "whose; all processes' unless given"),
    "observe": Field(OBSERVE, True, "what to look at; figures are cumulative"),
    "at": Field(TEXT, False, "the place, such as P:h[0:2], for " + ", ".join(PLACED)),
    "key": Field(VALUE, False, "what the author found; `grader check` compares"),
}

EXPRESSION = {
    "expression": Field(TEXT, True, "a sum over the names in `of`, such as faults - copies"),
    "of": Field(OBSERVATIONS, True, "the observations, by name"),
    "key": Field(VALUE, False, "what the author found; `grader check` compares"),
}

DISTRACTOR = {
    "value": Field(VALUE, True, "the wrong answer"),
    "why": Field(TEXT, True, "why it is wrong"),
}

#: type -> the fields that it needs, and those that only some types take.
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
