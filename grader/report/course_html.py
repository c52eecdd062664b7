"""Write the class report as one page that opens from disk.

Plots repeat numbers that stand next to them, so the page can be read aloud, printed, and copied as a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.escape import for_html as html
from grader.points import points
from grader.report.course import (
    DIFFERENCES,
    DIFFERENCES_ABOUT,
    QUIZ,
    ROWS,
    SPREAD,
    SPREAD_ABOUT,
    Course,
    Listing,
)
from grader.report.course_charts import Bar, Chart, Question
from grader.report.page import page
from grader.view.chart import bar as plot
from grader.view.chart import columns


def render(course: Course, pictures: Mapping[tuple[str, int], str] | None = None) -> str:
    """Return an HTML document. pictures: scenario and step -> the state after it, as an SVG element."""
    parts = [
        f"<h1>{html(course.title)}</h1>",
        _list(course.open, course.names),
        _figures(course),
        *(_list(listing, course.names) for listing in course.lists if listing.warn),
        _spread(course.spread),
        *(_chart(chart) for chart in course.charts),
        _differences(course, pictures or {}),
        _quiz(course),
        *(_list(listing, course.names) for listing in course.lists if not listing.warn),
        _everybody(course),
    ]
    return page(course.title, "\n".join(part for part in parts if part))


def _figures(course: Course) -> str:
    figures = (
        ("submissions", f"{course.number}"),
        ("mean", points(course.mean)),
        ("median", points(course.median)),
        ("maximum", points(course.most)),
        ("not graded in full", f"{len(course.open.rows)}"),
        ("refused", f"{len(course.listing('Refused by intake'))}"),
    )
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures) + "</dl>"


def _section(title: str, about: str, body: str, warn: bool = False) -> str:
    kind = ' class="warn"' if warn else ""
    return f'<section{kind}>\n<h2>{html(title)}</h2>\n<p class="about">{html(about)}</p>\n{body}\n</section>'


def _folded(rows: Sequence[str], kind: str = "chart") -> str:
    """Return a table; rows beyond the first few open with a click. kind: `chart` or `list`."""
    shown, rest = rows[:ROWS], rows[ROWS:]
    table = f'<table class="{kind}">\n<tbody>\n{"".join(shown)}</tbody>\n</table>'
    if not rest:
        return table
    more = f'<table class="{kind}">\n<tbody>\n{"".join(rest)}</tbody>\n</table>'
    return f"{table}\n<details><summary>{len(rest)} more</summary>\n{more}\n</details>"


def _id(id: str, names: Mapping[str, str]) -> str:
    """Return a submission's id as a link to its result, and the name. An id is safe as the name of a file."""
    name = f" <small>{html(names[id])}</small>" if id in names else ""
    return f'<a href="results/{html(id)}.json"><code>{html(id)}</code></a>{name}'


def _list(listing: Listing, names: Mapping[str, str]) -> str:
    if not listing.rows:
        return ""
    rows = [f'<tr><th scope="row">{_id(row.id, names)}</th><td>{html(row.why)}</td></tr>\n' for row in listing.rows]
    more = f'\n<p><a href="{html(listing.link)}">See {html(listing.link)}</a></p>' if listing.link else ""
    title = f"{listing.title} ({len(rows)})"
    return _section(title, listing.about, _folded(rows, "list") + more, listing.warn)


def _spread(bars: Sequence[Bar]) -> str:
    drawn = columns(SPREAD_ABOUT, [(bar.name.replace("-", "–"), bar.number) for bar in bars])
    return _section(SPREAD, SPREAD_ABOUT, f'<div class="columns">{drawn}</div>')


def _chart(chart: Chart) -> str:
    return _section(chart.title, chart.about, _folded([_row(bar) for bar in chart.bars]))


def _row(bar: Bar) -> str:
    about = f"<small>{html(bar.about)}</small>" if bar.about else ""
    return (
        f'<tr><th scope="row">{html(bar.name)}{about}</th><td class="n">{bar.number} of {bar.of}</td>'
        f'<td class="b">{plot(bar.share)}</td></tr>\n'
    )


def _differences(course: Course, pictures: Mapping[tuple[str, int], str]) -> str:
    """Return the most common first differences, each with a picture if there is one."""
    parts = []
    for one in course.differences:
        drawn = pictures.get((one.scenario, one.step), "")
        # A box that scrolls can be reached by keyboard, and so it has a name.
        box = f'<div class="scroll" tabindex="0" role="group" aria-label="{html(one.scenario)}">{drawn}</div>'
        parts.append(
            f"<h3>{one.bar.number} of {one.bar.of}: {html(one.bar.name)}: {html(one.rule)}</h3>\n"
            f"<p>{html(one.title)}. Expected: {html(one.expected)}. Most often instead: {html(one.yours)}.</p>\n"
            f"{box if drawn else ''}\n"
        )
    return _section(DIFFERENCES, DIFFERENCES_ABOUT, "".join(parts)) if parts else ""


def _quiz(course: Course) -> str:
    if not course.quiz:
        return ""
    head = (
        '<thead><tr><th>question</th><th class="n">right</th><th class="n">discrimination</th>'
        "<th>most frequent wrong answers</th></tr></thead>\n"
    )
    rows = "".join(_question(question) for question in course.quiz)
    return _section(QUIZ, course.quiz_about, f'<table class="quiz">\n{head}<tbody>\n{rows}</tbody>\n</table>')


def _question(question: Question) -> str:
    bar = question.bar
    wrong = "".join(f"<li>{html(line)}</li>" for line in question.wrong)
    right = f"{bar.number} of {bar.of} ({bar.share:.0%})"
    cells = "".join(
        f'<td class="n" data-head="{head}">{html(figure)}</td>'
        for head, figure in (("right", right), ("discrimination", question.discrimination))
    )
    return f'<tr><th scope="row">{html(bar.name)}</th>{cells}<td>{f"<ul>{wrong}</ul>" if wrong else ""}</td></tr>\n'


def _everybody(course: Course) -> str:
    head = '<thead><tr><th>submission</th><th class="n">points</th><th>feedback</th><th>note</th></tr></thead>\n'
    rows = "".join(
        f'<tr><th scope="row">{_id(id, course.names)}</th><td class="n" data-head="points">{points or "–"}</td>'
        f'<td class="f"><a href="feedback/{html(id)}.md">feedback</a></td><td>{html(note)}</td></tr>\n'
        for id, points, note in course.submissions
    )
    table = (
        f'<details><summary>Show all {course.number}</summary>\n<table class="all">\n{head}<tbody>\n{rows}'
        "</tbody>\n</table>\n</details>"
    )
    return _section("All submissions", "Results are for staff, feedback is for students.", table)
