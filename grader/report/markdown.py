"""Write the result as Markdown, for job summaries, merge requests and feedback files.

All text that a student may have written is in code spans, where nothing is Markdown or HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.escape import for_markdown as code
from grader.grade.verdicts import PASSED
from grader.language import say
from grader.points import points
from grader.quiz.marks import unread
from grader.report.sentences import Note, counted, failed, lines, notes, of_quiz, score, told

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult

#: Characters of a report. GitHub shows no job summary that is larger than 1024 KiB.
LIMIT = 200_000

_SIGNS = {PASSED: "✅", "waiting": "⏳", "not_implemented": "✏️", "ungradable": "❔"}


def render(result: Result) -> str:
    """Return points by task, each scenario that did not pass, and the quiz: about LIMIT characters at most."""
    parts = [_head(result), _tasks(result)]
    length = sum(map(len, parts))
    stories = [_story(s) for s in result["scenarios"] if failed(s)]
    left = 0
    for story in stories:
        length += len(story)
        if length < LIMIT:
            parts.append(story)
        else:
            left += 1
    if left:
        parts.append(
            say("{count} more did not pass. They are left out because this report is full.", count=left) + "\n"
        )
    return "\n".join([*parts, *_quiz(result), _foot(result)])


def _head(result: Result) -> str:
    return f"## {code(result['lab'])}: {score(result)}\n"


def _tasks(result: Result) -> str:
    rows = [say("| task | | points | scenarios |"), "|---|---|--:|--:|"]
    for task in result["tasks"]:
        own = [s for s in result["scenarios"] if s["task"] == task["id"]]
        shown = counted(own)
        passed = sum(s["verdict"] == PASSED for s in shown)
        whole = task["points"] == task["max_points"]
        waits = "⏳" if "waits_for" in task else "❌"
        title = f"{task['number']}. {code(task['title'])}"
        count = say("{earned} of {most}", earned=passed, most=len(shown)) if shown else ""
        scored = say("{earned} of {most}", earned=points(task["points"]), most=points(task["max_points"]))
        rows.append(f"| {title} | {'✅' if whole else waits} | {scored} | {count} |")
    return "\n".join(rows) + "\n"


def _story(scenario: ScenarioResult) -> str:
    sign = _SIGNS.get(scenario["verdict"], "❌")
    title = code(scenario.get("title", told(scenario)))
    rows = [f"### {sign} {code(scenario['id'])} {title}", ""]
    if "title" in scenario:
        # One span per line, with a hard break: a student's text could close a fence, but not a span.
        rows += [f"{code(line)}  " if line.strip() else "" for line in lines(scenario)]
        rows.append("")
    return "\n".join(rows)


def _quiz(result: Result) -> list[str]:
    quiz = result.get("quiz")
    if quiz is None:
        return []
    counts: dict[str, int] = {}
    for question in quiz["questions"]:
        counts[question["verdict"]] = counts.get(question["verdict"], 0) + 1
    told = ", ".join(f"{count} {say(verdict)}" for verdict, count in counts.items())
    if unread(quiz):
        told = say("not read")
    earned, most = points(quiz["points"]), points(quiz["max_points"])
    return [say("**Quiz**: {earned} of {most} ({counts})", earned=earned, most=most, counts=told) + "\n"]


def _foot(result: Result) -> str:
    public = [s for s in result["scenarios"] if s["visibility"] == "public"]
    passed = sum(s["verdict"] == PASSED for s in public)
    count = (
        [] if of_quiz(result) else [say("{passed} of {total} public scenarios pass.", passed=passed, total=len(public))]
    )
    said = " ".join([*count, *map(_plain, notes(result))])
    return f"{said}\n\n{say('receipt {receipt}', receipt=code(result['receipt']))}\n"


def _plain(note: Note) -> str:
    """Return a note as it is, or as code where it quotes the pattern of --only or names of files."""
    return code(note.text) if note.quotes else note.text
