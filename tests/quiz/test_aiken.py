"""Aiken, read: choices with one right answer, and what is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.quiz.exchange import aiken, formats, yaml_file
from grader.quiz.exchange.notes import ImportFailed
from grader.quiz.questions import read_quiz
from tests.marks import long_property
from tests.quiz.quizzes import told

GOOD = "Who copies?\nA. the parent\nB) the writer\nC. int main() { }\nANSWER: B\n\nNext?\nA. x\nB. y\nANSWER: A\n"


def test_questions_are_read():
    """By letters with a full stop or a bracket; a file of any name is known by its answers."""
    items, notes = formats.read(GOOD.encode(), "q.txt")

    assert notes == [] and [item.text for item in items] == ["Who copies?", "Next?"]
    assert [(o.text, o.right) for o in items[0].options] == [
        ("the parent", False), ("the writer", True), ("int main() { }", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "words", "count"),
    [
        ("ANSWER: B", "ANSWER: D", "q.txt:5: the answer is D, but the choices are A, B, C; left out", 1),
        ("B) the writer", "B) the writer\nof a page", "q.txt:4: this line has no letter; it was read as part of", 2),
        ("C. int", "A. int", "q.txt:5: two choices have the same letter; left out", 1),
        ("ANSWER: A\n", "", "q.txt:7: it has no `ANSWER: X` below its choices; left out", 1),
        ("Who copies?\n", "", "q.txt:4: this answer belongs to no question; left out", 1),
        ("B. y", "B. x", "q.txt:7: the choice 'x' appears twice, once right and once wrong; left out", 1),
    ],
)
def test_what_is_repaired_or_left_out_is_named(old, new, words, count):
    """With its line, and the rest of the file is read."""
    items, notes = aiken.read(GOOD.replace(old, new, 1).encode(), "q.txt")

    assert len(items) == count
    assert any(words in line for line in told(notes))


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from(["T", "A. a", "B) b", "ANSWER: A", ""])).map("\n".join).map(str.encode)
)
@long_property(150)
def test_no_bytes_make_the_reader_fail(data):
    """Questions that our loader takes, or words."""
    try:
        items, _ = aiken.read(data, "q.txt")
    except ImportFailed:
        return
    if items:
        assert len(read_quiz(yaml_file.write(items, "T"), "q").questions) == len(items)
