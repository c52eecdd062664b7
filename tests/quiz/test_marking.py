"""Questions, keys and marks."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.lab import LabError, load_lab
from grader.quiz import mark
from grader.quiz.marking import mark_question
from grader.quiz.questions import load_quiz
from tests.labs import QUIZ

MORE = """  - id: shared
    type: multiple
    points: 2
    text: What stays shared?
    choices:
      - {id: code, text: Code, right: true, why: Nobody writes it.}
      - {id: constants, text: Constants, right: true, why: Nobody writes them.}
      - {id: heap, text: Heap, right: false, why: It is written.}
  - id: steps
    type: order
    points: 1
    text: In which order?
    choices:
      - {id: allocate, text: Allocate, right: 1, why: It can fail.}
      - {id: copy, text: Copy, right: 2, why: Before it is seen.}
      - {id: map, text: Map, right: 3, why: Last.}
  - id: kinds
    type: match
    points: 2
    text: Which kind?
    choices:
      - {id: first, text: First write, right: minor, why: No disk.}
      - {id: file, text: File, right: major, why: The disk.}
  - id: word
    type: text
    points: 1
    text: What is it called?
    answer: page table entry
  - id: about
    type: number
    points: 1
    tolerance: 0.5
    text: How many?
    answer: 2.5
"""


@pytest.fixture
def quiz(lab):
    (lab / "quiz.yaml").write_text(QUIZ + MORE)
    loaded = load_lab(lab)
    return loaded, load_quiz(loaded)


def marked(quiz, id, given):
    lab, questions = quiz
    question = next(q for q in questions.questions if q.id == id)
    mark = mark_question(lab, questions, question, given)
    return mark.verdict, mark.share


@pytest.mark.parametrize(
    ("id", "given", "verdict", "share"),
    [
        ("copies", "1", "correct", 1),
        ("copies", "2", "wrong", 0),
        ("copies", "one", "invalid", 0),
        ("copies", ["1"], "invalid", 0),
        ("copies", "9" * 5000, "invalid", 0),
        ("who", "writer", "correct", 1),
        ("who", "child", "wrong", 0),
        ("who", "nobody", "invalid", 0),
        ("who", "", "unanswered", 0),
        ("shared", ["constants", "code"], "correct", 1),
        ("shared", ["code"], "partial", Fraction(1, 2)),
        ("shared", "code", "partial", Fraction(1, 2)),
        ("shared", ["code", "heap"], "wrong", 0),
        ("shared", ["code", "code"], "invalid", 0),
        ("shared", ["stack"], "invalid", 0),
        ("steps", ["allocate", "copy", "map"], "correct", 1),
        ("steps", ["copy", "allocate", "map"], "wrong", 0),
        ("steps", ["copy", "map"], "invalid", 0),
        ("kinds", ["first = minor", "file=Major"], "correct", 1),
        ("kinds", ["first = minor", "file = minor"], "partial", Fraction(1, 2)),
        ("kinds", ["first = minor"], "invalid", 0),
        ("word", "  Page  Table ENTRY ", "correct", 1),
        ("word", "frame", "wrong", 0),
        ("about", "3", "correct", 1),
        ("about", "3.01", "wrong", 0),
    ],
)
def test_marks(quiz, id, given, verdict, share):
    """Every type of question: right, wrong, partly right, and what is no answer to it at all."""
    assert marked(quiz, id, given) == (verdict, share)


def test_a_key_is_computed_from_the_reference(quiz):
    """The key of `copies` is what the reference showed, not what anybody wrote down."""
    lab, _ = quiz

    assert mark(lab, b"copies: 1\n")["questions"][0]["verdict"] == "correct"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: number", "type: numer", "quiz.yaml:5: a question: type is 'numer'; accepted is single"),
        ("scenario: fork", "scenario: frok", "there is no public scenario 'frok' in small"),
        ("scenario: fork", "scenario: secret", "there is no public scenario 'secret'"),
        ("after: 4", "after: 5", "after is 5; fork has steps 1 to 4"),
        ("observe: copies", "observe: copys", "a computed answer: observe is 'copys'; accepted is faults"),
        ("right: true, why: It needs", "right: false, why: It needs", "0 choices are right; a `single` question has"),
        ("id: child, text: The child", "id: child, text: The writer", "has the id or the text of an earlier one"),
        ("id: who", "id: copies", "question 'copies' is there twice; first in line 4"),
        ("why: It needs a frame.", "way: x", "a choice has no field 'way'"),
        ("    type: single", "    type: single\n    answer: 3", "takes one of `choices` and a computed"),
        ("points: 1", "points: -1", "points is -1; accepted is a number, 0 or more"),
    ],
)
def test_a_wrong_quiz_is_refused_in_words(lab, old, new, words):
    """Every mistake in a quiz file has its line and its way out."""
    (lab / "quiz.yaml").write_text(QUIZ.replace(old, new, 1))

    with pytest.raises(LabError) as caught:
        load_quiz(load_lab(lab))
    assert words in str(caught.value)


def test_an_observation_that_is_none_is_named(lab):
    """A key that observes a value where nothing is read is an error with the question's line."""
    (lab / "quiz.yaml").write_text(QUIZ.replace("observe: copies", "observe: value"))
    loaded = load_lab(lab)

    with pytest.raises(LabError, match="quiz.yaml:4: question 'copies': step 4 of fork reads nothing"):
        mark(loaded, b"copies: 1\n")


@given(sheet=st.binary(max_size=200) | st.text(alphabet="copieswho: [],=-'\n1", max_size=80).map(str.encode))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sheet_makes_marking_fail(quiz, sheet):
    """Any bytes are marked, with points between none and all."""
    result = mark(quiz[0], sheet)

    assert 0 <= result["points"] <= result["max_points"]
