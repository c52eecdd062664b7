"""A submission and a lab -> a result: verdicts, points by task, quiz marks, a receipt.

The result is the plain dict that `--format json` prints (grader/report/result.schema.json); every report is made from
it. Points are exact fractions inside and are rounded to two decimals when they enter the result.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

from grader import __version__
from grader.compare.explain import ABOUT
from grader.grade.attempt import Attempt, attempt_each
from grader.grade.diagnosis import Likeness, in_words, likeness
from grader.grade.runners import Printed
from grader.grade.verdicts import MEANINGS, NEVER_WAITING, PASSED, UNGRADABLE, WAITING
from grader.lab.lab import QUIZ_TASK, Lab, LabError, Task
from grader.lab.recordings import Output, load_output
from grader.scenario.model import Scenario
from grader.scenario.trace import Trace
from grader.text import plain

FORMAT = 1

#: Characters of a kernel's prints that a result keeps for one scenario.
OUTPUT_LIMIT = 4000

Attempting = Callable[[Scenario, Trace], Attempt]


class Graded(NamedTuple):
    """One scenario's part of a grade."""

    scenario: Scenario
    hidden: bool
    attempt: Attempt
    printed: Printed
    worth: Fraction


def choose(lab: Lab, only: str | None) -> tuple[list[Scenario], list[Scenario]]:
    """Public and hidden scenarios whose id, or task, matches a pattern. LabError if there is none."""
    if only is None:
        return list(lab.scenarios), list(lab.hidden)

    def fits(scenario: Scenario) -> bool:
        return fnmatch.fnmatchcase(scenario.id, only) or scenario.task == only

    public, hidden = list(filter(fits, lab.scenarios)), list(filter(fits, lab.hidden))
    if not public and not hidden:
        import difflib

        close = difflib.get_close_matches(only, [s.id for s in lab.scenarios], n=3)
        near = f"; did you mean {' or '.join(close)}?" if close else "; `grader list` shows what there is"
        raise LabError([f"{lab.name}: no scenario matches {only!r}{near}"])
    return public, hidden


def load_outputs(lab: Lab, scenarios: Iterable[Scenario]) -> dict[str, Output]:
    """The recorded outputs of scenarios, by id. LabError with all that are missing or stale."""
    outputs, problems = {}, []
    for scenario in scenarios:
        try:
            outputs[scenario.id] = load_output(lab, scenario)
        except LabError as error:
            problems += error.problems
    if problems:
        raise LabError(problems)
    return outputs


def grade_scenarios(
    lab: Lab,
    scenarios: Iterable[Scenario],
    outputs: dict[str, Output],
    attempt: Attempting,
    printed: Callable[[], Printed] = Printed,
    progress: Callable[[Scenario], None] = lambda scenario: None,
) -> list[Graded]:
    """Attempt scenarios one after another; what the kernel printed meanwhile is kept apart, scenario by scenario."""
    hidden = {scenario.id for scenario in lab.hidden}
    graded = []
    for scenario in scenarios:
        progress(scenario)
        result = attempt_each(scenario, outputs[scenario.id], attempt)
        graded.append(Graded(scenario, scenario.id in hidden, result, printed(), lab.share(scenario)))
    return graded


