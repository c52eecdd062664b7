"""Variants: sums, placeholders, and a choice that never changes."""

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.formats.yaml_reader import read_yaml
from grader.quiz.parameters import arithmetic, chosen, combinations, placeholders, shuffled, substitute


def test_the_choice_for_a_seed_is_fixed_for_ever():
    """These values are part of the format: students' variants must not change with Python or with this program."""
    parameters = {"pages": [256, 512, 1024], "who": ["parent", "child"]}
    picked = [tuple(chosen(seed, "q", parameters).values()) for seed in ("", "ada", "grace", "s3")]

    assert picked == GOLDEN
    assert shuffled("ada", list("abcdef")) == list(SHUFFLED)


GOLDEN = [(256, "parent"), (512, "child"), (256, "parent"), (512, "parent")]
SHUFFLED = "bfaedc"


def test_every_value_is_somebodys():
    """A thousand students get all variants, none much more often than another."""
    counts = [0, 0, 0]
    for n in range(999):
        counts[chosen(f"student-{n}", "q", {"x": [0, 1, 2]})["x"]] += 1

    assert min(counts) > 270


def test_values_go_into_texts_numbers_and_nested_values():
    """A text that is one placeholder becomes a number; braces that name no parameter stay; lines are kept."""
    block = read_yaml('a: "{n}"\nb: ["x{n}", "{n // 2}", "{i}"]\nc: {k: "{n} of {n + 1}"}\n', "t")
    new = substitute(block, {"n": 4})

    assert new == {"a": 4, "b": ["x4", 2, "{i}"], "c": {"k": "4 of 5"}}
    assert new.lines == {"a": 1, "b": 2, "c": 3}
    assert placeholders(block) == {"n", "i"}
    assert list(combinations({"a": [1, 2], "b": "xy"}))[1] == {"a": 1, "b": "y"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("a + 2*b", 11), ("(a - b) // 2", -1), ("-a % 3", 0), ("a / b", Fraction(3, 4)), ("7", 7)],
)
def test_sums(text, value):
    """Exact, with the usual precedence."""
    assert arithmetic(text, {"a": 3, "b": 4}) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a ** b", "is not an expression of names, numbers"),
        ("a.real", "is not an expression"),
        ("__import__('os')", "is not an expression"),
        ("a if b else a", "is not an expression"),
        ("1.5", "is not an expression"),
        ("a +", "is not an expression"),
        ("c", "'c' is not a known number; expected one of: a, b"),
        ("a / (b - 4)", "divides by zero"),
        ("a" * 300, "at most 200 characters"),
        ("(" * 90 + "a" + ")" * 90, ""),
    ],
)
def test_what_is_no_sum_is_refused(text, words):
    """Nothing but names, numbers and six signs; certainly no code."""
    if not words:
        assert arithmetic(text, {"a": 3}) == 3
        return
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        arithmetic(text, {"a": 3, "b": 4})


@given(st.text(max_size=40))
def test_any_text_is_a_sum_or_a_value_error(text):
    """No text makes arithmetic fail in another way."""
    with contextlib.suppress(ValueError):
        assert isinstance(arithmetic(text, {"a": 1}), Fraction)
