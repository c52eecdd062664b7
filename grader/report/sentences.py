"""Build the sentences that all reports share: lines of a scenario, points, hidden scenarios, notes."""

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
    """Return the points of a result or a task, and of how many."""
    return f"{points(result['points'])} of {points(result['max_points'])} points"


def heading(scenario: ScenarioResult) -> str:
    """Return the id, and the title if the reader may know it."""
    return f"{scenario['id']}: {scenario['title']}" if "title" in scenario else scenario["id"]


def failed(scenario: ScenarioResult) -> bool:
    """Return True if the student has to fix something."""
    return scenario["verdict"] != PASSED and scenario["verdict"] not in OPEN


def told(scenario: ScenarioResult) -> str:
    """Return one line on a scenario that did not pass."""
    return scenario["message"] or MEANINGS[scenario["verdict"]]


def lines(scenario: ScenarioResult) -> list[str]:
    """Return all that a report may show of one scenario, as lines: the reason, the hint, the kernel's prints."""
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
    """Return the verdict and the feedback of a question, as lines."""
    return [question["verdict"], *question.get("feedback", [])]


def of_quiz(result: Result) -> bool:
    """Return True if only a sheet of answers was graded, so that no report mentions scenarios."""
    return "quiz" in result and "only" in result and not result["scenarios"]


def counted(scenarios: list[ScenarioResult]) -> list[ScenarioResult]:
    """Return the entries that stand for one scenario each, without a student's summaries of hidden ones."""
    return [s for s in scenarios if s["visibility"] == "public" or "title" in s]


def hidden_line(result: Result) -> str:
    """Return how many hidden scenarios there are and how many points they have; "" if there are none."""
    hidden = result["hidden"]
    if not hidden["count"]:
        return ""
    ones = "hidden scenario exists" if hidden["count"] == 1 else "hidden scenarios exist"
    return f"{hidden['count']} {ones} ({points(hidden['points'])} points), {hidden_state(result)} here."


def hidden_state(result: Result) -> str:
    """Return `graded`, `not graded`, or, before the date in hidden_feedback, `not shown`."""
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
    """Return sentences on the whole result that every report must have."""
    if of_quiz(result):
        return ["Only the quiz was graded; points cover nothing else."]
    found = [hidden_line(result), hidden_points_line(result)]
    if "only" in result:
        found.append(f"Only scenarios that match {result['only']!r} were run; points cover those only.")
    if not result["complete"]:
        found.append(AGAIN)
    found += [f"Note: {remark}." for remark in result.get("remarks", ())]
    if result["isolation"].get("unofficial"):
        found.append("UNOFFICIAL: the kernel ran in the grader's own process (--debug).")
    return [line for line in found if line]
