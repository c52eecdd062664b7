"""The class report for a terminal, within 80 columns."""

from __future__ import annotations

from grader.report.course import ROWS, Bar, Course
from grader.report.text import wrap
from grader.text import plain

_FULL = 30


def render(course: Course) -> str:
    """What needs somebody's eye first, then how the class did."""
    lines = [course.title, ""]
    for told, pairs in (
        ("Not graded in full", course.open),
        ("Refused by intake", course.refused),
        ("To be looked at", course.odd),
    ):
        if pairs:
            lines += [f"{told}: {len(pairs)}"]
            lines += [line for id, why in pairs[:ROWS] for line in wrap(f"{id}: {plain(why, 200)}", 78, "  ")]
            lines += [f"  and {len(pairs) - ROWS} more"] * (len(pairs) > ROWS) + [""]
    if course.copies:
        lines.append(f"The same kernel, byte for byte: {len(course.copies)} groups")
        lines += [line for group in course.copies[:ROWS] for line in wrap(", ".join(group), 78, "  ")]
        lines.append("")
    lines.append(f"{course.number} submissions; mean {course.mean:.1f}, median {course.median:.1f} of {course.most:g}")
    lines += _chart(course.spread, len(course.spread))
    for told, bars in (
        ("All points of a task", course.tasks),
        ("Scenarios that fail most (of those who got there)", course.scenarios),
        ("What goes wrong most", course.mistakes),
    ):
        if bars:
            lines += ["", told, *_chart(bars, ROWS)]
    return "\n".join(lines) + "\n"


def _chart(bars: list[Bar], rows: int) -> list[str]:
    shown = bars[:rows]
    width = min(max((len(bar.name) for bar in shown), default=0), 40)
    widest = max((bar.number for bar in shown), default=0) or 1
    lines = [
        f"  {bar.name[:width]:{width}} {bar.number:>4} {'#' * round(bar.number / widest * _FULL)}".rstrip()
        for bar in shown
    ]
    return lines + [f"  and {len(bars) - rows} more"] * (len(bars) > rows)
