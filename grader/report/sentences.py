"""Build the sentences that all reports share: lines of a scenario, points, hidden scenarios, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grader.grade.verdicts import MEANINGS, PASSED, UNGRADABLE, WAITING
from grader.language import say
from grader.points import points
from grader.quiz.marks import unread

if TYPE_CHECKING:
    from grader.grade.result import HeldResult, Result, ScenarioResult, TaskResult
    from grader.quiz.marks import QuestionResult

#: Verdicts that are nobody's mistake yet: neither a pass nor a failure.
OPEN = (WAITING, UNGRADABLE)

#: What students read where a scenario of ours could not be graded.
AGAIN = "Some could not be graded. That costs no points: run it again."


def score(result: Result | TaskResult) -> str:
    """Return the points of a result or a task, and of how many."""
    return say("{earned} of {most} points", earned=points(result["points"]), most=points(result["max_points"]))


def heading(scenario: ScenarioResult) -> str:
    """Return the id, and the title if the reader may know it."""
    return f"{scenario['id']}: {scenario['title']}" if "title" in scenario else scenario["id"]


def failed(scenario: ScenarioResult) -> bool:
    """Return True if the student has to fix something."""
    return scenario["verdict"] != PASSED and scenario["verdict"] not in OPEN


def told(scenario: ScenarioResult) -> str:
    """Return one line on a scenario that did not pass."""
    return scenario["message"] or say(MEANINGS[scenario["verdict"]])


def lines(scenario: ScenarioResult) -> list[str]:
    """Return all that a report may show of one scenario, as lines: the reason, the hint, the kernel's prints."""
    found = list(scenario.get("details") or [told(scenario)])
    if "diagnosis" in scenario:
        found += ["", scenario["diagnosis"]]
    if "hint" in scenario:
        found += ["", say("Hint: {hint}", hint=scenario["hint"])]
    if scenario.get("output"):
        found += ["", say("Your kernel printed:")]
        found += [f"| {line}" for line in scenario["output"].splitlines()]
        if scenario.get("output_truncated"):
            found.append(f"| … {say('(more was printed)')}")
    return found


def question_lines(result: Result, question: QuestionResult) -> list[str]:
    """Return the verdict and the feedback of a question, as lines; why there is none if the sheet was not read."""
    quiz = result["quiz"]
    if unread(quiz):
        return ["not read", *quiz["problems"]]
    return [question["verdict"], *question.get("feedback", [])]


def quiz_lines(result: Result) -> list[str]:
    """Return a sentence on each problem of the quiz sheet as a whole."""
    return sheet_lines(result["quiz"].get("problems", []), unread(result["quiz"])) if "quiz" in result else []


def sheet_lines(problems: list[str], unread: bool) -> list[str]:
    """Return a sentence on each problem of a quiz sheet. unread: they are why it could not be read."""
    told = "Quiz sheet not read: {problem}."
    if not unread:
        told = "On the quiz sheet: {problem}."
    lines = [say(told, problem=problem.removesuffix(".")) for problem in problems]
    return [line.removesuffix(".") if line.endswith("?.") else line for line in lines]


def quiz_message(result: Result) -> str:
    """Return what stands for the quiz where it is one test that did not pass."""
    return " ".join(quiz_lines(result)) or "see the quiz"


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
    worth, state = points(hidden["points"]), say(hidden_state(result))
    if hidden["count"] == 1:
        return say("1 hidden scenario exists ({points} points), {state} here.", points=worth, state=state)
    told = "{count} hidden scenarios exist ({points} points), {state} here."
    return say(told, count=hidden["count"], points=worth, state=state)


def hidden_state(result: Result) -> str:
    """Return `graded`, `not graded`, or, before the date in hidden_feedback, `not shown`."""
    if result["hidden"].get("feedback") == "nothing":
        return "not shown"
    return "graded" if any(s["visibility"] == "hidden" for s in result["scenarios"]) else "not graded"


def held_lines(result: Result) -> list[str]:
    """Return a sentence for each task whose scenarios are held back because of a limit."""
    return [_held_line(task["number"], task["held"]) for task in result["tasks"] if "held" in task]


def _held_line(number: int, held: HeldResult) -> str:
    methods, many = say(" and ").join(held["methods"]), held["scenarios"]
    if many == 1:
        told = say(
            "Task {number}: 1 more scenario waits until {methods} stays within its limits",
            number=number,
            methods=methods,
        )
    else:
        told = say(
            "Task {number}: {many} more scenarios wait until {methods} stays within its limits",
            number=number,
            many=many,
            methods=methods,
        )
    untried = say(" ({count} not tried)", count=held["not_tried"]) if held["not_tried"] else ""
    return f"{told}{untried}. " + say("What waits earns no points yet.")


def hidden_points_line(result: Result) -> str:
    """Return how a student's points count hidden scenarios, where that differs from the course's own results."""
    hidden = result["hidden"]
    kind = hidden.get("feedback", "")
    if kind == "nothing":
        return say(
            "Results of hidden scenarios are shown after {date}; until then points, their maximum and the exit status "
            "leave them out.",
            date=hidden["after"],
        )
    if not kind or result["points"] == result["max_points"]:
        return ""
    if kind == "points":
        return say(
            "Points of hidden scenarios are shown in quarters of a task's, rounded down; the course's own results "
            "count each one."
        )
    return say(
        "Points of hidden scenarios are shown only if all of a task's pass; the course's own results count each one."
    )


class Note(NamedTuple):
    """A sentence on the whole result. quotes: True if it has text in it that the grader did not write."""

    text: str
    quotes: bool = False


def notes(result: Result) -> list[Note]:
    """Return sentences on the whole result that every report must have."""
    sheet = [Note(told, quotes=True) for told in quiz_lines(result)]
    if of_quiz(result):
        return [*sheet, Note(say("Only the quiz was graded; points cover nothing else."))]
    found = [*sheet, *(Note(told, quotes=True) for told in held_lines(result))]
    found += [Note(hidden_line(result)), Note(hidden_points_line(result))]
    if "only" in result:
        told = "Only scenarios that match {pattern} were run; points cover those only."
        found.append(Note(say(told, pattern=repr(result["only"])), quotes=True))
    if not result["complete"]:
        found.append(Note(say(AGAIN)))
    found += [Note(say("Note: {remark}.", remark=remark), quotes=True) for remark in result.get("remarks", ())]
    if result["isolation"].get("unofficial"):
        found.append(Note(say("UNOFFICIAL: the kernel ran in the grader's own process (--debug).")))
    return [note for note in found if note.text]
