"""The frame of the pages for staff, which have no script."""

from __future__ import annotations

from grader.view import chart, svg
from grader.view.document import document

STYLE = """
:root { color-scheme: light dark; --ink: #1c2530; --soft: #5b6775; --page: #f5f6f8; --card: #fff; --line: #dfe3e8;
  --warn: #a8271d; --warm: #fdf1ef; --glow: #f0c9c4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ed; --soft: #9aa5b1; --page: #14181d; --card: #1c2229;
  --line: #303841; --warn: #f2a59d; --warm: #2b1d1c; --glow: #5c3430; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; } h2 { font-size: 1.05rem; margin: 0; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; overflow-wrap: anywhere; }
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
table.list th { width: 1%; min-width: 11rem; padding-right: 1.5rem; }
.all tbody th { min-width: 11rem; } .all td.f { white-space: nowrap; }
.quiz th { min-width: 9rem; padding-right: 1rem; } .quiz th.n { min-width: 0; }
.m .bg { fill: none; }
th.n, td.n { text-align: right; white-space: nowrap; width: 6rem; font-variant-numeric: tabular-nums; }
td.b { width: 32%; padding-right: 0; } .b svg { display: block; width: 100%; height: .7rem; margin-top: .4rem; }
code { font: .92em ui-monospace, monospace; white-space: nowrap; } a { color: inherit; }
summary { cursor: pointer; color: var(--soft); padding: .4rem 0; }
.columns { display: block; width: 100%; max-width: 32rem; height: auto; margin: 0 auto; }
.scroll { overflow-x: auto; } .scroll svg { display: block; max-width: max(100%, 30rem); height: auto; }
ul { margin: .2rem 0; padding-left: 1.1rem; } li { overflow-wrap: anywhere; }
td, th { overflow-wrap: anywhere; }
@media (max-width: 40rem) { main { padding: 1rem .5rem 2rem; } section, dl { padding: .75rem; }
  td.b { width: 20%; } th.n, td.n { width: auto; }
  table.list th, table.list td { display: block; width: auto; padding-right: 0; }
  table.list td { border-top: 0; padding-top: 0; }
  thead { display: none; } .quiz th { font-weight: 600; }
  .quiz th, .quiz td, .all th, .all td { display: block; width: auto; padding-right: 0; text-align: left; }
  .quiz td, .all td { border-top: 0; padding-top: 0; } td[data-head]::before { content: attr(data-head) ": "; }
  code { white-space: normal; overflow-wrap: anywhere; } }
@media print { body, main { background: none; padding: 0; } section { break-inside: avoid; }
  svg { print-color-adjust: exact; } }
"""


def page(title: str, body: str, style: str = "") -> str:
    """Return an HTML document. body: HTML; style: rules in addition to those of all pages."""
    rules = f"{svg.STYLE}{chart.STYLE}{STYLE}{style}"
    return document(title, f"<main>\n{body}\n</main>", rules)
