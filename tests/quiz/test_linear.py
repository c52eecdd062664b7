"""What untrusted files cost to read: in proportion to their size, and at most so much."""

import contextlib
import importlib
import pkgutil
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.quiz import exchange
from grader.quiz.exchange import gift, markdown
from grader.quiz.exchange.item import ImportFailed
from grader.quiz.exchange.limits import CHOICE_LIMIT, COUNT_LIMIT, GUESS_LIMIT, NOTE_LIMIT, TEXT_LIMIT

from .quizzes import told
from .steps import endless, steps

MODULES = [
    importlib.import_module(f"{exchange.__name__}.{found.name}") for found in pkgutil.iter_modules(exchange.__path__)
]
PATTERNS = [(m.__name__, name, p) for m in MODULES for name, p in vars(m).items() if isinstance(p, re.Pattern)]

#: What each reader gives a meaning to: files are built of these.
GIFT_SIGNS = ["{", "}", "=", "~", "#", "####", "::", "%50%", "->", "\\", "//", "T", "$CATEGORY:", "[", "1..2"]
MARKDOWN_PARTS = ["# t\n", "## Question Text\n", "## Question Answers\n", "## Feedback\n", "## a", "- *a*: b\n"]
MARKDOWN_SIGNS = [*MARKDOWN_PARTS, "- a", "+ b", "\n", " " * 9, "#", "```\n", "~~~~\n", "<!--", "-->", "\\", "1. c\n"]

READERS = {"gift": (gift.read, [*GIFT_SIGNS, "\n", "\n\n"]), "markdown": (markdown.read, MARKDOWN_SIGNS)}


def cost(read, unit, times):
    """The steps of reading a file that repeats a unit."""

    def reading():
        with contextlib.suppress(ImportFailed):
            read((unit * times).encode(), "x")

    return steps(reading)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_file_of_twice_the_size_takes_at_most_twice_the_steps(reader, data):
    """Whatever is repeated: no sign makes a reader look at the whole file again."""
    read, signs = READERS[reader]
    unit = "".join(data.draw(st.lists(st.sampled_from(signs), min_size=1, max_size=6)))

    assert cost(read, unit, 120) <= 2.3 * cost(read, unit, 60) + 500


@pytest.mark.parametrize(("module", "name", "pattern"), PATTERNS, ids=lambda value: str(value)[:40])
def test_no_pattern_of_a_reader_or_writer_can_divide_a_run(module, name, pattern):
    """Two repetitions without end in one pattern are the way to a quadratic one."""
    assert endless(pattern) <= 1


def test_the_counts_can_tell_quadratic_from_linear():
    """The heading's old pattern has five repetitions; a loop in a loop takes four times the steps."""
    assert endless(re.compile(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\Z")) == 5

    def quadratic(n):
        return steps(lambda: [None for _ in range(n) for _ in range(n)])

    assert quadratic(80) > 3.5 * quadratic(40)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (gift.read, "T{" + "~o " * 10_000 + "}", f"x:1: 10000 answers; at most {CHOICE_LIMIT} are accepted"),
        (gift.read, "T{#" + "=1 " * 101 + "}", "x:1: 101 answers; at most"),
        (gift.read, "\n\nT{=" + "a" * TEXT_LIMIT + "}", f"x:3: 65540 characters; at most {TEXT_LIMIT}"),
        (gift.read, "T{=a ~b}\n\n" * (COUNT_LIMIT + 1), f"x:1001: more than {COUNT_LIMIT} questions; this one"),
        (gift.read, "T\n\n" * (NOTE_LIMIT + 5), "x:401: from here on 5 more remarks on this file"),
        (
            markdown.read,
            "# t\n## Question Text\nT\n## Question Answers\n" + "- a\n" * 101,
            "x:1: 101 answers; at most 100 are accepted in a question; the question is left out: shorten it",
        ),
        (markdown.read, "x\n" * (NOTE_LIMIT + 5), "x:201: from here on 5 more remarks on this file"),
    ],
    ids=range(7),
)
def test_a_limit_is_named_with_the_place_and_the_way_out(read, text, words):
    """What is beyond a limit is left out, and the rest of the file is read."""
    assert words in "\n".join(told(read(text.encode(), "x")[1]))


def test_a_file_of_unknown_headings_is_no_quiz():
    """A guess is slow; after so many of them the reader gives up, and says what it looks for."""
    text = "".join(f"## {chr(97 + n // 26)}{chr(97 + n % 26)}\n" for n in range(GUESS_LIMIT + 1))

    with pytest.raises(ImportFailed, match=f"x:{GUESS_LIMIT + 1}: more than {GUESS_LIMIT} headings .* 'Question Text'"):
        markdown.read(text.encode(), "x")
