"""The quiz on paper, and its key."""

from grader.quiz.paper import key_sheet, paper
from tests.messages import assert_message


def test_paper_word_for_word(quiz):
    """Boxes and lines to fill in, for every type of question."""
    assert_message("quiz-paper", paper(*quiz))


def test_the_key_sheet_word_for_word(quiz):
    """The letters of the right choices as they stand on the paper, with all reasons."""
    assert_message("quiz-key", key_sheet(*quiz))


def test_a_variant_says_whose_it_is(varied):
    """In harmless letters, and with its own numbers."""
    lab, quiz = varied("ada\x1b")
    text = paper(lab._replace(reference=lab.reference), quiz._replace(questions=quiz.questions[:1]))

    assert "Variant: ada\\e" in text and "P writes" in text
