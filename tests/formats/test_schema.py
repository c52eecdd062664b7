"""A table's JSON Schema refuses nothing that the check accepts."""

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from grader.formats.checking import find_problems
from grader.formats.schema import object_schema, schema_text, whole_schema
from grader.formats.yaml_reader import plain_value, read_yaml
from grader.formats.yaml_writer import flow

from .test_checking import TABLE

VALIDATOR = jsonschema.Draft202012Validator(object_schema(TABLE))
VALUES = st.sampled_from(
    [0, 1, 2, 9, 10, -1, 0.5, 4.5, 5.5, True, False, "", " ", "x", "up", "down", [], ["a"], [1], {}]
)


def test_a_schema_says_what_a_table_says():
    """Required fields, no others, a description each; it is valid itself."""
    schema = whole_schema("A thing", object_schema(TABLE), {})
    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["required"] == ["format", "name"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["count"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "description": "how many",
    }
    assert schema_text(schema).endswith("}\n")


@given(st.dictionaries(st.sampled_from([*TABLE, "other"]), VALUES, max_size=4))
def test_what_the_check_accepts_the_schema_accepts(fields):
    """An editor never marks what a loader takes."""
    block = read_yaml(flow({"format": 1, "name": "x", **fields}), "f")

    if not list(find_problems("a thing", block, TABLE, 1)):
        assert list(VALIDATOR.iter_errors(plain_value(block))) == []
