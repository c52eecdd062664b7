"""A mapping is checked against a table: every refusal has its line, what was found and what is expected."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import FormatError
from grader.formats.checking import check_fields, find_problems
from grader.formats.fields import (
    BOOLEAN,
    WHOLE_NUMBER,
    Kind,
    choice,
    list_of,
    number,
    number_above,
    optional,
    required,
    text,
    version,
    whole_number,
)
from grader.formats.yaml_reader import read_yaml


def _explained(value):
    raise ValueError(f"{value!r} is spelled backwards")


TABLE = {
    "format": required(version(1), "the version"),
    "name": required(text("a name"), "what it is called"),
    "count": optional(whole_number(1, 9), "how many"),
    "share": optional(number(0, 1), "which part"),
    "weight": optional(number_above(0, 5), "how much"),
    "sure": optional(BOOLEAN, "whether it is"),
    "order": optional(choice(("up", "down")), "which way"),
    "ids": optional(list_of("a list of ids", {}, lambda v: isinstance(v, str)), "which"),
    "odd": optional(Kind("anything", {}, _explained), "for tests"),
    "any": optional(WHOLE_NUMBER, "any number"),
}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("count: 0", "f:3: a thing: count is 0; expected a whole number, 1 to 9"),
        ("count: true", "count is True; expected a whole number"),
        ("share: 1.5", "share is 1.5; expected a number, 0 to 1"),
        ("weight: 0", "weight is 0; expected a number above 0, at most 5"),
        ("sure: 1", "sure is 1; expected true or false"),
        ("order: left", "order is 'left'; expected up or down"),
        ("order: [up]", "order is ['up']; expected up or down"),
        ("ids: []", "ids is []; expected a list of ids"),
        ("ids: [a, 1]", "ids is ['a', 1]; expected a list of ids"),
        ("odd: abc", "f:3: a thing: 'abc' is spelled backwards"),
        ("any: 1.0", "any is 1.0; expected a whole number"),
        ("cuont: 1", "a thing has no field 'cuont' (did you mean 'count'?); it takes format, name, count"),
    ],
)
def test_a_wrong_field_is_refused_in_words(line, words):
    """The message names the file, the line, the value and what is expected."""
    with pytest.raises(FormatError) as caught:
        check_fields("f", "a thing", read_yaml(f"format: 1\nname: x\n{line}\n", "f"), TABLE, 1)
    assert words in str(caught.value)


def test_a_missing_field_is_named_with_its_purpose():
    """A required field that is not there is reported in the mapping's first line."""
    with pytest.raises(FormatError, match=r"f:1: a thing needs 'name' \(what it is called\)"):
        check_fields("f", "a thing", read_yaml("format: 1", "f"), TABLE, 1)


def test_an_unknown_version_is_refused():
    """`format` names the one version that is read; `true`, which Python counts as 1, is not it."""
    for given_format in ("2", "true", "'1'"):
        with pytest.raises(FormatError, match="is not known; this grader reads 1"):
            check_fields("f", "a thing", read_yaml(f"format: {given_format}\nname: x", "f"), TABLE, 1)


def test_all_problems_are_found_with_their_fields():
    """find_problems() goes on after the first."""
    block = read_yaml("format: 1\ncount: 0\nsize: 1\n", "f")

    assert [(p.field, p.line) for p in find_problems("a thing", block, TABLE, 1)] == [
        ("count", 2),
        ("size", 3),
        ("name", 1),
    ]


def test_a_mapping_is_required():
    """A list, or a word, is refused with the fields that a mapping would have."""
    with pytest.raises(FormatError, match="f:7: a thing must be a mapping of format, name"):
        check_fields("f", "a thing", read_yaml("[1]", "f"), TABLE, 7)


@given(st.binary(max_size=80), st.sampled_from(list(TABLE)))
def test_any_bytes_are_accepted_or_refused_with_a_place(data, field):
    """No value of a field makes the check fail in another way."""
    with contextlib.suppress(FormatError):
        check_fields("f", "a thing", read_yaml(f"format: 1\nname: x\n{field}: ".encode() + data, "f"), TABLE, 1)
