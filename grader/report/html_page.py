"""The result as a page that opens from disk, with links to pages that step through failing public scenarios.

No script, nothing fetched. Hidden scenarios have the words of every other report and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from grader.escape import for_html as html
from grader.grade.verdicts import PASSED
from grader.points import points
from grader.report.sentences import counted, failed, lines, notes, question_lines, score, told
from grader.view.document import document

if TYPE_CHECKING:
    from grader.grade.graded import Graded
    from grader.grade.result import Result, ScenarioResult
    from grader.lab.recordings import Recording
    from grader.quiz.marks import QuestionResult

#: Lines of a kernel's own output on a page.
PRINTED = 200

STYLE = """
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5b6775; --page: #f5f6f8; --card: #fff; --line: #c9d0d8;
  --warn: #a8271d; --good: #00664b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ed; --soft: #a4aeb9; --page: #0e1115; --card: #14181d;
  --line: #3a444f; --warn: #f2a59d; --good: #3fc79a; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem 1rem 3rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; } p { margin: .25rem 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem;
  margin: 0 0 .8rem; break-inside: avoid; }
section.bad { border-left: 4px solid var(--warn); }
table { border-collapse: collapse; width: 100%; background: var(--card); }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); font-weight: 400; }
th.n, td.n { text-align: right; } td.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
.v { color: var(--warn); font-weight: 600; } .v.ok { color: var(--good); } .soft { color: var(--soft); }
pre { font: .85rem/1.4 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  margin: .5rem 0 0; }
a { color: inherit; } a:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
.receipt { overflow-wrap: anywhere; }
@media (max-width: 40rem) { main { padding: .5rem; } th, td { padding: .3rem; } }
@media print { body { background: none; } main { padding: 0; max-width: none; } }
"""


def render(result: Result, pages: Mapping[str, str] | None = None) -> str:
    """Return an HTML document.

    pages  a scenario's id -> the address of its page
    """
    title = f"{result['lab']}: {score(result)}"
    body = [
        f'<main>\n<h1>{html(title)}</h1>\n<p class="soft">{html(result["title"])}</p>',
        _tasks(result),
        *_stories(result, pages or {}),
        *_quiz(result),
        *(f"<p>{html(note.text)}</p>" for note in notes(result)),
        f'<p class="soft receipt">receipt {html(result["receipt"])}</p>\n</main>',
    ]
    return document(title, "\n".join(body), STYLE)


def player_pages(result: Result, graded: Iterable[Graded], recordings: Mapping[str, Recording]) -> dict[str, str]:
    """Return a page to step through for each failing public scenario of a result, by the scenario's id.

    Only what the result reports in full has one: not hidden scenarios, and not those that wait for another task.
    """
    from grader.report.text import printed
    from grader.view.player import player

    wanted = {s["id"] for s in result["scenarios"] if _has_player(s)}
    pages = {}
    for one in graded:
        if one.hidden or one.scenario.id not in wanted:
            continue
        attempt = one.attempt
        expected = recordings[one.scenario.id].traces[attempt.point]
        prints = printed(one.printed.text, PRINTED, one.printed.truncated) if one.printed.text else []
        pages[one.scenario.id] = player(one.scenario.at_failure_point(attempt.point), expected, attempt, prints)
    return pages


def _has_player(scenario: ScenarioResult) -> bool:
    return scenario["visibility"] == "public" and failed(scenario)


def _tasks(result: Result) -> str:
    rows = []
    for task in result["tasks"]:
        shown = counted([s for s in result["scenarios"] if s["task"] == task["id"]])
        passed = sum(s["verdict"] == PASSED for s in shown)
        count = f"{passed} of {len(shown)}" if shown else ""
        earned = f"{points(task['points'])} of {points(task['max_points'])}"
        rows.append(
            f'<tr><th scope="row">{task["number"]}. {html(task["title"])}</th>'
            f'<td class="n">{html(earned)}</td><td class="n">{count}</td></tr>'
        )
    heads = '<th scope="col">task</th>' + "".join(
        f'<th scope="col" class="n">{name}</th>' for name in ("points", "scenarios that pass")
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>\n{chr(10).join(rows)}\n</tbody></table>"


def _stories(result: Result, pages: Mapping[str, str]) -> list[str]:
    """Return what did not pass, each in full, and the names of what did."""
    stories = [s for s in result["scenarios"] if s["verdict"] != PASSED]
    passed = [s["id"] for s in result["scenarios"] if s["verdict"] == PASSED]
    parts = ["<h2>What did not pass</h2>", *(_story(s, pages) for s in stories)] if stories else []
    if passed:
        parts.append(f"<h2>What passed</h2>\n<p>{html(', '.join(passed))}</p>")
    return parts


def _story(scenario: ScenarioResult, pages: Mapping[str, str]) -> str:
    title = f"<h3>{html(scenario['id'])}</h3>"
    if "title" not in scenario:
        return f'<section class="bad">{title}<p>{html(told(scenario))}</p></section>'
    page = pages.get(scenario["id"])
    link = f'<p><a href="{html(page)}">Step through this run</a></p>' if page else ""
    verdict = scenario["verdict"].replace("_", " ")
    return (
        f'<section class="bad">{title}<p>{html(scenario["title"])}: <span class="v">{html(verdict)}</span></p>{link}'
        f"<pre>{_text(lines(scenario))}</pre></section>"
    )


def _quiz(result: Result) -> list[str]:
    quiz = result.get("quiz")
    if quiz is None:
        return []
    head = f"<h2>Quiz: {points(quiz['points'])} of {points(quiz['max_points'])} points</h2>"
    return [head, *(_asked(result, question) for question in quiz["questions"])]


def _asked(result: Result, question: QuestionResult) -> str:
    good = question["verdict"] == "correct"
    look = "v ok" if good else "v"
    verdict, *rest = question_lines(result, question)
    more = f"<pre>{_text(rest)}</pre>" if rest else ""
    return f'<section><h3>{html(question["id"])}</h3><p class="{look}">{html(verdict)}</p>{more}</section>'


def _text(texts: Iterable[str]) -> str:
    return "\n".join(map(html, texts))
