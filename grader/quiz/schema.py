"""The quiz format as JSON Schema, generated from the field tables.

Editors use `quiz.schema.json`, next to this file, for completion. A test compares it with `schema()`, and
`python -I -m grader.quiz.schema` writes it again. What a schema cannot express (that a scenario exists, that exactly
one choice is right) is checked by the loader and `grader check`.
"""

from __future__ import annotations

import pathlib

from grader.files import write_file
from grader.formats.schema import object_schema, schema_text, whole_schema
from grader.quiz.fields import CHOICE, DISTRACTOR, EXPRESSION, NEEDED, OBSERVATION, ONLY, PLACED, QUESTION, TOP

PATH = pathlib.Path(__file__).with_name("quiz.schema.json")


def schema() -> dict[str, object]:
    """Return the whole schema, draft 2020-12."""
    observation = object_schema(OBSERVATION)
    observation["if"] = {"properties": {"observe": {"enum": list(PLACED)}}, "required": ["observe"]}
    observation["then"] = {"required": ["at"]}
    observation["else"] = {"properties": {"at": False}}
    definitions = {
        "question": {**object_schema(QUESTION), "allOf": [_of_type(kind) for kind in NEEDED]},
        "choice": object_schema(CHOICE),
        "observation": observation,
        "expression": object_schema(EXPRESSION),
        "distractor": object_schema(DISTRACTOR),
    }
    title = "A quiz: questions whose keys may be computed by the reference"
    return whole_schema(title, object_schema(TOP), definitions)


def _of_type(kind: str) -> dict[str, object]:
    """Return the part of the schema on the fields that a question of one type needs and must not have."""
    then: dict[str, object] = {}
    if NEEDED[kind]:
        then["required"] = list(NEEDED[kind])
    refused = {field: False for field, kinds in ONLY.items() if kind not in kinds}
    if refused:
        then["properties"] = refused
    if kind == "single":
        then["oneOf"] = [{"required": ["choices"]}, {"required": ["answer"]}]
    return {"if": {"properties": {"type": {"const": kind}}}, "then": then}


def text() -> str:
    """Return the text of the schema file."""
    return schema_text(schema())


if __name__ == "__main__":
    write_file(PATH, text())
