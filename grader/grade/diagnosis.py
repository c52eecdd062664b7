"""Finds the misconception that a submission behaves like: compares its first differences with recorded ones.

A misconception is named only if every public scenario that was run agrees: it passes those that the submission passes,
and in those that the submission fails, both differ from the reference in the same step and in the same way. Hidden
scenarios are never used.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grader.errors import InputError
from grader.grade.attempt import Attempt
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE
from grader.lab.lab import Lab
from grader.plural import number_of
from grader.program import command
from grader.scenario.model import Scenario

FORMAT = 1

#: Maximum number of mistakes that one sentence names, if the scenarios that were run cannot distinguish them.
NAMED = 2


class Mistake(NamedTuple):
    """The recorded behaviour of a misconception. signs: public scenario -> sign; a scenario without one passes."""

    flag: str
    belief: str
    lab: str
    section: int
    signs: dict[str, str]


class Likeness(NamedTuple):
    """The mistakes that a submission agrees with everywhere: `failed` scenarios of the `run` ones differ alike."""

    mistakes: list[Mistake]
    failed: int
    run: int


def fingerprints_path(lab: Lab) -> pathlib.Path:
    """Return the path of a lab's fingerprints: next to the reference or, in a released lab, in its own folder."""
    if lab.reference is None:
        return lab.path / "fingerprints.json"
    return lab.reference.path.parent / "fingerprints" / f"{lab.name}.json"


def load_fingerprints(lab: Lab) -> list[Mistake]:
    """Return the recorded fingerprints; none if the lab has none. InputError if they are unreadable or stale."""
    path = fingerprints_path(lab)
    again = f"run `{command('record', lab.path)}`" if lab.reference is not None else "fetch the lab again"
    try:
        plain = json.loads(path.read_bytes())
        hashes = plain["scenarios"]
        found = [
            Mistake(flag, about["belief"], about["lab"], about["section"], about["signs"])
            for flag, about in plain["mistakes"].items()
        ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError([f"{path}: {error.strerror}"]) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError([f"{path}: not a file of fingerprints ({error}); {again}"]) from None
    stale = [s.id for s in lab.scenarios if hashes.get(s.id) != s.hash[:16]]
    if stale:
        raise InputError([f"{path}: stale: scenario {stale[0]} is new or was changed since it was recorded; {again}"])
    return found


def likeness(
    lab: Lab, attempts: Iterable[tuple[Scenario, Attempt]], known: Sequence[Mistake] | None = None
) -> Likeness | None:
    """Return the likeness of a submission, from its attempts at public scenarios; None if there is none to name.

    Scenarios that could not be tried (a stub's method, a fault of the machine that grades) are left out.
    known: what `load_fingerprints` returned, where it has been called before
    """
    tried = {s.id: a for s, a in attempts if a.verdict not in (NOT_IMPLEMENTED, UNGRADABLE)}
    failed = {id: attempt.sign for id, attempt in tried.items() if attempt.verdict != PASSED}
    if not failed or not all(failed.values()):
        return None
    mistakes = load_fingerprints(lab) if known is None else known
    like = [m for m in mistakes if {id: s for id, s in m.signs.items() if id in tried} == failed]
    # This lab's own mistakes come before those of earlier labs; if both are too many to name, only its own are kept.
    like.sort(key=lambda mistake: mistake.lab != lab.name)
    if len(like) > NAMED:
        like = [mistake for mistake in like if mistake.lab == lab.name]
    return Likeness(like, len(failed), len(tried)) if 0 < len(like) <= NAMED else None


def in_words(lab: Lab, found: Likeness) -> str:
    """Return the likeness as sentences for a report."""
    beliefs = ", or one that ".join(mistake.belief for mistake in found.mistakes)
    passed = found.run - found.failed
    places = " and ".join(dict.fromkeys(_section(lab, mistake) for mistake in found.mistakes))
    if found.failed == 1:
        # Of the diagnoses that turned out to be wrong, nine of ten rested on one scenario.
        one = "Only one scenario fails"
        if found.run < len(lab.scenarios):
            one = "Of the scenarios that were run, only one fails"
        return (
            f"{one}, which is little to go by: a kernel that {beliefs} would fail it in the same "
            f"way, and so may others. This is a guess, not part of the grade. See {places}."
        )
    rest = ""
    if passed and found.run == len(lab.scenarios):
        rest = f", and passes the other {passed}"
    elif passed:
        rest = f", and passes {number_of(passed, 'other')}, as yours does"
    return (
        f"Your kernel behaves like one that {beliefs}: it fails the same {found.failed} scenarios in the same "
        f"way{rest}. This is a hint, not part of the grade. See {places}."
    )


def _section(lab: Lab, mistake: Mistake) -> str:
    where = "" if mistake.lab == lab.name else f" of {mistake.lab}"
    return f"section {mistake.section} of the handout{where}"
