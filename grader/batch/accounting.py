"""Accounts for every row of a gradebook, so that no row and no submission is lost without a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grader.batch.matching import Matches, Row
from grader.escape import printable
from grader.plural import number_of

#: Cases of one kind that are named; the rest is counted.
NAMED = 10


class Account(NamedTuple):
    """Counts what became of the rows of one gradebook.

    graded      rows with a grade from this batch
    by_name     those of them that only a name, unique on both sides, connects
    without     rows without a submission; they stay as they were
    excused     ids of submissions whose row says EX; it stays
    unfinished  ids of submissions that are not graded in full; their rows stay
    decisions   rows that a person must decide on, each with the reason
    unmatched   submissions, or members of a group, that are in no row
    missing     who has no submission
    """

    rows: int
    graded: int
    by_name: int
    without: int
    excused: list[str]
    unfinished: list[str]
    decisions: list[str]
    unmatched: list[str]
    notes: list[str]
    missing: list[str]

    @property
    def fits_nobody(self) -> bool:
        """Return True if no row has anything to do with any of the submissions, so that the file may be a wrong one."""
        touched = self.graded or self.excused or self.unfinished or self.decisions
        return bool(self.rows and self.unmatched) and not touched

    @property
    def open(self) -> int:
        """Return how much of it a person must decide."""
        return len(self.decisions) + self.fits_nobody


def account(rows: Sequence[Row], matches: Matches, excused: Sequence[str] = (), notes: Sequence[str] = ()) -> Account:
    """Count what became of each row. excused: ids of submissions whose row says so."""
    found = [one.entry for one in matches.rows if one.entry is not None and one.entry["id"] not in excused]
    decisions = [
        f"line {row.line} ({row.shown}): {m.decide}" for row, m in zip(rows, matches.rows, strict=True) if m.decide
    ]
    return Account(
        rows=len(rows),
        graded=sum(entry.get("complete", True) for entry in found),
        by_name=sum(one.by_name for one in matches.rows),
        without=sum(one.entry is None and not one.decide for one in matches.rows),
        excused=list(excused),
        unfinished=[entry["id"] for entry in found if not entry.get("complete", True)],
        decisions=decisions,
        unmatched=matches.unmatched,
        notes=list(notes),
        missing=[row.shown for row, m in zip(rows, matches.rows, strict=True) if m.entry is None and not m.decide],
    )


def in_words(account: Account) -> list[str]:
    """Return lines for a person: what became of the rows, then whatever somebody must look at."""
    parts = [f"{account.graded} graded"]
    if account.by_name:
        parts[0] += f" ({account.by_name} by name only)"
    if account.without:
        parts.append(f"{account.without} without a submission (left as they were)")
    if account.excused:
        parts.append(f"{len(account.excused)} excused (left as they were)")
    if account.unfinished:
        parts.append(f"{len(account.unfinished)} not graded in full (left as they were)")
    if account.decisions:
        parts.append(_to_decide(account))
    lines = [f"{number_of(account.rows, 'row')}: {', '.join(parts)}"]
    lines += [f"  {printable(note)}" for note in account.notes]
    lines += _named("decide", account.decisions) + [_NOBODY] * account.fits_nobody
    lines += [f"  excused: {printable(', '.join(account.excused), 300)}"] * bool(account.excused)
    lines += _named("in no row", account.unmatched)
    return lines


def _to_decide(account: Account) -> str:
    count = len(account.decisions)
    return f"{count} {'needs' if count == 1 else 'need'} a decision"


def of_roster(account: Account) -> list[str]:
    """Return lines for a person: who of the roster handed in, and which submissions are nobody's in it."""
    by_name = f" ({account.by_name} by name only)" if account.by_name else ""
    parts = [f"{account.graded + len(account.unfinished)} handed in{by_name}", f"{account.without} did not"]
    if account.decisions:
        parts.append(_to_decide(account))
    lines = [f"roster: {account.rows} {'person' if account.rows == 1 else 'people'}: {', '.join(parts)}"]
    lines += _named("decide", account.decisions) + [_NOBODY] * account.fits_nobody
    lines += _named("not handed in", account.missing)
    return lines + _named("not in the roster", account.unmatched)


_NOBODY = "  decide: no row fits any submission; is this the file of this course?"


def _named(what: str, cases: Sequence[str]) -> list[str]:
    lines = [f"  {what}: {printable(case, 300)}" for case in cases[:NAMED]]
    return lines + [f"  {what}: {len(cases) - NAMED} more"] * (len(cases) > NAMED)
