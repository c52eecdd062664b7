"""Write the result as JUnit XML, in the subset that GitLab and Jenkins both read.

GitLab shows `classname` as the suite's name and keeps only the first of several cases with one name; content of
`failure`, `error` and `skipped` is shown (docs.gitlab.com, "Unit test reports"). A suite is a task, a case a scenario
or a question. `failure` is for the student to fix, `error` is ours, and `skipped` waits for another task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.escape import for_html as xml
from grader.grade.verdicts import PASSED, UNGRADABLE, WAITING
from grader.points import points
from grader.quiz.marks import unread
from grader.report.sentences import lines, notes, question_lines, score, told

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult
    from grader.quiz.marks import QuestionResult

_ELEMENTS = {WAITING: "skipped", UNGRADABLE: "error"}


def render(result: Result) -> str:
    """Return an XML document."""
    suites = [_suite(result, task) for task in result["tasks"]]
    counts = [sum(suite[1][n] for suite in suites) for n in range(4)]
    head = f'<testsuites name="{xml(result["lab"])}" {_counted(counts)}>'
    texts = [line for suite in suites for line in suite[0]]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *texts, "</testsuites>"]) + "\n"


def _counted(counts: list[int]) -> str:
    names = ("tests", "failures", "errors", "skipped")
    return " ".join(f'{name}="{count}"' for name, count in zip(names, counts, strict=True))


def _suite(result: Result, task: TaskResult) -> tuple[list[str], list[int]]:
    """Return the lines of one suite, and its numbers of tests, failures, errors and skipped tests."""
    classname = f"{result['lab']}.{task['id']}"
    cases = [_scenario(classname, s) for s in result["scenarios"] if s["task"] == task["id"]]
    if not cases and task["id"] == "quiz" and "quiz" in result:
        cases = [_question(classname, result, q) for q in result["quiz"]["questions"]]
    kinds = [kind for kind, _ in cases]
    counts = [len(cases), kinds.count("failure"), kinds.count("error"), kinds.count("skipped")]
    name = f"{task['number']}. {task['title']}"
    about = [
        f"{score(task)} in this task",
        f"{score(result)} in all",
        *(note.text for note in notes(result)),
        result["receipt"],
    ]
    texts = [
        f'<testsuite name="{xml(name)}" {_counted(counts)}>',
        "<properties>",
        f'<property name="points" value="{points(task["points"])}"/>',
        f'<property name="max_points" value="{points(task["max_points"])}"/>',
        "</properties>",
        *(line for _, case in cases for line in case),
        f"<system-out>{_text(about)}</system-out>",
        "</testsuite>",
    ]
    return texts, counts


def _scenario(classname: str, scenario: ScenarioResult) -> tuple[str, list[str]]:
    verdict = scenario["verdict"]
    kind = "" if verdict == PASSED else _ELEMENTS.get(verdict, "failure")
    return kind, _case(classname, scenario["id"], kind, verdict, told(scenario), lines(scenario))


def _question(classname: str, result: Result, question: QuestionResult) -> tuple[str, list[str]]:
    verdict = question["verdict"]
    told = question_lines(result, question)
    kind = "failure" if unread(result["quiz"]) else {"correct": "", "unanswered": "skipped"}.get(verdict, "failure")
    return kind, _case(classname, question["id"], kind, told[0], told[0], told)


def _case(classname: str, name: str, kind: str, verdict: str, message: str, body: list[str]) -> list[str]:
    head = f'<testcase classname="{xml(classname)}" name="{xml(name)}" time="0"'
    if not kind:
        return [f"{head}/>"]
    # Jenkins' schema gives `skipped` a message, and no type.
    typed = "" if kind == "skipped" else f' type="{xml(verdict)}"'
    told = f'<{kind} message="{xml(message)}"{typed}>{_text(body)}</{kind}>'
    return [f"{head}>", told, "</testcase>"]


def _text(texts: list[str]) -> str:
    return "\n".join(xml(line) for line in texts)
