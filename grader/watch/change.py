"""Says what changed from one save to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.grade.verdicts import PASSED
from grader.points import points

if TYPE_CHECKING:
    from grader.grade.result import Result


def change(before: Result | None, after: Result, width: int) -> str:
    """Return which scenarios pass now and which no longer pass, on one line; "" for the first result.

    before  the result of the last save that was graded to its end
    width   characters that there is room for; names are left out until the line fits
    """
    if before is None:
        return ""
    passed, passes = _passed(before), _passed(after)
    order = [s["id"] for s in after["scenarios"]]
    gained = [id for id in order if id in passes - passed]
    lost = [id for id in order if id in passed - passes]
    for named in range(max(len(gained), len(lost), 1), -1, -1):
        line = "; ".join(filter(None, (_part(gained, _MORE, named), _part(lost, _FEWER, named))))
        if len(line) <= width:
            break
    if not line and before["points"] != after["points"]:
        return f"{points(before['points'])} -> {points(after['points'])} points"
    return line or "no scenario changed"


def _passed(result: Result) -> set[str]:
    """Return the public scenarios that pass; what stands for hidden ones is not a scenario."""
    return {s["id"] for s in result["scenarios"] if s["verdict"] == PASSED and s["visibility"] == "public"}


_MORE = ("more passes", "more pass")
_FEWER = ("no longer passes", "no longer pass")


def _part(ids: list[str], words: tuple[str, str], named: int) -> str:
    """Return how many scenarios it is, and the names of the first ones."""
    if not ids:
        return ""
    head = f"{len(ids)} {words[len(ids) > 1]}"
    if not named:
        return head
    rest = len(ids) - named
    return f"{head}: {', '.join(ids[:named])}{f' and {rest} more' if rest > 0 else ''}"
