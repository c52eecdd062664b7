"""Read `hidden_feedback` of lab.yaml: how much students learn about hidden scenarios, and from when on.

    hidden_feedback: passed                  the default; `rule` and `points` say more
    hidden_feedback: {after: "2026-12-24"}   nothing until that day is over everywhere on Earth, then `rule`

labs/README.md defines each value; grader/grade/hidden.py applies it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PASSED = "passed"
RULE = "rule"
POINTS = "points"

#: What applies until the moment of `after`. It is never written in lab.yaml.
NOTHING = "nothing"

KINDS = (PASSED, RULE, POINTS)

_ACCEPTED = 'use passed, rule, points, or {after: "2026-12-24"}'

#: The last time zone in which a day ends. A date is over when it is over there, wherever grading happens.
_LAST_ZONE = "-12:00"

#: A date, and a time with its offset from UTC. The JSON Schema has the same expressions.
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})$"


class Feedback(NamedTuple):
    """The setting for what students learn about hidden scenarios.

    kind    one of KINDS
    after   the date as lab.yaml has it; "" if `kind` always applies
    moment  seconds since 1970 until which nothing is shown
    """

    kind: str = PASSED
    after: str = ""
    moment: float = 0.0

    def at(self, now: float) -> str:
        """Return the kind that applies at a moment, which is NOTHING before `after`."""
        return NOTHING if now < self.moment else self.kind


def read_feedback(value: object) -> Feedback:
    """Return the Feedback for a value of lab.yaml. ValueError, with what is wrong and what to write."""
    if isinstance(value, str) and value in KINDS:
        return Feedback(value)
    if not isinstance(value, dict) or set(value) != {"after"}:
        shown = dict(value) if isinstance(value, dict) else value
        raise ValueError(f"hidden_feedback is {shown!r}; {_ACCEPTED}")
    # After that date a course wants to show more, and the bound of `rule` still protects against late submissions.
    return Feedback(RULE, str(value["after"]), _moment(value["after"]))


def _moment(text: object) -> float:
    """Return the end of a date, or a time with its offset from UTC, as seconds since 1970."""
    import datetime

    wrong = f'hidden_feedback: after is {text!r}; use a date such as "2026-12-24", or "2026-12-24T18:00+01:00"'
    if not isinstance(text, str) or "\n" in text or not (re.match(DATE, text) or re.match(TIME, text)):
        raise ValueError(f"{wrong} (a time needs its offset from UTC, such as +01:00 or Z)")
    try:
        if re.match(DATE, text):
            day = datetime.datetime.fromisoformat(f"{text}T00:00{_LAST_ZONE}")
            return day.timestamp() + 24 * 60 * 60
        return datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{wrong} ({error})") from None
