"""Saving answers to a sheet that is open in an editor at the same time."""

import pytest

from grader.errors import InputError
from grader.quiz.marking import read_sheet
from grader.quiz.sheet_writer import template
from grader.quiz.terminal.keeper import SheetKeeper


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.yaml"


@pytest.fixture
def keeper(quiz, path):
    """The keeper of a sheet with one answer; what it shows is in its `seen`."""
    path.write_text("copies: 1\nwho:\nword:\n")
    seen = []
    made = SheetKeeper(path, quiz[1], lambda answers: template(quiz[1], None, answers), seen.extend)
    made.seen = seen
    return made


def test_what_an_editor_has_saved_stays(keeper, path):
    """The next answer of the dialog goes into the new text, and the dialog learns of the answer in it."""
    path.write_text("copies: 1\nwho:\nword: entry  # my note\n")

    assert keeper.save({"copies": "1", "who": "child"}) == {"copies": "1", "who": "child", "word": "entry"}
    assert path.read_text() == "copies: 1\nwho: child\nword: entry  # my note\n"


def test_an_answer_that_was_taken_out_does_not_come_back(keeper, path):
    """Only what changed in the dialog is written."""
    path.write_text("copies:\nwho:\n")
    keeper.save({"copies": "1", "who": "child"})

    assert path.read_text() == "copies:\nwho: child\n"


@pytest.mark.parametrize("text", ["copies: *x\n", "copies: 1\nword: a\nword: b\n", "- a list\n"])
def test_a_text_that_is_no_sheet_stays_until_it_is_one(keeper, path, text):
    """Its problem is shown, and the answer is saved together with the next one."""
    path.write_text(text)
    keeper.save({"copies": "1", "who": "child"})

    assert path.read_text() == text
    assert "not saved yet" in " ".join(keeper.seen) and keeper.unsaved == {"who": "child"}
    path.write_text("copies: 1\nwho:\n")
    keeper.save({"copies": "1", "who": "child", "word": "entry"})
    assert path.read_text() == "copies: 1\nwho: child\nword: entry\n"
    assert not keeper.unsaved


def test_answers_that_cannot_be_saved_are_shown_at_the_end(keeper, path):
    """So that a student can put them in by hand; the status is that of a wrong file."""
    path.write_text("copies: *x\n")
    keeper.save({"copies": "1", "who": "child"})
    with pytest.raises(InputError, match="an alias"):
        keeper.finish({"copies": "1", "who": "child"})

    assert path.read_text() == "copies: *x\n"
    assert keeper.seen[-2:] == [f"{path} lacks these answers; add them:", "who: child"]


def test_the_end_saves_what_could_not_be_saved_before(keeper, path):
    """A file that was fixed after the last answer has it in the end."""
    path.write_text("copies: *x\n")
    keeper.save({"copies": "1", "who": "child"})
    path.write_text("copies: 1\n")
    keeper.finish({"copies": "1", "who": "child"})

    assert path.read_text() == "copies: 1\nwho: child\n"


def test_a_sheet_that_is_gone_is_written_with_every_answer(keeper, path):
    """What the student answered before is not lost with the file."""
    path.unlink()
    keeper.save({"copies": "1", "who": "child"})

    sheet, problems = read_sheet(path.read_bytes())
    assert (sheet["copies"], sheet["who"], problems) == ("1", "child", [])
