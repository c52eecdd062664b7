"""The quiz format as JSON Schema, generated from the field tables.

`quiz.schema.json` beside this file is what editors complete from; a test holds it against `schema()`, and
`python -I -m grader.quiz.schema` writes it anew. What a schema cannot say (that a scenario exists, that exactly one
choice is right) is the loader's and `grader check`'s.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from grader.quiz.fields import CHOICE, DISTRACTOR, EXPRESSION, NEEDED, OBSERVATION, ONLY, PLACED, QUESTION, TOP
from grader.scenario.kinds import Field

PATH = pathlib.Path(__file__).with_name("quiz.schema.json")


def schema() -> dict[str, Any]:
    """The whole schema, draft 2020-12."""
    observation = _object(OBSERVATION)
    observation["if"] = {"properties": {"observe": {"enum": list(PLACED)}}, "required": ["observe"]}
    observation["then"] = {"required": ["at"]}
    observation["else"] = {"properties": {"at": False}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A quiz: questions whose keys may be computed by the reference",
        **_object(TOP),
        "$defs": {
            "question": {**_object(QUESTION), "allOf": [_of_type(kind) for kind in NEEDED]},
            "choice": _object(CHOICE),
            "observation": observation,
            "expression": _object(EXPRESSION),
            "distractor": _object(DISTRACTOR),
        },
    }


def _of_type(kind: str) -> dict[str, Any]:
    """What a question of one type needs and may not have."""
    then: dict[str, Any] = {}
    if NEEDED[kind]:
        then["required"] = list(NEEDED[kind])
    refused = {field: False for field, kinds in ONLY.items() if kind not in kinds}
    if refused:
        then["properties"] = refused
    if kind == "single":
        then["oneOf"] = [{"required": ["choices"]}, {"required": ["answer"]}]
    return {"if": {"properties": {"type": {"const": kind}}}, "then": then}


def _object(fields: dict[str, Field]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {**field.kind.schema, "description": field.about} for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def text() -> str:
    """The schema as the file that ships."""
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
