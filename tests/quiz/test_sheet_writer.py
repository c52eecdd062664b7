"""Sheets: written empty, filled in, changed by one answer, and read back."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.intake.submission import read_answers
from grader.quiz.check import model_sheet
from grader.quiz.marking import is_open, read_sheet
from grader.quiz.sheet_files import read_bytes, updated
from grader.quiz.sheet_writer import accepted, entry, template

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)


def test_an_empty_sheet_names_every_question_and_answers_none(quiz):
    """What is accepted stands in a comment above each."""
    text = template(quiz[1])

    assert [id for id, answer in read_answers(text.encode()).items() if is_open(answer)] == [
        question.id for question in quiz[1].questions
    ]
    assert "# one of child, writer\nwho:\n" in text
    assert "# a list such as [id = answer, …] for file, first; answers: major, minor" in text


def test_a_sheet_with_full_marks_is_read_as_it_was_meant(quiz):
    """The model sheet, written and read."""
    lab, questions = quiz
    sheet = model_sheet(lab, questions)

    assert read_answers(template(questions, None, sheet).encode()) == sheet


@given(text=_TEXT)
def test_any_text_survives_on_a_sheet(text):
    """Whatever was typed is read back as the same text."""
    assume(not is_open(text))
    sheet = {"a": text, "b": [text, "x"]}
    assert read_answers("\n".join(entry(id, answer) for id, answer in sheet.items()).encode()) == sheet


SHEET = "# mine\nwho: child   # a guess\n\nshared:\n  - code\n  - heap\nabout: 1\n"


@pytest.mark.parametrize(("id", "answer"), [("who", "writer"), ("shared", ["code"]), ("about", "2"), ("copies", "3")])
def test_one_answer_changes_and_the_rest_stays(id, answer):
    """Comments and the other answers are as they were; a question that is not there yet is added."""
    sheet = {**read_answers(SHEET.encode()), id: answer}
    text = updated(SHEET, sheet, id, "anew")

    assert read_answers(text.encode()) == sheet
    assert text.startswith("# mine\n")


def test_a_sheet_that_cannot_be_edited_is_written_anew():
    """A flow mapping has no lines of its own; nothing of it is lost, because the new sheet has all answers."""
    assert updated("{who: child, about: 1}", {"who": "writer", "about": "1"}, "who", "anew") == "anew"


_SHEETS = st.lists(
    st.sampled_from(
        ["who: child", "who:", "who: [a,", "  b]", "who: |", "  x", "# c", "a: 'b", "  c'", "- d", "who : e", "", "b:"]
    ),
    max_size=6,
).map("\n".join)


@given(text=_SHEETS, answer=_TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_editing_any_sheet_gives_the_sheet_that_was_meant(text, answer):
    """Either the edited text reads as the sheet does, or it was written anew."""
    before, problems = read_sheet(text.encode())
    assume(not problems and answer)
    sheet = {**before, "who": answer}
    new = updated(text, sheet, "who", "anew")

    if new != "anew":
        read = read_answers(new.encode())
        assert {k: v for k, v in read.items() if v not in ("", [])} == {
            k: v for k, v in sheet.items() if v not in ("", [])
        }


def test_a_sheet_that_is_none_is_an_error(tmp_path):
    """With what was found."""
    with pytest.raises(InputError, match="not a regular file|Is a directory"):
        read_bytes(tmp_path)


def test_what_is_accepted_is_said_for_every_type(quiz):
    """A few words each."""
    assert [accepted(question).split()[1] for question in quiz[1].questions] == [
        "number", "of", "list", "list", "list", "word", "number",
    ]  # fmt: skip
