"""Write the result as Gradescope's results.json (their autograder specification, "Output Format").

Every public scenario is a visible test, and so is the summary of a task's hidden ones: a test that Gradescope itself
hides would take the student's total away. Where the result is staff's, hidden scenarios carry their names, and
Gradescope hides them.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.escape import printable
from grader.grade.verdicts import PASSED
from grader.points import apportion, rounded
from grader.report.sentences import heading, lines, notes, question_lines, score

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult

_TITLE = "title"  # staff's results name hidden scenarios; students' do not


def render(result: Result) -> str:
    """Return a JSON object, ASCII only."""
    tests = [_scenario(result, s, n) for task in result["tasks"] for n, s in enumerate(_of(result, task), 1)]
    whole = [
        f"{result['lab']}: {score(result)}",
        *(note.text for note in notes(result)),
        f"receipt {result['receipt']}",
    ]
    extra = {key: result[key] for key in ("receipt", "version", "lab_hash", "complete", "isolation")}
    document = {
        # What the tests add up to, in hundredths.
        "score": result["points"],
        "output": "\n".join(map(_line, whole)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests + _questions(result),
        "extra_data": extra,
    }
    return json.dumps(document, indent=1) + "\n"


def _line(text: str) -> str:
    return printable(text, None)


def _of(result: Result, task: TaskResult) -> list[ScenarioResult]:
    return [s for s in result["scenarios"] if s["task"] == task["id"]]


def _scenario(result: Result, scenario: ScenarioResult, place: int) -> dict[str, object]:
    number = next(task["number"] for task in result["tasks"] if task["id"] == scenario["task"])
    passed = scenario["verdict"] == PASSED
    secret = scenario["visibility"] == "hidden" and _TITLE in scenario
    extra = {"id": scenario["id"], "verdict": scenario["verdict"]}
    if "divergence" in scenario:
        extra["rule"] = scenario["divergence"]["rule"]
    return {
        "name": _line(heading(scenario)),
        "number": f"{number}.{place}",
        "score": scenario["points"],
        "max_score": scenario["max_points"],
        "status": "passed" if passed else "failed",
        "output": "" if passed else "\n".join(map(_line, lines(scenario))),
        "tags": [scenario["task"]],
        "visibility": "hidden" if secret else "visible",
        "extra_data": extra,
    }


def _questions(result: Result) -> list[dict[str, object]]:
    """Return one test per question, scaled: the quiz is worth its task's points, not its own."""
    task = next((t for t in result["tasks"] if t["id"] == "quiz"), None)
    if task is None or "quiz" not in result:
        return []
    questions = result["quiz"]["questions"]
    scores = _scaled([q["points"] for q in questions], task["points"], result["quiz"]["points"])
    most = _scaled([q["max_points"] for q in questions], task["max_points"], result["quiz"]["max_points"])
    return [
        {
            "name": f"Quiz: {_line(question['id'])}",
            "number": f"{task['number']}.{place}",
            "score": score,
            "max_score": top,
            "status": "passed" if question["verdict"] == "correct" else "failed",
            "output": "\n".join(map(_line, question_lines(result, question))),
            "tags": ["quiz"],
            "visibility": "visible",
            "extra_data": {"id": question["id"], "verdict": question["verdict"]},
        }
        for place, (question, score, top) in enumerate(zip(questions, scores, most, strict=True), 1)
    ]


def _scaled(points: list[float], total: float, of: float) -> list[float]:
    """Return the points of questions as parts of the task's, which they add up to."""
    exact = [Fraction(str(one)) for one in points]
    if min(exact, default=Fraction(0)) < 0 or not of:
        # With deductions a quiz stops at 0 points, and its questions add up to less.
        return [rounded(float(one) * total / of) if of else 0.0 for one in points]
    return [float(part) for part in apportion(Fraction(str(total)), exact)]
