"""The results of a class, the content of results.json: the type that batches, gradebooks and the class report share.

class.schema.json is its JSON Schema, and a test holds the two together. Points are numbers rounded to two decimals,
whole numbers as integers.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import NotRequired, TypedDict

from grader.grade.result import TwinResult
from grader.quiz.statistics import QuizStatistics

SCHEMA = pathlib.Path(__file__).with_name("class.schema.json")


class Person(TypedDict):
    """Somebody who handed in.

    named    the label is a name that the roster knows
    by_name  only the name connects this person with the roster, whose other keys are therefore no surer than the name
    """

    label: str
    email: str
    number: str
    login: NotRequired[str]
    github: NotRequired[str]
    named: NotRequired[bool]
    by_name: NotRequired[bool]


class Adjustment(TypedDict):
    """Points that a late policy or a person changed. what: `late`, `total`, a task or a scenario.

    days and dated_by: only of what the late policy changed: how many days, and where the time is from
    """

    what: str
    before: float
    after: float
    comment: str
    hidden: bool
    days: NotRequired[int]
    dated_by: NotRequired[str]


def is_late(change: Mapping[str, object]) -> bool:
    """Return True for what the late policy changed. A task may be called `late`, so the name does not tell."""
    return "days" in change


class FirstDifference(TypedDict):
    """Says where a kernel first differs from the reference, in the lab's order of public scenarios."""

    scenario: str
    step: int
    rule: str
    expected: str
    yours: str


class OwnScenarios(TypedDict):
    """Holds what a student's own scenarios achieve: points of their own, and the misconceptions that they catch."""

    points: float
    max_points: float
    scenarios: int
    valid: int
    caught: int
    misconceptions: int


class Verified(TypedDict):
    """Says what `--verify` found of a kernel. differs: True if a scenario of a small world shows a difference."""

    differs: bool
    line: str


class SubmissionEntry(Person):
    """One submission of the class.

    decide           why a person must decide whose it is; "" if nobody must
    extension        days by which the late policy puts this student's due time off
    dated_by         `commit` if `submitted` is the date of a commit, which its author can choose; else ""
    time_doubt       why the time of submission cannot count; "" if it can, or if there is none
    late_undecided   present where nothing could be taken off: it is marked as late without a time, its time cannot
                     count, or its extension may be another student's
    late_decided     present once an override of the total has decided about such a submission
    graded_points    points before late policy and overrides
    sheet_problems   what is wrong with the quiz sheet as a whole, one line each
    sheet_doubt      why a person must look at the quiz sheet (quiz/marks.py); "" if nobody must
    sheet_decided    present once an override has decided about such a sheet
    remark           "" or why nobody's own work is in it: the stub, an empty file
    same_kernel_as   the first submission with the same bytes; "" if this is the first
    not_graded       why a scenario could not be graded; "" if all could
    does_not_load    why the kernel could not be imported or constructed; "" if it could
    ends_itself      how the kernel ended its own process; "" if it did not
    first            None if it agrees everywhere, or if it never got as far as a difference
    misconceptions   misconceptions it behaves like: flag -> what such a kernel does
    mine             what the student's own scenarios achieve, if there are any
    verified         what verification found, if it was asked for
    twins            twins that it does not pass although it passes the scenario
    """

    id: str
    system: str
    user: str
    digest: str
    others: list[Person]
    late: bool
    submitted: str
    dated_by: str
    time_doubt: str
    extension: float
    late_undecided: NotRequired[bool]
    late_decided: NotRequired[bool]
    doubt: str
    decide: str
    points: float
    max_points: float
    graded_points: float
    complete: bool
    receipt: str
    adjustments: list[Adjustment]
    refused: str
    unreadable: str
    remarks: list[str]
    sheet_problems: list[str]
    sheet_doubt: str
    sheet_decided: NotRequired[bool]
    remark: str
    same_kernel_as: str
    not_graded: str
    does_not_load: str
    ends_itself: str
    tasks: dict[str, float]
    verdicts: dict[str, str]
    scenario_points: dict[str, float]
    twins: dict[str, TwinResult]
    rules: dict[str, str]
    first: FirstDifference | None
    misconceptions: dict[str, str]
    mine: NotRequired[OwnScenarios]
    verified: NotRequired[Verified]


def lateness_is_open(entry: Mapping[str, object]) -> bool:
    """Return True if a person must still decide how late a submission is."""
    return "late_undecided" in entry and "late_decided" not in entry


#: Why nobody knows how late a submission is whose time is known.
UNCLEAR = "its extension may be another student's"


def lateness_doubt(entry: Mapping[str, object]) -> str:
    """Return why only a person can say how late a submission is that has `late_undecided`."""
    return str(
        entry["time_doubt"] or (UNCLEAR if entry["submitted"] else "the download marks it as late without a time")
    )


class ClassTask(TypedDict):
    """A task of the lab."""

    id: str
    number: int
    title: str


class ClassScenario(TypedDict):
    """A scenario of the lab. visibility: `public` or `hidden`."""

    id: str
    task: str
    title: str
    visibility: str


class AlikeGroup(TypedDict):
    """Submissions whose kernels are connected by likeness; `first` and `second` are those most alike."""

    submissions: list[str]
    first: str
    second: str
    share: float


class Alike(TypedDict):
    """Says which kernels are alike. compared: how many different ones had enough structure to be compared."""

    compared: int
    groups: list[AlikeGroup]


class ClassResult(TypedDict):
    """A graded class. quiz: None if the lab has none."""

    format: int
    lab: str
    title: str
    tasks: list[ClassTask]
    scenarios: list[ClassScenario]
    submissions: list[SubmissionEntry]
    quiz: QuizStatistics | None
    similarity: Alike
