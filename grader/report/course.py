"""What a whole class shows, as plain figures: the numbers behind the class report, in text and in HTML alike."""

from __future__ import annotations

from typing import Any, NamedTuple

from grader.compare.explain import ABOUT
from grader.verdicts import MEANINGS, NOT_IMPLEMENTED, PASSED, WAITING

#: Ranges of points of the distribution, each of this width.
WIDTH = 10

#: Rows of each list that are shown.
ROWS = 15


class Bar(NamedTuple):
    """A row of a chart: what it is, how many submissions, and of how many."""

    name: str
    number: int
    of: int
    about: str = ""


class Course(NamedTuple):
    """The class report.

    open         submissions that are not graded in full, with the reason
    refused      submissions that intake rejected, with the reason
    odd          submissions that staff should look at: tampered ones
    copies       groups of submissions with one and the same kernel
    spread       how many have how many points
    scenarios    scenarios by how many do not pass them, those that nobody started left out
    mistakes     what goes wrong most: a rule broken in a task, or a diagnosis
    """

    title: str
    number: int
    mean: float
    median: float
    most: float
    open: list[tuple[str, str]]
    refused: list[tuple[str, str]]
    odd: list[tuple[str, str]]
    copies: list[list[str]]
    spread: list[Bar]
    tasks: list[Bar]
    scenarios: list[Bar]
    mistakes: list[Bar]


def course(batch: dict[str, Any]) -> Course:
    """The figures of a batch (results.json). Points of submissions that are not graded in full are left out."""
    entries = batch["submissions"]
    graded = [entry for entry in entries if entry["complete"]]
    points = sorted(entry["points"] for entry in graded)
    most = max((entry["max_points"] for entry in entries), default=100)
    return Course(
        f"{batch['lab']}: {batch['title']}",
        len(entries),
        sum(points) / len(points) if points else 0.0,
        (points[(len(points) - 1) // 2] + points[len(points) // 2]) / 2 if points else 0.0,
        most,
        [(entry["id"], _open(entry)) for entry in entries if not entry["complete"]],
        [(entry["id"], entry["refused"]) for entry in entries if entry["refused"]],
        [(entry["id"], MEANINGS["tampered"]) for entry in entries if "tampered" in entry["verdicts"].values()],
        _copies(entries),
        _spread(points, most),
        _tasks(batch, graded),
        _scenarios(batch, entries),
        _mistakes(batch, entries),
    )


def _open(entry: dict[str, Any]) -> str:
    ungradable = sum(verdict == "ungradable" for verdict in entry["verdicts"].values())
    return f"{ungradable} of {len(entry['verdicts'])} scenarios could not be graded; run the batch again"


def _copies(entries: list[dict[str, Any]]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for entry in entries:
        if entry["same_kernel_as"]:
            groups.setdefault(entry["same_kernel_as"], [entry["same_kernel_as"]]).append(entry["id"])
    return list(groups.values())


def _spread(points: list[float], most: float) -> list[Bar]:
    bars = []
    for low in range(0, int(most), WIDTH):
        high = min(low + WIDTH, most)
        last = high >= most
        count = sum(low <= p < high or (last and p >= high) for p in points)
        bars.append(Bar(f"{low}-{high:g}", count, len(points)))
    return bars


def _tasks(batch: dict[str, Any], graded: list[dict[str, Any]]) -> list[Bar]:
    """How many have all points of a task."""
    bars = []
    for task in batch["tasks"]:
        own = {s["id"] for s in batch["scenarios"] if s["task"] == task["id"]}
        if own:
            full = sum(all(entry["verdicts"][id] == PASSED for id in own) for entry in graded)
            bars.append(Bar(f"{task['number']}. {task['title']}", full, len(graded)))
    return bars


def _scenarios(batch: dict[str, Any], entries: list[dict[str, Any]]) -> list[Bar]:
    bars = []
    for scenario in batch["scenarios"]:
        verdicts = [entry["verdicts"][scenario["id"]] for entry in entries if not entry["refused"]]
        tried = [v for v in verdicts if v not in (NOT_IMPLEMENTED, WAITING, "ungradable")]
        failed = sum(verdict != PASSED for verdict in tried)
        mark = " (hidden)" if scenario["visibility"] == "hidden" else ""
        if failed:
            bars.append(Bar(f"{scenario['id']}{mark}", failed, len(tried), scenario["title"]))
    return sorted(bars, key=lambda bar: (-bar.number / bar.of, -bar.number, bar.name))


def _mistakes(batch: dict[str, Any], entries: list[dict[str, Any]]) -> list[Bar]:
    """Diagnoses where there are some; else the first rule that is broken in each task."""
    titles = {task["id"]: f"{task['number']}. {task['title']}" for task in batch["tasks"]}
    places = {scenario["id"]: scenario["task"] for scenario in batch["scenarios"]}
    counts: dict[tuple[str, str], int] = {}
    for entry in entries:
        diagnoses = set(entry.get("diagnoses", {}).values())
        found = {(diagnosis, "") for diagnosis in diagnoses}
        if not diagnoses:
            found = {(f"{titles[places[id]]}: {rule}", ABOUT[rule]) for id, rule in entry["rules"].items()}
        for key in found:
            counts[key] = counts.get(key, 0) + 1
    bars = [Bar(name, count, len(entries), about) for (name, about), count in counts.items()]
    return sorted(bars, key=lambda bar: (-bar.number, bar.name))
