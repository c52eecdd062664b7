"""Reads from Moodle's grading worksheet when each submission was handed in.

The worksheet writes times in the language of whoever downloads it, without an offset from UTC (langconfig.php,
`strftimedaydatetime`). The English and the German formats are known:

    Monday, 23 November 2026, 11:59 PM
    Monday, November 23, 2026, 11:59 PM
    Montag, 23. November 2026, 23:59
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from grader.batch.columns import column, participant_number
from grader.batch.identity import EMAIL, PARTICIPANT, Key, keys
from grader.escape import printable

#: Names of months in small letters -> number. Austria says Jänner and Feber.
_ENGLISH = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_GERMAN = (
    *("januar", "februar", "märz", "april", "mai", "juni", "juli"),
    *("august", "september", "oktober", "november", "dezember"),
)
_MONTHS = {name: n for names in (_ENGLISH, _GERMAN) for n, name in enumerate(names, 1)} | {"jänner": 1, "feber": 2}

_DAY_FIRST = re.compile(r"\w+, (?P<day>[0-9]{1,2})\.? (?P<month>\w+) (?P<rest>.*)")
_MONTH_FIRST = re.compile(r"\w+, (?P<month>\w+) (?P<day>[0-9]{1,2}), (?P<rest>.*)")
_REST = re.compile(r"(?P<year>[0-9]{4}),? (?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?: (?P<half>[AaPp])[Mm])?")

#: What Moodle writes for "no submission".
_NONE = ("", "-")

_UNREADABLE = "line {line} of Moodle's worksheet has a time that cannot be read"


class HandedIn(NamedTuple):
    """A local time as ISO 8601, or "" and why it cannot be read."""

    time: str
    doubt: str = ""


class Times(NamedTuple):
    """The times of a worksheet by the keys of its people; and lines on cells that are not times."""

    times: dict[Key, HandedIn]
    problems: list[str]


def parse_worksheet_time(text: str) -> datetime.datetime | None:
    """Return the local time that a cell of Moodle's worksheet holds; None for anything else."""
    plain = " ".join(text.split())  # ICU puts narrow spaces before AM and PM
    match = _DAY_FIRST.fullmatch(plain) or _MONTH_FIRST.fullmatch(plain)
    rest = _REST.fullmatch(match["rest"]) if match else None
    month = _MONTHS.get(match["month"].casefold()) if match else None
    if match is None or rest is None or month is None:
        return None
    hour = int(rest["hour"])
    if rest["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if rest["half"] in "Pp" else 0)
    try:
        return datetime.datetime(int(rest["year"]), month, int(match["day"]), hour, int(rest["minute"]))
    except ValueError:
        return None


def worksheet_times(rows: Sequence[Sequence[str]], shown: str) -> Times:
    """Return when each person of a worksheet handed in; nothing for a gradebook that has no such column."""
    found = Times({}, [])
    place, participant = column(rows[0], "submitted"), column(rows[0], "participant")
    if place is None or participant is None:
        return found
    email = column(rows[0], "email")
    addresses = Counter(row[email].strip().casefold() for row in rows[1:]) if email is not None else Counter[str]()
    for line, row in enumerate(rows[1:], 2):
        if row[place].strip() in _NONE:
            continue
        time = parse_worksheet_time(row[place])
        handed_in = HandedIn(time.isoformat()) if time is not None else HandedIn("", _UNREADABLE.format(line=line))
        if time is None:
            told = printable(row[place], 60)
            found.problems.append(
                f"{shown}:{line}: {told!r} is not a time in Moodle's English or German format; set Moodle to English "
                "and download the worksheet again"
            )
        number = participant_number(row[participant])
        address = row[email] if email is not None else ""
        unique = addresses[address.strip().casefold()] == 1
        for one in keys((PARTICIPANT, number), (EMAIL, address if unique else "")):
            found.times[one] = handed_in
    return found
