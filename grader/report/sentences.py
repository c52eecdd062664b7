"""What every report says in the same words: one scenario's lines, the points line, the line on hidden scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.grade.verdicts import MEANINGS, PASSED, UNGRADABLE, WAITING
from grader.points import points

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult
    from grader.quiz.marks import QuestionResult

#: Verdicts that are nobody's mistake yet: neither a pass nor a failure.
OPEN = (WAITING, UNGRADABLE)

#: What students read where a scenario of ours could not be graded.
AGAIN = "Some could not be graded. That costs no points: run it again."


def score(result: Result | TaskResult) -> str:
    return f"{points(result['points'])} of {points(result['max_points'])} points"


def heading(scenario: ScenarioResult) -> str:
    """The id, and the title where it may be known."""
    return f"{scenario['id']}: {scenario['title']}" if "title" in scenario else scenario["id"]


def failed(scenario: ScenarioResult) -> bool:
    """Whether a verdict is the student's to mend."""
    return scenario["verdict"] != PASSED and scenario["verdict"] not in OPEN


def told(scenario: ScenarioResult) -> str:
    """One line on a scenario that did not pass."""
    return scenario["message"] or MEANINGS[scenario["verdict"]]


def lines(scenario: ScenarioResult) -> list[str]:
    """Everything a report may say of one scenario, a line each: why, the hint, what was printed."""
    found = list(scenario.get("details") or [told(scenario)])
    if "diagnosis" in scenario:
        found += ["", scenario["diagnosis"]]
    if "hint" in scenario:
        found += ["", f"Hint: {scenario['hint']}"]
    if scenario.get("output"):
        found += ["", "Your kernel printed:"]
        found += [f"| {line}" for line in scenario["output"].splitlines()]
        if scenario.get("output_truncated"):
            found.append("| … (more was printed)")
    return found


def question_lines(question: QuestionResult) -> list[str]:
    return [question["verdict"], *question.get("feedback", [])]


def of_quiz(result: Result) -> bool:
    """Whether the result is of a sheet of answers alone, so that there is nothing to say of scenarios."""
    return "quiz" in result and "only" in result and not result["scenarios"]


def counted(scenarios: list[ScenarioResult]) -> list[ScenarioResult]:
    """Return the entries that stand for one scenario each, without a student's summaries of hidden ones."""
    return [s for s in scenarios if s["visibility"] == "public" or "title" in s]


def hidden_line(result: Result) -> str:
    """How many hidden scenarios there are and what they carry; "" if there are none."""
    hidden = result["hidden"]
    if not hidden["count"]:
        return ""
    ones = "hidden scenario exists" if hidden["count"] == 1 else "hidden scenarios exist"
    return f"{hidden['count']} {ones} ({points(hidden['points'])} points), {hidden_state(result)} here."


def hidden_state(result: Result) -> str:
    """Return whether hidden scenarios were graded, or, before the date of hidden_feedback, that they do not show."""
    if result["hidden"].get("feedback") == "nothing":
        return "not shown"
    return "graded" if any(s["visibility"] == "hidden" for s in result["scenarios"]) else "not graded"


def hidden_points_line(result: Result) -> str:
    """Return how a student's points count hidden scenarios, where that differs from the course's own results."""
    hidden = result["hidden"]
    kind = hidden.get("feedback", "")
    if kind == "nothing":
        return (
            f"Results of hidden scenarios are shown after {hidden['after']}; until then points, their maximum and the "
            "exit status leave them out."
        )
    if not kind or result["points"] == result["max_points"]:
        return ""
    how = "in quarters of a task's, rounded down" if kind == "points" else "only if all of a task's pass"
    return f"Points of hidden scenarios are shown {how}; the course's own results count each one."


def notes(result: Result) -> list[str]:
    """Sentences on the whole result that no report may leave out."""
    if of_quiz(result):
        return ["Only the quiz: points speak of it alone."]
    found = [hidden_line(result), hidden_points_line(result)]
    if "only" in result:
        found.append(f"Only scenarios that match {result['only']!r}: points speak of those.")
    if not result["complete"]:
        found.append(AGAIN)
    found += [f"Note: {remark}." for remark in result.get("remarks", ())]
    if result["isolation"].get("unofficial"):
        found.append("UNOFFICIAL: the kernel ran in the grader's own process (--debug).")
    return [line for line in found if line]
