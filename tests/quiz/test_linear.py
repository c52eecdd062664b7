"""What untrusted files cost to read: in proportion to their size, and at most so much."""

import contextlib
import importlib
import pkgutil
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.quiz import exchange
from grader.quiz.exchange import aiken, gift, markdown, moodle, qti
from grader.quiz.exchange.html_text import markdown_of
from grader.quiz.exchange.images import images_in
from grader.quiz.exchange.limits import CHOICE_LIMIT, COUNT_LIMIT, GUESS_LIMIT, NOTE_LIMIT, TEXT_LIMIT
from grader.quiz.exchange.notes import ImportFailed
from grader.quiz.exchange.xml_tree import read_xml
from tests.quiz.quizzes import told
from tests.quiz.steps import endless, steps

MODULES = [
    importlib.import_module(f"{exchange.__name__}.{found.name}") for found in pkgutil.iter_modules(exchange.__path__)
]
PATTERNS = [(m.__name__, name, p) for m in MODULES for name, p in vars(m).items() if isinstance(p, re.Pattern)]

#: What each reader gives a meaning to: files are built of these.
GIFT_SIGNS = ["{", "}", "=", "~", "#", "####", "::", "%50%", "->", "\\", "//", "T", "$CATEGORY:", "[", "1..2"]
MARKDOWN_PARTS = ["# t\n", "## Question Text\n", "## Question Answers\n", "## Feedback\n", "## a", "- *a*: b\n"]
MARKDOWN_SIGNS = [*MARKDOWN_PARTS, "- a", "+ b", "\n", " " * 9, "#", "```\n", "~~~~\n", "<!--", "-->", "\\", "1. c\n"]

XML_PARTS = ['<question type="multichoice">', "</question>", "<questiontext>", "</questiontext>", "<name>", "</name>"]
XML_SIGNS = [
    *XML_PARTS,
    "<text>T",
    "</text>",
    '<answer fraction="100">',
    "</answer>",
    "<p>",
    "&lt;b&gt;",
    "<!--",
    "-->",
]
QTI_SIGNS = ["<item>", "</item>", "<presentation>", "</presentation>", '<response_lid ident="r">', "</response_lid>"]
QTI_SIGNS += ['<response_label ident="a">', "</response_label>", "<respcondition>", "</respcondition>"]
QTI_SIGNS += ["<varequal>a</varequal>", "<setvar>100</setvar>", "<mattext>T</mattext>", "<itemfeedback/>"]
QTI2_SIGNS = [
    '<responseDeclaration identifier="R">',
    "</responseDeclaration>",
    "<correctResponse>",
    "</correctResponse>",
]
QTI2_SIGNS += [
    "<value>a</value>",
    '<mapEntry mapKey="a" mappedValue="1"/>',
    '<simpleChoice identifier="a">',
    "</simpleChoice>",
]
QTI2_SIGNS += ["<itemBody>", "</itemBody>", '<choiceInteraction responseIdentifier="R">', "</choiceInteraction>", "T"]
AIKEN_SIGNS = ["T\n", "A. a\n", "B) b\n", "ANSWER: A\n", "ANSWER:", " ", "\n", "A."]
HTML_SIGNS = ["<b>", "<", ">", "<!--", "-->", "<pre>", "<li>", "&", '"', "a ", "\n"]


def read_moodle(data, name):
    return moodle.read(b"<quiz>" + data + b"</quiz>", name)


def read_qti(data, name):
    return qti.questions_of(read_xml(b"<questestinterop>" + data + b"</questestinterop>", name), name)


def read_qti2(data, name):
    return qti.questions_of(read_xml(b"<assessmentItem>" + data + b"</assessmentItem>", name), name)


READERS = {
    "gift": (gift.read, [*GIFT_SIGNS, "\n", "\n\n"]),
    "markdown": (markdown.read, MARKDOWN_SIGNS),
    "moodle": (read_moodle, XML_SIGNS),
    "qti": (read_qti, QTI_SIGNS),
    "qti2": (read_qti2, QTI2_SIGNS),
    "aiken": (aiken.read, AIKEN_SIGNS),
    "images": (lambda data, name: list(images_in(data.decode())), ["![", "](", "a", ")", "<", " ", "'", "[", "!"]),
    "html": (lambda data, name: markdown_of(data.decode()), HTML_SIGNS),
}


