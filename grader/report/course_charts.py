"""Count what is compared across a class: points, tasks, scenarios, misconceptions, first differences, the quiz."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from grader.compare.explain import ABOUT
from grader.compare.judge import when
from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, UNGRADABLE, WAITING
from grader.plural import number_of
from grader.points import points
from grader.quiz.statistics import ENOUGH, QuestionStatistics
from grader.report.class_result import ClassResult, SubmissionEntry

#: Points that one column of the distribution covers.
WIDTH = 10

#: Names that a row has at most.
NAMED = 4

#: First differences that are shown with a picture.
PICTURES = 3


class Bar(NamedTuple):
    """A row of a chart: its name, how many submissions, of how many, and more about it."""

    name: str
    number: int
    of: int
    about: str = ""

    @property
    def share(self) -> float:
        """Return the share, from 0 to 1."""
        return self.number / self.of if self.of else 0.0


class Chart(NamedTuple):
    """Rows that are compared with each other. It is shown only if it has rows."""

    title: str
    about: str
    bars: list[Bar]


class Difference(NamedTuple):
    """A first difference that several submissions have: a step of a public scenario, and the rule that is broken."""

    scenario: str
    title: str
    step: int
    rule: str
    expected: str
    yours: str
    bar: Bar


class Question(NamedTuple):
    """A question of the quiz. wrong: its most frequent wrong answers, each with how many gave it and why."""

    bar: Bar
    discrimination: str
    wrong: list[str]


def few(words: Sequence[str]) -> str:
    """Return the first few of some words, and how many more there are."""
    more = f" and {len(words) - NAMED} more" if len(words) > NAMED else ""
    return ", ".join(words[:NAMED]) + more


def charts(batch: ClassResult, entries: Sequence[SubmissionEntry], graded: Sequence[SubmissionEntry]) -> list[Chart]:
    """Return the charts, without those that have no row."""
    charts = [
        Chart("Tasks completed", "Submissions that have all points of a task.", _tasks(batch, graded)),
        Chart(
            "Scenarios most often failed", "Of the submissions that reached the scenario.", _scenarios(batch, entries)
        ),
        Chart(
            "Common misconceptions",
            "Submissions that fail the same scenarios in the same way as a kernel with this mistake. This is a hint, "
            "not a proof.",
            _misconceptions(entries),
        ),
        Chart("Broken rules", "Submissions, by task and the rule that is broken first.", _rules(batch, entries)),
    ]
    return [chart for chart in charts if chart.bars]


def spread(scores: Sequence[float], most: float) -> list[Bar]:
    """Return ranges with their lower end and without their upper one, except the last, which has both."""
    bars = []
    for low in range(0, int(most), WIDTH):
        high = min(low + WIDTH, most)
        last = high >= most
        count = sum(low <= p < high or (last and p >= high) for p in scores)
        bars.append(Bar(f"{low}-{points(high)}", count, len(scores)))
    return bars


def _tasks(batch: ClassResult, graded: Sequence[SubmissionEntry]) -> list[Bar]:
    bars = []
    for task in batch["tasks"]:
        own = {s["id"] for s in batch["scenarios"] if s["task"] == task["id"]}
        if own:
            full = sum(all(entry["verdicts"][id] == PASSED for id in own) for entry in graded)
            bars.append(Bar(f"{task['number']}. {task['title']}", full, len(graded)))
    return bars


def _scenarios(batch: ClassResult, entries: Sequence[SubmissionEntry]) -> list[Bar]:
    bars = []
    for scenario in batch["scenarios"]:
        verdicts = [entry["verdicts"][scenario["id"]] for entry in entries if not entry["refused"]]
        tried = [v for v in verdicts if v not in (NOT_IMPLEMENTED, WAITING, UNGRADABLE)]
        failed = sum(verdict != PASSED for verdict in tried)
        mark = " (hidden)" if scenario["visibility"] == "hidden" else ""
        if failed:
            bars.append(Bar(f"{scenario['id']}{mark}", failed, len(tried), scenario["title"]))
    return sorted(bars, key=lambda bar: (-bar.share, -bar.number, bar.name))


def _misconceptions(entries: Sequence[SubmissionEntry]) -> list[Bar]:
    """Return what kernels behave like, and whose do. Misconceptions that look the same share a row."""
    who: dict[str, list[str]] = {}
    for entry in entries:
        if entry["misconceptions"]:
            who.setdefault(", or one that ".join(entry["misconceptions"].values()), []).append(entry["id"])
    bars = [Bar(f"a kernel that {beliefs}", len(ids), len(entries), few(ids)) for beliefs, ids in who.items()]
    return sorted(bars, key=lambda bar: (-bar.number, bar.name))


def _rules(batch: ClassResult, entries: Sequence[SubmissionEntry]) -> list[Bar]:
    """Return the rules by which scenarios differ first, by task; a submission counts once in each row."""
    titles = {task["id"]: f"{task['number']}. {task['title']}" for task in batch["tasks"]}
    places = {scenario["id"]: scenario["task"] for scenario in batch["scenarios"]}
    counts: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        counts.update({(f"{titles[places[id]]}: {rule}", ABOUT[rule]) for id, rule in entry["rules"].items()})
    bars = [Bar(name, count, len(entries), about) for (name, about), count in counts.items()]
    return sorted(bars, key=lambda bar: (-bar.number, bar.name))


def first_differences(batch: ClassResult, entries: Sequence[SubmissionEntry]) -> list[Difference]:
    """Return the most common first differences, with the wording that most of their submissions have."""
    public = {one["id"]: one["title"] for one in batch["scenarios"] if one["visibility"] == "public"}
    found: dict[tuple[str, int, str], Counter[tuple[str, str]]] = {}
    for entry in entries:
        first = entry["first"]
        if first is not None and first["scenario"] in public:
            words = found.setdefault((first["scenario"], first["step"], first["rule"]), Counter())
            words[first["expected"], first["yours"]] += 1
    common = sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))[:PICTURES]
    return [
        Difference(id, public[id], step, rule, *_most(words), _bar(f"{id}, {when(step, rule)}", words, entries))
        for (id, step, rule), words in common
    ]


def _bar(name: str, counted: Counter[tuple[str, str]], entries: Sequence[SubmissionEntry]) -> Bar:
    return Bar(name, counted.total(), len(entries))


def _most(words: Counter[tuple[str, str]]) -> tuple[str, str]:
    return min(words, key=lambda pair: (-words[pair], pair))


# -- quiz -------------------------------------------------------------------------------------------------------------


def question(one: QuestionStatistics, sheets: int) -> Question:
    """Return a question with its figures in words."""
    r = one["discrimination"]
    wrong = [": ".join([f"{w['count']} x {w['answer']}", *([w["why"]] if w["why"] else [])]) for w in one["wrong"]]
    return Question(Bar(one["id"], one["right"], sheets), "undefined" if r is None else f"{r:+.2f}", wrong)


def quiz_about(sheets: int) -> str:
    """Return what the figures of the quiz mean."""
    return (
        f"{number_of(sheets, 'sheet')} with at least one answer. Right: sheets with all points of a question. "
        "Discrimination: the corrected point-biserial correlation of a question with the rest of the quiz, from -1 to "
        "+1. Below +0.20, strong and weak sheets answer the question alike; below 0 its key may be wrong. It is "
        f"undefined for fewer than {ENOUGH} sheets, or where all have equal points."
    )
