"""Moodle XML, read: every type, what is named, our own export back, and files made to harm."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.exchange import moodle, moodle_writer, yaml_file
from grader.quiz.exchange.gift import GAPS
from grader.quiz.exchange.notes import ImportFailed
from grader.quiz.questions import read_quiz
from tests.marks import long_property
from tests.quiz.quizzes import told


def question(kind, *parts, name="q", text="T"):
    """A question's XML."""
    inner = "".join(parts)
    head = f"<name><text>{name}</text></name><questiontext format='html'><text>{text}</text></questiontext>"
    return f"<quiz>\n<question type='{kind}'>{head}{inner}</question></quiz>"


def answer(text, worth, why="", more=""):
    told_ = f"<feedback><text>{why}</text></feedback>"
    return f"<answer fraction='{worth}' format='html'><text>{text}</text>{told_}{more}</answer>"


def read(text):
    return moodle.read(text.encode(), "q.xml")


@pytest.mark.parametrize(
    ("xml", "kind", "options"),
    [
        (
            question("multichoice", "<single>true</single>", answer("a", 100, "yes"), answer("b", 0, "no")),
            "single",
            [("a", True, "yes"), ("b", False, "no")],
        ),
        (
            question("multichoice", "<single>false</single>", answer("a", 50), answer("b", 50), answer("c", -50)),
            "multiple",
            [("a", True), ("b", True), ("c", False)],
        ),
        (question("truefalse", answer("true", 0), answer("false", 100)), "single", [("True", False), ("False", True)]),
        (
            question(
                "matching",
                "<subquestion><text>a</text><answer><text>x</text></answer></subquestion>",
                "<subquestion><text>b</text><answer><text>y</text></answer></subquestion>",
            ),
            "match",
            [("a", "x"), ("b", "y")],
        ),
        (question("ordering", answer("first", 1), answer("then", 1)), "order", [("first", 1), ("then", 2)]),
    ],
)
def test_choices_pairs_and_orders_are_read(xml, kind, options):
    """Each type, with nothing to remark."""
    [item], notes = read(xml)

    assert (item.id, item.text, item.kind, notes) == ("q", "T", kind, [])
    assert [tuple(o[: len(e)]) for o, e in zip(item.options, options, strict=True)] == options


def test_numbers_and_words_are_read():
    """With tolerance, unit, points, wrong answers and reasons."""
    unit = "<units><unit><multiplier>1</multiplier><unit_name>pages</unit_name></unit></units>"
    more = "<defaultgrade>2.5</defaultgrade>"
    key = answer("4.0", 100, "so", "<tolerance>0.5</tolerance>")
    [number], notes = read(question("numerical", key, answer("8", 0, "no"), unit, more))
    assert (number.answers, number.tolerance, number.unit) == (("4",), Fraction(1, 2), "pages")
    assert (number.wrong, number.why, number.points, notes) == ({"8": "no"}, "so", Fraction(5, 2), [])

    [word], notes = read(
        question("shortanswer", answer("page", 100, "so"), answer(r"\*p", 100), answer("frame", 0, "no"))
    )
    assert (word.answers, word.wrong, word.why, notes) == (("page", "*p"), {"frame": "no"}, "so", [])


def test_html_becomes_markdown():
    """Code, emphasis, lists, images and entities; a tag that has no counterpart is named."""
    text = "<![CDATA[<p>Who <b>copies</b>&nbsp;<code>a &lt; b</code>?</p><ul><li>x</li></ul>"
    text += '<pre>if (a)\n  b;</pre><img src="@@PLUGINFILE@@/m/y.png" alt="pages"><marquee>z</marquee>]]>'
    [item], notes = read(question("truefalse", answer("true", 100), answer("false", 0), text=text))

    assert item.text == ("Who **copies**\xa0`a < b`?\n\n- x\n\n```\nif (a)\n  b;\n```\n\n![pages](m/y.png)z")
    assert told(notes) == [
        "q.xml:2: only the text is kept of these HTML elements: <marquee>",
        "q.xml:2: the image 'm/y.png': only the path is imported; put the file there, next to the quiz file",
    ]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["<single>true</single>", answer("a", 100), answer("b", 50)], "'b' is worth 50 %; here it is wrong"),
        (["<single>true</single>", answer("a", 100), answer("b", -15)], "'b' is worth -15 %; here it is wrong"),
        (["<single>true</single>", answer("a", 100), answer("b", 100)], "any one of several right answers"),
        (["<single>false</single>", answer("a", 70), answer("b", 30)], "the weights are not kept"),
        ([answer("a", 100), answer("b", "x")], "an answer is worth 'x'; it counts as wrong"),
        ([answer("a", 100), answer("b", 0), "<hint><text>Look</text></hint>"], "<hint> is left out: 'Look'"),
        (
            [answer("a", 100), answer("b", 0), "<tags><tag><text>w3</text></tag></tags>"],
            "the tag 'w3'; tags are not",
        ),
        ([answer("a", 100), answer("b", 0), "<file name='x.png'>AA==</file>"], "the file 'x.png' in it is left out"),
        (
            [answer("a", 100), answer("b", 0), "<defaultgrade>many</defaultgrade>"],
            "<defaultgrade> is 'many'; 1 point",
        ),
    ],
)
def test_what_means_something_else_here_is_named(parts, words):
    """With the line, whatever is dropped or taken in another sense."""
    items, notes = read(question("multichoice", *parts))

    assert len(items) == 1
    assert any(line.startswith("q.xml:2: ") and words in line for line in told(notes))


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (question("cloze", text="{1:SHORTANSWER:=x} {1:SHORTANSWER:=y}"), f"a Cloze question: {GAPS}"),
        (question("essay"), "an essay, which cannot be marked automatically; left out"),
        (question("description"), "a description, not a question; left out"),
        (question("ddimageortext"), "the type 'ddimageortext' is not supported; left out"),
        (question("multichoice", answer("a", 0), answer("b", 0)), "no answer is marked as right; left out"),
        (question("numerical", answer("many", 100)), "'many' with the tolerance '0' is not a number; left out"),
        (question("shortanswer", answer("*", 100)), "the answer that matches everything else is left out"),
        (question("truefalse", answer("true", 100), text=""), "no text; left out"),
        ("<quiz>\n<question type='category'><category><text>$c$/a</text></category></question></quiz>", "'$c$/a'"),
    ],
)
def test_what_is_no_question_here_is_left_out_with_the_reason(xml, words):
    """And the line."""
    items, notes = read(xml)

    assert items == []
    assert any(line.startswith("q.xml:2: ") and words in line for line in told(notes))


