"""Remember how a student's own kernel did last, so that `grader list` can say it.

The file is a note for its owner: nothing is graded by it, and whatever is in it, reading it does not fail.
"""

from __future__ import annotations

import json
import math
import time
from typing import NamedTuple

from grader.files import write_file
from grader.grade.result import Result
from grader.lab.lab import Lab
from grader.plural import number_of
from grader.points import points

NAME = ".last-run.json"

#: Bytes that are read of a note.
LIMIT = 1 << 20


class LastRun(NamedTuple):
    """when: seconds since 1970; verdicts: those of the public scenarios."""

    when: float
    points: float
    max_points: float
    verdicts: dict[str, str]

    def told(self, now: float) -> str:
        """Return the points, and how long ago that was."""
        return f"{points(self.points)} of {points(self.max_points)} points, {_ago(now - self.when)}"


def _ago(seconds: float) -> str:
    for unit, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count = int(seconds // unit)
        if count >= 1:
            return f"{number_of(count, word)} ago"
    return "just now"


def remember(lab: Lab, result: Result) -> None:
    """Write the note of a run. A folder that cannot be written keeps the old one, or none: nothing depends on it."""
    verdicts = {s["id"]: s["verdict"] for s in result["scenarios"] if s["visibility"] == "public"}
    note = {"when": time.time(), "points": result["points"], "max_points": result["max_points"], "verdicts": verdicts}
    try:
        write_file(lab.path / NAME, json.dumps(note) + "\n")
    except OSError:
        return


def last_run(lab: Lab) -> LastRun | None:
    """Return the note of the last run; None if there is none, or if it is damaged."""
    try:
        with open(lab.path / NAME, "rb") as file:
            note = json.loads(file.read(LIMIT))
        known = {scenario.id for scenario in lab.scenarios}
        verdicts = {id: str(verdict) for id, verdict in note["verdicts"].items() if id in known}
        when, points, most = (float(note[name]) for name in ("when", "points", "max_points"))
        return LastRun(when, points, most, verdicts) if all(map(math.isfinite, (when, points, most))) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
