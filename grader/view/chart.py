"""Plots as SVG, in the colours and the type of the pictures: a bar for a share, columns for a distribution, and small
columns for a count that goes on from step to step.

The numbers stand as text next to a plot or in it, so that no plot is the only sign of anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from grader.escape import for_html
from grader.view.svg import NARROW

#: Width and height of a bar.
BAR, THICK = 160, 12

#: Width of a column with its gap, width of the column, and height of the highest one.
STEP, COLUMN, HIGH = 42, 30, 120

#: Room above the columns for their numbers, and below for their names.
ABOVE, BELOW = 20, 22

#: Width of a small column with its gap, and height of the highest one.
SMALL, LOW = 10, 40

#: The style of plots. Its rules are for elements inside `svg.m`, whose colours view/svg.py defines.
STYLE = (
    ".m .v{fill:var(--r);stroke:none}.m .l{color:var(--s)}.m .k{fill:var(--f)}.m .a{text-anchor:middle}"
    ".m .q{color:var(--i);stroke-width:3}"
)


def bar(share: float) -> str:
    """Return a bar that is full to a share from 0 to 1. It repeats a number, so screen readers skip it."""
    width = round(BAR * max(0.0, min(share, 1.0)), 1)
    value = f'<rect class="v" width="{max(width, 2):g}" height="{THICK}" rx="3"/>' if share > 0 else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="m" viewBox="0 0 {BAR} {THICK}" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect class="k" width="{BAR}" height="{THICK}" rx="3"/>{value}</svg>'
    )


def columns(title: str, values: Sequence[tuple[str, int]]) -> str:
    """Return a column for each name and number; the highest has all the height that there is."""
    highest = max((number for _, number in values), default=0)
    width, floor = STEP * len(values), ABOVE + HIGH
    parts = []
    for n, (name, number) in enumerate(values):
        middle, height = STEP * n + STEP // 2, _height(number, highest, HIGH)
        if number:
            top = round(floor - height, 1)
            x = middle - COLUMN // 2
            parts.append(f'<rect class="v" x="{x}" y="{top:g}" width="{COLUMN}" height="{height:g}" rx="3"/>')
        parts.append(f'<text class="t a" x="{middle}" y="{floor - height - 6:g}">{number}</text>')
        # Names that are wider than their column are made to fit, not to overlap.
        fit = f' textLength="{STEP - 6}"' if len(name) * NARROW > STEP - 6 else ""
        parts.append(f'<text class="s a" x="{middle}" y="{floor + 16}"{fit}>{for_html(name)}</text>')
    told = "; ".join(f"{name}: {number}" for name, number in values)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="m" viewBox="0 0 {width} {floor + BELOW}" role="img">'
        f"<title>{for_html(title)}</title><desc>{for_html(told)}</desc>"
        f'{"".join(parts)}<path class="l" d="M0 {floor}h{width}"/></svg>'
    )


def over_steps(first: Sequence[int | None], *others: Sequence[int | None]) -> str:
    """Return a small column for each step of a run, and a line at the height of another run where that differs.

    None is a step without a number. The plot repeats the numbers of a table, so screen readers skip it.
    """
    highest = max((number for run in (first, *others) for number in run if number is not None), default=0)
    floor, width = LOW + 2, SMALL * len(first)
    columns = "".join(
        f"M{SMALL * n + 1} {floor}v-{height:g}h{SMALL - 2}v{height:g}z"
        for n, number in enumerate(first)
        if (height := _height(number or 0, highest, LOW))
    )
    lines = "".join(
        f"M{SMALL * n} {floor - _height(number, highest, LOW):g}h{SMALL}"
        for other in others
        for n, (mine, number) in enumerate(zip(first, other, strict=False))
        if number is not None and number != mine
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="m" viewBox="0 0 {width} {LOW + 4}" width="{width}" '
        f'height="{LOW + 4}" preserveAspectRatio="none" aria-hidden="true"><path class="v" d="{columns}"/>'
        f'<path class="l" d="M0 {floor}h{width}"/><path class="q" d="{lines}"/></svg>'
    )


def _height(number: int, highest: int, high: int) -> float:
    """Return how high the column of a number is; that of the highest number has all the height that there is."""
    return round(high * number / (highest or 1), 1)
