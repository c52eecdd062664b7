"""List whose points changed since an earlier batch, by how much, and because of which scenario.

Pure: two sets of grades in, lines out.
"""

from __future__ import annotations

from typing import NamedTuple

from grader.batch.rows import KeptGrade, KeptGrades
from grader.escape import printable
from grader.plural import number_of
from grader.points import points, rounded

#: Scenarios that are named for one submission, and submissions that are named because they are gone.
NAMED = 6

_HEAD = ("submission", "name", "before", "after", "by")


class _Line(NamedTuple):
    """A row of the table: its cells under the head, and the causes, one per line."""

    cells: tuple[str, ...]
    causes: list[str]


def changes(before: KeptGrades, after: KeptGrades, since: str) -> list[str]:
    """Return lines for a person: one table of who moved, those who lost most first, then who is new and who is gone.

    before, after: sets of grades (files.grades_of). since: which batch `before` is of.
    """
    old, new = before["submissions"], after["submissions"]
    both = sorted(old.keys() & new.keys())
    moved = [id for id in both if old[id]["points"] != new[id]["points"]]
    moved.sort(key=lambda id: (new[id]["points"] - old[id]["points"], id))
    rows = [_Line(_cells(id, old[id], new[id]), _because(old[id], new[id])) for id in moved]
    rows += [_Line(_cells(id, None, new[id]), ["new"]) for id in sorted(new.keys() - old.keys())]
    rows += [_Line(_cells(id, old[id], None), ["gone"]) for id in sorted(old.keys() - new.keys())]
    again = sum(old[id]["digest"] != new[id]["digest"] for id in both if id not in set(moved))
    said = f"{len(both) - len(moved)} of {len(new)} submissions have the points they had"
    return [
        f"Changes since {since}:",
        *_scenarios(before["scenarios"], after["scenarios"]),
        *(_table(rows) if rows else []),
        said + (f" ({again} of them handed in again)." if again else "."),
    ]


def gone(before: KeptGrades, after: KeptGrades) -> list[str]:
    """Return the submissions that are in the earlier set only."""
    return sorted(before["submissions"].keys() - after["submissions"].keys())


def in_words(gone: list[str], count: int, output: str) -> str:
    """Return a line on submissions that are gone, of `count` that there were."""
    names = ", ".join(gone[:NAMED]) + (f" and {len(gone) - NAMED} more" if len(gone) > NAMED else "")
    removed = f"their results, rows and feedback are no longer in {output}"
    if len(gone) < count:
        return f"{len(gone)} of {count} submissions of the run before are not among these, and {removed}: {names}"
    all_of_them = f"NONE of the {number_of(count, 'submission')} of the run before is among these"
    way_out = "for another section or download, name another --output, and run the earlier command again"
    return f"{all_of_them}, and {removed}; {way_out}: {names}"


def _scenarios(old: dict[str, str], new: dict[str, str]) -> list[str]:
    lines = [f"scenario {id} ({new[id]}) is new" for id in sorted(new.keys() - old.keys())]
    return lines + [f"scenario {id} ({old[id]}) is gone" for id in sorted(old.keys() - new.keys())]


def _cells(id: str, old: KeptGrade | None, new: KeptGrade | None) -> tuple[str, ...]:
    """Return the cells of a submission; what it does not have, now or before, is empty."""
    grade = new or old
    name = printable(grade.get("name", ""), 30) if grade is not None else ""
    was, now = (points(one["points"]) if one is not None else "" for one in (old, new))
    by = points(new["points"] - old["points"], "+") if old is not None and new is not None else ""
    return id, "" if name == id else name, was, now, by


def _because(old: KeptGrade, new: KeptGrade) -> list[str]:
    """Return what moved a submission's points: scenarios that cost or gave most first, the quiz, the course."""
    causes, explained = [], rounded(new["quiz"] - old["quiz"])
    for scenario in sorted(old["verdicts"].keys() | new["verdicts"].keys()):
        was, now = old["verdicts"].get(scenario, "none"), new["verdicts"].get(scenario, "none")
        gained = rounded(new["worth"].get(scenario, 0) - old["worth"].get(scenario, 0))
        if gained:
            explained += gained
            causes.append((-abs(gained), scenario, f"{scenario}: {was} -> {now} ({points(gained, '+')})"))
    lines = ["handed in again"] * (old["digest"] != new["digest"])
    lines += [told for _, _, told in sorted(causes)[:NAMED]]
    if len(causes) > NAMED:
        lines.append(f"and {len(causes) - NAMED} more scenarios")
    if old["quiz"] != new["quiz"]:
        lines.append(f"quiz: {points(old['quiz'])} -> {points(new['quiz'])}")
    rest = rounded(new["points"] - old["points"] - explained)
    return [*lines, f"late policy or overrides ({points(rest, '+')})"] if rest else lines


def _table(rows: list[_Line]) -> list[str]:
    """Return the rows under a head, in columns; causes after the first continue in the last column."""
    widths = [max(len(cells[n]) for cells in [_HEAD, *(row.cells for row in rows)]) for n in range(len(_HEAD))]

    def line(cells: tuple[str, ...], cause: str) -> str:
        padded = [
            f"{cell:<{w}}" if n < 2 else f"{cell:>{w}}" for n, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join([*padded, cause]).rstrip()

    lines = [line(_HEAD, "because")]
    for row in rows:
        lines.append(line(row.cells, row.causes[0] if row.causes else ""))
        lines += [line(("",) * len(_HEAD), cause) for cause in row.causes[1:]]
    return lines
