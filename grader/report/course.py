"""Work out what a whole class shows: the figures, lists and titles of the class report, for text and HTML alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from grader.grade.result import TwinResult
from grader.grade.verdicts import MEANINGS, PASSED, TAMPERED, UNGRADABLE
from grader.points import points
from grader.quiz.marks import UNREAD
from grader.report.class_result import (
    Adjustment,
    AlikeGroup,
    ClassResult,
    OwnScenarios,
    SubmissionEntry,
    is_late,
    lateness_doubt,
    lateness_is_open,
)
from grader.report.course_charts import (
    Bar,
    Chart,
    Difference,
    Question,
    charts,
    few,
    first_differences,
    question,
    quiz_about,
    spread,
)

#: Rows of each list that are shown at first.
ROWS = 15


class Row(NamedTuple):
    """A row of a list: a submission, and why it is there."""

    id: str
    why: str


class Listing(NamedTuple):
    """A list of submissions. It is shown only if it has rows.

    warn  True if somebody has to act on it
    link  a page that has more, below the output folder; "" if none has
    """

    title: str
    about: str
    rows: list[Row]
    warn: bool = True
    link: str = ""


class Course(NamedTuple):
    """The class report.

    open         submissions that are not graded in full; shown before everything else
    lists        what else staff should look at, most urgent first
    spread       how many submissions have how many points
    charts       tasks, scenarios, misconceptions and broken rules, by how many submissions
    differences  the most common first differences
    quiz         the questions of the quiz, with `quiz_about` to explain the figures
    submissions  all submissions: id, points or "", what staff should look at
    names        id -> name, where the id does not already say it
    """

    title: str
    number: int
    mean: float
    median: float
    most: float
    open: Listing
    lists: list[Listing]
    spread: list[Bar]
    charts: list[Chart]
    differences: list[Difference]
    quiz: list[Question]
    quiz_about: str
    submissions: list[tuple[str, str, str]]
    names: dict[str, str]

    def listing(self, title: str) -> list[Row]:
        """Return the rows of a list by its title."""
        return next(one.rows for one in (self.open, *self.lists) if one.title == title)


#: Titles that both reports use for parts that are not lists or charts.
DIFFERENCES = "Most common first differences"
DIFFERENCES_ABOUT = (
    "Each submission counts once, in the first public scenario (in the lab's order) in which it differs from the "
    "reference. The picture is the state that the reference has after that step, or after the last one."
)
QUIZ = "Quiz"
SPREAD = "Points"
SPREAD_ABOUT = "Submissions by points. A column includes its lower end; only the last one includes its upper end."


def course(batch: ClassResult) -> Course:
    """Return the figures of a class. Points of submissions that are not graded in full do not count."""
    entries = batch["submissions"]
    graded = [entry for entry in entries if entry["complete"]]
    scores = sorted(entry["points"] for entry in graded)
    most = max((entry["max_points"] for entry in entries), default=100)
    names = {entry["id"]: _names(entry) for entry in entries if _names(entry) != entry["id"]}
    quiz = batch["quiz"]
    return Course(
        title=f"{batch['lab']}: {batch['title']}",
        number=len(entries),
        mean=sum(scores) / len(scores) if scores else 0.0,
        median=(scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2 if scores else 0.0,
        most=most,
        open=_open_ones(entries),
        lists=[
            *_attention(entries),
            *_verified(entries),
            *_shared(batch, entries, names),
            _untouched(entries),
            *_own(entries),
        ],
        spread=spread(scores, most),
        charts=charts(batch, entries, graded),
        differences=first_differences(batch, entries),
        quiz=[question(one, quiz["sheets"]) for one in quiz["questions"]] if quiz is not None else [],
        quiz_about=quiz_about(quiz["sheets"]) if quiz is not None else "",
        submissions=[(e["id"], points(e["points"]) if e["complete"] else "", note(e)) for e in entries],
        names=names,
    )


def _names(entry: SubmissionEntry) -> str:
    """Return the names of whoever handed a submission in."""
    labels = [entry["label"], *(person["label"] for person in entry["others"])]
    return ", ".join(label for label in labels if label) or entry["id"]


def note(entry: SubmissionEntry) -> str:
    """Return what staff should look at, in a few words; "" if nothing."""
    notes = []
    if entry["decide"]:
        notes.append(f"decide by hand: {entry['decide']}")
    if entry["refused"]:
        notes.append(f"refused: {entry['refused']}")
    if entry["remark"]:
        notes.append(entry["remark"])
    notes += entry["remarks"]
    if entry["sheet_problems"]:
        notes.append(f"quiz sheet{' not read' if entry['sheet_doubt'] == UNREAD else ''}: {_sheet(entry)}")
    if entry["late"]:
        notes.append("late")
    if entry["extension"]:
        notes.append(f"extension of {points(entry['extension'])} {'day' if entry['extension'] == 1 else 'days'}")
    notes += [_changed(one) for one in entry["adjustments"]]
    if entry["unreadable"]:
        notes.append(f"{entry['unreadable']}: make it readable and run the batch again")
    elif not entry["complete"]:
        reason = f": {entry['not_graded']}" if entry["not_graded"] else ""
        notes.append(f"not everything could be graded, run the batch again{reason}")
    if entry["does_not_load"]:
        notes.append(f"does not load: {entry['does_not_load']}")
    if TAMPERED in entry["verdicts"].values():
        notes.append(MEANINGS[TAMPERED])
    if entry["twins"]:
        notes.append(f"passes {_scenarios_of(entry['twins'])} but not the twin")
    if "verified" in entry and _differs_unseen(entry):
        notes.append(f"passes every scenario, but is not right: {entry['verified']['line']}")
    if entry["same_kernel_as"]:
        notes.append(f"the same kernel as {entry['same_kernel_as']}")
    return "; ".join(notes)


def _changed(one: Adjustment) -> str:
    """Return what a late policy or a person changed, in a few words."""
    both = f"{points(one['before'])} -> {points(one['after'])}"
    if is_late(one):
        return f"{one['comment']}: {both}"
    comment = f" ({one['comment']})" if one["comment"] else ""
    return f"{one['what']}: {both} by the course{comment}"


# -- lists ------------------------------------------------------------------------------------------------------------


def _open_ones(entries: Sequence[SubmissionEntry]) -> Listing:
    """Return the submissions that are not graded in full."""
    rows = [Row(entry["id"], _open(entry)) for entry in entries if not entry["complete"]]
    return Listing("Not graded in full", "A fault of this machine, which costs no points. Run the batch again.", rows)


def _attention(entries: Sequence[SubmissionEntry]) -> list[Listing]:
    """Return what staff should look at in single submissions."""
    return [
        Listing(
            "Decide whose these are",
            "Two submissions claim one person. No gradebook has their points.",
            [Row(entry["id"], entry["decide"]) for entry in entries if entry["decide"]],
        ),
        Listing(
            "Decide about these quiz sheets",
            "They cannot be read, or answer another quiz or another variant than the student's own. They are marked as "
            "they are. A corrected sheet or --overrides changes that.",
            [Row(entry["id"], f"{entry['sheet_doubt']}: {_sheet(entry)}") for entry in entries if sheet_is_open(entry)],
        ),
        Listing(
            "Decide how late these are",
            "Nothing was taken off. A line for the total in --overrides decides, even one with the same points.",
            [Row(entry["id"], lateness_doubt(entry)) for entry in entries if lateness_is_open(entry)],
        ),
        Listing(
            "Refused by intake",
            "No kernel was run. Only the quiz and own scenarios count until they are handed in again.",
            [Row(entry["id"], entry["refused"]) for entry in entries if entry["refused"]],
        ),
        Listing(
            "Kernels that do not load",
            "They cannot be imported or constructed, so every scenario fails for this one reason.",
            [Row(entry["id"], entry["does_not_load"]) for entry in entries if entry["does_not_load"]],
        ),
        Listing(
            "Kernels that end their own process",
            "The first scenario in which that happens.",
            [Row(entry["id"], entry["ends_itself"]) for entry in entries if entry["ends_itself"]],
        ),
        Listing(
            "Sent what no kernel can have done",
            "No kernel does this by accident.",
            [Row(entry["id"], _tampered(entry)) for entry in entries if TAMPERED in entry["verdicts"].values()],
        ),
        Listing(
            "Pass a scenario, but not its disguised twin",
            "The twin is the same scenario with other addresses, processes, frames and bytes.",
            [Row(entry["id"], _twins(entry["twins"])) for entry in entries if entry["twins"]],
        ),
        Listing(
            "Late",
            "The time of submission, where the download has it.",
            [Row(entry["id"], _late(entry)) for entry in entries if entry["late"]],
            warn=False,
        ),
    ]


def _verified(entries: Sequence[SubmissionEntry]) -> list[Listing]:
    """Return the kernels that pass every scenario and differ in a small world; no list if nothing was verified."""
    if not any("verified" in entry for entry in entries):
        return []
    rows = [Row(e["id"], e["verified"]["line"]) for e in entries if "verified" in e and _differs_unseen(e)]
    about = "Their points are those of the scenarios. `grader verify` shows the shortest scenario with a difference."
    return [Listing("Pass every scenario, but differ in a small world", about, rows)]


def _differs_unseen(entry: SubmissionEntry) -> bool:
    return "verified" in entry and entry["verified"]["differs"] and all(v == PASSED for v in entry["verdicts"].values())


def _own(entries: Sequence[SubmissionEntry]) -> list[Listing]:
    """Return the points of students' own scenarios; no list if nobody wrote any."""
    rows = [Row(entry["id"], _own_points(entry["mine"])) for entry in entries if "mine" in entry]
    about = "Scenarios that students wrote. Their points are not among the points of the lab."
    return [Listing("Own scenarios", about, rows, warn=False)] if rows else []


