"""Decide which seed chooses the variant of a quiz.

A sheet names its variant, but a sheet is the student's own file: if it decided, a student could hand in a friend's
sheet, or try seeds until the numbers are easy. So the course decides, with `--seed` or with the field `seed` of the
quiz file, in which `{student}` stands for the student's id. Without either, everybody gets the first values. The
variant named on a sheet counts only in practice (`grader quiz` with one sheet).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.quiz.model import Quiz

#: A seed, or a function that makes one from the seed in the quiz file ("" if the file has none).
Seed = str | Callable[[str], str]

#: Stands for the student's id in the seed of a quiz file.
STUDENT = "{student}"


def everybodys(rule: str) -> str:
    """Return the seed for a quiz of no particular student: the first values if each student gets different numbers."""
    return "" if STUDENT in rule else rule


def in_practice(named: str) -> Callable[[str], str]:
    """Return the seed function for practice: the seed named on the sheet, else the course's."""
    return lambda rule: named or everybodys(rule)


def by_the_course(named: str, owners: Sequence[str] = ()) -> Callable[[str], str]:
    """Return the seed function for a sheet that the course marks.

    owners  the student's ids. If the quiz's seed contains {student}, a sheet may name any of them, and otherwise is
            marked with the first. Without any id, the owner of the sheet is unknown.

    Ids are compared as a batch compares people, without case. The spelling on the sheet made its numbers, so it counts.
    """

    def choose(rule: str) -> str:
        if STUDENT not in rule:
            return rule
        seeds = [rule.replace(STUDENT, owner) for owner in owners if owner]
        return named if _folded(named) in map(_folded, seeds) else seeds[0] if seeds else ""

    return choose


def _folded(seed: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", seed).casefold())


def practised(quiz: Quiz) -> str:
    """Return a note for marks on a variant that the course does not mark, or ""."""
    from grader.escape import printable

    if not quiz.varies or not quiz.rule or quiz.seed == quiz.rule:
        return ""
    return (
        f"This was practice with the variant '{printable(quiz.seed, 80)}'. The course marks the variant "
        f"'{printable(quiz.rule, 80)}'{', where {student} is your id' if STUDENT in quiz.rule else ''}."
    )


def mismatch(quiz: Quiz, named: str) -> str:
    """Return the problem of a sheet that names a different variant from the one it was marked with, or ""."""
    from grader.escape import printable

    if not quiz.varies or not named or named == quiz.seed:
        return ""
    meant = f"the variant '{printable(quiz.seed, 80)}'" if quiz.seed else "the first variant"
    return (
        f"the sheet is for the variant '{printable(named, 80)}', but was marked as {meant}, because the course decides "
        "which variant counts: answer the quiz that the course gave you, or ask the course"
    )
