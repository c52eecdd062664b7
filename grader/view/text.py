"""A picture as text. Two address spaces have their frames between them, as textbooks draw a fork:

    [P]                   frames                   [C]
    t[0:2] r-x        --->[a..b]<---  r-x       t[0:2]
    h[0]   r-- cow    ->[c]    [d]<-  rw- dirty h[0]

A frame that both map stands in the middle, one's own at its own side; one that was freed although a page maps it is
marked, as in `[a freed]`. One address space, or more than two, are columns next to each other. Pages without an entry
are left out. Pure: a Picture in, lines out.
"""

from __future__ import annotations

from grader.view.layout import Picture, Row, Space
from grader.view.sight import OUT

#: Characters of a line, and rows of a picture; what is over is counted.
WIDTH = 74
ROWS = 12

#: Between the two sides, at least.
MIDDLE = 14

#: Characters of a column for a page's label, and for its rights and marks.
LABEL, RIGHTS = 8, 15


def text(picture: Picture) -> list[str]:
    """Return the lines of a picture."""
    spaces = [_touched(space) for space in picture.left + picture.right]
    if not spaces:
        return ["no process is left"]
    if len(spaces) == 2 and all(space.rows for space in spaces):
        lines = _facing(picture, *spaces)
        if lines is not None:
            return lines
    return _beside([_column(picture, space) for space in spaces])


def _touched(space: Space) -> Space:
    return space._replace(rows=tuple(row for row in space.rows if row.box is not None))


def _rights(row: Row) -> str:
    return "out" if row.page.access == OUT else row.page.entry


def _column(picture: Picture, space: Space) -> list[str]:
    """Return an address space as a column of its own."""
    rows = space.rows[:ROWS]
    more = len(space.rows) - len(rows) + space.more
    labels = max([LABEL, *(len(row.label) for row in rows)])
    told = max([RIGHTS, *(len(_rights(row)) for row in rows)])
    lines = [f"{row.label:{labels}} {_rights(row):{told}} {_box(picture, row)}" for row in rows]
    lines += [f"and {more} more"] if more else []
    return [f"[{space.name}]", *(lines or ["(nothing present)"])]


def _facing(picture: Picture, left: Space, right: Space) -> list[str] | None:
    """Return two address spaces with the frames between them, or None if they do not fit into a line's width."""
    ours, theirs = ({row.first: row for row in space.rows} for space in (left, right))
    pages = sorted(ours.keys() | theirs.keys())
    more = max(len(pages) - ROWS, 0) + max(left.more, right.more)
    pairs = [(ours.get(page), theirs.get(page)) for page in pages[:ROWS]]
    rows = [row for pair in pairs for row in pair if row is not None]
    titles = f"[{left.name}]", f"[{right.name}]"
    labels = max([len(titles[0]), *(len(row.label) for row in rows)])
    told = max([3, *(len(_rights(row)) for row in rows)])
    middle = max([MIDDLE, *(len(_middle(picture, *pair, 0)) for pair in pairs)])
    if 2 * (labels + told + 3) + middle + 1 > WIDTH:
        return None
    side = labels + told + 1
    lines = [f"{titles[0]:{side}}  {'frames':^{middle}}  {titles[1]:>{side}}".rstrip()]
    for one, other in pairs:
        begin = f"{one.label:{labels}} {_rights(one):{told}}" if one else ""
        end = f"{_rights(other):{told}} {other.label}" if other else ""
        lines.append(f"{begin:{side}}  {_middle(picture, one, other, middle)}  {end}".rstrip())
    return lines + ([f"and {more} more"] if more else [])


def _middle(picture: Picture, left: Row | None, right: Row | None, width: int) -> str:
    """Return arrows and frames of a row, as wide as asked for or wider."""
    ours, theirs = (f"[{_box(picture, row)}]" if row is not None else "" for row in (left, right))
    if left is not None and right is not None and left.box == right.box:
        arrows = max(width - len(ours) - 2, 2)
        return f"{'-' * (arrows // 2)}>{ours}<{'-' * (arrows - arrows // 2)}"
    begin, end = f"->{ours}" if ours else "", f"{theirs}<-" if theirs else ""
    return f"{begin}{' ' * max(width - len(begin) - len(end), 1)}{end}"


def _box(picture: Picture, row: Row) -> str:
    if row.box is None:
        return ""
    box = picture.boxes[row.box]
    return f"{box.name} freed" if box.freed else box.name


def _beside(columns: list[list[str]]) -> list[str]:
    """Return columns of lines next to each other, as many as fit in a line, the others below."""
    lines: list[str] = []
    row: list[list[str]] = []
    for column in columns:
        width = sum(max(map(len, c)) + 3 for c in [*row, column])
        if row and width > WIDTH:
            lines += _join(row)
            row = []
        row.append(column)
    return lines + _join(row)


def _join(columns: list[list[str]]) -> list[str]:
    height = max(map(len, columns))
    widths = [max(map(len, column)) for column in columns]
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [
        "   ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in zip(*padded, strict=True)
    ]