def _own_points(mine: OwnScenarios) -> str:
    """Return what a student's own scenarios achieve, in a few words."""
    earned = f"{points(mine['points'])} of {points(mine['max_points'])} points"
    found = f"{earned}: {mine['valid']} of {mine['scenarios']} valid"
    return f"{found}, they catch {mine['caught']} of {mine['misconceptions']} misconceptions"


def _shared(batch: ClassResult, entries: Sequence[SubmissionEntry], names: dict[str, str]) -> list[Listing]:
    """Return the groups of submissions that share a kernel, or much of one."""
    same: dict[str, list[str]] = {}
    for entry in entries:
        if entry["same_kernel_as"]:
            same.setdefault(entry["same_kernel_as"], []).append(entry["id"])
    return [
        Listing(
            "Same kernel, byte for byte",
            "Groups of submissions, one per row.",
            [Row(first, _called(others, names)) for first, others in same.items()],
            warn=False,
        ),
        Listing(
            "Similar kernels",
            "Groups of submissions, one per row, whose kernels share an unusual part of their structure. Read both "
            "texts before you decide anything.",
            [_alike(group, names) for group in batch["similarity"]["groups"]],
            warn=False,
            link="similarity.html",
        ),
    ]


def _alike(group: AlikeGroup, names: dict[str, str]) -> Row:
    others = [id for id in group["submissions"] if id != group["first"]]
    others.sort(key=lambda id: id != group["second"])
    return Row(group["first"], f"{group['share']:.0%} like {_called(others, names)}")


