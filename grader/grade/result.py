"""Defines Result, the result of grading one submission: the type that builders, reports, batches and tests share.

It is plain data, the very values that `--format json` prints; grader/report/result.schema.json is its JSON Schema, and
a test holds the two together. Points are numbers rounded to two decimals, whole numbers as integers.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from grader.quiz.marks import QuizResult
from grader.sandbox.isolation import Isolation


class HiddenResult(TypedDict):
    """The number of hidden scenarios of the lab, and their points."""

    count: int
    points: float
    feedback: NotRequired[str]  # a student's result: what lab.yaml's hidden_feedback allows at this moment
    after: NotRequired[str]  # the date before which nothing is shown


class HeldResult(TypedDict):
    """The public scenarios of a task that wait for methods to stay within their limits (grade/held.py)."""

    scenarios: int
    not_tried: int
    methods: list[str]


class TaskResult(TypedDict):
    """A task's points.

    waits_for  the tasks that have to pass first, where points are missing for that reason
    held       the scenarios that are held back because of a limit, if there are any and nothing else is waited for
    """

    id: str
    number: int
    title: str
    points: float
    max_points: float
    waits_for: NotRequired[list[str]]
    held: NotRequired[HeldResult]


class DivergenceResult(TypedDict):
    """The first difference from the reference."""

    step: int
    rule: str
    expected: str
    yours: str


class TwinResult(TypedDict):
    """The outcome of the disguised twin of a scenario that it passed; only staff see it."""

    verdict: str
    differs: list[str]
    message: NotRequired[str]


class ScenarioResult(TypedDict):
    """A scenario's verdict and points, and why. Hidden scenarios have only the first fields for students."""

    id: str
    task: str
    visibility: Literal["public", "hidden"]
    verdict: str
    points: float
    max_points: float
    message: str
    title: NotRequired[str]
    details: NotRequired[list[str]]
    hint: NotRequired[str]
    diagnosis: NotRequired[str]
    divergence: NotRequired[DivergenceResult]
    twin: NotRequired[TwinResult]
    output: NotRequired[str]
    output_truncated: NotRequired[bool]


class Result(TypedDict):
    """One graded submission."""

    format: int
    version: str
    python: str
    lab: str
    title: str
    lab_hash: str
    submission: str
    points: float
    max_points: float
    complete: bool
    isolation: Isolation
    hidden: HiddenResult
    tasks: list[TaskResult]
    scenarios: list[ScenarioResult]
    receipt: str
    only: NotRequired[str]
    quiz: NotRequired[QuizResult]
    remarks: NotRequired[list[str]]