def test_our_own_export_comes_back_whole(items):
    """Types, keys, tolerances, units, sections, points, order and reasons, with nothing to remark."""
    back, notes = moodle.read(moodle_writer.write(items)[0].encode(), "q.xml")

    assert notes == []
    for mine, item in zip(back, items, strict=True):
        mine = mine._replace(options=[(o.text, o.right, o.why) for o in mine.options])
        assert mine == item._replace(options=[(o.text, o.right, o.why) for o in item.options])


def test_an_order_of_somebody_elses_is_named():
    """Pairs with the places 1 to n are an order; who wrote them may have meant something else."""
    pair = "<subquestion><text>{}</text><answer><text>{}</text></answer></subquestion>"
    [item], notes = read(question("matching", pair.format("b", 2), pair.format("a", 1)))

    assert item.kind == "order" and [o.right for o in item.options] == [2, 1]
    assert told(notes) == ["q.xml:2: all matches are places from 1 to 2; it became an order question"]


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (
            '<!DOCTYPE quiz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>\n<quiz>&b;</quiz>',
            "q.xml:1: the file declares an entity ('a'), which is not allowed",
        ),
        ('<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz>&x;</quiz>', "declares an entity ('x')"),
        ('<!DOCTYPE quiz [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]><quiz/>', "declares an entity ('x')"),
        ('<!DOCTYPE quiz SYSTEM "/etc/passwd"><quiz>&nbsp;</quiz>', "nbsp"),
        ("<a>" * 99, "q.xml:1: elements nested more than 40 deep"),
        ("<quiz>\n<question>", "q.xml:2: not valid XML: no element found"),
        ("<html></html>", "q.xml:1: <html> is not a Moodle question bank, which begins with <quiz>"),
        ("", "q.xml:1: not valid XML"),
        ("<?xml version='1.0' encoding='utf-7'?><quiz/>", "q.xml:"),
    ],
)  # fmt: skip
def test_a_file_made_to_harm_is_refused(xml, words):
    """Entities (gigabytes from bytes, files of this machine), depth, and what is no XML: a line each."""
    with pytest.raises(ImportFailed) as refused:
        read(xml)

    assert words in str(refused.value)


_PIECES = [
    "<quiz>",
    "<question type='multichoice'>",
    "<question type='numerical'>",
    "<answer fraction='100'>",
    "<text>",
]
_PIECES += ["</quiz>", "</question>", "</answer>", "</text>", "<questiontext>", "</questiontext>", "<tolerance>"]
_PIECES += ["</tolerance>", "a", "1", "*", "&lt;p&gt;"]


@given(st.binary(max_size=80) | st.lists(st.sampled_from(_PIECES), max_size=30).map(lambda p: "".join(p).encode()))
@long_property(200)
def test_no_bytes_make_the_reader_fail(data):
    """Questions that our loader takes, or words."""
    try:
        items, _ = moodle.read(data, "q.xml")
    except ImportFailed:
        return
    if items:
        assert len(read_quiz(yaml_file.write(items, "T"), "q").questions) == len(items)


_TEXT = st.text(alphabet="ab <>&*\\{}~=#:é\n`-", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(st.lists(_TEXT, min_size=2, max_size=5, unique_by=lambda text: " ".join(text.split())), _TEXT, _TEXT)
@long_property(100)
def test_any_text_survives_moodle_xml(texts, text, why):
    """Markup, entities, stars and lines, in a choice of ours that goes out and comes back."""
    from grader.quiz.exchange.item import Item, Option

    options = tuple(Option(one, place == 0, why) for place, one in enumerate(texts))
    [back], notes = moodle.read(moodle_writer.write([Item("q", "single", text, options)])[0].encode(), "q.xml")

    assert notes == [] and back.text == text
    assert [(o.text, o.right, o.why) for o in back.options] == [(o.text, o.right, o.why) for o in options]
