"""Quizzes to and from other formats: round trips, what is lost and said, and parsers that are not ours."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.lab.lab import load_lab
from grader.quiz.exchange import gift, gift_writer, markdown, markdown_writer, moodle_writer, qti_writer, yaml_file
from grader.quiz.exchange.item import Item, Option, items_of, slug
from grader.quiz.exchange.limits import SIZE_LIMIT
from grader.quiz.exchange.notes import ImportFailed
from grader.quiz.questions import load_quiz, read_quiz
from tests.marks import long_property
from tests.quiz.quizzes import WORDS, told

# -- Markdown -------------------------------------------------------------------------------------------------

GOOD = """# Copies of a page

## Question Text

Who *copies*?

    code

## Question Answers

- the parent
+ the writer

  of the page
- the child

## Feedback

Whoever writes.
"""


def test_a_course_file_is_read_as_it_is():
    """Title, text with code, choices of several lines, feedback for all; nothing to remark."""
    [item], notes = markdown.read(GOOD.encode(), "lab/copies.md")

    assert notes == []
    assert (item.id, item.kind, item.text) == ("copies-of-a-page", "single", "Who *copies*?\n\n    code")
    assert [o.text for o in item.options] == ["the parent", "the writer\n\nof the page", "the child"]
    assert [o.right for o in item.options] == [False, True, False]
    assert {o.why for o in item.options} == {"Whoever writes."}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("## Feedback", "## Feedaback", "x.md:17: the heading 'Feedaback' was read as 'Feedback'"),
        ("## Question Text", "## Question", "x.md:3: the heading 'Question' was read as 'Question Text'"),
        ("## Question Text", "## question text ##", "x.md:3: the heading 'question text' was read as 'Question Text'"),
        ("# Copies of a page\n", "", "x.md:2: the title (# …) is missing; the file name is used"),
        ("## Feedback\n\nWhoever writes.\n", "", "x.md:1: no 'Feedback': the choices have no reasons"),
        ("- the child", "* the child", "x.md:15: an answer is marked with *; it was read as a wrong answer (-)"),
        ("- the child", "- the   parent", "x.md:9: the choice 'the parent' appears twice; one was removed"),
        (
            "- the child",
            "the child",
            "x.md:15: no mark (- or +); read as part of the answer above",
        ),
        ("## Feedback", "## Sources", "x.md:17: unknown heading 'Sources'; the text below it is left out"),
        (
            "- the child",
            "- the child\n## Question Answers\n",
            "x.md:16: 'Question Answers' appears twice; both are used, one after the other",
        ),
    ],
)
def test_what_is_repaired_is_named(old, new, words):
    """The reader takes what can be understood, the linter says what it had to guess."""
    assert old in GOOD
    items, notes = markdown.read(GOOD.replace(old, new, 1).encode(), "x.md")

    assert len(items) == 1
    assert words in told(notes)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("+ the writer", "- the writer", "x.md:9: no answer is marked as right; left out"),
        ("- the child", "- the writer\n\n  of the page", "appears twice, once right and once wrong; left out"),
        ("- the parent\n+", "+", None),
        ("## Question Answers", "## Nothing", "x.md:1: no 'Question Answers'; left out"),
        ("Who *copies*?\n\n    code\n", "", "x.md:1: no 'Question Text'; left out"),
    ],
)
def test_what_cannot_be_a_question_is_left_out(old, new, words):
    """And said."""
    text = GOOD.replace(old, new, 1)
    if words is None:
        text, words = text.replace("- the child\n", ""), "x.md:9: fewer than two choices; left out"
    items, notes = markdown.read(text.encode(), "x.md")

    assert items == [] and any(note.lost for note in notes)
    assert any(words in line for line in told(notes))


def test_all_but_matches_survive_our_markdown(items):
    """Type, key, reasons, unit, section, points and tolerance come back; other readers see choices and a comment."""
    files, lost = markdown_writer.write(items)

    for item in items:
        if item.kind == "match":
            continue
        [back], notes = markdown.read(files[f"{item.id}.md"].encode(), f"{item.id}.md")
        assert notes == []
        assert plainly(back) == plainly(item)
    assert "kinds: left out, because the format has nothing like `match`" in lost
    assert "steps: is an order question only for our own reader" in lost
    assert "shared: its points (only our own reader keeps it)" in lost


def plainly(item):
    """An item without the ids of choices, the steps of an order in order, and no reason where none was given."""
    options = sorted(item.options, key=lambda o: o.right) if item.kind == "order" else item.options
    return item._replace(options=[(o.text, o.right, o.why) for o in options])


def test_an_export_does_not_tell_by_the_order(cow):
    """Choices go out in the order in which they are shown; in the quiz's own file the right ones come first."""
    items = [item for item in items_of(cow, load_quiz(cow)) if item.kind == "single"]
    steps = next(item for item in items_of(cow, load_quiz(cow)) if item.kind == "order")

    assert len({[o.right for o in item.options].index(True) for item in items}) > 1
    assert [o.right for o in steps.options] != sorted(o.right for o in steps.options)


