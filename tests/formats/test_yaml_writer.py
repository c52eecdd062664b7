"""YAML that we write is read as what was written, by our reader and by others."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from grader.formats.yaml_reader import plain_value, read_yaml
from grader.formats.yaml_writer import flow, quoted, sentence, word, word_or_number

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "yes",
        "NO",
        "0x10",
        "017",
        "12:30",
        "1e3",
        "null",
        "~",
        "- a",
        "a: b",
        "#a",
        "''",
        "a #b",
        "a, b",
        "1",
        "-2.50",
        "on",
    ]
)
VALUES = st.recursive(
    st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(TEXT)
def test_a_text_comes_back_as_that_text(text):
    """As a word, a sentence and in quotes, our strict reader and PyYAML read the same text, never another type."""
    whole = f"a: {word(text)}\nb: {sentence(text)}\nc: {quoted(text)}\nd: [{word(text)}, x]\n"

    assert yaml.safe_load(whole) == read_yaml(whole, "f") == {"a": text, "b": text, "c": text, "d": [text, "x"]}


@given(VALUES)
def test_a_nested_value_comes_back(value):
    """flow() writes mappings, lists, numbers and texts in one line; the strict reader gives the equal value."""
    text = flow({"a": value})

    assert "\n" not in text
    assert plain_value(read_yaml(text, "f")) == {"a": value}


@pytest.mark.parametrize("text", ["1", "-2.50", "0", "007", "1e3", "1.", "12345678901234567890"])
def test_only_a_plain_number_stays_bare(text):
    """word_or_number() leaves a number bare where every reader sees the number that was written."""
    bare = word_or_number(text) == text

    assert bare == (text in ("1", "-2.50", "0"))
    assert str(yaml.safe_load(word_or_number(text))) in (text, "-2.5")


@pytest.mark.parametrize("text", ["yes", "No", "on", "null", "y", "TRUE"])
def test_what_yaml_reads_as_something_else_is_quoted(text):
    """True, false and nothing have many spellings in YAML 1.1."""
    assert word(text) == sentence(text) == f'"{text}"'


def test_a_comma_is_quoted_inside_brackets():
    """A sentence may stay bare on its own line, where a list would end an item at the comma."""
    assert sentence("minor, then major") == "minor, then major"
    assert word("minor, then major") == '"minor, then major"'


def test_half_characters_become_question_marks():
    """A lone surrogate cannot be stored in a file; nothing fails because of it."""
    assert quoted("a\ud800b") == '"a?b"'
