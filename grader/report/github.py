"""Write the result for GitHub Actions: annotations, a job summary, and the object that GitHub Classroom read.

GitHub Classroom was closed in August 2026. Its object stays for workflows that other reporters read; Classroom 50,
which courses use instead, has a format of its own (classroom50.py).

Workflow commands as actions/toolkit writes them (packages/core/src/command.ts). A step shows 10 annotations of each
kind, so the tenth error says how many more there are. The Classroom object is what classroom-resources/autograding
runners hand to its reporter: base64 of JSON in a step's output `result`.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING

from grader.escape import for_log
from grader.grade.verdicts import PASSED
from grader.plural import number_of
from grader.points import points
from grader.report.markdown import render as summary
from grader.report.sentences import AGAIN, failed, heading, hidden_points_line, lines, quiz_lines, quiz_message, told

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult

__all__ = ["classroom", "output_line", "render", "summary"]

#: Annotations of one kind that a step shows.
ANNOTATIONS = 10

#: Lines of one annotation.
LINES = 25

_PLACE = re.compile(r"^\s*kernel\.py:(\d{1,6})\b")


def render(result: Result, *, kernel: str = "") -> str:
    """Return workflow commands, one per line. kernel: the submission's path in the repository, if it is known."""
    failures = [s for s in result["scenarios"] if failed(s)]
    shown = failures if len(failures) <= ANNOTATIONS else failures[: ANNOTATIONS - 1]
    commands = [_error(scenario, kernel) for scenario in shown]
    if len(shown) < len(failures):
        more = len(failures) - len(shown)
        commands.append(_command("error", f"{more} more scenarios do not pass", title="And more"))
    if not result["complete"]:
        commands.append(_command("warning", AGAIN, title="Not graded"))
    commands += [_command("warning", for_log(told), title="Quiz") for told in quiz_lines(result)]
    about_points = hidden_points_line(result)
    if about_points:
        commands.append(_command("notice", for_log(about_points), title="Hidden scenarios"))
    scored = f"Points {points(result['points'])}/{points(result['max_points'])}"
    commands.append(_command("notice", scored, title="Autograding complete"))
    report = json.dumps({"totalPoints": result["points"], "maxPoints": result["max_points"]}, separators=(",", ":"))
    commands.append(_command("notice", report, title="Autograding report"))
    return "\n".join(commands) + "\n"


def _error(scenario: ScenarioResult, kernel: str) -> str:
    said = lines(scenario)
    found = said[:LINES] + ([f"… {number_of(len(said) - LINES, 'more line')}"] if len(said) > LINES else [])
    numbers = [match.group(1) for match in map(_PLACE.match, said) if match]
    where = {"file": kernel, "line": numbers[-1]} if kernel and numbers else {}
    return _command("error", "\n".join(map(for_log, found)), title=for_log(heading(scenario)), **where)


def _command(kind: str, message: str, **properties: str) -> str:
    """Return one workflow command, escaped as the toolkit does it: no message can end its own line or property."""
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def classroom(result: Result) -> dict[str, object]:
    """Return the object of one Classroom runner: one test per scenario and one for the quiz.

    Classroom's table takes the share of passed tests times max_score, its report the sum of the tests' scores; only
    the second is exact, which is why both are filled.
    """
    tests = [_test(heading(s), s["verdict"] == PASSED, s, told(s)) for s in result["scenarios"]]
    for task in result["tasks"]:
        if task["id"] == "quiz":
            tests.append(_test(task["title"], task["points"] == task["max_points"], task, quiz_message(result)))
    status = "pass" if result["points"] == result["max_points"] else "fail"
    return {
        "version": 1,
        "status": status if result["complete"] else "error",
        "max_score": result["max_points"],
        "tests": tests,
    }


def _test(name: str, passed: bool, scored: ScenarioResult | TaskResult, message: str) -> dict[str, object]:
    return {
        "name": for_log(name),
        "status": "pass" if passed else "fail",
        "score": scored["points"],
        "max_score": scored["max_points"],
        "message": "" if passed else for_log(message),
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": "",
    }


def output_line(result: Result) -> str:
    """Return the line for the file that $GITHUB_OUTPUT names."""
    text = json.dumps(classroom(result), separators=(",", ":"))
    return f"result={base64.b64encode(text.encode()).decode()}\n"
