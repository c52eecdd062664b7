"""Quizzes: questions in YAML, keys that the reference computes, sheets of answers, marks."""

from __future__ import annotations

from collections.abc import Sequence

from grader.lab.lab import Lab
from grader.quiz.marks import QuizResult


def mark(lab: Lab, answers: bytes | None, seed: str | None = None, owners: Sequence[str] = ()) -> QuizResult | None:
    """Mark a sheet as the course does. Return points, max_points and questions, or None if the lab has no quiz.

    answers  the sheet's bytes, or None
    seed     what chooses the variant; with None, the quiz file decides. The sheet's own variant never does.
    owners   the ids by which the student is known, for quizzes whose seed is the student's id

    InputError if the quiz itself is wrong; nothing that a sheet holds makes this fail.
    """
    if lab.quiz is None:
        return None
    from grader.quiz.marking import mark_answers, read_sheet, variant_of
    from grader.quiz.questions import load_quiz
    from grader.quiz.variants import by_the_course

    sheet, problems = read_sheet(answers)
    quiz = load_quiz(lab, by_the_course(variant_of(sheet), owners) if seed is None else seed)
    return mark_answers(lab, quiz, sheet, problems)


def each_has_numbers(lab: Lab) -> bool:
    """Return True if the quiz is marked with numbers of each student's own."""
    if lab.quiz is None:
        return False
    from grader.quiz.questions import load_quiz
    from grader.quiz.variants import STUDENT

    return STUDENT in load_quiz(lab).rule


def check_quiz(lab: Lab) -> list[str]:
    """What is wrong with a lab's quiz, a line each with file and line; see check.py."""
    from grader.quiz.check import problems_of

    return problems_of(lab)


def released_files(lab: Lab) -> dict[str, str]:
    """The quiz as a released lab holds it: path in the lab's folder -> text. Keys are there too, packed, for practice:
    what a student can mark at home is no secret, and the course marks with its own copy."""
    from grader.quiz.keys import keys_path
    from grader.quiz.obfuscated import packed

    if lab.quiz is None:
        return {}
    files = {"quiz.packed": packed(lab.quiz.read_text(encoding="utf-8"))}
    if keys_path(lab).is_file():
        files["outputs/quiz/keys.json"] = packed(keys_path(lab).read_text(encoding="utf-8"))
    return files
