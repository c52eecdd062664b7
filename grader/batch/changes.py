"""Who moved between two batches, by how much, and because of which scenario. Pure: two sets of grades in, lines out."""

from __future__ import annotations

from typing import Any

from grader.points import points, rounded

#: Scenarios that are named for one submission.
NAMED = 6


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Lines for a person; see files.grades_of for what a set of grades is."""
    lines = _scenarios(before["scenarios"], after["scenarios"])
    old, new = before["submissions"], after["submissions"]
    lines += [f"{id}: new, {points(new[id]['points'])} points" for id in sorted(new.keys() - old.keys())]
    lines += [f"{id}: gone, had {points(old[id]['points'])} points" for id in sorted(old.keys() - new.keys())]
    moved = [id for id in sorted(old.keys() & new.keys()) if old[id] != new[id]]
    for id in sorted(moved, key=lambda id: (new[id]["points"] - old[id]["points"], id)):
        lines += _moved(id, old[id], new[id])
    same = len(old.keys() & new.keys()) - len(moved)
    lines.append(f"{same} of {len(new)} submissions did not change.")
    return lines


def _scenarios(old: dict[str, str], new: dict[str, str]) -> list[str]:
    lines = [f"scenario {id} ({new[id]}) is new" for id in sorted(new.keys() - old.keys())]
    return lines + [f"scenario {id} ({old[id]}) is gone" for id in sorted(old.keys() - new.keys())]


def _moved(id: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """One submission: its points, then the scenarios, those that cost or gave most first."""
    again = ", handed in again" if old["digest"] != new["digest"] else ""
    by = points(new["points"] - old["points"], "+")
    lines = [f"{id}: {points(old['points'])} -> {points(new['points'])} ({by}){again}"]
    causes = []
    for scenario in sorted(old["verdicts"].keys() | new["verdicts"].keys()):
        was, now = old["verdicts"].get(scenario, "none"), new["verdicts"].get(scenario, "none")
        gained = rounded(new["worth"].get(scenario, 0) - old["worth"].get(scenario, 0))
        if was != now or gained:
            causes.append((-abs(gained), scenario, f"  {scenario}: {was} -> {now} ({points(gained, '+')})"))
    lines += [told for _, _, told in sorted(causes)[:NAMED]]
    if len(causes) > NAMED:
        lines.append(f"  and {len(causes) - NAMED} more scenarios")
    if old["quiz"] != new["quiz"]:
        lines.append(f"  quiz: {points(old['quiz'])} -> {points(new['quiz'])}")
    return lines
