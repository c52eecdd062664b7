"""Dates submissions by the last commits of their repositories, for courses whose late policy asks for it.

The date of a commit is what its author's clock said, or what they told git to write. It cannot be checked: only dates
that contradict each other are noticed. The time of a push, which could be trusted, is not in a clone.
"""

from __future__ import annotations

from collections.abc import Iterable

from grader.batch.late import COMMIT
from grader.batch.layouts import FoundSubmission
from grader.escape import printable
from grader.intake.refusal import Refused
from grader.intake.repository import is_repository, last_commit


def date_by_commits(submissions: Iterable[FoundSubmission]) -> list[FoundSubmission]:
    """Return submissions in which a repository that has no other time has the date of its last commit."""
    return [_dated(found) for found in submissions]


def _dated(found: FoundSubmission) -> FoundSubmission:
    if found.submitted or len(found.paths) != 1 or not is_repository(found.paths[0]):
        return found
    try:
        commit = last_commit(found.paths[0])
    except Refused as refused:
        return found._replace(dated_by=COMMIT, time_doubt=printable(str(refused), 300))
    return found._replace(submitted=commit.time, dated_by=COMMIT, time_doubt=commit.doubt)
