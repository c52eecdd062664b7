"""Two address spaces with the frames between them, as textbooks draw a fork:

    [P]                   frames                   [C]
    t[0:2] r-x        --->[a..b]<---  r-x       t[0:2]
    h[0]   r-- cow    ->[c]    [d]<-  rw- dirty h[0]

A row is a run of pages that look the same. A frame that both map stands in the middle, one's own at its own side. Pure
functions of page tables and names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from grader.machine.entry import ACCESSED, RIGHTS
from grader.machine.protection import PROTECTIONS
from grader.trace.names import marks

#: Characters of a line, and rows of a picture; what is over is counted.
WIDTH = 74
ROWS = 12

#: Between the two sides, at least.
MIDDLE = 14


class Half(NamedTuple):
    """A page of one process: what it is called (`h[0]`), its rights and marks in words, and its frame, or its slot."""

    label: str
    told: str
    frame: int


class Row(NamedTuple):
    """A run of pages: the first page's halves, None where a process has no entry, and how many pages it is."""

    left: Half | None
    right: Half | None
    pages: int


def picture(
    titles: tuple[str, str], left: dict[int, Half], right: dict[int, Half], name: Callable[[int], str]
) -> list[str] | None:
    """The lines of a picture, or None if it does not fit into a line's width.

    left, right  page number -> half, of the two processes; name gives a frame's name
    """
    rows = _rows(left, right)
    hidden = len(rows) - ROWS
    rows = rows[:ROWS]
    labels = max([len(titles[0]), *(len(_label(half, row.pages)) for row in rows for half in row[:2] if half)])
    told = max([3, *(len(half.told) for row in rows for half in row[:2] if half)])
    middle = max([MIDDLE, *(len(_middle(row, name, 0)) for row in rows)])
    if 2 * (labels + told + 3) + middle + 1 > WIDTH:
        return None
    side = labels + told + 1
    lines = [f"{titles[0]:{side}}  {'frames':^{middle}}  {titles[1]:>{side}}".rstrip()]
    for row in rows:
        ours = f"{_label(row.left, row.pages):{labels}} {row.left.told:{told}}" if row.left else ""
        theirs = f"{row.right.told:{told}} {_label(row.right, row.pages)}" if row.right else ""
        lines.append(f"{ours:{side}}  {_middle(row, name, middle)}  {theirs}".rstrip())
    return lines + ([f"and {hidden} more"] if hidden > 0 else [])


def rights(pte: int, clock: bool = False) -> str:
    """An entry's rights and marks: `r-- cow dirty`; `used` if it was only read, or in any case for a clock."""
    return f"{PROTECTIONS[pte & RIGHTS]}{marks(pte, clock) or (' used' if pte & ACCESSED else '')}"


def run_of(first: int, pages: int, name: Callable[[int], str]) -> str:
    """The frames or slots of a run of pages: `c`, `a..c`, `slot 0..2`."""
    return name(first) if pages == 1 else f"{name(first)}..{name(first + pages - 1).rpartition(' ')[2]}"


def span(label: str, length: int) -> str:
    """`h[2]` and three pages more as `h[2:6]`."""
    name, bracket, index = label.rstrip("]").rpartition("[")
    return f"{name}[{index}:{int(index) + length}]" if bracket else f"{label} and {length - 1} more"


def continues(first: Half | None, half: Half | None, distance: int) -> bool:
    """Whether a page that comes so many pages after the first of a run belongs to the run: alike, frame after frame."""
    if first is None or half is None:
        return first is half
    same_mapping = first.label.partition("[")[0] == half.label.partition("[")[0]
    return same_mapping and first.told == half.told and half.frame == first.frame + distance


def _rows(left: dict[int, Half], right: dict[int, Half]) -> list[Row]:
    rows: list[Row] = []
    previous = -2
    for page in sorted(left.keys() | right.keys()):
        ours, theirs = left.get(page), right.get(page)
        if rows and page == previous + 1:
            first, second, length = rows[-1]
            if continues(first, ours, length) and continues(second, theirs, length):
                rows[-1] = Row(first, second, length + 1)
                previous = page
                continue
        rows.append(Row(ours, theirs, 1))
        previous = page
    return rows


def _label(half: Half | None, pages: int) -> str:
    if half is None:
        return ""
    return half.label if pages == 1 else span(half.label, pages)


def _box(half: Half, pages: int, name: Callable[[int], str]) -> str:
    return f"[{run_of(half.frame, pages, name)}]"


def _middle(row: Row, name: Callable[[int], str], width: int) -> str:
    """Arrows and frames of a row, as wide as asked for or wider."""
    ours, theirs = (half and _box(half, row.pages, name) for half in row[:2])
    if row.left and row.right and row.left.frame == row.right.frame:
        arrows = max(width - len(ours or "") - 2, 2)
        return f"{'-' * (arrows // 2)}>{ours}<{'-' * (arrows - arrows // 2)}"
    begin, end = f"->{ours}" if ours else "", f"{theirs}<-" if theirs else ""
    return f"{begin}{' ' * max(width - len(begin) - len(end), 1)}{end}"
