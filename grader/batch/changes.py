"""Who moved since an earlier batch, by how much, and because of which scenario.

Pure: two sets of grades in, lines out.
"""

from __future__ import annotations

from typing import Any

from grader.escape import printable
from grader.points import points, rounded

#: Scenarios that are named for one submission.
NAMED = 6

_HEAD = ("submission", "name", "before", "after", "by")


def changes(before: dict[str, Any], after: dict[str, Any], since: str) -> list[str]:
    """Return lines for a person: what is new and gone, then one table of who moved, those who lost most first.

    before, after: sets of grades (files.grades_of). since: which batch `before` is of.
    """
    lines = _scenarios(before["scenarios"], after["scenarios"])
    old, new = before["submissions"], after["submissions"]
    lines += [f"{_called(id, new)}: new, {points(new[id]['points'])} points" for id in sorted(new.keys() - old.keys())]
    lines += [
        f"{_called(id, old)}: gone, had {points(old[id]['points'])} points" for id in sorted(old.keys() - new.keys())
    ]
    both = sorted(old.keys() & new.keys())
    moved = [id for id in both if old[id]["points"] != new[id]["points"]]
    moved.sort(key=lambda id: (new[id]["points"] - old[id]["points"], id))
    if moved:
        lines += _table([(*_row(id, old[id], new[id]), _because(old[id], new[id])) for id in moved])
    again = sum(old[id]["digest"] != new[id]["digest"] for id in both if id not in set(moved))
    said = f"{len(both) - len(moved)} of {len(new)} submissions have the points they had"
    return [f"Changes since {since}:", *lines, said + (f" ({again} of them handed in again)." if again else ".")]


def _called(id: str, grades: dict[str, Any]) -> str:
    name = printable(grades[id].get("name", ""), 60)
    return f"{id} ({name})" if name and name != id else id


def _scenarios(old: dict[str, str], new: dict[str, str]) -> list[str]:
    lines = [f"scenario {id} ({new[id]}) is new" for id in sorted(new.keys() - old.keys())]
    return lines + [f"scenario {id} ({old[id]}) is gone" for id in sorted(old.keys() - new.keys())]


def _row(id: str, old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    by = points(new["points"] - old["points"], "+")
    name = printable(new.get("name", ""), 30)
    return id, "" if name == id else name, points(old["points"]), points(new["points"]), by


def _because(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return what moved a submission's points, those that cost or gave most first."""
    causes = []
    for scenario in sorted(old["verdicts"].keys() | new["verdicts"].keys()):
        was, now = old["verdicts"].get(scenario, "none"), new["verdicts"].get(scenario, "none")
        gained = rounded(new["worth"].get(scenario, 0) - old["worth"].get(scenario, 0))
        if gained:
            causes.append((-abs(gained), scenario, f"{scenario}: {was} -> {now} ({points(gained, '+')})"))
    lines = ["handed in again"] * (old["digest"] != new["digest"])
    lines += [told for _, _, told in sorted(causes)[:NAMED]]
    if len(causes) > NAMED:
        lines.append(f"and {len(causes) - NAMED} more scenarios")
    if old["quiz"] != new["quiz"]:
        lines.append(f"quiz: {points(old['quiz'])} -> {points(new['quiz'])}")
    return lines


def _table(rows: list[tuple[Any, ...]]) -> list[str]:
    """Return the rows under a head, in columns; causes beyond the first go on in the last column."""
    cells = [row[:-1] for row in rows]
    widths = [max(len(row[n]) for row in [_HEAD, *cells]) for n in range(len(_HEAD))]

    def line(row: tuple[str, ...], cause: str) -> str:
        text = [
            f"{cell:<{w}}" if n < 2 else f"{cell:>{w}}" for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join([*text, cause]).rstrip()

    lines = [line(_HEAD, "because")]
    for *row, causes in rows:
        lines.append(line(tuple(row), causes[0] if causes else ""))
        lines += [line(("",) * len(_HEAD), cause) for cause in causes[1:]]
    return lines