class Result:
    """Builds the result dict from graded scenarios and a marked quiz."""

    def __init__(
        self,
        lab: Lab,
        graded: list[Graded],
        quiz: dict[str, Any] | None,
        only: str | None,
        hashes: dict[str, str] | None = None,
        remarks: Iterable[str] = (),
    ) -> None:
        """Take what results are built from.

        hashes   id -> hash of every scenario, where they are known already, as in a batch
        remarks  what intake has to say of the submission's files
        """
        self.lab = lab
        self.hashes = hashes or {scenario.id: scenario.hash for scenario in lab.all_scenarios}
        self.graded = graded
        self.quiz = quiz
        self.only = only
        self.remarks = list(remarks)
        self.unfinished = {g.scenario.task for g in graded if not g.hidden and g.attempt.verdict != PASSED}

    def build(self, submission: str, digest: str, isolation: dict[str, Any], audience: str) -> dict[str, Any]:
        """The result. `audience` is `student` (hidden scenarios by number and verdict alone) or `staff`."""
        scenarios = [self._scenario(g, audience, n) for n, g in self._numbered(audience)]
        tasks = [self._task(task) for task in self.lab.tasks if self._concerns(task)]
        ungradable = any(g.attempt.verdict == UNGRADABLE for g in self.graded)
        result: dict[str, Any] = {
            "format": FORMAT,
            "version": __version__,
            "python": ".".join(map(str, sys.version_info[:3])),
            "lab": self.lab.name,
            "title": self.lab.title,
            "lab_hash": lab_hash(self.lab, audience, self.hashes),
            "submission": plain(submission),
            "points": rounded(sum((earned for earned, _ in self._points.values()), Fraction(0))),
            "max_points": rounded(sum((most for _, most in self._points.values()), Fraction(0))),
            "complete": not ungradable,
            "isolation": isolation,
            "hidden": {"count": self._hidden_count(), "points": rounded(self.lab.hidden_points())},
            "tasks": tasks,
            "scenarios": scenarios,
        }
        if self.only is not None:
            result["only"] = plain(self.only)
        if self.quiz is not None:
            result["quiz"] = self.quiz
        if self.remarks:
            result["remarks"] = [plain(remark) for remark in self.remarks]
        result["receipt"] = receipt(self.lab, digest, result, self.hashes)
        return result

    def _hidden_count(self) -> int:
        if self.lab.released is not None:
            return sum(len(weights) for weights in self.lab.released.values())
        return len(self.lab.hidden)

    def _numbered(self, audience: str) -> Iterable[tuple[int, Graded]]:
        """Graded scenarios, the hidden ones numbered from 1.

        For students a task's hidden ones stand in the order of what is told of them, so that their order tells nothing.
        """
        number = 0
        public = [g for g in self.graded if not g.hidden]
        hidden = [g for g in self.graded if g.hidden]
        if audience == "student":
            places = {task.id: task.number for task in self.lab.tasks}

            def shown(g: Graded) -> tuple[Any, ...]:
                verdict = self._verdict(g)
                return places[g.scenario.task], verdict, canned(verdict, g.attempt), g.worth

            hidden.sort(key=shown)
        for graded in public + hidden:
            number += graded.hidden
            yield number, graded

    def _verdict(self, graded: Graded) -> str:
        verdict = graded.attempt.verdict
        if verdict in NEVER_WAITING or not self._awaited(graded.scenario.task):
            return verdict
        return WAITING

    def _awaited(self, task: str) -> list[Task]:
        """The tasks that this one needs and that have not passed."""
        return [self.lab.task(need) for need in self.lab.task(task).needs if need in self.unfinished]

    def _scenario(self, graded: Graded, audience: str, number: int) -> dict[str, Any]:
        verdict = self._verdict(graded)
        scenario, attempt = graded.scenario, graded.attempt
        earned = graded.worth if verdict == PASSED else Fraction(0)
        entry: dict[str, Any] = {
            "id": scenario.id,
            "task": scenario.task,
            "visibility": "hidden" if graded.hidden else "public",
            "verdict": verdict,
            "points": rounded(earned),
            "max_points": rounded(graded.worth),
            "message": "",
        }
        if graded.hidden and audience == "student":
            return {**entry, "id": f"hidden-{number}", "message": canned(verdict, attempt)}
        entry["title"] = scenario.title
        if verdict == WAITING:
            needs = " and ".join(f"task {task.number}" for task in self._awaited(scenario.task))
            return {**entry, "message": f"waits until {needs} passes"}
        entry["message"] = plain(attempt.message)
        if verdict != PASSED:
            entry["details"] = [plain(line) for line in attempt.lines]
            if scenario.hint:
                entry["hint"] = scenario.hint
        if verdict != PASSED and attempt.sign and not graded.hidden and self.diagnosis:
            entry["diagnosis"] = self.diagnosis
        if attempt.divergence is not None:
            d = attempt.divergence
            entry["divergence"] = {"step": d.step, "rule": d.rule, "expected": d.expected, "yours": d.yours}
        if graded.printed.text:
            text = graded.printed.text[:OUTPUT_LIMIT]
            entry["output"] = "\n".join(plain(line) for line in text.splitlines())
            entry["output_truncated"] = graded.printed.truncated or len(graded.printed.text) > OUTPUT_LIMIT
        return entry

    @cached_property
    def diagnosis(self) -> str:
        """Which misconception the public scenarios look like, as a sentence; "" if none."""
        return in_words(self.lab, self.likeness) if self.likeness is not None else ""

    @cached_property
    def likeness(self) -> Likeness | None:
        """The misconceptions that the public scenarios look like; None if there are none to name."""
        return likeness(self.lab, ((g.scenario, g.attempt) for g in self.graded if not g.hidden))

    def _concerns(self, task: Task) -> bool:
        """With --only, tasks without a chosen scenario are left out."""
        if self.only is None:
            return True
        return any(g.scenario.task == task.id for g in self.graded)

    @cached_property
    def _points(self) -> dict[str, tuple[Fraction, Fraction]]:
        """Points earned, and points that can be earned here, by id of the task."""
        return {task.id: self._task_points(task) for task in self.lab.tasks if self._concerns(task)}

    def _task_points(self, task: Task) -> tuple[Fraction, Fraction]:
        """Earned, and what can be earned here: a released lab leaves the hidden scenarios' points to the course."""
        if task.id == QUIZ_TASK and self.quiz is not None:
            top = Fraction(str(self.quiz["max_points"])) or Fraction(1)
            return task.points * Fraction(str(self.quiz["points"])) / top, task.points
        own = [g for g in self.graded if g.scenario.task == task.id]
        earned = sum((g.worth for g in own if self._verdict(g) == PASSED), Fraction(0))
        return earned, sum((g.worth for g in own), Fraction(0))

    def _task(self, task: Task) -> dict[str, Any]:
        earned, most = self._points[task.id]
        entry = {
            "id": task.id,
            "number": task.number,
            "title": task.title,
            "points": rounded(earned),
            "max_points": rounded(most),
        }
        waiting = [t.id for t in self._awaited(task.id)]
        if waiting and earned < most:
            entry["waits_for"] = waiting
        return entry


