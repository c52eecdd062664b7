"""Show which kernels of a class are alike, for staff: a summary as text, and a page with the kernels side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.escape import for_html as html
from grader.escape import printable
from grader.report.course_html import HEAD, STYLE
from grader.report.text import wrap

#: Pairs shown side by side, and lines shown of each kernel. They bound the page; similarity.json has every pair.
PAIRS, LINES = 60, 800

#: What the comparison can and cannot tell. Nobody should be accused because of a number, so every output has this.
MEANING = (
    "Two kernels are alike if they share an unusual part of their structure. Comments, names, numbers, layout and the "
    "order of methods do not count, and code that everybody was given is left out. This cannot tell who wrote it "
    "first, or whether both took it from a third source; short kernels can be alike by chance. A kernel that was "
    "rewritten statement by statement is not found. Read both texts before you decide anything."
)

_COLUMNS = """
main { max-width: 90rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
.pair pre { font: .8rem/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.pair h3 { font-size: .9rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
li { overflow-wrap: anywhere; }
@media (max-width: 40rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
"""


def text(found: Mapping[str, Any]) -> str:
    """Return the summary for a terminal."""
    lines = [summary(found), "", *wrap(MEANING, 78), ""]
    lines += [f"Same structure: {_names(found, group)}" for group in found["groups"]]
    lines += [f"{pair['share']:.0%}  {_names(found, _both(pair))}{_failures(pair)}" for pair in found["pairs"]]
    return "\n".join(lines).rstrip() + "\n"


def page(found: Mapping[str, Any], kernels: Mapping[str, str]) -> str:
    """Return an HTML document; `kernels` has the text of each submission that `found` mentions."""
    groups = "".join(_group(found, group) for group in found["groups"])
    shown = [(group[0], group[1], "same structure") for group in found["groups"]]
    shown += [(*_both(pair), f"{pair['share']:.0%}{_failures(pair)}") for pair in found["pairs"]]
    left = len(shown) - PAIRS
    more = f'<p class="about">{left} more pairs are in similarity.json.</p>\n' if left > 0 else ""
    pairs = "".join(_pair(found, kernels, *one) for one in shown[:PAIRS])
    return (
        f"{HEAD}<title>Similar kernels</title>\n<style>{STYLE}{_COLUMNS}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>Similar kernels</h1>\n<p>{html(summary(found))}</p>\n<p class="about">{html(MEANING)}</p>\n'
        f"<section><h2>Same structure throughout ({len(found['groups'])})</h2>\n<ul>\n{groups}</ul></section>\n"
        f"<section><h2>Side by side ({len(shown)})</h2>\n{pairs}{more}</section>\n</main>\n</body>\n</html>\n"
    )


def _group(found: Mapping[str, Any], group: list[str]) -> str:
    """Return a group that opens to its names: half a class in one group would fill a phone's screen many times."""
    title = f"{len(group)} kernels, such as {html(group[0])}"
    return f"<li><details><summary>{title}</summary>{html(_names(found, group))}</details></li>\n"


def summary(found: Mapping[str, Any]) -> str:
    """Return in one line how many kernels were compared, and what was found."""
    return (
        f"{found['compared']} different kernels compared: {len(found['groups'])} groups with the same structure, "
        f"{len(found['pairs'])} other pairs."
    )


def _both(pair: Mapping[str, Any]) -> tuple[str, str]:
    return pair["first"], pair["second"]


def _names(found: Mapping[str, Any], ids: Any) -> str:
    return ", ".join(_name(found, id) for id in ids)


def _name(found: Mapping[str, Any], id: str) -> str:
    """Return the id, the name if it differs, and the submissions with the same bytes."""
    name = printable(found["names"].get(id, id))
    copies = found["copies"].get(id, [])
    known = id if name == id else f"{id} ({name})"
    return " = ".join([known, *copies])


def _failures(pair: Mapping[str, Any]) -> str:
    """Return the scenarios that both fail in the same rare way, to be added to a line."""
    return f"; same rare failure in {', '.join(pair['signatures'])}" if pair["signatures"] else ""


def _pair(found: Mapping[str, Any], kernels: Mapping[str, str], first: str, second: str, about: str) -> str:
    columns = "".join(
        f"<div><h3>{html(_name(found, id))}</h3><pre>{_source(kernels[id])}</pre></div>\n" for id in (first, second)
    )
    title = html(f"{first} and {second}: {about}")
    return f'<details><summary>{title}</summary>\n<div class="pair">\n{columns}</div>\n</details>\n'


def _source(kernel: str) -> str:
    """Return a kernel's text, escaped line by line so that its lines stay lines."""
    lines = kernel.expandtabs(4).splitlines()
    shown = [html(line) for line in lines[:LINES]]
    if len(lines) > LINES:
        shown.append(f"({len(lines) - LINES} more lines)")
    return "\n".join(shown)
