"""Late submissions: what a course's policy (course.yaml, `late`) takes off, by when each was handed in.

Times come from Gradescope's list of submissions and from Moodle's grading worksheet. Canvas only marks a submission as
late. A plain folder has no time of its own. A repository has only the dates of its commits, which students can set to
what they like; they count only if the course asks for them (`commit_dates`).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from grader.batch.identity import Entry, keys_of, people
from grader.escape import printable
from grader.language import say
from grader.points import rounded
from grader.report.class_result import UNCLEAR, lateness_doubt, lateness_is_open

_DAY = datetime.timedelta(days=1)

#: What `dated_by` of a submission says if its time is the date of a commit.
COMMIT = "commit"


class Policy(NamedTuple):
    """Holds what a course takes off for a late submission.

    due         when a lab is due, with its offset from UTC
    per_day     percent of all points for each day that has begun
    cap         percent that is taken off at most
    grace       how much later nothing is taken off; the days count from `due`
    extensions  student -> days more; a student is named by any of their keys, in small letters
    zone        the time zone of times without an offset, such as Moodle's; None: they have the offset of `due`
    commit_dates  True if the date of a repository's last commit counts as the time of submission
    """

    due: datetime.datetime
    per_day: Fraction
    cap: Fraction
    grace: datetime.timedelta
    extensions: Mapping[str, Fraction]
    zone: datetime.tzinfo | None = None
    commit_dates: bool = False


def parse_time(text: str) -> datetime.datetime | None:
    """Return a point in time such as 2026-11-20T23:59+01:00; None for anything else, or without an offset."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def apply(entries: Sequence[Entry], policy: Policy) -> list[str]:
    """Take off points in entries, each noted in its `adjustments`. Return lines on those without a time."""
    untimed, local = 0, 0
    unclear, lines = _extend(entries, policy)
    for entry in entries:
        time = _time(entry["submitted"]) if _counts(entry, policy) else None
        submitted = _placed(time, policy) if time is not None else None
        local += time is not None and time.tzinfo is None
        if _is_undecided(entry, submitted, policy):
            entry["late_undecided"] = True
        elif submitted is None:
            untimed += 1
        elif entry["id"] in unclear and submitted > policy.due + policy.grace:
            entry["late"] = entry["late_undecided"] = True
        else:
            _take_off(entry, submitted, policy)
    if untimed:
        lines.append(_untimed(untimed))
    if local and policy.zone is None:
        lines.append(
            f"{local} {'time has' if local == 1 else 'times have'} no time zone and count as in {policy.due:UTC%z}; if "
            "clocks were changed in between, name `zone` in the late policy, such as Europe/Berlin"
        )
    return lines


def to_decide(entries: Sequence[Entry]) -> list[str]:
    """Return lines on submissions of which a person must still decide how late they are, after all overrides.

    An extension that fits two submissions has a line already.
    """
    way_out = "nothing was taken off, decide with a line for its total in --overrides"
    doubts = {entry["id"]: lateness_doubt(entry) for entry in entries if lateness_is_open(entry)}
    return [f"{id}: {why}; {way_out}" for id, why in doubts.items() if why != UNCLEAR]


def _counts(entry: Entry, policy: Policy) -> bool:
    """Return False for the date of a commit that a shard has kept, if the course does not ask for such dates."""
    return policy.commit_dates or entry["dated_by"] != COMMIT


def _is_undecided(entry: Entry, submitted: datetime.datetime | None, policy: Policy) -> bool:
    """Return True if only a person can say how late a submission is, whatever extensions there are."""
    doubtful = bool(entry["time_doubt"]) and _counts(entry, policy)
    return doubtful or (submitted is None and bool(entry["late"]))


def _untimed(count: int) -> str:
    one, more = "submission has no time of its own and counts", "submissions have no time of their own and count"
    return f"{count} {one if count == 1 else more} as in time"


def _extend(entries: Sequence[Entry], policy: Policy) -> tuple[set[str], list[str]]:
    """Note in each entry the days of its extension.

    Return the ids of submissions for which that is unclear, as one student's number is another's of another kind; and a
    line for each extension that does not fit exactly one submission.
    """
    ids = {entry["id"].casefold(): [entry] for entry in entries}
    known: dict[str, list[Entry]] = {}
    for entry in entries:
        for value in {one.value for person in people(entry) for one in keys_of(entry, person)}:
            known.setdefault(value, []).append(entry)
    unclear, lines = set(), []
    for student, days in policy.extensions.items():
        fitting = ids.get(student) or known.get(student, [])
        if len(fitting) == 1:
            fitting[0]["extension"] = max(fitting[0]["extension"], float(days))
            continue
        unclear |= {entry["id"] for entry in fitting}
        fits = " and ".join(entry["id"] for entry in fitting) or "no submission of this batch"
        lines.append(f"the extension for {printable(student, 60)!r} fits {fits}; {_WAY_OUT}")
    return unclear, lines


_WAY_OUT = "name the student by e-mail address, login, ID number, or the name of the submission in results.csv"


def _time(text: str) -> datetime.datetime | None:
    """Return when a submission was handed in, perhaps without an offset; None if that is not known."""
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _placed(time: datetime.datetime, policy: Policy) -> datetime.datetime:
    """Return a time with an offset from UTC."""
    return time if time.tzinfo is not None else time.replace(tzinfo=policy.zone or policy.due.tzinfo)


def _take_off(entry: Entry, submitted: datetime.datetime, policy: Policy) -> None:
    due = policy.due + _DAY * entry["extension"]
    entry["late"] = submitted > due
    if submitted <= due + policy.grace:
        return
    days = math.ceil((submitted - due) / _DAY)
    percent = min(policy.per_day * days, policy.cap)
    before = Fraction(str(entry["points"]))
    after = rounded(max(before - percent * Fraction(str(entry["max_points"])) / 100, Fraction(0)))
    if after == entry["points"]:  # nothing is left to take off
        return
    change: dict[str, Any] = {"what": "late", "before": entry["points"], "after": after, "hidden": False}
    change |= {"days": days, "dated_by": entry["dated_by"]}
    entry["adjustments"] = [*entry["adjustments"], change | {"comment": days_late(change)}]
    entry["points"] = after


def days_late(change: Mapping[str, Any]) -> str:
    """Return how late a submission was, in the language of the feedback, for what the policy changed."""
    days = change["days"]
    if change["dated_by"] == COMMIT and days == 1:
        return say("1 day late, by the date of the last commit")
    if change["dated_by"] == COMMIT:
        return say("{days} days late, by the date of the last commit", days=days)
    return say("1 day late") if days == 1 else say("{days} days late", days=days)


def policy_of(late: Mapping[str, Any], lab: str) -> Policy | None:
    """Return the policy of a lab from the `late` of a course.yaml; None if the lab has no due time there.

    late: as course_file.py has checked it
    """
    due = parse_time(late["due"].get(lab, ""))
    if due is None:
        return None
    return Policy(
        due,
        Fraction(str(late["per_day"])),
        Fraction(str(late.get("cap", 100))),
        datetime.timedelta(minutes=late.get("grace_minutes", 0)),
        {student.casefold(): Fraction(str(days)) for student, days in late.get("extensions", {}).items()},
        parse_zone(late.get("zone")),
        late.get("commit_dates", False),
    )


def parse_zone(name: object) -> datetime.tzinfo | None:
    """Return a time zone by its name in the IANA database; None if it is not one, or this machine does not have it."""
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name) if isinstance(name, str) and name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None