def _untouched(entries: Sequence[SubmissionEntry]) -> Listing:
    rows = [Row(entry["id"], entry["remark"]) for entry in entries if entry["remark"]]
    return Listing("Unmodified stub or empty file", "Nothing to grade was handed in.", rows, warn=False)


def _called(ids: Sequence[str], names: dict[str, str]) -> str:
    """Return the first few submissions with their names, and how many more there are."""
    return few([f"{id} ({names[id]})" if id in names else id for id in ids])


def sheet_is_open(entry: SubmissionEntry) -> bool:
    """Return True if a person must still decide about a quiz sheet."""
    return bool(entry["sheet_doubt"]) and "sheet_decided" not in entry


def _sheet(entry: SubmissionEntry) -> str:
    return "; ".join(entry["sheet_problems"])


def _tampered(entry: SubmissionEntry) -> str:
    return few([id for id, verdict in entry["verdicts"].items() if verdict == TAMPERED])


def _late(entry: SubmissionEntry) -> str:
    """Return when a late submission was handed in, and what the late policy changed."""
    changed = [_changed(one) for one in entry["adjustments"] if is_late(one)]
    return "; ".join([entry["submitted"] or "the time is not known", *changed])


def _scenarios_of(twins: dict[str, TwinResult]) -> str:
    return few(list(twins))


def _twins(twins: dict[str, TwinResult]) -> str:
    """Return which twins a submission does not pass, and how the first of them differs from its scenario."""
    first = next(iter(twins.values()))
    return f"{_scenarios_of(twins)} (in the first twin {'; '.join(first['differs'])})"


def _open(entry: SubmissionEntry) -> str:
    if entry["unreadable"]:
        return f"{entry['unreadable']}; make it readable and run the batch again"
    ungradable = sum(verdict == UNGRADABLE for verdict in entry["verdicts"].values())
    reason = f": {entry['not_graded']}" if entry["not_graded"] else ""
    return f"{ungradable} of {len(entry['verdicts'])} scenarios could not be graded; run the batch again{reason}"
