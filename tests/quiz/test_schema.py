"""The JSON Schema of quizzes."""

import json

import jsonschema
import pytest
import yaml

from grader.quiz import schema
from tests.labs import QUIZ

from .quizzes import MORE, VARIED


def problems(text):
    return [e.message for e in jsonschema.Draft202012Validator(schema.schema()).iter_errors(yaml.safe_load(text))]


def test_the_file_is_what_the_tables_give():
    """One source: the file that ships is generated."""
    assert schema.PATH.read_text(encoding="utf-8") == schema.text()
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.text()))


def test_good_quizzes_fit(root):
    """Every quiz of the project, and the tests' own."""
    for text in [QUIZ + MORE, VARIED, *(path.read_text() for path in (root / "quizzes").glob("*.yaml"))]:
        assert problems(text) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type: number", "type: numer"),
        ("observe: copies", "observe: copys"),
        ("observe: copies", "observe: shared"),
        ("observe: copies", "observe: copies, at: h"),
        ("points: 1", "points: -1"),
        ("id: who", "id: variant"),
        ("why: It needs a frame.", "way: x"),
        ("    type: single", "    type: single\n    answer: 3"),
        ("    type: single", "    type: single\n    tolerance: 3"),
        ("format: 1", "format: 2"),
        ("value: 5, why: That", "valu: 5, why: That"),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(old, new):
    """As far as a schema can see it."""
    assert old in QUIZ + MORE
    assert problems((QUIZ + MORE).replace(old, new, 1))
