"""The class report as one page that opens from disk: no script, no server, nothing fetched.

Bars are plain table cells with a background, so that the page can be read aloud, printed, and copied as a table.
"""

from __future__ import annotations

from grader.escape import for_html as html
from grader.points import points
from grader.report.course import ROWS, Bar, Course, Pairs

STYLE = """
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5b6775; --page: #f5f6f8; --card: #fff; --line: #dfe3e8;
  --bar: #3b73b5; --track: #e9edf2; --warn: #a8271d; --warm: #fdf1ef; --glow: #f0c9c4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ed; --soft: #9aa5b1; --page: #14181d; --card: #1c2229;
  --line: #303841; --bar: #6c9fdc; --track: #2a323b; --warn: #f2a59d; --warm: #2b1d1c; --glow: #5c3430; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; } h2 { font-size: 1.05rem; margin: 0; }
p.about { color: var(--soft); margin: .1rem 0 .8rem; }
section, dl { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 0 0 1rem;
  padding: 1rem 1.25rem; overflow-x: auto; }
section.warn { background: var(--warm); border-color: var(--glow); } section.warn h2 { color: var(--warn); }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; } dt { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.6rem; font-weight: 600; line-height: 1.2; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top;
  font-weight: 400; }
tr:first-child > * { border-top: 0; } thead th { color: var(--soft); font-size: .85rem; }
small { display: block; color: var(--soft); font-size: .85rem; }
table.list th { width: 1%; padding-right: 1.5rem; }
.n { text-align: right; white-space: nowrap; width: 6rem; font-variant-numeric: tabular-nums; }
.b { width: 38%; padding-right: 0; }
.b div { background: var(--track); border-radius: 3px; height: .7rem; margin-top: .4rem; }
.b span { display: block; height: 100%; background: var(--bar); border-radius: 3px; min-width: 2px; }
.spread { display: flex; align-items: stretch; gap: .5rem; height: 13rem; list-style: none; margin: 0; padding: 0; }
.spread li { flex: 1; min-width: 2.2rem; display: flex; flex-direction: column; justify-content: flex-end;
  text-align: center; font-variant-numeric: tabular-nums; }
.spread b { font-weight: 600; } .spread small { border-top: 1px solid var(--line); padding-top: .2rem; }
.spread span { background: var(--bar); border-radius: 3px 3px 0 0; }
.spread small { white-space: nowrap; }
code { font: .92em ui-monospace, monospace; white-space: nowrap; } a { color: inherit; }
summary { cursor: pointer; color: var(--soft); padding: .4rem 0; }
@media (max-width: 40rem) { main { padding: 1rem .5rem 2rem; } section, dl { padding: .75rem; }
  .b { width: 20%; } .n { width: auto; } .spread { gap: .1rem; } .spread li { min-width: 0; }
  .spread small { font-size: .7rem; white-space: normal; }
  table.list th, table.list td { display: block; width: auto; padding-right: 0; }
  table.list td { border-top: 0; padding-top: 0; }
  code { white-space: normal; overflow-wrap: anywhere; } }
@media print { body, main { background: none; padding: 0; } section { break-inside: avoid; }
  .b div, .b span, .spread span { print-color-adjust: exact; } }
"""

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"""


def render(course: Course) -> str:
    """An HTML document."""
    parts = [
        f"{HEAD}<title>{html(course.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{html(course.title)}</h1>",
        _list(
            "Not graded in full",
            "A fault of this machine, which costs no points: run the batch again.",
            course.open,
            course.names,
        ),
        _figures(course),
        _list(
            "Refused by intake",
            "Nothing was run. Zero points, until it is handed in again.",
            course.refused,
            course.names,
        ),
        _list(
            "Decide whose these are",
            "Two claim one person; no gradebook has their points.",
            course.decide,
            course.names,
        ),
        _list("To be looked at", "No kernel does this by accident.", course.odd, course.names),
        _list(
            "Disguised twins",
            "These pass a public scenario, but not the same one with other addresses, processes, frames and bytes.",
            course.twins,
            course.names,
        ),
        _list("Late", "When it was handed in, where the download says so.", course.late, course.names, False),
        _spread(course),
        _chart("Tasks", "Submissions that have all points of a task.", course.tasks),
        _chart("Scenarios that fail most", "Of the submissions that got there.", course.scenarios),
        _chart(
            "Common misconceptions",
            "Submissions whose every first difference is that of a known mistake. A likeness, not a proof.",
            course.misconceptions,
        ),
        _chart("First differences", "Submissions, by task and the rule that is broken first.", course.differences),
        _copies(course),
        _list(
            "Unmodified stub or empty file",
            "An empty file, or the stub as it was handed out.",
            course.untouched,
            course.names,
            False,
        ),
        _everybody(course),
        "</main>\n</body>\n</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _figures(course: Course) -> str:
    figures = (
        ("submissions", f"{course.number}"),
        ("mean", f"{course.mean:.1f}"),
        ("median", f"{course.median:.1f}"),
        ("points to be had", points(course.most)),
        ("not graded in full", f"{len(course.open)}"),
        ("refused", f"{len(course.refused)}"),
    )
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures) + "</dl>"


def _section(title: str, about: str, body: str, warn: bool = False) -> str:
    kind = ' class="warn"' if warn else ""
    return f'<section{kind}>\n<h2>{html(title)}</h2>\n<p class="about">{html(about)}</p>\n{body}\n</section>'


def _folded(rows: list[str], kind: str = "chart") -> str:
    """A table; rows beyond the first few open with a click. kind: `chart`, or `list` of names with a remark each."""
    shown, rest = rows[:ROWS], rows[ROWS:]
    table = f'<table class="{kind}">\n<tbody>\n{"".join(shown)}</tbody>\n</table>'
    if not rest:
        return table
    more = f'<table class="{kind}">\n<tbody>\n{"".join(rest)}</tbody>\n</table>'
    return f"{table}\n<details><summary>{len(rest)} more</summary>\n{more}\n</details>"


def _id(id: str, names: dict[str, str]) -> str:
    """Return a submission's id with the way to its result, and the name; ids are safe as names of files."""
    name = f" <small>{html(names[id])}</small>" if id in names else ""
    return f'<a href="results/{html(id)}.json"><code>{html(id)}</code></a>{name}'


