"""The class report as one page that opens from disk: no script, no server, nothing fetched.

Bars are plain table cells with a background, so that the page can be read aloud, printed, and copied as a table.
"""

from __future__ import annotations

from grader.report.course import Bar, Course
from grader.text import for_html as html

_STYLE = """
:root { color-scheme: light dark; --bar: #4a7db8; --line: #8884; --warn: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --bar: #6f9fd8; --warn: #f2b8b5; } }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding-bottom: .4rem; opacity: .8; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } td.n { text-align: right; white-space: nowrap; width: 5rem; }
td.b { width: 40%; } td.b span { display: block; height: .9rem; margin-top: .3rem; background: var(--bar); }
td small { display: block; opacity: .75; } .warn { color: var(--warn); }
code { overflow-wrap: anywhere; } dl { display: flex; gap: 2rem; flex-wrap: wrap; } dd { margin: 0; font-size: 1.6rem; }
@media print { body { margin: 0; } td.b span { print-color-adjust: exact; } }
"""


def render(course: Course) -> str:
    """An HTML document."""
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{html(course.title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        f"<h1>{html(course.title)}</h1>",
        _figures(course),
        _list("Not graded in full", course.open),
        _list("Refused by intake", course.refused),
        _list("To be looked at", course.odd),
        _copies(course),
        _chart("Points", "submissions by points", course.spread),
        _chart("Tasks", "submissions that have all points of a task", course.tasks),
        _chart("Scenarios that fail most", "of those who got there", course.scenarios),
        _chart("What goes wrong most", "submissions in which this comes first in a scenario", course.mistakes),
        "</body>",
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _figures(course: Course) -> str:
    figures = (
        ("submissions", f"{course.number}"),
        ("mean", f"{course.mean:.1f}"),
        ("median", f"{course.median:.1f}"),
        ("of", f"{course.most:g} points"),
    )
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures) + "</dl>"


def _list(title: str, pairs: list[tuple[str, str]]) -> str:
    if not pairs:
        return ""
    rows = "\n".join(f"<tr><th scope='row'><code>{html(id)}</code></th><td>{html(why)}</td></tr>" for id, why in pairs)
    return f'<h2 class="warn">{title} ({len(pairs)})</h2>\n<table>\n{rows}\n</table>'


def _copies(course: Course) -> str:
    if not course.copies:
        return ""
    rows = "\n".join(
        "<tr><td>" + ", ".join(f"<code>{html(id)}</code>" for id in group) + "</td></tr>" for group in course.copies
    )
    return f"<h2>The same kernel, byte for byte ({len(course.copies)})</h2>\n<table>\n{rows}\n</table>"


def _chart(title: str, caption: str, bars: list[Bar]) -> str:
    if not bars:
        return ""
    widest = max(bar.number for bar in bars) or 1
    rows = "\n".join(_row(bar, widest) for bar in bars)
    return f"<h2>{title}</h2>\n<table>\n<caption>{caption}</caption>\n{rows}\n</table>"


def _row(bar: Bar, widest: int) -> str:
    about = f"<small>{html(bar.about)}</small>" if bar.about else ""
    share = f"{100 * bar.number / widest:.1f}"
    return (
        f"<tr><th scope='row'>{html(bar.name)}{about}</th><td class='n'>{bar.number} of {bar.of}</td>"
        f"<td class='b'><span style='width:{share}%'></span></td></tr>"
    )
