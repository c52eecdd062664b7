"""Draw what `grader watch` shows: pure functions from what is known to lines of a screen's own size."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from grader.grade.verdicts import NOT_IMPLEMENTED, PASSED, WAITING
from grader.points import points
from grader.report.sentences import counted, held_lines, quiz_lines, score
from grader.report.text import COLOURS, MARKS, mark, mark_of, printed, shortened, wrap

if TYPE_CHECKING:
    from grader.grade.result import Result, ScenarioResult, TaskResult

#: Cells of a task's bar.
BAR = 12

#: Columns from which there is room for bars and counts.
WIDE = 70

#: Lines of a kernel's own prints.
PRINTED = 6

#: The beginning of the line on what a save changed.
SINCE = "Since the last save: "

#: A word of a command line as a shell reads it, with its quotes.
WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""")

KEYS = "h hint  s steps  n next  l list  p picture  q quit"


class View(NamedTuple):
    """Holds what a screen is drawn from.

    result    the last complete result; None before there is one
    failure   the failing scenario to show; None if nothing fails or nothing is known yet
    place     its number among the failing scenarios, and how many fail: "1 of 4"; "" while they are being tried
    change    what the last save changed, in words
    status    one short line: the time of the save and how far grading is
    problem   why nothing can be graded; "" if it can
    learnt    what a finished kernel has shown; "" if the lab does not say
    next      what to do next; a second line, if there is one, is a command
    extra     lines that take the place of the failure (a hint, steps, a list), and their title; () for none
    scroll    lines of the middle part that are scrolled away
    """

    title: str
    result: Result | None = None
    failure: ScenarioResult | None = None
    place: str = ""
    change: str = ""
    status: str = ""
    problem: str = ""
    learnt: str = ""
    next: str = ""
    extra: Sequence[str] = ()
    scroll: int = 0
    colour: bool = False
    plain: bool = False


class Screen(NamedTuple):
    """Lines of a screen, and how far its middle part can be scrolled."""

    lines: list[str]
    most: int


def screen(view: View, width: int, height: int) -> Screen:
    """Return a screen of exactly `height` lines of at most `width` characters, the colours not counted."""
    top = _heading(view, width) if view.extra else _top(view, width)
    bottom = _bottom(view, width)
    middle = [part for line in view.extra for part in _fitted(line, width)] if view.extra else _middle(view, width)
    room = max(height - len(top) - len(bottom), 1)
    if len(top) + len(bottom) >= height:  # a very low terminal shows what matters most: the failure
        top, room = top[:1], max(height - 1 - len(bottom), 1)
    most = max(len(middle) - room, 0)
    scroll = min(view.scroll, most)
    shown = middle[scroll : scroll + room]
    if len(middle) > scroll + room and shown:
        hidden = len(middle) - scroll - room + 1
        shown[-1] = f"  … {hidden} more lines (down, or space)"
    shown += [""] * (room - len(shown))
    return Screen([*top, *shown, *bottom][:height], most)


def _fitted(line: str, width: int) -> list[str]:
    return wrap(line, width) if len(line) > width and not line.startswith("  ") else [line]


def report(view: View, width: int) -> list[str]:
    """Return the lines for a place that is not a terminal: everything, once."""
    return [*_top(view, width), *_middle(view, width), *_next(view, width), view.status]


def _heading(view: View, width: int) -> list[str]:
    if view.result is None:
        return [shortened(view.title, width), ""]
    total = score(view.result)
    room = max(width - len(total), 0)  # as little as nothing: a pane may be dragged to any width
    return [f"{shortened(view.title, max(room - 2, 0)):{room}}{total}"[:width]]


def _top(view: View, width: int) -> list[str]:
    """Return the points, a line for each task, and what the last save changed."""
    lines = _heading(view, width)
    if view.result is None:
        return lines
    room = max((len(task["title"]) for task in view.result["tasks"]), default=0)
    room = min(room, width - (52 if width >= WIDE else 28))
    room = max(room, 8)
    lines += [_task(view, task, room, width) for task in view.result["tasks"]]
    if view.change:
        lines.append(f"{SINCE}{view.change}"[:width])
    return [*lines, ""]


def _task(view: View, task: TaskResult, room: int, width: int) -> str:
    assert view.result is not None
    own = [s for s in view.result["scenarios"] if s["task"] == task["id"]]
    full, empty = ("#", ".") if view.plain else ("█", "░")
    share = task["points"] / task["max_points"] if task["max_points"] else 1
    filled = int(share * BAR)  # rounded down: a full bar means all points
    bar = full * filled + empty * (BAR - filled)
    scored = f"{points(task['points'])}/{points(task['max_points'])}"
    many = counted(own)
    passed = f"{sum(s['verdict'] == PASSED for s in many)} of {len(many)}" if many else ""
    mark = _mark(task, own)
    line = f"  {task['number']} {shortened(task['title'], room):{room}} "
    line += f"{bar}  {scored:>11}  {passed:>8}  " if width >= WIDE else f"{scored:>11}  "
    return line + _paint(view, mark)


