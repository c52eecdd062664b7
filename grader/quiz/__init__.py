"""Quizzes: questions in YAML, keys that the reference computes, sheets of answers, marks."""

from __future__ import annotations

from grader.lab.lab import Lab
from grader.quiz.marks import QuizResult


def mark(lab: Lab, answers: bytes | None, seed: str | None = None) -> QuizResult:
    """The marks of a sheet, as in a result: points, max_points, questions. `answers` are the sheet's bytes, or None.

    The variant is that of `seed` (a student's id, say); with None, the one that the sheet names. InputError if the quiz
    itself is wrong; nothing that a sheet holds makes this fail.
    """
    from grader.quiz.marking import mark_answers, read_sheet, variant_of
    from grader.quiz.questions import load_quiz

    sheet, problems = read_sheet(answers)
    quiz = load_quiz(lab, variant_of(sheet) if seed is None else seed)
    return mark_answers(lab, quiz, sheet, problems)


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
