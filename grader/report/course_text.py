"""The class report for a terminal, within 80 columns."""

from __future__ import annotations

from grader.escape import printable
from grader.points import points
from grader.report.course import ROWS, Bar, Course, Pairs
from grader.report.text import wrap

_WIDTH = 78

#: Columns of a bar at its longest, and of what stands before it.
_FULL, _NUMBER = 20, 9


def render(course: Course) -> str:
    """What needs somebody's eye first, then how the class did."""
    lines = [course.title, ""]
    for told, pairs in (
        ("Not graded in full", course.open),
        ("Refused by intake", course.refused),
        ("Decide whose these are; no gradebook has their points", course.decide),
        ("To be looked at", course.odd),
        ("Passes public scenarios, but not their disguised twins", course.twins),
        ("Late", course.late),
        ("Unmodified stub or empty file", course.untouched),
    ):
        lines += _list(told, pairs, course.names)
    if course.copies:
        lines.append(f"The same kernel, byte for byte: {len(course.copies)} groups")
        for group in course.copies[:ROWS]:
            lines += wrap(f"  {', '.join(_called(id, course.names) for id in group)}", _WIDTH)
        lines += [*_more(len(course.copies)), ""]
    middle = f"mean {course.mean:.1f}, median {course.median:.1f} of {points(course.most)}"
    lines.append(f"{course.number} submissions; {middle}")
    widest = max((bar.number for bar in course.spread), default=0) or 1
    lines += [line for bar in course.spread for line in _row(bar, bar.number / widest, of=False)]
    for told, bars in (
        ("Tasks completed", course.tasks),
        ("Scenarios most often failed (of those who reached them)", course.scenarios),
        ("Common misconceptions: behaves like", course.misconceptions),
        ("First differences, by task and rule", course.differences),
    ):
        if bars:
            lines += ["", told]
            lines += [line for bar in bars[:ROWS] for line in _row(bar, bar.share, of=True)] + _more(len(bars))
    return "\n".join(lines) + "\n"


def _called(id: str, names: dict[str, str]) -> str:
    """Return an id, with the name in brackets where the id does not say it."""
    return f"{id} ({printable(names[id], 60)})" if id in names else id


def _list(told: str, pairs: Pairs, names: dict[str, str]) -> list[str]:
    if not pairs:
        return []
    shown = [
        line for id, why in pairs[:ROWS] for line in wrap(f"  {_called(id, names)}: {printable(why, 200)}", _WIDTH)
    ]
    return [f"{told}: {len(pairs)}", *shown, *_more(len(pairs)), ""]


def _more(count: int) -> list[str]:
    return [f"  and {count - ROWS} more"] * (count > ROWS)


def _row(bar: Bar, part: float, of: bool) -> list[str]:
    """Number, bar, and the name, which goes on in its own column where it is long."""
    count = f"{bar.number}/{bar.of}" if of else str(bar.number)
    filled = "#" * max(round(part * _FULL), 1 if bar.number else 0)
    first, *rest = wrap(bar.name, _WIDTH - _NUMBER - _FULL - 2)
    begin = f"{count:>{_NUMBER}} {filled:{_FULL}} {first}".rstrip()
    return [begin, *(f"{'':{_NUMBER + _FULL + 2}}{line}" for line in rest)]
