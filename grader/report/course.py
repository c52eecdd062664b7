"""What a whole class shows, as plain figures: the numbers behind the class report, in text and in HTML alike."""

from __future__ import annotations

from typing import Any, NamedTuple

from grader.compare.explain import ABOUT
from grader.grade.verdicts import MEANINGS, NOT_IMPLEMENTED, PASSED, TAMPERED, UNGRADABLE, WAITING
from grader.points import points

#: Ranges of points of the distribution, each of this width.
WIDTH = 10

#: Rows of each list that are shown at once.
ROWS = 15

#: Submissions that are named beside a misconception.
NAMED = 4

#: The two kinds of line that a list of submissions consists of.
Pairs = list[tuple[str, str]]


class Bar(NamedTuple):
    """A row of a chart: what it is, how many submissions, of how many, and more about it."""

    name: str
    number: int
    of: int
    about: str = ""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.number / self.of if self.of else 0.0


class Course(NamedTuple):
    """The class report.

    open            submissions that are not graded in full, with the reason
    refused         submissions that intake rejected, with the reason
    decide          submissions that nobody but a person can say whose they are
    odd             submissions that staff should look at: tampered ones
    twins           submissions that pass public scenarios and not their disguised twins, with the pairs
    late            submissions after the due time, with the time and what the late policy changed
    untouched       submissions of a stub or an empty file
    copies          groups of submissions with one and the same kernel
    spread          how many have how many points
    tasks           how many have all points of a task
    scenarios       scenarios by how many do not pass them, those that nobody started left out
    misconceptions  what kernels behave like, by how many
    differences     rules that are broken first, by task
    submissions     everybody: id, points or "", what staff should look at
    names           id -> name, for those whose id does not say it
    """

    title: str
    number: int
    mean: float
    median: float
    most: float
    open: Pairs
    refused: Pairs
    decide: Pairs
    odd: Pairs
    twins: Pairs
    late: Pairs
    untouched: Pairs
    copies: list[list[str]]
    spread: list[Bar]
    tasks: list[Bar]
    scenarios: list[Bar]
    misconceptions: list[Bar]
    differences: list[Bar]
    submissions: list[tuple[str, str, str]]
    names: dict[str, str]


