"""The sheets of a class, marked with one reading of the quiz."""

import pathlib

import pytest

from grader.errors import InputError
from grader.quiz import mark
from grader.quiz.marker import Marker
from grader.quiz.marking import mark_answers, read_sheet
from grader.quiz.questions import load_quiz
from grader.quiz.statistics import wrong_answers
from grader.quiz.variants import by_the_course

SHEETS = [b"", b"copies: 4\nsum: 2048\n", b"copies: [", b"variant: ada\ncopies: 3\n", b"nobody: 1\n", None]


def test_every_sheet_has_the_marks_that_it_has_alone(varied):
    """Students with numbers of their own too, whichever sheets came before."""
    lab, _ = varied(old="format: 1\n", new="format: 1\nseed: 'w3-{student}'\n")
    marker = Marker(lab)
    students = [(), ("ada",), ("bob", "b@x.org"), ("eve",), ("ada",)]

    for owners in students:
        for sheet in SHEETS:
            quiz = load_quiz(lab, by_the_course("", owners))
            assert marker.mark(sheet, owners) == mark_answers(lab, quiz, *read_sheet(sheet))
            assert marker.mark(sheet, owners) == mark(lab, sheet, owners)
            if sheet is not None:
                assert marker.wrong_answers(sheet, owners) == wrong_answers(lab, quiz, read_sheet(sheet)[0])
    assert marker.each_has_numbers


def test_questions_on_one_line_have_their_own_keys(varied):
    """Where a question is in the file does not say which one it is."""
    lab, _ = varied()
    one = "{{id: {}, type: number, points: 1, text: How many?, answer: {}, why: So.}}"
    lab.quiz.write_text(f"format: 1\ntitle: T\nquestions: [{one.format('a', 1)}, {one.format('b', 2)}]\n")

    assert Marker(lab).mark(b"a: 1\nb: 2\n")["points"] == 2


def test_the_quiz_is_read_once(varied, monkeypatch):
    """However many sheets there are, and variants among them."""
    lab, _ = varied(old="format: 1\n", new="format: 1\nseed: 'w3-{student}'\n")
    marker = Marker(lab)
    monkeypatch.setattr(pathlib.Path, "read_bytes", lambda path: pytest.fail(f"{path} is read again"))
    monkeypatch.setattr("grader.quiz.keys.load_keys", lambda lab: {})

    assert len({str(marker.mark(b"copies: 4\n", (f"s{n}",))) for n in range(20)}) > 1


def test_a_wrong_quiz_is_an_error_with_its_place(varied):
    """A field that does not exist when the marker is made, a question that is wrong when a sheet is marked."""
    lab, _ = varied()
    assert lab.quiz is not None
    text = lab.quiz.read_text()
    lab.quiz.write_text(text.replace("format: 1\n", "format: 1\ncolour: red\n", 1))
    with pytest.raises(InputError, match=r"varied\.yaml:2: .*colour"):
        Marker(lab)
    lab.quiz.write_text(text.replace("type: number", "type: guess", 1))
    marker = Marker(lab)
    with pytest.raises(InputError, match=r"varied\.yaml:\d+: .*guess"):
        marker.mark(None)
