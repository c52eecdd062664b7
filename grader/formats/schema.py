"""Makes JSON Schema from field tables; editors complete and check files with it.

Every format has its schema as a file in the repository. `python -m grader.scenario.schema`, and the same for quiz and
lab, writes it again after a change of the tables; a test compares the file with the tables.
"""

from __future__ import annotations

import json

from .fields import Schema, Table


def object_schema(fields: Table) -> Schema:
    """Return the schema of a mapping with these fields and no others."""
    return {
        "type": "object",
        "properties": {name: {**field.kind.schema, "description": field.about} for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required],
        "additionalProperties": False,
    }


def whole_schema(title: str, body: Schema, definitions: dict[str, Schema]) -> Schema:
    """Return a schema of its own, draft 2020-12, from the schema of its top level and those that it refers to."""
    draft = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": draft, "title": title, **body, "$defs": definitions}


def schema_text(schema: Schema) -> str:
    """Return a schema as the file that ships."""
    return json.dumps(schema, indent=1) + "\n"
