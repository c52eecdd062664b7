"""Builds a Result from graded scenarios and a marked quiz: verdicts, points by task, a receipt.

Points are exact fractions inside and are rounded to two decimals when they enter the result.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cached_property

from grader import __version__
from grader.escape import printable
from grader.grade.attempt import Attempt, fits_hint
from grader.grade.diagnosis import Likeness, Mistake, in_words, likeness
from grader.grade.graded import OUTPUT_LIMIT, Graded
from grader.grade.held import held_of, message_of
from grader.grade.hidden import Outcome, Summary, summarize
from grader.grade.receipt import lab_hash, receipt
from grader.grade.result import Result, ScenarioResult, TaskResult, TwinResult
from grader.grade.verdicts import NEVER_WAITING, PASSED, UNGRADABLE, WAITING
from grader.lab.feedback import NOTHING
from grader.lab.lab import QUIZ_TASK, Lab, Task
from grader.language import say
from grader.points import rounded
from grader.quiz.marks import QuizResult
from grader.sandbox.isolation import Isolation

FORMAT = 1


class ResultBuilder:
    """Builds the results of one submission, for students and for staff."""

    def __init__(
        self,
        lab: Lab,
        graded: list[Graded],
        quiz: QuizResult | None,
        only: str | None,
        hashes: dict[str, str] | None = None,
        remarks: Iterable[str] = (),
        mistakes: Sequence[Mistake] | None = None,
    ) -> None:
        """Take what results are built from.

        hashes   id -> hash of every scenario, where they are known already, as in a batch
        remarks  the remarks of intake on the submission's files
        mistakes the lab's fingerprints, where they are known already
        """
        self.lab = lab
        self.hashes = hashes or {scenario.id: scenario.hash for scenario in lab.all_scenarios}
        self.graded = graded
        self.quiz = quiz
        self.only = only
        self.remarks = list(remarks)
        self.mistakes = mistakes
        self.unfinished = {g.scenario.task for g in graded if not g.hidden and g.attempt.verdict != PASSED}

    def build(
        self, submission: str, digest: str, isolation: Isolation, audience: str, now: float | None = None
    ) -> Result:
        """Return the result. `audience` is `student` (hidden scenarios as hidden_feedback allows) or `staff`.

        now: seconds since 1970, to compare with a date of hidden_feedback (default: the clock's)
        """
        kind = "" if audience == "staff" else self.lab.feedback.at(time.time() if now is None else now)
        summaries = self._summaries(kind) if kind else None
        points = {task.id: self._task_points(task, summaries) for task in self.lab.tasks if self._concerns(task)}
        scenarios = [self._scenario(g, audience) for g in self.graded if not (g.hidden and kind)]
        scenarios += [_summary_entry(n, task, told) for n, (task, told) in enumerate((summaries or {}).items(), 1)]
        tasks = [self._task(task, *points[task.id]) for task in self.lab.tasks if task.id in points]
        # If students learn nothing about hidden scenarios, the exit status must not depend on them either.
        judged = [g for g in self.graded if not (g.hidden and kind == NOTHING)]
        ungradable = any(g.attempt.verdict == UNGRADABLE or self._twin_decides(g, UNGRADABLE) for g in judged)
        result: Result = {
            "format": FORMAT,
            "version": __version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "lab": self.lab.name,
            "title": self.lab.title,
            "lab_hash": lab_hash(self.lab, audience, self.hashes),
            "submission": printable(submission),
            "points": rounded(sum((earned for earned, _ in points.values()), Fraction(0))),
            "max_points": rounded(sum((most for _, most in points.values()), Fraction(0))),
            "complete": not ungradable,
            "isolation": isolation,
            "hidden": {"count": self._hidden_count(), "points": rounded(self.lab.hidden_points())},
            "tasks": tasks,
            "scenarios": scenarios,
            "receipt": "",
        }
        if kind and any(g.hidden for g in self.graded):
            result["hidden"]["feedback"] = kind
            if kind == NOTHING:
                result["hidden"]["after"] = printable(self.lab.feedback.after)
        if self.only is not None:
            result["only"] = printable(self.only)
        if self.quiz is not None:
            result["quiz"] = self.quiz
        if self.remarks:
            result["remarks"] = [printable(remark) for remark in self.remarks]
        result["receipt"] = receipt(self.lab, digest, result, self.hashes)
        return result

    def _hidden_count(self) -> int:
        if self.lab.released is not None:
            return sum(len(weights) for weights in self.lab.released.values())
        return len(self.lab.hidden)

    def _summaries(self, kind: str) -> dict[str, Summary]:
        """Return what students learn about the hidden scenarios, by task, in the lab's order."""
        if kind == NOTHING:
            return {}
        complete = not any(g.hidden and g.attempt.verdict == UNGRADABLE for g in self.graded)
        summaries = {}
        for task in self.lab.tasks:
            public, hidden = (
                [self._outcome(g) for g in self.graded if g.scenario.task == task.id and g.hidden is secret]
                for secret in (False, True)
            )
            if hidden:
                summaries[task.id] = summarize(public, hidden, kind, bool(self._awaited(task.id)), complete)
        return summaries

    def _outcome(self, graded: Graded) -> Outcome:
        divergence = graded.attempt.divergence
        return Outcome(self._verdict(graded), divergence.rule if divergence else "", graded.worth)

    def _verdict(self, graded: Graded) -> str:
        verdict = graded.attempt.verdict
        if verdict in NEVER_WAITING or not self._awaited(graded.scenario.task):
            return verdict
        return WAITING

    def _twin_decides(self, graded: Graded, verdict: str) -> bool:
        """Return True if the scenario's twin has this verdict, in a lab where points follow the twin."""
        return self.lab.twins == "decide" and graded.twin is not None and graded.twin.verdict == verdict

    def _earned(self, graded: Graded) -> Fraction:
        """Return the points that a scenario earns."""
        if self._verdict(graded) != PASSED:
            return Fraction(0)
        if self.lab.twins == "decide" and graded.twin is not None and graded.twin.verdict != PASSED:
            return Fraction(0)
        return graded.worth

    def _awaited(self, task: str) -> list[Task]:
        """Return the tasks that this one needs and that have not passed."""
        return [self.lab.task(need) for need in self.lab.task(task).needs if need in self.unfinished]

    def _scenario(self, graded: Graded, audience: str) -> ScenarioResult:
        verdict = self._verdict(graded)
        scenario, attempt = graded.scenario, graded.attempt
        entry: ScenarioResult = {
            "id": scenario.id,
            "task": scenario.task,
            "visibility": "hidden" if graded.hidden else "public",
            "verdict": verdict,
            "points": rounded(self._earned(graded)),
            "max_points": rounded(graded.worth),
            "message": "",
        }
        entry["title"] = scenario.title
        if verdict == WAITING and not self._awaited(scenario.task):
            return {**entry, "message": printable(message_of(attempt))}
        if verdict == WAITING:
            needs = say(" and ").join(say("task {number}", number=task.number) for task in self._awaited(scenario.task))
            return {**entry, "message": say("waits until {tasks} passes", tasks=needs)}
        entry["message"] = printable(attempt.message)
        if graded.twin is not None and audience == "staff":
            entry["twin"] = _twin(graded.twin, graded.differs)
        if verdict != PASSED:
            entry["details"] = [printable(line) for line in attempt.lines]
            if scenario.hint and fits_hint(attempt):
                entry["hint"] = scenario.hint
        if verdict != PASSED and attempt.sign and not graded.hidden and self.diagnosis:
            entry["diagnosis"] = self.diagnosis
        if attempt.divergence is not None:
            d = attempt.divergence
            entry["divergence"] = {"step": d.step, "rule": d.rule, "expected": d.expected, "yours": d.yours}
        if graded.printed.text:
            text = graded.printed.text[:OUTPUT_LIMIT]
            entry["output"] = "\n".join(printable(line) for line in text.splitlines())
            entry["output_truncated"] = graded.printed.truncated or len(graded.printed.text) > OUTPUT_LIMIT
        return entry

    @cached_property
    def diagnosis(self) -> str:
        """Return a sentence on the misconception that the public scenarios look like; "" if there is none."""
        return in_words(self.lab, self.likeness) if self.likeness is not None else ""

    @cached_property
    def likeness(self) -> Likeness | None:
        """Return the misconceptions that the public scenarios look like; None if there are none to name."""
        return likeness(self.lab, ((g.scenario, g.attempt) for g in self.graded if not g.hidden), self.mistakes)

    def _concerns(self, task: Task) -> bool:
        """Return True unless --only left out every scenario of the task, or the quiz."""
        if self.only is None:
            return True
        if task.id == QUIZ_TASK:
            return self.quiz is not None
        return any(g.scenario.task == task.id for g in self.graded)

    def _task_points(self, task: Task, summaries: dict[str, Summary] | None) -> tuple[Fraction, Fraction]:
        """Return the earned points and the maximum here: in a released lab hidden scenarios count only in the course.

        summaries: what a student learns, which decides the hidden points that are shown; None for exact points
        """
        if task.id == QUIZ_TASK and self.quiz is not None:
            top = Fraction(str(self.quiz["max_points"])) or Fraction(1)
            return task.points * Fraction(str(self.quiz["points"])) / top, task.points
        own = [g for g in self.graded if g.scenario.task == task.id and not (g.hidden and summaries is not None)]
        earned = sum(map(self._earned, own), Fraction(0))
        most = sum((g.worth for g in own), Fraction(0))
        if summaries and task.id in summaries:
            return earned + summaries[task.id].earned, most + summaries[task.id].most
        return earned, most

    def _task(self, task: Task, earned: Fraction, most: Fraction) -> TaskResult:
        entry: TaskResult = {
            "id": task.id,
            "number": task.number,
            "title": task.title,
            "points": rounded(earned),
            "max_points": rounded(most),
        }
        waiting = [t.id for t in self._awaited(task.id)]
        if waiting and earned < most:
            entry["waits_for"] = waiting
        held = None if waiting else held_of(self._held(task))
        if held is not None:
            entry["held"] = held
        return entry

    def _held(self, task: Task) -> list[Attempt]:
        """Return the attempts at public scenarios of a task that are held back because of a limit."""
        own = (g.attempt for g in self.graded if g.scenario.task == task.id and not g.hidden)
        return [attempt for attempt in own if attempt.verdict == WAITING]


def _twin(attempt: Attempt, differs: tuple[str, ...]) -> TwinResult:
    """Return what staff see of a twin: its verdict, and how it differs from the scenario."""
    twin: TwinResult = {"verdict": attempt.verdict, "differs": list(differs)}
    if attempt.verdict != PASSED:
        twin["message"] = printable(attempt.message)
    return twin


def _summary_entry(number: int, task: str, told: Summary) -> ScenarioResult:
    """Return the one entry that stands for all hidden scenarios of a task in a student's result."""
    return {
        "id": f"hidden-{number}",
        "task": task,
        "visibility": "hidden",
        "verdict": told.verdict,
        "points": rounded(told.earned),
        "max_points": rounded(told.most),
        "message": told.message,
    }


def exit_status(result: Result) -> int:
    """Return 0 if all points that could be earned here were earned, 1 if not, 3 if something could not be graded."""
    if not result["complete"]:
        return 3
    return 0 if result["points"] == result["max_points"] else 1
