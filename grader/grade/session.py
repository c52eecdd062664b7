"""One submission against a whole lab: what `grader run` and each task of a batch do in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from grader.grade.attempt import Attempt, attempt_each
from grader.grade.results import Attempting, Graded, grade_scenarios
from grader.grade.runners import LocalRunner, Printed, SandboxRunner
from grader.grade.submission import Submission
from grader.grade.twins import Twin
from grader.grade.verdicts import PASSED, REFUSED
from grader.lab.lab import Lab
from grader.lab.recordings import Recording
from grader.scenario.model import Scenario

if TYPE_CHECKING:
    from grader.protocol.messages import AnswerCache
    from grader.quiz.marks import QuizResult


class Runner(NamedTuple):
    """How scenarios are attempted, where a kernel's prints come from, and what happens before the hidden ones."""

    attempt: Attempting
    printed: Callable[[], Printed] = Printed
    between: Callable[[], None] = lambda: None


def runner_of(subject: Submission, box: Any, known: AnswerCache | None = None) -> Runner:
    """The means to grade a subject; `box` may be None for one that needs none (refused, or trusted).

    known: what other subjects have shown of this lab's scenarios; attempts that come from there have no records
    """
    if subject.refused:
        refused = Attempt(REFUSED, subject.refused, (subject.refused,))
        return Runner(lambda scenario, expected: refused)
    if subject.trusted is not None:
        return Runner(LocalRunner(subject.trusted))
    assert subject.code is not None
    examiner = SandboxRunner(box, subject.code, known)
    return Runner(examiner, examiner.printed, examiner.discard)


def attempt_all(
    lab: Lab,
    means: Runner,
    public: Iterable[Scenario],
    hidden: Iterable[Scenario],
    outputs: dict[str, Recording],
    progress: Callable[[Scenario], None] = lambda scenario: None,
) -> list[Graded]:
    """Every scenario attempted: the hidden ones after the public ones, by a child that has seen none of these."""
    graded = grade_scenarios(lab, public, outputs, means.attempt, means.printed, progress)
    means.between()
    return graded + grade_scenarios(lab, hidden, outputs, means.attempt, means.printed, progress)


def attempt_twins(means: Runner, twins: Mapping[str, Twin]) -> dict[str, Attempt]:
    """Return an attempt at each twin, by a child that has seen no other scenario. What it prints is dropped."""
    means.between()
    attempts = {}
    for id, twin in twins.items():
        attempts[id] = attempt_each(twin.scenario, twin.output, means.attempt)
        means.printed()
    return attempts


def with_twins(graded: Iterable[Graded], means: Runner, twins: Mapping[str, Twin]) -> list[Graded]:
    """Return graded scenarios, those that passed with an attempt at their twin: who fails one needs no second try."""
    graded = list(graded)
    due = [g.scenario.id for g in graded if g.attempt.verdict == PASSED and not g.hidden]
    attempts = attempt_twins(means, {id: twins[id] for id in due if id in twins})
    return [
        g._replace(twin=attempts[g.scenario.id], differs=twins[g.scenario.id].differs)
        if not g.hidden and g.scenario.id in attempts
        else g
        for g in graded
    ]


def marks_of_quiz(lab: Lab, answers: bytes | None, owners: Sequence[str] = ()) -> QuizResult | None:
    """Return the marks of the quiz sheet, or None if the lab has no quiz. `owners`: the ids of whose sheet it is."""
    if lab.quiz is None:
        return None
    from grader.quiz import mark

    return mark(lab, answers, owners=owners)


def each_has_numbers(lab: Lab) -> bool:
    """Return True if the quiz is marked with numbers of each student's own."""
    if lab.quiz is None:
        return False
    from grader.quiz.questions import load_quiz
    from grader.quiz.variants import STUDENT

    return STUDENT in load_quiz(lab).rule
