"""YAML as authors mean it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import FormatError
from grader.formats.yaml_reader import read_yaml


def test_plain_values():
    """Words, quoted words, whole and decimal numbers, true and false; mappings know their keys' lines."""
    block = read_yaml("a: 1\nb: word\nc: '010'\nd: 2.5\ne: [true, false]\n", "f")

    assert block == {"a": 1, "b": "word", "c": "010", "d": 2.5, "e": [True, False]}
    assert block.lines["c"] == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 010", "'010' would be read as 8; write the number in decimal"),
        ("a: 12:30", "'12:30' would be read as 750"),
        ("a: yes", "'yes' would be read as true; write true, or 'yes' in quotes"),
        ("a: off", "'off' would be read as false"),
        ("a: 0b11", "would be read as 3"),
        ("a: 1_000", "would be read as 1000"),
        ("a: 0b" + "1" * 16000, f"'0b{'1' * 58}'… would be read as a number"),
        ("a: " + "1" * 400 + ".5", "… would be read as a number; write a shorter one"),
        ("<<: 1", "'<<' merges mappings, which is not accepted"),
        ("a: 2020-01-01", "the date '2020-01-01' needs quotes"),
        ("a: .inf", "would be read as a float"),
        ("a: 1e3", None),
        ("a:", "a value is missing here"),
        ("a: null", "'null' means nothing"),
    ],
)
def test_yaml_surprises_are_refused_with_the_way_out(text, words):
    """What YAML would quietly read as something else is named, with what to write instead."""
    if words is None:
        assert read_yaml(text, "f") == {"a": "1e3"}
        return
    with pytest.raises(FormatError) as caught:
        read_yaml("x: 1\n" + text, "file.yaml")
    assert words in str(caught.value)
    assert str(caught.value).startswith("file.yaml:2: ")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' is given twice; first in line 1"),
        ("a: &x [1]\nb: *x", 1, "an alias"),
        ("a: !!python/object:os.system x", 1, "tag"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", 2, "tag"),
        ("a: !own {b: 1}", 1, "tag"),
        ("a: [1, 2", 1, "this is not YAML"),
        ("a: 1\nb: [1, 2\nc: 3\nd: 4", 3, "while parsing a flow sequence that begins in line 2 did not find"),
        ("a: 1\n---\nb: 2", 2, "this is not YAML"),
        ("", 1, "the file is empty"),
        ("? [1, 2]\n: 3", 1, "a key must be a word"),
        ("a: \t1\n\tb: 2", 2, "a tab cannot indent a line in YAML; use spaces"),
        ("a: 1\nb: \xdc".encode("latin-1"), 2, "byte 0xdc is not UTF-8; save the file as UTF-8"),
        ("[" * 60 + "]" * 60, 1, "nested"),
    ],
)
def test_what_is_no_plain_document_is_refused(text, line, words):
    """Repeated keys, aliases, tags, broken YAML, two documents, deep nesting, other bytes: each with its line."""
    with pytest.raises(FormatError) as caught:
        read_yaml(text, "f")
    assert words in caught.value.message
    assert caught.value.line >= line


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_format_error(data):
    """No input makes the reader fail in any other way."""
    with contextlib.suppress(FormatError):
        read_yaml(data, "f")


@given(st.text(alphabet="ab:{}[]-,\n '\"#&*!|>%@`0123456789.", max_size=80))
def test_any_yaml_like_text_gives_a_value_or_a_format_error(text):
    """The same for text that looks like YAML."""
    with contextlib.suppress(FormatError):
        read_yaml(text, "f")
