"""Quizzes: questions in YAML, keys that the reference computes, sheets of answers, marks."""

from __future__ import annotations

from collections.abc import Sequence

from grader.lab.lab import Lab
from grader.quiz.marks import QuizResult


def mark(lab: Lab, answers: bytes | None, owners: Sequence[str] = (), unread: str = "") -> QuizResult | None:
    """Mark a sheet as the course does. Return points, max_points and questions, or None if the lab has no quiz.

    answers  the sheet's bytes, or None. The variant named on the sheet never decides.
    owners   the ids by which the student is known, for quizzes whose seed is the student's id
    unread   why the sheet could not be read, or ""

    InputError if the quiz itself is wrong. Whatever the sheet contains, this does not fail.
    """
    if lab.quiz is None:
        return None
    from grader.quiz.kept_marks import marked

    return marked(lab, answers, owners, unread)


def check_quiz(lab: Lab) -> list[str]:
    """Return the problems of a lab's quiz, one line each with file and line number; see check.py."""
    from grader.quiz.check import problems_of

    return problems_of(lab)


def released_files(lab: Lab) -> dict[str, str]:
    """Return the quiz files of a released lab: path in the lab's folder -> text.

    They include the keys, packed, so that students can practise. What a student's machine can mark is not secret; the
    course marks with its own copy.
    """
    from grader.quiz.obfuscated import packed

    if lab.quiz is None:
        return {}
    files = {"quiz.packed": packed(lab.quiz.read_text(encoding="utf-8"))}
    if lab.keys.is_file():
        files["outputs/quiz/keys.json"] = packed(lab.keys.read_text(encoding="utf-8"))
    return files
