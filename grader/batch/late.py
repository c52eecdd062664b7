"""Late submissions: what a course's policy (course.yaml, `late`) takes off, by when each was handed in.

Times come from Gradescope's list of submissions and from Moodle's grading worksheet. Canvas only marks a submission as
late. A plain folder has no time of its own. A repository has only the times of its commits, which students choose
themselves; reading them would also mean to run git on files that they made.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from grader.batch.identity import Entry, keys_of, people
from grader.escape import printable
from grader.points import rounded

_DAY = datetime.timedelta(days=1)


class Policy(NamedTuple):
    """Holds what a course takes off for a late submission.

    due         when a lab is due, with its offset from UTC
    per_day     percent of all points for each day that has begun
    cap         percent that is taken off at most
    grace       how much later nothing is taken off; the days count from `due`
    extensions  student -> days more; a student is named by any of their keys, in small letters
    """

    due: datetime.datetime
    per_day: Fraction
    cap: Fraction
    grace: datetime.timedelta
    extensions: Mapping[str, Fraction]


def parse_time(text: str) -> datetime.datetime | None:
    """Return a point in time such as 2026-11-20T23:59+01:00; None for anything else, or without an offset."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def apply(entries: Sequence[Entry], policy: Policy) -> list[str]:
    """Take off points in entries, each noted in its `adjustments`. Return lines on those without a time."""
    untimed, marked = 0, []
    unclear, lines = _extend(entries, policy)
    for entry in entries:
        submitted = _submitted(entry["submitted"], policy)
        if submitted is not None and entry["id"] in unclear and submitted > policy.due + policy.grace:
            entry["late"] = entry["late_undecided"] = True
        elif submitted is not None:
            _take_off(entry, submitted, policy)
        elif entry["late"]:
            marked.append(entry["id"])
            entry["late_undecided"] = True
        else:
            untimed += 1
    why = "the download marks it as late without a time; nothing was taken off, use --overrides"
    lines += [f"{id}: {why}" for id in marked]
    if untimed:
        one = untimed == 1
        what = (
            "submission has no time of its own and counts" if one else "submissions have no time of their own and count"
        )
        lines.append(f"{untimed} {what} as in time")
    return lines


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


def _submitted(text: str, policy: Policy) -> datetime.datetime | None:
    """Return when a submission was handed in. A time without an offset, such as Moodle's, has the due date's."""
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=policy.due.tzinfo)


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
    comment = f"{days} {'day' if days == 1 else 'days'} late"
    change: dict[str, Any] = {"what": "late", "before": entry["points"], "after": after, "comment": comment}
    entry["adjustments"] = [*entry["adjustments"], change | {"hidden": False}]
    entry["points"] = after


def read_policy(late: Any, lab: str) -> tuple[Policy | None, str]:
    """Return the policy of a lab from the `late` of a course.yaml, None if the lab has no time; and what is wrong."""
    if not isinstance(late, dict):
        return None, f"late is {late!r}; expected a mapping of due, per_day, cap, grace_minutes and extensions"
    unknown = late.keys() - {"due", "per_day", "cap", "grace_minutes", "extensions"}
    if unknown:
        return None, f"late has no field {sorted(unknown)[0]!r}; expected due, per_day, cap, grace_minutes, extensions"
    dues, extensions = late.get("due"), late.get("extensions", {})
    if not isinstance(dues, dict) or not all(isinstance(t, str) and parse_time(t) for t in dues.values()):
        return None, f'due is {dues!r}; expected labs with times such as "2026-11-20T23:59+01:00"'
    if not isinstance(extensions, dict):
        return None, f"extensions is {extensions!r}; expected students with days"
    numbers = {
        "per_day": late.get("per_day"),
        "cap": late.get("cap", 100),
        "grace_minutes": late.get("grace_minutes", 0),
    }
    for name, value in [*numbers.items(), *((f"extension of {name}", days) for name, days in extensions.items())]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10_000:
            return None, f"{name} is {value!r}; expected a number, 0 or more"
    if lab not in dues:
        return None, ""
    due = parse_time(dues[lab])
    assert due is not None  # checked above, with all the others
    grace: Any = numbers["grace_minutes"]
    return Policy(
        due,
        Fraction(str(numbers["per_day"])),
        Fraction(str(numbers["cap"])),
        datetime.timedelta(minutes=grace),
        {str(name).casefold(): Fraction(str(days)) for name, days in extensions.items()},
    ), ""
