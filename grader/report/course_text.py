"""Write the class report for a terminal, within 80 columns."""

from __future__ import annotations

from collections.abc import Mapping

from grader.escape import printable
from grader.plural import number_of
from grader.points import points
from grader.report.course import DIFFERENCES, QUIZ, ROWS, Course, Listing
from grader.report.course_charts import Bar, Chart, Question
from grader.report.text import wrap

_WIDTH = 78

#: Columns of a bar at its longest, and of the number before it.
_FULL, _NUMBER = 20, 9

#: Begins a line about the row above.
_UNDER = " " * (_NUMBER + 1)


def render(course: Course) -> str:
    """Return the report: first what staff should look at, then how the class did."""
    lines = [course.title, ""]
    for listing in (course.open, *course.lists):
        lines += _list(listing, course.names)
    middle = f"mean {points(course.mean)}, median {points(course.median)} of {points(course.most)}"
    lines.append(f"{number_of(course.number, 'submission')}; {middle}")
    widest = max((bar.number for bar in course.spread), default=0) or 1
    lines += [line for bar in course.spread for line in _row(bar, bar.number / widest, of=False)]
    for chart in course.charts:
        lines += ["", *_chart(chart)]
    if course.differences:
        lines += ["", DIFFERENCES]
        for one in course.differences:
            lines += _row(one.bar._replace(name=f"{one.bar.name}: {one.rule}"), one.bar.share, of=True)
            lines += wrap(f"{_UNDER}expected {printable(one.expected, 200)}", _WIDTH)
    if course.quiz:
        lines += ["", QUIZ, *wrap(course.quiz_about, _WIDTH)]
        lines += [line for question in course.quiz for line in _question(question)]
    return "\n".join(lines) + "\n"


def _list(listing: Listing, names: Mapping[str, str]) -> list[str]:
    if not listing.rows:
        return []
    lines = [f"{listing.title}: {len(listing.rows)}"]
    for id, why in listing.rows[:ROWS]:
        called = f"{id} ({printable(names[id], 60)})" if id in names else id
        lines += wrap(f"  {called}: {printable(why, 200)}", _WIDTH)
    lines += _more(len(listing.rows))
    return [*lines, *([f"  See {listing.link}"] if listing.link else []), ""]


def _more(count: int) -> list[str]:
    return [f"  and {count - ROWS} more"] * (count > ROWS)


def _chart(chart: Chart) -> list[str]:
    shown = [line for bar in chart.bars[:ROWS] for line in _row(bar, bar.share, of=True)]
    return [chart.title, *shown, *_more(len(chart.bars))]


def _question(question: Question) -> list[str]:
    name = f"{question.bar.name} (discrimination {question.discrimination})"
    lines = _row(question.bar._replace(name=name), question.bar.share, of=True)
    for wrong in question.wrong:
        lines += wrap(f"{_UNDER}{printable(wrong, 200)}", _WIDTH)
    return lines


def _row(bar: Bar, part: float, of: bool) -> list[str]:
    """Return number, bar and name; a long name goes on in its own column."""
    count = f"{bar.number}/{bar.of}" if of else str(bar.number)
    filled = "#" * max(round(part * _FULL), 1 if bar.number else 0)
    first, *rest = wrap(bar.name, _WIDTH - _NUMBER - _FULL - 2)
    begin = f"{count:>{_NUMBER}} {filled:{_FULL}} {first}".rstrip()
    return [begin, *(f"{'':{_NUMBER + _FULL + 2}}{line}" for line in rest)]
