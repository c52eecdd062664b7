"""Whose numbers count: which seed chooses the variant of a quiz.

A sheet names the variant that its numbers come from, but a sheet is the student's own file: if it decided, a student
could hand in a friend's sheet, or try seeds until the numbers are easy. So the course decides. It does so with
`--seed`, or with the field `seed` of the quiz file, in which `{student}` stands for the student's id. Without either,
everybody gets the first values. Only someone who practises (`grader quiz`, one sheet) may go by what the sheet says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.quiz.model import Quiz

#: A seed, or what makes one from the seed that a quiz file states ("" if it states none).
Seed = str | Callable[[str], str]

#: Stands for the student's id in the seed of a quiz file.
STUDENT = "{student}"


def everybodys(rule: str) -> str:
    """Return the seed for quizzes of nobody in particular: the first values if each student has other numbers."""
    return "" if STUDENT in rule else rule


def in_practice(named: str) -> Callable[[str], str]:
    """Return the choice for someone who practises: the seed that the sheet names, else the course's."""
    return lambda rule: named or everybodys(rule)


def by_the_course(named: str, owners: Sequence[str] = ()) -> Callable[[str], str]:
    """Return the choice for a sheet that the course marks.

    owners  the ids by which the student is known; a sheet may name any of them where the quiz is for {student}, and is
            marked as the first one's otherwise. With no id known, nobody can tell whose sheet it is.
    """

    def choose(rule: str) -> str:
        if STUDENT not in rule:
            return rule
        seeds = [rule.replace(STUDENT, owner) for owner in owners if owner]
        return named if named in seeds else seeds[0] if seeds else ""

    return choose


def practised(quiz: Quiz) -> str:
    """Return what to say under marks for numbers that the course does not mark, or ""."""
    from grader.escape import printable

    if not quiz.varies or not quiz.rule or quiz.seed == quiz.rule:
        return ""
    return (
        f"This was practice with the numbers of '{printable(quiz.seed, 80)}'. The course marks those of "
        f"'{printable(quiz.rule, 80)}'{', where {student} is your id' if STUDENT in quiz.rule else ''}."
    )


def mismatch(quiz: Quiz, named: str) -> str:
    """Return the problem with a sheet that names another variant than the one it was marked as, or ""."""
    from grader.escape import printable

    if not quiz.varies or not named or named == quiz.seed:
        return ""
    meant = f"that of '{printable(quiz.seed, 80)}'" if quiz.seed else "the first variant"
    return (
        f"the sheet is for the variant '{printable(named, 80)}', and was marked as {meant}, because the course decides "
        "whose numbers count: answer the quiz as the course handed it out, or ask the course"
    )
