"""The scenario format as JSON Schema, generated from the field tables of the model.

`scenario.schema.json` beside this file is what editors complete from; a test holds it against `schema()`, and
`python -I -m grader.scenario.schema` writes it anew. What a schema cannot say (that a name exists, that a page lies in
its mapping) is the loader's.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from .kinds import NAME, Field
from .model import EXPECT, FIELDS, FILE, MACHINE, TOP

PATH = pathlib.Path(__file__).with_name("scenario.schema.json")


def schema() -> dict[str, Any]:
    """The whole schema, draft 2020-12."""
    verbs = {verb: _object(fields) for verb, fields in FIELDS.items()}
    for fields in verbs.values():
        if "expect" in fields["properties"]:
            fields["properties"]["expect"] = {"$ref": "#/$defs/expect"}
    verbs["write"]["oneOf"] = [{"required": ["value"]}, {"required": ["values"]}]
    verbs["repeat"]["properties"]["steps"] = {"$ref": "#/$defs/steps"}
    step = {
        "type": "object",
        "properties": verbs,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    top = _object(TOP)
    top["properties"].update(
        machine=_object(MACHINE),
        files={"type": "object", "propertyNames": NAME.schema, "additionalProperties": _object(FILE)},
        processes={"type": "array", "items": NAME.schema, "minItems": 1, "uniqueItems": True},
        steps={"$ref": "#/$defs/steps"},
        weight={"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario: a script of steps on a simulated machine",
        **top,
        "$defs": {
            "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1},
            "step": step,
            "expect": _object(EXPECT),
        },
    }


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
