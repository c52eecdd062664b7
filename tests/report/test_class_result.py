"""The type of a class's results, their JSON Schema, and what a batch writes say the same."""

import json
from typing import NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import jsonschema
import pytest

from grader.report.class_result import SCHEMA, ClassResult
from tests.batch.handed_in import batch, hand_in
from tests.batch.results import batch as small_batch
from tests.batch.results import entry
from tests.labs import kernel_text

PLAIN = json.loads(SCHEMA.read_text(encoding="utf-8"))


def places(kind, schema, path="class"):
    """Yield every typed object with its part of the schema: path, type, schema."""
    yield path, kind, schema
    for field, hint in get_type_hints(kind).items():
        inner = schema["properties"].get(field, {})
        for part in (hint, *get_args(hint)):
            if is_typeddict(part):
                values = inner.get("additionalProperties") or inner
                yield from places(part, inner.get("items", values), f"{path}.{field}")


PLACES = list(places(ClassResult, PLAIN))


@pytest.mark.parametrize(("path", "kind", "schema"), PLACES, ids=[path for path, _, _ in PLACES])
def test_the_type_has_the_fields_of_the_schema(path, kind, schema):
    """Every object has the same fields in both, and the same ones are always there."""
    hints = get_type_hints(kind, include_extras=True)
    required = {field for field, hint in hints.items() if get_origin(hint) is not NotRequired}

    assert set(hints) == set(schema["properties"])
    assert required == set(schema["required"])


def test_a_batch_follows_the_schema(cli, lab, tmp_path):
    """What a small class of right, wrong, broken, copied and empty kernels leaves is valid, with every new field."""
    folder = hand_in(tmp_path / "class")
    (folder / "empty.py").write_text("")
    batch(cli, lab, folder, tmp_path / "out")
    found = json.loads((tmp_path / "out" / "results.json").read_text())

    jsonschema.validate(found, PLAIN)
    assert found["quiz"]["sheets"] == 8
    assert {one["id"] for one in found["submissions"] if one["does_not_load"]} == {"student-04"}
    assert {one["id"] for one in found["submissions"] if one["ends_itself"]} == {"student-03"}
    assert {one["first"]["scenario"] for one in found["submissions"] if one["first"]} == {"fork"}


def test_a_leak_is_a_first_difference_of_the_class(cli, lab, tmp_path):
    """It is found at the end, has a picture of the state after the last step, and is said to be at the end."""
    (tmp_path / "class" / "ann").mkdir(parents=True)
    (tmp_path / "class" / "ann" / "kernel.py").write_text(kernel_text("            self.users[old.frame] -= 1\n", ""))
    batch(cli, lab, tmp_path / "class", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text()

    assert "<h3>1 of 1: fork, at the end: leak</h3>" in page and "<title>Step 4: C writes 2 to h</title>" in page
    assert "fork, at the end: leak" in (tmp_path / "out" / "report.txt").read_text()


def test_the_results_that_tests_use_follow_the_schema():
    """The made-up class of other tests has every field that a batch writes."""
    fields = PLAIN["properties"]["submissions"]["items"]["properties"]
    made = {name: value for name, value in entry("a").items() if name in fields}

    jsonschema.validate(small_batch(made), PLAIN)
