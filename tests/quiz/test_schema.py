"""The JSON Schema of quizzes."""

import json

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from grader.errors import FormatError
from grader.lab.lab import load_lab
from grader.quiz import schema
from grader.quiz.questions import read_quiz
from tests.labs import QUIZ
from tests.marks import long_property
from tests.quiz.quizzes import MORE, VARIED


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


def places(value, path=()):
    """Every place in a nested value, as the keys that lead there."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


_WHOLE = yaml.safe_load(QUIZ + MORE)
_JUNK = [0, -1, 1.5, True, "", "x", "X Y", "number", "faults", [], ["a"], ["a", "b"], {}, {"a": 1}, {"pages": [1, 2]}]


@given(
    path=st.sampled_from([path for path in places(_WHOLE) if path]),
    change=st.sampled_from(["replace", "remove", "add"]),
    name=st.sampled_from(
        ["why", "unit", "answer", "choices", "key", "at", "process", "penalty", "parameters", "other"]
    ),
    junk=st.sampled_from(_JUNK),
)
@long_property(200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_schema_refuses_the_loader_refuses(lab, path, change, name, junk):
    """An editor that goes by the schema never marks what the loader would take, wherever a quiz is changed; and the
    loader knows no other way to say no."""
    whole = yaml.safe_load(QUIZ + MORE)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    if change == "remove":
        del holder[path[-1]]
    elif change == "add" and isinstance(holder[path[-1]], dict):
        holder[path[-1]][name] = junk
    else:
        holder[path[-1]] = junk
    text = yaml.safe_dump(whole)

    try:
        read_quiz(text, "q.yaml", load_lab(lab))
    except FormatError:
        return
    assert problems(text) == []
