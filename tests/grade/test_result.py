"""The type of a result and its JSON Schema say the same."""

import json
from typing import NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from grader.grade.result import Result
from grader.report.json_result import SCHEMA


def places(kind, schema, path="result"):
    """Yield every typed object of a result with its part of the schema: path, type, schema."""
    yield path, kind, schema
    for field, hint in get_type_hints(kind).items():
        inner = schema["properties"].get(field, {})
        for part in (hint, *get_args(hint)):
            if is_typeddict(part):
                yield from places(part, inner.get("items", inner), f"{path}.{field}")


PLACES = list(places(Result, json.loads(SCHEMA.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(("path", "kind", "schema"), PLACES, ids=[path for path, _, _ in PLACES])
def test_the_type_has_the_fields_of_the_schema(path, kind, schema):
    """Every object of a result has the same fields in both, and the same ones are always there."""
    hints = get_type_hints(kind, include_extras=True)
    required = {field for field, hint in hints.items() if get_origin(hint) is not NotRequired}

    assert set(hints) == set(schema["properties"])
    assert required == set(schema["required"])


def test_every_object_of_a_result_has_a_type():
    """No part of a result is left out of the comparison."""
    assert [path for path, _, _ in PLACES] == [
        "result",
        "result.isolation",
        "result.hidden",
        "result.tasks",
        "result.tasks.held",
        "result.scenarios",
        "result.scenarios.divergence",
        "result.scenarios.twin",
        "result.quiz",
        "result.quiz.questions",
    ]
