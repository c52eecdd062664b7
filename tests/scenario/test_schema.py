"""The JSON Schema that ships is the one that the model gives, and agrees with the loader."""

import json

import jsonschema
import pytest

from grader.errors import FormatError
from grader.formats.yaml_reader import plain_value, read_yaml
from grader.scenario import schema
from grader.scenario.loader import parse_scenario
from tests.scenario.test_loader import HEAD

VALIDATOR = jsonschema.Draft202012Validator(schema.schema())


def test_the_file_is_what_the_model_says():
    """scenario.schema.json is generated; `python -m grader.scenario.schema` writes it anew."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.text()


def test_it_is_a_valid_schema():
    """Editors accept it."""
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text()))


@pytest.mark.parametrize(
    "step",
    [
        "read: {by: P, at: h}",
        "write: {by: P, at: 'h[0]+3', value: 7, expect: {faults: 1, shared: [['P:h[0]']]}}",
        "repeat: {times: 2, steps: [{exit: {by: P}}]}",
        "read: {by: P, at: h, val: 7}",
        "write: {by: P, at: h, value: 300}",
        "munmap: {by: P}",
        "fail: {operation: map, after: each}",
        "fail: {operation: map, after: -1}",
        "read: {by: P, at: 'h+3'}",
        "read: {by: P, at: h, expect: {outcome: dead}}",
    ],
)
def test_schema_and_loader_agree(step):
    """What the schema refuses the loader refuses, and the other way round, for all that a schema can say."""
    text = f"{HEAD}  - {step}\n"
    valid = not list(VALIDATOR.iter_errors(plain_value(read_yaml(text, "f"))))
    try:
        parse_scenario(
            text.replace("times: 2, steps: [{exit: {by: P}}]", "times: 2, steps: [{read: {by: P, at: h}}]"), "f"
        )
        loads = True
    except FormatError:
        loads = False

    assert valid == loads
