"""What every report says in the same words: one scenario's lines, the points line, the line on hidden scenarios."""

from __future__ import annotations

from typing import Any

from grader.grade.verdicts import MEANINGS, PASSED, UNGRADABLE, WAITING

#: Verdicts that are nobody's mistake yet: neither a pass nor a failure.
OPEN = (WAITING, UNGRADABLE)

#: What students read where a scenario of ours could not be graded.
AGAIN = "Some could not be graded. That costs no points: run it again."


def points(value: float) -> str:
    """Points as people write them: no zeros behind the point."""
    return f"{value:g}"


def score(result: dict[str, Any]) -> str:
    return f"{points(result['points'])} of {points(result['max_points'])} points"


def heading(scenario: dict[str, Any]) -> str:
    """The id, and the title where it may be known."""
    return f"{scenario['id']}: {scenario['title']}" if "title" in scenario else scenario["id"]


def failed(scenario: dict[str, Any]) -> bool:
    """Whether a verdict is the student's to mend."""
    return scenario["verdict"] != PASSED and scenario["verdict"] not in OPEN


def told(scenario: dict[str, Any]) -> str:
    """One line on a scenario that did not pass."""
    return scenario["message"] or MEANINGS[scenario["verdict"]]


def lines(scenario: dict[str, Any]) -> list[str]:
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


def question_lines(question: dict[str, Any]) -> list[str]:
    return [question["verdict"], *question.get("feedback", [])]


def of_quiz(result: dict[str, Any]) -> bool:
    """Whether the result is of a sheet of answers alone, so that there is nothing to say of scenarios."""
    return "quiz" in result and "only" in result and not result["scenarios"]


def hidden_line(result: dict[str, Any]) -> str:
    """How many hidden scenarios there are and what they carry; "" if there are none."""
    hidden = result["hidden"]
    if not hidden["count"]:
        return ""
    graded = any(s["visibility"] == "hidden" for s in result["scenarios"])
    ones = "hidden scenario exists" if hidden["count"] == 1 else "hidden scenarios exist"
    return f"{hidden['count']} {ones} ({points(hidden['points'])} points), {'graded' if graded else 'not graded'} here."


def notes(result: dict[str, Any]) -> list[str]:
    """Sentences on the whole result that no report may leave out."""
    if of_quiz(result):
        return ["Only the quiz: points speak of it alone."]
    found = [hidden_line(result)]
    if "only" in result:
        found.append(f"Only scenarios that match {result['only']!r}: points speak of those.")
    if not result["complete"]:
        found.append(AGAIN)
    found += [f"Note: {remark}." for remark in result.get("remarks", ())]
    if result["isolation"].get("unofficial"):
        found.append("UNOFFICIAL: the kernel ran in the grader's own process (--debug).")
    return [line for line in found if line]