@given(st.binary(max_size=120) | st.text(alphabet="T{=~#}:>-%50\n\\ ab$", max_size=60).map(str.encode))
@long_property(300)
def test_no_bytes_make_a_reader_fail(data):
    """GIFT and Markdown: items that our loader takes, or words."""
    for reader in (gift, markdown):
        try:
            items, _ = reader.read(data, "q.x")
        except ImportFailed:
            continue
        if items:
            assert len(read_quiz(yaml_file.write(items, "T"), "q").questions) == len(items)


_LINES = [
    "# T",
    "## Question Text",
    "## Question",
    "## Question Answers",
    "## Feedaback",
    "- a",
    "+ b",
    "  c",
    "d",
    "```",
    "",
]


@given(st.lists(st.sampled_from(_LINES), max_size=24))
@example(["## Question Text", "", "- a", "+ b"])  # choices, and no text above them
@long_property(200)
def test_no_markdown_makes_the_reader_fail(lines):
    """Headings and choices in any order."""
    items, notes = markdown.read("\n".join(lines).encode(), "q.md")

    assert all(1 <= note.line <= max(len(lines), 1) for note in notes)
    if items:
        assert read_quiz(yaml_file.write(items, "T"), "q").questions


def test_large_files_and_null_bytes_are_refused():
    """Before anything is looked at."""
    for data, words in (
        (b"x" * (SIZE_LIMIT + 1), "more than 1024 KiB"),
        (b"a\0", "a null byte"),
        (b"\xff", "not UTF-8"),
    ):
        with pytest.raises(ImportFailed, match=words):
            gift.read(data, "q.gift")


