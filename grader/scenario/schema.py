"""Generates the JSON Schema of scenarios from the field tables of the model.

Editors complete from `scenario.schema.json` in this folder; a test holds it against `schema()`, and
`python -I -m grader.scenario.schema` writes it again. The loader checks what a schema cannot express (that a name
exists, that a page lies in its mapping).
"""

from __future__ import annotations

import pathlib

from grader.files import write_file
from grader.formats.schema import object_schema, schema_text, whole_schema

from .kinds import NAME
from .model import EXPECT, FIELDS, FILE, MACHINE, TOP

PATH = pathlib.Path(__file__).with_name("scenario.schema.json")


def schema() -> dict[str, object]:
    """Return the whole schema, draft 2020-12."""
    verbs = {verb: object_schema(fields) for verb, fields in FIELDS.items()}
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
    top = object_schema(TOP)
    top["properties"].update(
        machine=object_schema(MACHINE),
        files={"type": "object", "propertyNames": NAME.schema, "additionalProperties": object_schema(FILE)},
        processes={"type": "array", "items": NAME.schema, "minItems": 1, "uniqueItems": True},
        steps={"$ref": "#/$defs/steps"},
    )
    definitions = {
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}, "minItems": 1},
        "step": step,
        "expect": object_schema(EXPECT),
    }
    return whole_schema("A scenario: a script of steps on a simulated machine", top, definitions)


def text() -> str:
    """Return the schema as the file that ships."""
    return schema_text(schema())


if __name__ == "__main__":
    write_file(PATH, text())
