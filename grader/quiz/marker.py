"""Mark the sheets of a class: the quiz file is read once, and each key is worked out once."""

from __future__ import annotations

from collections.abc import Sequence

from grader.lab.lab import Lab
from grader.quiz.keys import Keyed, keyed, recorded
from grader.quiz.marking import Sheet, mark_answers, read_sheet, variant_of
from grader.quiz.marks import QuizResult
from grader.quiz.model import Computed, Question, Quiz
from grader.quiz.questions import QuizFile
from grader.quiz.statistics import Chosen, wrong_answers
from grader.quiz.variants import STUDENT, Seed, by_the_course


class Marker:
    """Marks sheets of one lab's quiz, as its files are when the marker is made."""

    def __init__(self, lab: Lab) -> None:
        """Read the quiz. InputError if it cannot be read; a question that is wrong is found when a sheet is marked."""
        self._lab = lab
        self._file = QuizFile(lab)
        self._keys: dict[tuple[str, str], Keyed] = {}
        self.all_recorded = True  # False once a key had to be computed

    @property
    def each_has_numbers(self) -> bool:
        """Return True if each student has different numbers."""
        return STUDENT in self._file.rule

    def mark(self, answers: bytes | None, owners: Sequence[str] = (), unread: str = "") -> QuizResult:
        """Return the marks of a sheet's bytes as the course gives them (see `grader.quiz.mark`)."""
        sheet, problems = read_sheet(answers, unread)
        return self.mark_sheet(sheet, problems, by_the_course(variant_of(sheet), owners))

    def mark_sheet(self, sheet: Sheet, problems: list[str], seed: Seed) -> QuizResult:
        """Return the marks of a sheet that has been read, in the variant that a seed chooses."""
        return mark_answers(self._lab, self._file.variant(seed), sheet, problems, self._key)

    def wrong_answers(self, answers: bytes, owners: Sequence[str] = ()) -> dict[str, list[Chosen]]:
        """Return the wrong answers on a sheet: question id -> answers. Open and invalid ones are left out."""
        sheet, _ = read_sheet(answers)
        quiz = self._file.variant(by_the_course(variant_of(sheet), owners))
        return wrong_answers(self._lab, quiz, sheet, self._key)

    def _key(self, lab: Lab, quiz: Quiz, question: Question) -> Keyed:
        place = question.id, repr(question.values)
        if place not in self._keys:
            self._keys[place] = keyed(lab, quiz, question)
            if isinstance(question.answer, Computed) and recorded(lab, question) is None:
                self.all_recorded = False
        return self._keys[place]