def _list(title: str, about: str, pairs: Pairs, names: dict[str, str], warn: bool = True) -> str:
    if not pairs:
        return ""
    rows = [f'<tr><th scope="row">{_id(id, names)}</th><td>{html(why)}</td></tr>\n' for id, why in pairs]
    return _section(f"{title} ({len(pairs)})", about, _folded(rows, "list"), warn)


def _copies(course: Course) -> str:
    if not course.copies:
        return ""
    rows = [f"<tr><td>{', '.join(_id(id, course.names) for id in group)}</td></tr>\n" for group in course.copies]
    return _section(f"The same kernel, byte for byte ({len(course.copies)})", "Groups of submissions.", _folded(rows))


def _spread(course: Course) -> str:
    """Columns, the highest as high as there is room."""
    highest = max((bar.number for bar in course.spread), default=0) or 1
    columns = "".join(
        f'<li><b>{bar.number}</b><span style="height:{78 * bar.number / highest:.1f}%"></span>'
        f"<small>{html(bar.name.replace('-', '–')).replace('–', '–<wbr>')}</small></li>\n"
        for bar in course.spread
    )
    about = "Submissions by points. A column has its lower end, and not its upper one but for the last."
    return _section("Points", about, f'<ul class="spread">\n{columns}</ul>')


def _chart(title: str, about: str, bars: list[Bar]) -> str:
    return _section(title, about, _folded([_row(bar) for bar in bars])) if bars else ""


def _row(bar: Bar) -> str:
    about = f"<small>{html(bar.about)}</small>" if bar.about else ""
    return (
        f'<tr><th scope="row">{html(bar.name)}{about}</th><td class="n">{bar.number} of {bar.of}</td>'
        f'<td class="b"><div><span style="width:{100 * bar.share:.1f}%"></span></div></td></tr>\n'
    )


def _everybody(course: Course) -> str:
    head = '<thead><tr><th>submission</th><th class="n">points</th><th>feedback</th><th>note</th></tr></thead>\n'
    rows = "".join(
        f'<tr><th scope="row">{_id(id, course.names)}</th><td class="n">{points or "–"}</td>'
        f'<td><a href="feedback/{html(id)}.md">feedback</a></td><td>{html(note)}</td></tr>\n'
        for id, points, note in course.submissions
    )
    table = f"<details><summary>Show all {course.number}</summary>\n<table>\n{head}<tbody>\n{rows}</tbody>\n</table>\n"
    return _section("Everybody", "Results are for staff, feedback is for students.", f"{table}</details>")