def cost(read, unit, times):
    """The steps of reading a file that repeats a unit."""

    def reading():
        with contextlib.suppress(ImportFailed):
            read((unit * times).encode(), "x")

    reading()  # what is loaded and compiled once
    return steps(reading)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_file_of_twice_the_size_takes_at_most_twice_the_steps(reader, data):
    """Whatever is repeated: no sign makes a reader look at the whole file again."""
    read, signs = READERS[reader]
    unit = "".join(data.draw(st.lists(st.sampled_from(signs), min_size=1, max_size=6)))

    assert cost(read, unit, 120) <= 2.3 * cost(read, unit, 60) + 500


#: A question of each format, which can be repeated as it is: with tags that match, more of a file is read.
QUESTIONS = {
    "gift": "::q::[html]T <b>{=a#b ~%-50%c ####d}\n\n",
    "markdown": "# q\n## Question Text\nT\n## Question Answers\n- a\n+ b\n## Feedback\n- *a*: b\n",
    "moodle": '<question type="multichoice"><questiontext><text>T</text></questiontext>'
    '<answer fraction="100"><text>a</text></answer><answer fraction="0"><text>b</text></answer></question>',
    "qti": "<item><presentation><material><mattext>T</mattext></material><response_lid>"
    '<response_label ident="a"><mattext>a</mattext></response_label>'
    '<response_label ident="b"><mattext>b</mattext></response_label></response_lid>'
    '</presentation><respcondition><varequal>a</varequal><setvar varname="SCORE">100</setvar></respcondition></item>',
    "aiken": "T\nA. a\nB. b\nANSWER: A\n\n",
    "html": "<p>a <code>b</code></p><pre>c</pre>",
}


@pytest.mark.parametrize("reader", QUESTIONS)
def test_twice_the_questions_take_twice_the_steps(reader):
    """Of whole questions, all alike: equal names and choices cost no more than others."""
    read, unit = READERS[reader][0], QUESTIONS[reader]

    assert 1.8 * cost(read, unit, 60) - 1000 < cost(read, unit, 120) < 2.2 * cost(read, unit, 60)


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
        (gift.read, "T{" + "~o " * 10_000 + "}", f"x:1: 10000 answers; the limit per question is {CHOICE_LIMIT}"),
        (gift.read, "T{#" + "=1 " * 101 + "}", "x:1: 101 answers; the limit per question is"),
        (
            gift.read,
            "\n\nT{=" + "a" * TEXT_LIMIT + "}",
            f"x:3: 65540 characters; the limit per question is {TEXT_LIMIT}",
        ),
        (gift.read, "T{=a ~b}\n\n" * (COUNT_LIMIT + 1), f"x:1001: more than {COUNT_LIMIT} questions; this one"),
        (gift.read, "T\n\n" * (NOTE_LIMIT + 5), "x:401: 5 more problems from here on"),
        (
            markdown.read,
            "# t\n## Question Text\nT\n## Question Answers\n" + "- a\n" * 101,
            "x:1: 101 answers; the limit per question is 100; the question is left out: shorten or split it",
        ),
        (markdown.read, "x\n" * (NOTE_LIMIT + 5), "x:201: 5 more problems from here on"),
    ],
    ids=range(7),
)
def test_a_limit_is_named_with_the_place_and_the_way_out(read, text, words):
    """What is beyond a limit is left out, and the rest of the file is read."""
    assert words in "\n".join(told(read(text.encode(), "x")[1]))


def test_a_file_of_unknown_headings_is_no_quiz():
    """A guess is slow; after so many of them the reader gives up, and says what it looks for."""
    text = "".join(f"## {chr(97 + n // 26)}{chr(97 + n % 26)}\n" for n in range(GUESS_LIMIT + 1))

    words = f"x:{GUESS_LIMIT + 1}: more than {GUESS_LIMIT} unknown headings .* 'Question Text'"
    with pytest.raises(ImportFailed, match=words):
        markdown.read(text.encode(), "x")