def canned(verdict: str, attempt: Attempt) -> str:
    """What a student may know of a hidden scenario: the verdict and the rule, never steps, values or names."""
    if verdict == PASSED:
        return "passed"
    if attempt.divergence is not None and verdict != WAITING:
        rule = attempt.divergence.rule
        return f"differs in {rule}: {ABOUT[rule]}"
    return MEANINGS[verdict]


def rounded(points: Fraction) -> float | int:
    """Points as they are printed: at most two decimals, whole numbers whole."""
    value = round(float(points), 2)
    return int(value) if value == int(value) else value


def lab_hash(lab: Lab, audience: str = "staff", hashes: dict[str, str] | None = None) -> str:
    """sha256 of all of a lab that decides points: tasks, and scenarios with their weights.

    The student's one knows hidden scenarios by their weights alone: it is the same in a released lab.
    """
    hashes = hashes or {scenario.id: scenario.hash for scenario in lab.all_scenarios}
    tasks = [[t.id, str(t.points), list(t.needs)] for t in lab.tasks]
    if audience == "student":
        hidden: Any = {t.id: sorted(map(str, lab.hidden_weights(t.id))) for t in lab.tasks}
    else:
        hidden = [[s.id, hashes[s.id]] for s in lab.hidden]
    return _sha256({"tasks": tasks, "scenarios": [[s.id, hashes[s.id]] for s in lab.scenarios], "hidden": hidden})


def receipt(lab: Lab, digest: str, result: dict[str, Any], hashes: dict[str, str]) -> str:
    """sha256 of canonical JSON of lab, submission bytes, public scenarios' hashes, verdicts and points."""
    entries = [e for e in result["scenarios"] if e["visibility"] == "public"]
    chosen = {e["id"] for e in entries}
    return "sha256:" + _sha256(
        {
            "lab": lab.name,
            "submission": digest,
            "scenarios": {s.id: hashes[s.id] for s in lab.scenarios if s.id in chosen},
            "verdicts": {e["id"]: e["verdict"] for e in entries},
            "points": {e["id"]: e["points"] for e in entries},
        }
    )


def _sha256(value: Any) -> str:
    import hashlib
    import json

    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def exit_status(result: dict[str, Any]) -> int:
    """0 all points that could be earned here; 1 something is missing; 3 something could not be graded."""
    if not result["complete"]:
        return 3
    return 0 if result["points"] == result["max_points"] else 1
