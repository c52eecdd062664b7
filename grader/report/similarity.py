"""Show which kernels of a class are alike, for staff: a summary as text, and a page with kernels side by side.

Pairs are shown as the groups that they connect, each with the pair that is most alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypedDict

from grader.escape import for_html as html
from grader.escape import printable
from grader.plural import number_of
from grader.report.class_result import Alike, AlikeGroup
from grader.report.course_charts import few
from grader.report.page import page as html_page
from grader.report.text import wrap

#: Groups shown side by side, lines shown of each kernel, and pairs listed of a group. They bound the page;
#: similarity.json has every pair.
GROUPS, LINES, PAIRS = 60, 800, 40

#: What the comparison can and cannot tell. Nobody should be accused because of a number, so every output has this.
MEANING = (
    "Two kernels are alike if they share an unusual part of their structure. Comments, names, numbers, layout and the "
    "order of methods do not count, and code that everybody was given is left out. Kernels in different languages "
    "are not compared. This cannot tell who wrote it first, or whether both took it from a third source; short "
    "kernels can be alike by chance. A kernel that was rewritten statement by statement is not found. Read both texts "
    "before you decide anything."
)

#: What a group means, which is less than a pair does.
CONNECTED = (
    "A group is connected by pairs: each of its kernels is like at least one other, and two of them need not be alike. "
    "The percentage is the share of the unusual structure of the smaller kernel that both have."
)

_STYLE = """
main { max-width: 90rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; }
.pair pre { font: .8rem/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
.pair h3 { font-size: .9rem; margin: .5rem 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
"""


class AlikePair(TypedDict):
    """Two kernels that are alike. signatures: scenarios that both fail in the same way, which few others do."""

    first: str
    second: str
    share: float
    signatures: list[str]


class GroupOfKernels(TypedDict):
    """Kernels that are connected by pairs, by one submission for each text.

    same   sets of them with the same structure throughout
    pairs  the other pairs, most alike first
    """

    kernels: list[str]
    same: list[list[str]]
    pairs: list[AlikePair]


class Similarity(TypedDict):
    """Says which kernels of a class are alike, the content of similarity.json.

    compared  different kernels with enough structure to be compared
    usual     those of them, in no group, that consist mostly of what many of them share
    missing   kernels whose text the store does not have
    copies    submission -> others with the same bytes, for the submissions of the groups
    names     submission -> name, for all that are mentioned
    """

    compared: int
    usual: int
    missing: int
    groups: list[GroupOfKernels]
    copies: dict[str, list[str]]
    names: dict[str, str]


def in_short(found: Similarity) -> Alike:
    """Return what results.json has of the comparison: each group with its submissions and its most alike pair."""
    groups: list[AlikeGroup] = []
    for group in found["groups"]:
        pair = _closest(group)
        ids = [id for kernel in group["kernels"] for id in (kernel, *found["copies"].get(kernel, []))]
        both = pair["first"], pair["second"]
        groups.append({"submissions": sorted(ids), "first": both[0], "second": both[1], "share": pair["share"]})
    return {"compared": found["compared"], "groups": groups}


def summary(found: Similarity) -> str:
    """Return in one line how many kernels were compared, and what was found."""
    groups, kernels = len(found["groups"]), sum(len(group["kernels"]) for group in found["groups"])
    told = f"{number_of(groups, 'group')} of similar ones ({number_of(kernels, 'kernel')})"
    compared = f"{number_of(found['compared'], 'different kernel')} compared"
    return f"{compared}: {told if groups else 'none are alike'}.{_usual(found)}"


def _usual(found: Similarity) -> str:
    """Return how many kernels are not named because what they share counts as the usual solution."""
    if not found["usual"]:
        return ""
    consist = f"{found['usual']} {'consists' if found['usual'] == 1 else 'consist'}"
    return f" {consist} mostly of what many of them share; that counts as the usual solution and makes no pair."


def text(found: Similarity) -> str:
    """Return the summary for a terminal."""
    lines = [summary(found), "", *wrap(MEANING, 78), "", *wrap(CONNECTED, 78)]
    for n, group in enumerate(found["groups"], 1):
        pair = _closest(group)
        lines += ["", f"Group {n}: {_size(group)}"]
        lines += wrap(f"  Closest: {_about(pair)}: {_names(found, _both(pair))}", 78)
        lines += [line for ids in group["same"] for line in wrap(f"  Same structure: {_names(found, ids)}", 78)]
        lines += wrap(f"  All: {_names(found, group['kernels'])}", 78)
    return "\n".join(lines).rstrip() + "\n"


def page(found: Similarity, text_of: Callable[[str], str]) -> str:
    """Return an HTML document; `text_of` returns the text of a submission that `found` mentions."""
    groups = [_group(found, text_of, n, group) for n, group in enumerate(found["groups"][:GROUPS], 1)]
    left = len(found["groups"]) - GROUPS
    more = [f'<p class="about">{_others(left, "group")}</p>'] if left > 0 else []
    body = [
        "<h1>Similar kernels</h1>",
        f"<p>{html(summary(found))}</p>",
        f'<p class="about">{html(MEANING)}</p>',
        f'<p class="about">{html(CONNECTED)}</p>',
        *groups,
        *more,
    ]
    return html_page("Similar kernels", "\n".join(body), _STYLE)


def _group(found: Similarity, text_of: Callable[[str], str], n: int, group: GroupOfKernels) -> str:
    """Return a group: its kernels, the closest pair side by side, and all pairs, which open with a click."""
    pair = _closest(group)
    same = [("same structure", ids) for ids in group["same"]]
    listed = [(_about(one), _both(one)) for one in group["pairs"]]
    left = len(listed) - PAIRS
    more = f"<p>{_others(left, 'pair')}</p>" if left > 0 else ""
    rows = "".join(
        f'<tr><th scope="row">{html(about)}</th><td>{html(_names(found, ids))}</td></tr>\n'
        for about, ids in [*same, *listed[:PAIRS]]
    )
    columns = "".join(
        f"<div><h3>{html(_name(found, id))}</h3><pre>{_source(text_of(id))}</pre></div>\n" for id in _both(pair)
    )
    return (
        f'<section id="g{n}">\n<h2>Group {n}: {html(_size(group))}</h2>\n'
        f'<p class="about">{html(_names(found, group["kernels"][:PAIRS]))}{_more(group)}</p>\n'
        f"<details><summary>Closest pair side by side: {html(', '.join(_both(pair)))}, {html(_about(pair))}</summary>\n"
        f'<div class="pair">\n{columns}</div>\n</details>\n'
        f"<details><summary>Sets with the same structure: {len(same)}; other pairs: {len(listed)}</summary>\n"
        f'<table class="list">\n<tbody>\n{rows}</tbody>\n</table>\n{more}</details>\n</section>'
    )


def _others(left: int, what: str) -> str:
    return f"{number_of(left, f'more {what}')} {'is' if left == 1 else 'are'} in similarity.json."


def _more(group: GroupOfKernels) -> str:
    left = len(group["kernels"]) - PAIRS
    return f" and {left} more" if left > 0 else ""


def _size(group: GroupOfKernels) -> str:
    return f"{len(group['kernels'])} different kernels"


def _closest(group: GroupOfKernels) -> AlikePair:
    """Return the pair that tells most: a shared rare failure, then the same structure, then the largest share."""
    rare = next((pair for pair in group["pairs"] if pair["signatures"]), None)
    if rare is not None:
        return rare
    if group["same"]:
        first, second = group["same"][0][:2]
        return {"first": first, "second": second, "share": 1.0, "signatures": []}
    return group["pairs"][0]


def _both(pair: AlikePair) -> tuple[str, str]:
    return pair["first"], pair["second"]


def _about(pair: AlikePair) -> str:
    """Return how alike two kernels are, and the scenarios that both fail in the same rare way."""
    rare = f"; same rare failure in {few(pair['signatures'])}" if pair["signatures"] else ""
    return f"{pair['share']:.0%}{rare}"


def _names(found: Similarity, ids: Iterable[str]) -> str:
    return ", ".join(_name(found, id) for id in ids)


def _name(found: Similarity, id: str) -> str:
    """Return the id, the name if it differs, and the submissions with the same bytes."""
    called = [_known(found, one) for one in (id, *found["copies"].get(id, []))]
    return " = ".join(called)


def _known(found: Similarity, id: str) -> str:
    name = printable(found["names"].get(id, id))
    return id if name in ("", id) else f"{id} ({name})"


def _source(kernel: str) -> str:
    """Return a kernel's text, escaped line by line so that its lines stay lines."""
    lines = kernel.expandtabs(4).splitlines()
    shown = [html(line) for line in lines[:LINES]]
    if len(lines) > LINES:
        shown.append(f"({number_of(len(lines) - LINES, 'more line')})")
    return "\n".join(shown)
