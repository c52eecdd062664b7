"""GIFT, read and written: every form of it, what is said of the rest, and round trips."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.exchange import gift, gift_writer
from grader.quiz.exchange.gift import GAPS
from grader.quiz.exchange.item import Item, Option
from tests.marks import long_property
from tests.quiz.quizzes import WORDS, shape, told


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("::q::[markdown]T{=a#yes ~b#no}", "single", [("a", True, "yes"), ("b", False, "no")]),
        ("T{~%50%a ~%50%b ~%-100%c}", "multiple", [("a", True), ("b", True), ("c", False)]),
        ("T{TRUE#wrong#right}", "single", [("True", True, "right"), ("False", False, "wrong")]),
        ("T{F}", "single", [("True", False), ("False", True)]),
        ("T {=a -> 1 =b -> 2}", "match", [("a", "1"), ("b", "2")]),
        ("T\\: \\{x\\} \\= 1?\n{=a\\~b ~c\\#d}", "single", [("a~b", True), ("c#d", False)]),
        ("// note\n$CATEGORY: x/y\n\nT{=a ~b}", "single", [("a", True), ("b", False)]),
    ],
)
def test_gift_is_read(text, kind, expected):
    """Each form of the format."""
    [item], _ = gift.read(text.encode(), "q.gift")

    assert item.kind == kind
    assert [tuple(o[: len(e)]) for o, e in zip(item.options, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("text", "answers", "tolerance", "wrong"),
    [
        ("T{#3:0.5#why}", ("3",), Fraction(1, 2), {}),
        ("T{#1..4}", ("2.5",), Fraction(3, 2), {}),
        ("T{#=%100%7:0 =%0%8:0#no}", ("7",), 0, {"8": "no"}),
        ("T{=page =frame#f}", ("page", "frame"), 0, {}),
        ("T{=%100%page =%0%frame#f}", ("page",), 0, {"frame": "f"}),
    ],
)
def test_gift_numbers_and_words_are_read(text, answers, tolerance, wrong):
    """Tolerances, ranges, and wrong answers with a reason."""
    [item], _ = gift.read(text.encode(), "q.gift")

    assert (item.answers, item.tolerance, item.wrong) == (answers, tolerance, wrong)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("T{=a =b ~c}", "any one of several right answers was enough; here all of them must be chosen"),
        (
            "T{~%70%a ~%30%b ~%-50%c}",
            "the weights are not kept: right choices are worth the same, and a wrong choice costs",
        ),
        ("T{~%50%a ~%50%b ~c}", "the weights are not kept"),
        ("T{=a ~%50%b ~c}", "'b' is worth 50 %; here it is wrong"),
        ("T{=[html]<b>a</b> ~b}", "an answer is HTML; it was converted to Markdown"),
        ("T{=a ~%-15%b ~c}", "'b' is worth -15 %; here it is wrong and costs nothing (set `penalty` to change that)"),
        ("T{=%50%a ~b}", "'a' is marked with = and worth 50 %; here it is right"),
        ("T{#3:2~#Wrong}", "the feedback for all other answers is left out: 'Wrong'"),
        ("T{#=3 =%0%8:2#no}", "'8:2' has its own reason; here the reason applies only to 8 itself"),
        ("T{=page =%0%*#Nope}", "the feedback for all other answers is left out: 'Nope'"),
        ("T{=copy* =dup}", "'copy*': * matches any characters in Moodle; here it is only the character *"),
        ("T ![x](a/b.png) {=a ~b}", "the image 'a/b.png': only the path is imported; put the file there, next to"),
        (
            "T ![x](/etc/passwd) {=a ~b}",
            "the image '/etc/passwd': not a path next to the quiz file; exports cannot",
        ),
        ("// [tag:week3]\nT{=a ~b}", "tags in a comment are left out"),
        ("T{#=3:0 =%50%3:1#close}", "'3:1': only one right answer is supported; this one is left out"),
        ("T{=a#one =b#two}", "the feedback for 'b' is left out: all right answers share the first one's"),
        ("$CATEGORY: a/b\n\nT{=a ~b}", "the category 'a/b'; categories are not supported"),
    ],
)
def test_gift_that_means_something_else_here_is_named(text, words):
    """The question is taken, and what has changed about it is said."""
    items, notes = gift.read(text.encode(), "q.gift")

    assert len(items) == 1
    assert any(line.startswith("q.gift:1: ") and words in line for line in told(notes))


@pytest.mark.parametrize(("text", "why"), [("T{#3#yes####all}", "yes\n\nall"), ("T{=word####all}", "all")])
def test_general_feedback_is_not_lost(text, why):
    """It stands behind what is said of the right answer."""
    [item], _ = gift.read(text.encode(), "q.gift")

    assert item.why == why


def test_general_feedback_of_choices_goes_to_the_right_one_and_to_those_without():
    """A wrong choice that has a reason keeps it."""
    [truth], _ = gift.read(b"T{TRUE#no#yes####all}", "q.gift")
    assert [option.why for option in truth.options] == ["yes\n\nall", "no"]

    [item], _ = gift.read(b"T{=a#yes ~b#no ~c\n####all}", "q.gift")

    assert [option.why for option in item.options] == ["yes\n\nall", "no", "all"]


def test_an_arrow_in_a_pair_is_said():
    """GIFT has no escape for it, so it becomes another sign."""
    options = (Option("p->x", "a field", "why"), Option("p", "a pointer", "why"))
    items = [Item("q", "match", "T", options), Item("w", "text", "T", answers=("p->x", "arrow"))]
    text, lost = gift_writer.write(items)
    [pair, word], _ = gift.read(text.encode(), "q.gift")

    assert [option.text for option in pair.options] == ["p→x", "p"] and word.answers == ("arrow",)
    assert "q: -> has become →, because it separates the sides of a pair" in lost
    assert "w: accepted answers that contain ->, because it separates the sides of a pair" in lost


def test_a_gap_in_a_text_is_a_gap():
    """Answers in the middle of a sentence."""
    [item], notes = gift.read(b"A page has {=4096 =4 KiB} bytes.", "q.gift")

    assert item.text == "A page has _____ bytes."
    assert "q.gift:1: the answer is in the middle of the text" in told(notes)[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("T{}", "an essay cannot be marked automatically; left out"),
        (
            "T {=1 =one} and {=2 =two}.",
            f"this is a Cloze question: {GAPS}",
        ),
        ("T {1:SHORTANSWER:=x}", f"this is a Cloze question: {GAPS}"),
        ("T{=a} b}", "an extra { or }; in a text, write \\{ or \\}; left out"),
        ("just a text", "no answers ({…}): this is a description, not a question; left out"),
        ("T{=a", "the closing } of the answers is missing; left out"),
        ("T{~a ~b}", "no answer is marked as right; left out"),
        ("T{=a ~a}", "the choice 'a' appears twice, once right and once wrong; left out"),
        ("T{#many}", "'many' is not a number, N:TOLERANCE or LOW..HIGH; left out"),
        ("T{what}", "no answer begins with = or ~; left out"),
        ("{=a ~b}", "no text; left out"),
        ("T{=a -> 1 =b -> 1}", "all choices have the same match; left out"),
        ("T{=*}", "an answer that matches anything is left out"),
    ],
)
def test_gift_that_is_no_question_is_named(text, words):
    """With the line."""
    items, notes = gift.read(f"\n\n{text}".encode(), "q.gift")

    assert items == []
    assert f"q.gift:3: {words}" in told(notes)


def test_every_type_survives_gift(items):
    """All that GIFT can hold comes back; what it cannot is said."""
    text, lost = gift_writer.write(items)
    back, notes = gift.read(text.encode(), "q.gift")

    assert notes == []
    for item, other in zip(items, back, strict=True):
        if item.kind == "order":
            item = item._replace(kind="match", options=tuple(o._replace(right=str(o.right)) for o in item.options))
        assert shape(other) == shape(item)
        for field in ("id", "answers", "wrong", "tolerance", "why"):
            assert getattr(other, field) == getattr(item, field), field
    assert "who: its section" in lost and "shared: its points" in lost
    assert "steps: has become a match of steps and places, because GIFT has no order questions" in lost


def test_answers_have_the_format_of_the_question():
    """As in Moodle, whose exports write [html] once: answers, feedback and pairs are HTML unless they say else."""
    [item, pairs, words], notes = gift.read(
        b"[html]<p>T</p>{=<p>a &lt; b</p>#<b>so</b> ~[plain]<p>####<p>all</p>}\n\n"
        b"[html]T{=<i>a</i> -> 1 =<i>b</i> -> 2}\n\n[html]T{=[html]a =<b> #<b>x</b>}",
        "q.gift",
    )

    assert [(o.text, o.right, o.why) for o in item.options] == [("a < b", True, "**so**\n\nall"), ("<p>", False, "all")]
    assert [o.text for o in pairs.options] == ["*a*", "*b*"]
    assert words.answers == ("a", "<b>")
    assert [note.message for note in notes if note.line == 1] == ["the text is HTML; it was converted to Markdown"]


@given(text=WORDS, words=st.lists(WORDS, min_size=2, max_size=4, unique_by=lambda t: " ".join(t.casefold().split())))
@long_property(200)
def test_any_text_survives_gift(text, words):
    """Whatever stands in a question, its choices and its words is escaped and comes back."""
    for kind, count in (("single", 1), ("multiple", 2)):
        options = tuple(Option(word, n < count, f"[html]{word}".strip()) for n, word in enumerate(words))
        item = Item("q", kind, text, options)
        [back], _ = gift.read(gift_writer.write([item])[0].encode(), "q.gift")
        assert shape(back) == shape(item)
    item = Item("q", "text", text, answers=(words[0],), wrong={words[1]: words[0]}, why=words[1])
    if "->" not in "".join(words) and "*" not in words:
        [back], _ = gift.read(gift_writer.write([item])[0].encode(), "q.gift")
        assert (back.kind, back.answers, back.wrong, back.why) == ("text", item.answers, item.wrong, item.why)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'printf("a\tb")', r'printf("a\tb")'),
        (r"\frac\{1\}\{2\} \* \[", r"\frac{1}{2} \* \["),
        (r"C\:\\temp", r"C:\temp"),
        (r"a\nb \\n", "a\nb \\n"),
    ],
)
def test_only_gifts_own_escapes_are_escapes(text, shown):
    """A backslash before any other character is a backslash, in questions, answers and reasons."""
    [item], notes = gift.read(f"{text}{{={text}#{text} ~no}}".encode(), "q.gift")

    assert [item.text, item.options[0].text, item.options[0].why] == [shown] * 3
    assert notes == []


def test_a_number_without_a_sign_is_the_key():
    """`{#3:2~#Wrong}`: what stands before the first sign is the right answer, as in Moodle."""
    [item], _ = gift.read(b"T{#3:2~#Wrong}", "q.gift")

    assert (item.answers, item.tolerance, item.wrong) == (("3",), 2, {})


def test_choices_in_capitals_are_others():
    """`FILE` and `File` are two things in C."""
    [item], notes = gift.read(b"T{=FILE ~File ~file}", "q.gift")

    assert [option.text for option in item.options] == ["FILE", "File", "file"] and notes == []


def test_a_star_in_a_word_stays_a_star():
    """Bare, it would accept anything in Moodle; it goes out and comes back behind a backslash."""
    word = Item("w", "text", "T", answers=("char *",), wrong={"*p": "no"})
    text, _ = gift_writer.write([word])
    [back], notes = gift.read(text.encode(), "q.gift")

    assert (back.answers, back.wrong) == (word.answers, word.wrong)
    assert notes == [] and r"char \*" in text