def _mark(task: TaskResult, own: Sequence[ScenarioResult]) -> str:
    """Return ok, waits, open, or the mark of the first scenario that does not pass."""
    if not own:
        return "ok" if task["points"] == task["max_points"] else "open"
    failing = [s["verdict"] for s in own if s["verdict"] != PASSED]
    if not failing:
        return "ok"
    return MARKS[next((verdict for verdict in failing if verdict != WAITING), WAITING)]


def _paint(view: View, mark: str, padded: str = "") -> str:
    code = COLOURS.get(mark)
    return f"\x1b[{code}m{padded or mark}\x1b[0m" if view.colour and code else padded or mark


def _middle(view: View, width: int) -> list[str]:
    if view.problem:
        return [part for line in view.problem.splitlines() for part in wrap(line, width)]
    remarks = view.result.get("remarks", ()) if view.result is not None else ()
    notes = ["", *(part for remark in remarks for part in wrap(f"Note: {remark}.", width))] if remarks else []
    if view.failure is not None:
        return [*failure_lines(view, view.failure, width), *notes]
    if view.result is None:
        return []
    return [*all_passed(view, view.result, width), *notes]


def failure_lines(view: View, failure: ScenarioResult, width: int) -> list[str]:
    """Return everything about one failing scenario."""
    mark = mark_of(failure)
    told = failure.get("title", failure["message"])
    where = f" ({view.place})" if view.place else ""
    first, *rest = wrap(f"{failure['task']}/{failure['id']}{where}   {told}", width - len(mark) - 2)
    lines = [f"{_paint(view, mark)}  {first}", *(" " * (len(mark) + 2) + line.lstrip() for line in rest)]
    for detail in failure.get("details", [failure["message"]] if failure["verdict"] != NOT_IMPLEMENTED else []):
        lines += wrap(detail, width - 2, "  ")
    if failure.get("output"):
        lines += printed(failure["output"], PRINTED, failure.get("output_truncated", False), width)
    if "diagnosis" in failure:
        lines += ["", *wrap(failure["diagnosis"], width)]
    for told in held_lines(view.result) if view.result is not None else []:
        lines += ["", *wrap(told, width)]
    return lines


def all_passed(view: View, result: Result, width: int) -> list[str]:
    """Return what was learnt, once every public scenario passes."""
    public = [s for s in result["scenarios"] if s["visibility"] == "public"]
    lines = [f"All {len(public)} public scenarios pass.", ""]
    if view.learnt:
        lines += [*textwrap.wrap(view.learnt, width), ""]
    for scenario in result["scenarios"]:
        if scenario["visibility"] == "hidden" and scenario["verdict"] != PASSED:
            lines += wrap(f"{scenario['task']}: {scenario['message']}", width)
    quiz = result.get("quiz")
    if quiz is not None and quiz["points"] < quiz["max_points"]:
        lines.append(f"Quiz: {points(quiz['points'])} of {points(quiz['max_points'])} so far.")
    for told in quiz_lines(result):
        lines += wrap(told, width)
    return lines


def _next(view: View, width: int) -> list[str]:
    if not view.next or view.extra:
        return []
    told, _, command = view.next.partition("\n")
    return [*wrap(f"Next: {told}", width), *(command_lines(command, width) if command else [])]


def command_lines(command: str, width: int) -> list[str]:
    """Return a command in lines that a shell takes as one when they are pasted."""
    lines = [" "]
    for word in WORD.findall(command):
        long = len(word) + len("     \\") > width  # even on a line of its own
        if lines[-1].strip() and (long or len(lines[-1]) + len(word) + len("  \\") > width):
            lines[-1] += " \\"
            lines.append("   ")
        if long:
            lines[-1:] = _pieces(word, width)
        else:
            lines[-1] += f" {word}"
    return lines


def _pieces(word: str, width: int) -> list[str]:
    """Return a quoted word in lines that a shell joins again. They are not indented: blanks would part them."""
    pieces, piece = [], ""
    for character in shlex.split(word)[0]:
        if piece and len(shlex.quote(piece + character)) + len(" \\") > width:
            pieces.append(f"{shlex.quote(piece)}\\")
            piece = ""
        piece += character
    return [*pieces, shlex.quote(piece)]


def _bottom(view: View, width: int) -> list[str]:
    keys = KEYS if not view.extra else "up, down: scroll  any letter: another view  esc: back"
    room = width - len(keys) - 2
    if room >= len(view.status):
        return [*_next(view, width), f"{view.status:{room}}  {keys}"]
    return [*_next(view, width), view.status[:width], keys[:width]]


def listed(view: View, result: Result, width: int) -> list[str]:
    """Return one line for each scenario, with its state."""
    lines = []
    for task in result["tasks"]:
        own = [s for s in result["scenarios"] if s["task"] == task["id"]]
        if own:
            lines.append(f"task {task['number']}  {task['title']}"[:width])
        for scenario in own:
            told = mark(scenario["verdict"])
            line = shortened(f"{scenario['id']:32} {scenario.get('title', scenario['message'])}", width - 12)
            lines.append(f"  {_paint(view, told, f'{told:8}')} {line}")
    return lines
