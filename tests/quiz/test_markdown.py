"""The shapes of course Markdown, in small files of our own: what is taken, and that nothing is lost without a word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.exchange import markdown, markdown_writer
from grader.quiz.exchange.item import Item, Option
from tests.marks import long_property
from tests.quiz.quizzes import told

HEAD = "# Pages\n\n## Question Text\n\nWhat is a page?\n\n## Question Answers\n\n"
TAIL = "\n## Feedback\n\nThat is what it is.\n"


def read(answers, head=HEAD, tail=TAIL):
    return markdown.read(f"{head}{answers}{tail}".encode(), "pages.md")


@pytest.mark.parametrize(
    ("answers", "texts"),
    [
        ("- a\n\n+ b\n\n- c\n", ["a", "b", "c"]),
        ("- a\n+ b, which is\nlonger than a line\n- c\n", ["a", "b, which is\nlonger than a line", "c"]),
        ("- a\n+ b:\n\n```c\n- no answer\n```\n\n- c\n", ["a", "b:\n\n```c\n- no answer\n```", "c"]),
        ("- a\n+ b:\n\n  ```c\n  x;\n  ```\n- c\n", ["a", "b:\n\n```c\nx;\n```", "c"]),
        ("- a:\n  - one\n  - two\n+ b\n", ["a:\n- one\n- two", "b"]),
        ("- a\n\nMore of it\n\n+ b\n", ["a\n\nMore of it", "b"]),
        ("  - a\n  + b\n", ["a", "b"]),
    ],
)
def test_every_line_of_an_answer_belongs_to_it(answers, texts):
    """Lines without indentation, code and nested lists: nothing of an answer is dropped."""
    [item], notes = read(answers)

    assert [o.text for o in item.options] == texts
    assert not any(note.lost for note in notes)


def test_an_answer_that_goes_on_without_indentation_is_named():
    """It may also be a choice whose mark was forgotten."""
    _, notes = read("- a\n+ b\nmore of b\n")

    assert told(notes) == ["pages.md:11: no mark (- or +); read as part of the answer above"]


@pytest.mark.parametrize(
    "comment",
    [
        "<!-- markdownlint-disable MD013 -->\n",
        "<!--\nmarkdownlint-disable MD013\n## Not a heading\n-->\n",
        "  <!-- a --> \n",
    ],
)
@pytest.mark.parametrize("place", ["# Pages", "## Question Text", "What is", "- a", "## Feedback"])
def test_comments_mean_nothing(comment, place):
    """Of linters or of people, wherever they stand: the questions are the same, with nothing to remark."""
    text = f"{HEAD}- a\n+ b\n{TAIL}"
    [plain], _ = markdown.read(text.encode(), "pages.md")
    [item], notes = markdown.read(text.replace(place, f"{comment}{place}", 1).encode(), "pages.md")

    assert (item, notes) == (plain, [])


def test_comments_in_code_are_code():
    """What a page of HTML shows is part of a question about it."""
    [item], _ = read("- a\n+ b\n", HEAD.replace("What", "```html\n<!-- x -->\n```\nWhat"))

    assert "<!-- x -->" in item.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            f"{HEAD}- a\n+ b\n<!-- no end\n{TAIL}",
            "pages.md:11: a comment without its end (-->); everything below it is left out",
        ),
        (
            f"<!-- forklab: {{}} -->\n{HEAD}- a\n+ b\n{TAIL}",
            "pages.md:1: this forklab comment is before the first title",
        ),
        (f"{HEAD}{TAIL}", "pages.md:7: no answer is marked as right; left out"),
        ("## Question Text\n\n- a\n+ b\n", "pages.md:1: no 'Question Text'; left out"),
    ],
)
def test_what_cannot_be_understood_is_named(text, words):
    """With the line."""
    _, notes = markdown.read(text.encode(), "pages.md")

    assert any(words in line for line in told(notes))


def test_images_are_named():
    """The file is not part of a Markdown file; a path that leads out of the folder is said to be of no use."""
    _, notes = read("- ![a](media/a.png)\n+ ![b](../media/b.svg)\n")

    assert told(notes) == [
        "pages.md:1: the image 'media/a.png': only the path is imported; put the file there, next to the quiz file",
        "pages.md:1: the image '../media/b.svg': not a plain path next to the quiz file (no `..`, no `.`, no backslash)"
        "; exports cannot include it: put the file next to the quiz file, and change the path",
    ]


def test_choices_in_capitals_are_others():
    """`MAP_FAILED` is a constant, `map_failed` nothing."""
    [item], notes = read("+ `MAP_FAILED`\n- `map_failed`\n")

    assert [o.text for o in item.options] == ["`MAP_FAILED`", "`map_failed`"] and notes == []


@pytest.mark.parametrize(
    ("extras", "words"),
    [
        (
            '{"type": "number", "values": ["4"]}',
            "the forklab comment has 1 values for 2 answers; read as a choice question",
        ),
        ('{"type": "number", "values": ["a", "b"]}', "the values in this forklab comment are not numbers"),
        ('{"type": "essay"}', "'type' in this forklab comment is unknown or not valid; left out"),
        ('{"points": "-1"}', "'points' in this forklab comment is unknown or not valid; left out"),
        ('["type"]', "this forklab comment is not a JSON object and is left out"),
        ("[" * 9999, "this forklab comment is not a JSON object and is left out"),
    ],
)
def test_a_comment_of_ours_that_makes_no_sense_is_named(extras, words):
    """The question stays, as a choice."""
    [item], notes = read("- a\n+ b\n", HEAD.replace("\n\n", f"\n<!-- forklab: {extras} -->\n", 1))

    assert item.kind == "single"
    assert any(line.startswith("pages.md:2: ") or "forklab comment" in line for line in told(notes) if words in line)
    assert any(words in line for line in told(notes))


def test_numbers_in_a_comment_of_ours_are_written_as_numbers():
    """A zero in front would be no number in YAML; a wrong answer that is the right one is none."""
    extras = '{"type": "number", "values": ["024", "8", "8.0"]}'
    [item], _ = read("- a\n+ b\n- c\n", HEAD.replace("\n\n", f"\n<!-- forklab: {extras} -->\n", 1))

    assert (item.answers, list(item.wrong)) == (("8",), ["24"])


_WORD = st.text(alphabet="ab -->#{}\"\\'é`_*", min_size=1, max_size=12).map(str.strip).filter(bool)
_SIMPLE = st.text(alphabet="abc", min_size=1, max_size=6)


@given(_WORD, _WORD, st.lists(_SIMPLE, min_size=2, max_size=5, unique=True))
@long_property(60)
def test_units_sections_and_orders_survive(unit, section, texts):
    """Any text of a unit or a section, hyphens and brackets that would end a comment included."""
    steps = tuple(Option(text, place, "why") for place, text in enumerate(texts, 1))
    items = [
        Item("o", "order", "T", steps, section=section),
        Item("n", "number", "T", answers=("4",), wrong={"8": "twice"}, unit=unit, section=section, why="so"),
    ]
    files, _ = markdown_writer.write(items)
    for item in items:
        [back], notes = markdown.read(files[f"{item.id}.md"].encode(), f"{item.id}.md")
        assert notes == []
        assert back._replace(options=()) == item._replace(options=())
        assert [(o.text, o.right) for o in back.options] == [(o.text, o.right) for o in item.options]


def test_a_title_of_the_whole_file_leaves_the_questions_one_level_deeper():
    """Each question below it is read; only the title itself is not used, and that is said."""
    parts = "### Question Text\n\nWho {}?\n\n### Question Answers\n\n- you\n+ me\n\n### Feedback\n\nI do.\n\n"
    text = f"# Pages\n\n## Reading\n\n{parts.format('reads')}## Writing\n\n{parts.format('writes')}"
    items, notes = markdown.read(text.encode(), "x.md")

    assert [(item.id, item.text) for item in items] == [("reading", "Who reads?"), ("writing", "Who writes?")]
    assert [[(o.text, o.right, o.why) for o in item.options] for item in items] == [
        [("you", False, "I do."), ("me", True, "I do.")]
    ] * 2
    assert [str(note) for note in notes] == ["x.md:1: the title 'Pages' of the whole file is not used"]


def test_answers_without_a_heading_are_the_list_at_the_end_of_the_text():
    """A list in the middle of the text, or in code, is text; a list without a right answer is no answer."""
    text = "One of\n\n- code\n+ data\n\nis shared:\n\n```\n- x\n+ y\n```\n\n- data\n\n+ code\nalone\n"
    text = f"# A page\n\n## Question\n\n{text}"
    [item], notes = markdown.read(text.encode(), "x.md")
    none, said = markdown.read(text.replace("+ code", "- code").encode(), "x.md")

    assert item.text == "One of\n\n- code\n+ data\n\nis shared:\n\n```\n- x\n+ y\n```"
    assert [(o.text, o.right) for o in item.options] == [("data", False), ("code\nalone", True)]
    assert "x.md:17: no 'Question Answers'; the list at the end of the text was read as that" in map(str, notes)
    assert none == [] and "x.md:1: no 'Question Answers'; left out" in map(str, said)