def test_deep_and_long_files_are_read_in_time():
    """A megabyte of braces, backslashes or signs takes no longer than a megabyte of text."""
    for piece in ("{", "\\", "=~", "T{=a ~b}\n\n", "::", "%50%"):
        items, _ = gift.read((piece * (200_000 // len(piece))).encode(), "q.gift")
        assert len(items) <= 500


# -- other formats --------------------------------------------------------------------------------------------


def test_items_become_a_quiz_of_ours(items):
    """YAML that the loader reads, with the same questions."""
    quiz = read_quiz(yaml_file.write(items, "A: title"), "q.yaml")

    assert quiz.title == "A: title"
    for item, question in zip(items, quiz.questions, strict=True):
        assert (question.id, question.type, question.text) == (item.id, item.kind, item.text)
        assert (question.points, question.section, question.tolerance) == (item.points, item.section, item.tolerance)
        assert [(c.text, c.right, c.why) for c in question.choices] == [(o.text, o.right, o.why) for o in item.options]


@given(
    text=WORDS | st.text(max_size=30).filter(str.strip),
    why=st.text(alphabet="ab:# '\"\n-|>\t\u2028é", min_size=1).filter(str.strip),
)
@long_property(200)
def test_any_text_survives_our_yaml(text, why):
    """Colons, dashes, quotes, blanks at ends, unseen characters."""
    options = (Option("no", True, why), Option("7", False, why))
    question = read_quiz(yaml_file.write([Item("1", "single", text, options)], text), "q").questions[0]

    assert question.text == text.rstrip()
    assert [(c.text, c.why) for c in question.choices] == [("no", why.strip()), ("7", why.strip())]


def test_accepted_texts_keep_their_commas():
    """Two accepted texts stay two, whatever signs are in them."""
    texts = ("minor, then major", "yes", "2", "a: b")
    question = read_quiz(yaml_file.write([Item("q", "text", "T", answers=texts)], "T"), "q").questions[0]

    assert question.answer == texts


def test_moodle_xml_is_read_by_a_parser_of_others(root):
    """moodle-xml-parser finds the choice questions of a real lab, with fractions and feedback."""
    parser = pytest.importorskip("moodle_xml_parser.parser")
    lab = load_lab(root / "labs" / "copy-on-write")
    items = items_of(lab, load_quiz(lab))
    found = {q.name: q for q in parser.parse_string(moodle_writer.write(items)[0])["multichoice"]}
    choices = [item for item in items if item.kind in ("single", "multiple")]

    assert set(found) == {item.id for item in choices}
    for item in choices:
        question = found[item.id]
        assert question.single == (item.kind == "single")
        assert [(o.answer, o.feedback) for o in question.options] == [(o.text, o.why) for o in item.options]
        assert [o.score_fraction > 0 for o in question.options] == [o.right for o in item.options]


@pytest.mark.parametrize("name", ["copy-on-write", "swapping", "tlb"])
def test_gift_is_read_by_a_parser_of_others(root, name):
    """ua-exam finds each question of a real lab, and of the choices each text and which of them are right."""
    parser = pytest.importorskip("ua_exam.gift_parser")
    lab = load_lab(root / "labs" / name)
    items = items_of(lab, load_quiz(lab))
    found = {q["title"]: q for q in parser.parse_gift_content(gift_writer.write(items)[0])}
    choices = [item for item in items if item.kind in ("single", "multiple")]

    assert list(found) == [item.id for item in items]
    for item in choices:
        question = found[item.id]
        assert question["text"].removeprefix("[markdown]").replace("\\n", "\n") == item.text.strip()
        assert [(o["text"], o["is_correct"]) for o in question["options"]] == [(o.text, o.right) for o in item.options]


def test_moodle_xml_has_every_type(items):
    """The types that Moodle calls so, and characters that XML cannot hold replaced."""
    from xml.etree import ElementTree as ET

    text, lost = moodle_writer.write([item._replace(text=f"{item.text}\x07<&>") for item in items])
    tree = ET.fromstring(text.partition("\n")[2])

    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    assert [q.get("type") for q in tree] == [
        "numerical", "multichoice", "multichoice", "matching", "matching", "shortanswer", "numerical",
    ]  # fmt: skip
    assert tree[1].findtext("questiontext/text") == "Who copies?\ufffd<&>"
    assert [a.get("fraction") for a in tree[2].findall("answer")] == ["-50", "50", "50"]
    assert tree[6].findtext("answer/tolerance") == "0.5"
    assert "steps: has become a match of steps and places" in lost


def test_qti_is_written_and_says_what_it_cannot_hold(items, tmp_path):
    """text2qti's zip holds the questions that QTI 1.2 knows; marks of its own language in our texts do no harm."""
    pytest.importorskip("text2qti")
    import io
    import zipfile
    from xml.etree import ElementTree as ET

    items[1] = items[1]._replace(
        text="1. Who?\n\n*a) x\n\nTitle: y", options=tuple(o._replace(text=f"= {o.text}") for o in items[1].options)
    )
    data, lost = qti_writer.write(items, "T: a\nb", tmp_path)
    archive = zipfile.ZipFile(io.BytesIO(data))
    [name] = [n for n in archive.namelist() if n.endswith(".xml") and "assessment" in n and "meta" not in n]
    tree = ET.fromstring(archive.read(name))
    titles = [item.get("title") for item in tree.iter("{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}item")]

    assert titles == ["copies", "who", "shared", "word", "about"]
    assert {"copies": "1", "who": "= The writer", "word": "page table entry"}.items() <= right_answers(tree).items()
    assert "steps: left out, because text2qti has nothing like `order`" in lost


def right_answers(tree):
    """Title -> the text of the answer that gives all points, for items with one answer."""
    found = {}
    for item in tree.findall(".//{*}item"):
        labels = {label.get("ident"): "".join(label.itertext()) for label in item.findall(".//{*}response_label")}
        for condition in item.findall(".//{*}respcondition"):
            points = [var.text for var in condition.findall("{*}setvar")]
            given = [equal.text for equal in condition.findall(".//{*}varequal")]
            if points == ["100"] and given:
                text = re.sub("<[^>]*>", "", labels.get(given[0], given[0]))
                found.setdefault(item.get("title"), " ".join(text.replace("\u200b", "").split()))
    return found


def test_ids_are_short_and_never_twice():
    """Letters that ASCII has not are left out; numbers tell equals apart; `variant` stays ours."""
    taken = {}

    assert [slug(t, taken) for t in ("Où est-ce ?", "Ou est ce", "日本", "variant")] == [
        "ou-est-ce", "ou-est-ce-2", "question", "variant-1",
    ]  # fmt: skip