def course(batch: dict[str, Any]) -> Course:
    """The figures of a batch (results.json). Points of submissions that are not graded in full are left out."""
    entries = batch["submissions"]
    graded = [entry for entry in entries if entry["complete"]]
    scores = sorted(entry["points"] for entry in graded)
    most = max((entry["max_points"] for entry in entries), default=100)
    return Course(
        title=f"{batch['lab']}: {batch['title']}",
        number=len(entries),
        mean=sum(scores) / len(scores) if scores else 0.0,
        median=(scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2 if scores else 0.0,
        most=most,
        open=[(entry["id"], _open(entry)) for entry in entries if not entry["complete"]],
        refused=[(entry["id"], entry["refused"]) for entry in entries if entry["refused"]],
        decide=[(entry["id"], entry["decide"]) for entry in entries if entry["decide"]],
        odd=[(entry["id"], MEANINGS[TAMPERED]) for entry in entries if TAMPERED in entry["verdicts"].values()],
        twins=[(entry["id"], _pairs(entry["twins"])) for entry in entries if entry["twins"]],
        late=[(entry["id"], _late(entry)) for entry in entries if entry["late"]],
        untouched=[(entry["id"], entry["remark"]) for entry in entries if entry["remark"]],
        copies=_copies(entries),
        spread=_spread(scores, most),
        tasks=_tasks(batch, graded),
        scenarios=_scenarios(batch, entries),
        misconceptions=_misconceptions(entries),
        differences=_differences(batch, entries),
        submissions=[(e["id"], points(e["points"]) if e["complete"] else "", note(e)) for e in entries],
        names={entry["id"]: _names(entry) for entry in entries if _names(entry) != entry["id"]},
    )


def _names(entry: dict[str, Any]) -> str:
    """Return the names of whoever handed a submission in."""
    return ", ".join(person["label"] for person in [entry, *entry["others"]] if person["label"]) or entry["id"]


def _late(entry: dict[str, Any]) -> str:
    """Return when a late submission was handed in, and what the late policy changed."""
    changed = [_changed(one) for one in entry["adjustments"] if one["what"] == "late"]
    return "; ".join([entry["submitted"] or "no time is known", *changed])


def note(entry: dict[str, Any]) -> str:
    """What staff should look at, in a few words; "" if nothing."""
    notes = []
    if entry["decide"]:
        notes.append(f"decide whose it is: {entry['decide']}")
    if entry["refused"]:
        notes.append(f"refused: {entry['refused']}")
    if entry["remark"]:
        notes.append(entry["remark"])
    notes += entry["remarks"]
    if entry["late"]:
        notes.append("late")
    if entry.get("extension"):
        notes.append(f"extension of {points(entry['extension'])} {'day' if entry['extension'] == 1 else 'days'}")
    notes += [_changed(one) for one in entry["adjustments"]]
    if entry["unreadable"]:
        notes.append(f"{entry['unreadable']}: make it readable and run the batch again")
    elif not entry["complete"]:
        notes.append("not everything could be graded: run the batch again")
    if "tampered" in entry["verdicts"].values():
        notes.append("sent what no kernel can have done")
    if entry["twins"]:
        notes.append(f"passes {_scenarios_of(entry['twins'])} but not the twin")
    if entry["same_kernel_as"]:
        notes.append(f"the same kernel as {entry['same_kernel_as']}")
    return "; ".join(notes)


def _scenarios_of(twins: dict[str, Any]) -> str:
    """Return the first few scenarios by name, and how many more there are."""
    more = f" and {len(twins) - NAMED} more" if len(twins) > NAMED else ""
    return ", ".join(list(twins)[:NAMED]) + more


def _pairs(twins: dict[str, Any]) -> str:
    """Return which twins a submission does not pass, and in what the first of them differs from its scenario."""
    first = next(iter(twins.values()))
    return f"{_scenarios_of(twins)} (in the first twin {'; '.join(first['differs'])})"


def _changed(one: dict[str, Any]) -> str:
    """Return what a late policy or a person changed, in a few words."""
    points = f"{one['before']:g} -> {one['after']:g}"
    if one["what"] == "late":
        return f"{one['comment']}: {points}"
    comment = f" ({one['comment']})" if one["comment"] else ""
    return f"{one['what']}: {points} by the course{comment}"


def _open(entry: dict[str, Any]) -> str:
    if entry["unreadable"]:
        return f"{entry['unreadable']}; make it readable and run the batch again"
    ungradable = sum(verdict == UNGRADABLE for verdict in entry["verdicts"].values())
    return f"{ungradable} of {len(entry['verdicts'])} scenarios could not be graded; run the batch again"


def _copies(entries: list[dict[str, Any]]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for entry in entries:
        if entry["same_kernel_as"]:
            groups.setdefault(entry["same_kernel_as"], [entry["same_kernel_as"]]).append(entry["id"])
    return list(groups.values())


def _spread(scores: list[float], most: float) -> list[Bar]:
    """Ranges with their lower end and without their upper one, but for the last, which has both."""
    bars = []
    for low in range(0, int(most), WIDTH):
        high = min(low + WIDTH, most)
        last = high >= most
        count = sum(low <= p < high or (last and p >= high) for p in scores)
        bars.append(Bar(f"{low}-{points(high)}", count, len(scores)))
    return bars


def _tasks(batch: dict[str, Any], graded: list[dict[str, Any]]) -> list[Bar]:
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
        tried = [v for v in verdicts if v not in (NOT_IMPLEMENTED, WAITING, UNGRADABLE)]
        failed = sum(verdict != PASSED for verdict in tried)
        mark = " (hidden)" if scenario["visibility"] == "hidden" else ""
        if failed:
            bars.append(Bar(f"{scenario['id']}{mark}", failed, len(tried), scenario["title"]))
    return sorted(bars, key=lambda bar: (-bar.share, -bar.number, bar.name))


def _misconceptions(entries: list[dict[str, Any]]) -> list[Bar]:
    """What kernels behave like, and whose do. Where two cannot be told apart they are one row."""
    who: dict[str, list[str]] = {}
    for entry in entries:
        if entry["misconceptions"]:
            who.setdefault(", or one that ".join(entry["misconceptions"].values()), []).append(entry["id"])
    bars = []
    for beliefs, ids in who.items():
        more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
        bars.append(Bar(f"a kernel that {beliefs}", len(ids), len(entries), ", ".join(ids[:NAMED]) + more))
    return sorted(bars, key=lambda bar: (-bar.number, bar.name))


def _differences(batch: dict[str, Any], entries: list[dict[str, Any]]) -> list[Bar]:
    """The rule by which a scenario differs first, by task; a submission counts once in each row."""
    titles = {task["id"]: f"{task['number']}. {task['title']}" for task in batch["tasks"]}
    places = {scenario["id"]: scenario["task"] for scenario in batch["scenarios"]}
    counts: dict[tuple[str, str], int] = {}
    for entry in entries:
        for key in {(f"{titles[places[id]]}: {rule}", ABOUT[rule]) for id, rule in entry["rules"].items()}:
            counts[key] = counts.get(key, 0) + 1
    bars = [Bar(name, count, len(entries), about) for (name, about), count in counts.items()]
    return sorted(bars, key=lambda bar: (-bar.number, bar.name))
