"""Decide which seed chooses the variant of a quiz.

A sheet names its variant, but a sheet is the student's own file: if it decided, a student could hand in a friend's
sheet, or try seeds until the numbers are easy. So the course decides, with `--seed` or with the field `seed` of the
quiz file, in which `{student}` stands for the student's id. Without either, everybody gets the first values. The
variant named on a sheet counts only in practice (`grader quiz` with one sheet).

However an id is spelled, it gives the same numbers: it is folded before it becomes part of a seed, as ids are compared
everywhere. Otherwise a student could choose among numbers by writing `emil`, `Emil` or `EMIL`.
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


def seed_of(seed: Seed, rule: str) -> str:
    """Return the text of a seed for a quiz whose file has the seed `rule`."""
    return with_folded_id(seed if isinstance(seed, str) else seed(rule), rule)


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
    """

    def choose(rule: str) -> str:
        if STUDENT not in rule:
            return rule
        seeds = [rule.replace(STUDENT, _folded(owner)) for owner in owners if owner]
        chosen = with_folded_id(named, rule)
        return chosen if chosen in seeds else seeds[0] if seeds else ""

    return choose


def with_folded_id(seed: str, rule: str) -> str:
    """Return a seed with the student's id in it folded, if the rule has {student} and gives such a seed.

    Only the id is folded: a rule with capitals gives the numbers that it has always given.
    """
    if STUDENT not in rule:
        return seed
    parts, folded = [_folded(part) for part in rule.split(STUDENT)], _folded(seed)
    length = (len(folded) - sum(map(len, parts))) // (len(parts) - 1)
    id = folded[len(parts[0]) :][:length]
    return rule.replace(STUDENT, id) if id.join(parts) == folded else seed


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


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

    if not quiz.varies or not named or with_folded_id(named, quiz.rule) == quiz.seed:
        return ""
    meant = f"the variant '{printable(quiz.seed, 80)}'" if quiz.seed else "the first variant"
    return (
        f"the sheet is for the variant '{printable(named, 80)}', but was marked as {meant}, because the course decides "
        "which variant counts: answer the quiz that the course gave you, or ask the course"
    )
