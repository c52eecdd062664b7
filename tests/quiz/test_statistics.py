"""What a class answered in a quiz."""

import pathlib
from statistics import correlation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.lab.lab import load_lab
from grader.quiz import mark
from grader.quiz.marking import read_sheet
from grader.quiz.questions import load_quiz
from grader.quiz.statistics import ENOUGH, Marked, discrimination, quiz_statistics, wrong_answers


def marked(lab, sheet):
    """Return a sheet with its marks."""
    loaded = load_lab(lab)
    quiz = load_quiz(loaded)
    return Marked(mark(loaded, sheet), wrong_answers(loaded, quiz, read_sheet(sheet)[0]))


def test_shares_and_wrong_answers_are_counted(lab):
    """Right ones, answered ones, and the most frequent wrong answers with the reason that the quiz gives."""
    sheets = [b"copies: 1\nwho: writer\n", b"copies: 1\nwho: child\n", b"copies: 7\nwho: child\n", b"copies:\nwho:\n"]
    found = quiz_statistics([marked(lab, sheet) for sheet in sheets])
    copies, who = found["questions"]

    assert found["sheets"] == 3
    assert (copies["right"], copies["answered"], copies["discrimination"]) == (2, 3, None)
    assert copies["wrong"] == [{"answer": "7", "why": "", "count": 1}]
    assert (who["right"], who["wrong"]) == (
        1,
        [{"answer": "The child", "why": "The parent may write first.", "count": 2}],
    )


def test_an_invalid_answer_is_not_right_and_not_a_wrong_choice(lab):
    """A choice that does not exist counts as answered; nothing of its text is kept."""
    found = quiz_statistics([marked(lab, b"copies: 1\nwho: '<b>'\n")])

    assert (found["questions"][1]["answered"], found["questions"][1]["wrong"]) == (1, [])


def test_nobody_answered(lab):
    """Without an answer there is no question to show."""
    assert quiz_statistics([marked(lab, b"copies:\nwho:\n")]) == {"sheets": 0, "questions": []}


def test_every_type_of_question_gives_its_wrong_answers():
    """In a real quiz, an answer to each question that is not the key is named with words, whatever the type."""
    lab = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
    quiz = load_quiz(lab)
    ids = {question.id: [choice.id for choice in question.choices] for question in quiz.questions}
    sheet = {
        question.id: {
            "single": lambda q: next((c.id for c in q.choices if not c.right), "0"),
            "multiple": lambda q: [c.id for c in q.choices if not c.right],
            "number": lambda q: "123456",
            "text": lambda q: "nonsense",
            "order": lambda q: [c.id for c in sorted(q.choices, key=lambda c: -c.right)],
            "match": lambda q: [f"{c.id} = {q.choices[0].right}" for c in q.choices],
        }[question.type](question)
        for question in quiz.questions
        if ids[question.id] or question.type in ("number", "text")
    }
    found = wrong_answers(lab, quiz, sheet)

    assert found.keys() == sheet.keys()
    assert all(one.answer for chosen in found.values() for one in chosen)


def test_discrimination_is_the_point_biserial_correlation():
    """It equals (M1 - M0) / s * sqrt(p * q) for a question that is right or wrong."""
    own = [1, 1, 1, 1, 0, 0, 0, 0, 0, 1]
    rest = [9, 8, 7, 9, 3, 4, 2, 6, 5, 3]
    right = [y for x, y in zip(own, rest, strict=True) if x]
    wrong = [y for x, y in zip(own, rest, strict=True) if not x]
    mean = sum(rest) / 10
    deviation = (sum((y - mean) ** 2 for y in rest) / 10) ** 0.5
    expected = (sum(right) / 5 - sum(wrong) / 5) / deviation * 0.5

    assert discrimination(own, rest) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("own", "rest"),
    [([1] * 20, list(range(20))), ([0, 1] * 10, [5] * 20), ([0, 1] * 4, list(range(8)))],
    ids=["all are right", "the rest is equal", "too few sheets"],
)
def test_discrimination_is_undefined(own, rest):
    """Where a correlation has no meaning there is none, not zero."""
    assert discrimination(own, rest) is None


scores = st.integers(0, 100).map(lambda n: n / 4)


@given(st.lists(st.tuples(scores, scores), min_size=ENOUGH, max_size=40))
def test_discrimination_agrees_with_the_standard_library(pairs):
    """For any points it is statistics.correlation, rounded, or None where that has no value."""
    own, rest = map(list, zip(*pairs, strict=True))
    found = discrimination(own, rest)

    if len(set(own)) == 1 or len(set(rest)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(correlation(own, rest), abs=0.0051)
