"""Quizzes that are loaded."""

import pytest

from grader.lab.lab import load_lab
from grader.quiz.exchange.item import items_of
from grader.quiz.questions import load_quiz
from tests.labs import QUIZ
from tests.quiz.quizzes import MORE, VARIED


@pytest.fixture
def quiz(lab):
    """The small lab and its quiz with a question of every type."""
    (lab / "quiz.yaml").write_text(QUIZ + MORE)
    loaded = load_lab(lab)
    return loaded, load_quiz(loaded)


@pytest.fixture
def cow(root):
    """The real copy-on-write lab."""
    return load_lab(root / "labs" / "copy-on-write")


@pytest.fixture
def varied(cow, tmp_path):
    """varied(seed, old, new): the real lab with the quiz VARIED, and that quiz in a variant, one text replaced."""

    def make(seed="", old="", new=""):
        path = tmp_path / "varied.yaml"
        assert old in VARIED
        path.write_text(VARIED.replace(old, new, 1))
        loaded = cow._replace(quiz=path)
        return loaded, load_quiz(loaded, seed)

    return make


@pytest.fixture
def items(quiz):
    """One of every type."""
    return items_of(*quiz)
