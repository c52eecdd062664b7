"""A picture as SVG: boxes and arrows with coordinates.

Text is text, there is no script and no font, and the same picture gives the same bytes everywhere.

The dash of an arrow carries the right: solid may write, dashed is protected until the next write, dotted is read-only,
long dashes lead to swap. Colours (Okabe and Ito's) only repeat it, and a change has a thick border and a dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from grader.escape import for_html, printable
from grader.plural import number_of
from grader.view.layout import Box, Picture, Row, Space
from grader.view.sight import OUT, PROTECTED, READ_ONLY, UNTOUCHED, WRITABLE

#: Height of a box, and from one box to the next; between address spaces.
HEIGHT, STEP, GAP = 34, 40, 12

#: The least width of the boxes at the sides and in the middle, and the room for arrows.
SIDE, MIDDLE, ARROWS = 150, 112, 62

#: Width of a character of the labels and of the smaller second line.
WIDE, NARROW = 7.6, 6.7

#: Characters that are shown of a title.
TITLE = 90

#: Characters that are shown of a name; all of it is in the box's title.
NAME = 22

#: Where the first address space begins, and the margin around everything.
TOP, EDGE = 44, 8

#: Height that a title takes, which a picture without one does not have.
HEAD = 24

_CLASSES = {WRITABLE: "w", PROTECTED: "p", READ_ONLY: "r", OUT: "o"}
_LEGEND = (("w", "may write"), ("p", "write-protected"), ("r", "read-only"), ("o", "out on swap"))

#: The style of a picture. Its rules are for elements inside `svg.m` so that a page with many pictures has it once.
STYLE = (
    ".m{--i:#1c2530;--s:#5b6775;--b:#fff;--f:#f1f4f7;--w:#007a59;--p:#b35c00;--r:#0072b2;--o:#a84a00;"
    "font:12px ui-monospace,monospace}"
    "@media(prefers-color-scheme:dark){.m{--i:#e4e8ed;--s:#a4aeb9;--b:#14181d;--f:#222a33;--w:#3fc79a;--p:#e69f00;"
    "--r:#56b4e9;--o:#ff9a52}}"
    ".m text{fill:var(--i)}.m tspan,.m .t{font-weight:700}.m tspan+tspan,.m .s{fill:var(--s);font-size:11px;"
    "font-weight:400}.m .bg{fill:var(--b)}.m g rect{fill:var(--f);stroke:var(--s)}"
    ".m g .n{fill:none;stroke-dasharray:2 3}.m g .c{stroke:var(--i);stroke-width:3}"
    ".m path{fill:none;stroke:currentColor;stroke-width:2}"
    ".m .d{color:var(--i);stroke-width:8;stroke-linecap:round;pointer-events:none}"
    ".m .w{color:var(--w)}.m .p{color:var(--p);stroke-dasharray:7 4}.m .r{color:var(--r);stroke-dasharray:2 3}"
    ".m .o{color:var(--o);stroke-dasharray:12 4}.m .h{fill:currentColor;stroke-dasharray:none}"
    ".m .e{color:var(--o);stroke-dasharray:5 2;pointer-events:none}"
)


class _Spot(NamedTuple):
    """A row with the height of its middle."""

    row: Row
    y: int
    left: bool


def svg_file(picture: Picture) -> str:
    """Return a file of its own."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{svg(picture, style=STYLE)}\n'


def svg(picture: Picture, style: str = "", headed: bool = True) -> str:
    """Return an `svg` element; with a style of its own, or for a page that has STYLE once.

    headed  draw the title as text; a page has it as a heading already
    """
    return _Drawing(picture).element(style, headed)


def described(picture: Picture) -> str:
    """Return a picture in words: each row, and where it leads."""
    sentences = []
    for space in picture.left + picture.right:
        rows = [_rows_words(alike, picture.boxes) for alike in _alike(space.rows)]
        rows += [f"and {space.more} more rows"] if space.more else []
        sentences.append(f"{space.name}: {'; '.join(rows) or 'nothing mapped'}.")
    if not sentences:
        sentences.append("No process is left.")
    sentences.append(f"{number_of(picture.frames, 'frame')} in use.")
    if picture.slots:
        sentences.append(f"{number_of(picture.slots, 'swap slot')} in use.")
    return " ".join(sentences)


def _alike(rows: Sequence[Row]) -> list[list[Row]]:
    """Return rows that follow each other and differ in label and frame only."""
    return [list(group) for _, group in groupby(rows, key=lambda row: (row.page.kind, rights_of(row), row.changed))]


def _rows_words(rows: Sequence[Row], boxes: tuple[Box, ...]) -> str:
    first, *others = rows
    look = f"{first.page.kind} {rights_of(first)}"
    changed = ", changed" if first.changed else ""
    if not others:
        return f"{first.label} {look}{_where(first, boxes)}{changed}"
    return f"{look}{changed}: {', '.join(f'{row.label}{_where(row, boxes)}' for row in rows)}"


def _where(row: Row, boxes: tuple[Box, ...]) -> str:
    return f" to {boxes[row.box].name} ({boxes[row.box].shown})" if row.box is not None else ""


def rights_of(row: Row) -> str:
    """Return `r-x`, `rw- → r-- cow`, `rw- untouched`, `rw- out`, and what a stale TLB entry says."""
    page = row.page
    if page.access in (UNTOUCHED, OUT):
        told = f"{page.region} {page.access if page.region or page.access == OUT else 'no entry'}".strip()
    elif page.region and page.region != page.entry[:3]:
        told = f"{page.region} → {page.entry}"
    else:
        told = page.entry
    return f"{told}, TLB {page.stale}" if page.stale else told


class _Drawing:
    """Gives each row and box its place, and collects elements."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        #: Elements by the column that they stand in, whose place they need not repeat; a dot for each change, and an
        #: outline for each difference, as one path each.
        self.columns: dict[int, list[str]] = {}
        self.dots = self.outlines = ""
        spaces = picture.left + picture.right
        rows = [row for space in spaces for row in space.rows]
        words = [rights_of(row) for row in rows]
        heads = [f"{_short(row.label)} {_short(row.page.kind)}" for row in rows]
        self.side = _width(SIDE, heads, words)
        self.middle = _width(MIDDLE, [_head(box) for box in picture.boxes], [_second(box) for box in picture.boxes])
        self.x_middle = EDGE + self.side + ARROWS
        self.x_right = self.x_middle + self.middle + ARROWS
        right = self.x_right + self.side if picture.right else self.x_middle + self.middle
        self.legend = self._legend_entries()
        self.width = max(self._legend_width(), right + EDGE, int(WIDE * len(_title(picture.title))) + 2 * EDGE)
        self.spots: list[_Spot] = []
        self.bottom = TOP

    def element(self, style: str, headed: bool) -> str:
        """Return the whole element."""
        for spaces, left in ((self.picture.left, True), (self.picture.right, False)):
            y = TOP
            for space in spaces:
                y = self._space(space, y, left)
            self.bottom = max(self.bottom, y)
        arrows = "".join(self._boxes())
        legend = self._legend()
        columns = [f'<g transform="translate({x})">{"".join(parts)}</g>' for x, parts in self.columns.items()]
        marks = f'<path class="e" d="{self.outlines}"/>' if self.outlines else ""
        marks += f'<path class="d" d="{self.dots}"/>' if self.dots else ""
        title, top = self.picture.title, 0 if headed else HEAD
        height = self.bottom + EDGE - top
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="m" viewBox="0 {top} {self.width} {height}" '
            f'width="{self.width}" height="{height}" role="img">'
            f"<title>{for_html(title)}</title><desc>{for_html(described(self.picture))}</desc>"
            f"{f'<style>{style}</style>' if style else ''}"
            f'<rect class="bg" y="{top}" width="{self.width}" height="{height}"/>'
            f"{_text(EDGE, 18, _title(title), 't') if headed else ''}"
            f"{arrows}{''.join(columns)}{legend}{marks}</svg>"
        )

    # -- address spaces ---------------------------------------------------------------------------------------

    def _space(self, space: Space, y: int, left: bool) -> int:
        """Draw an address space from a height on; return where the next one begins."""
        x = EDGE if left else self.x_right
        self._put(x, _text(0, y, f"process {_short(space.name)}", "t"))
        y += 8
        for row in space.rows:
            self._row(row, x, y)
            self.spots.append(_Spot(row, y + HEIGHT // 2, left))
            y += STEP
        if space.more or not space.rows:
            told = f"and {number_of(space.more, 'more row')}" if space.more else "nothing mapped"
            self._put(x, _text(0, y + 12, told, "s"))
            y += 20
        return y + GAP + 8

    def _row(self, row: Row, x: int, y: int) -> None:
        head = f"{_bold(_short(row.label))} {for_html(_short(row.page.kind))}"
        title = f"{row.label}: {row.page.kind}" + (f", {row.pages} pages" if row.pages > 1 else "")
        if row.different:
            head, title = f"{head} ≠", f"{title}, differs"
            self.outlines += f"M{x - 3} {y - 3}h{self.side + 6}v{HEIGHT + 6}h-{self.side + 6}z"
        looks = ["n"] * (row.page.access == UNTOUCHED) + ["c"] * row.changed
        self._box(x, y, self.side, looks, head, rights_of(row), title)

    def _box(self, x: int, y: int, width: int, looks: list[str], head: str, second: str, title: str) -> None:
        if "c" in looks:
            title += ", changed"
            self.dots += f"M{x + width - 9} {y + 9}h0"
        look = f' class="{" ".join(looks)}"' if looks else ""
        self._put(
            x,
            f'<g><title>{for_html(title)}</title><rect{look} y="{y}" width="{width}" height="{HEIGHT}" rx="4"/>'
            f'<text x="7" y="{y + 14}">{head}<tspan x="7" y="{y + 28}">{for_html(second)}</tspan></text></g>',
        )

    def _put(self, x: int, element: str) -> None:
        self.columns.setdefault(x, []).append(element)

    # -- frames and slots -------------------------------------------------------------------------------------

    def _boxes(self) -> list[str]:
        """Draw frames, page cache and slots below each other, and return the arrows that lead to them."""
        boxes = self.picture.boxes
        led = {spot.row.box for spot in self.spots}
        groups = (
            ("frames", [n for n, box in enumerate(boxes) if not box.slot and n in led]),
            ("page cache", [n for n, box in enumerate(boxes) if not box.slot and n not in led]),
            ("swap", [n for n, box in enumerate(boxes) if box.slot]),
        )
        y, heights = TOP, {}
        for name, places in groups:
            if not places and name != "frames":
                continue
            self._put(self.x_middle, _text(0, y, name, "t"))
            y += 8
            for n in sorted(places, key=self._wanted):
                y = max(y, self._wanted(n) - HEIGHT // 2) if name == "frames" else y
                self._frame(boxes[n], y)
                heights[n] = y + HEIGHT // 2
                y += STEP
            y += GAP + 8
        if self.picture.unseen:
            self._put(self.x_middle, _text(0, y - 8, f"and {number_of(self.picture.unseen, 'more frame')}", "s"))
            y += 12
        self.bottom = max(self.bottom, y)
        return self._arrows(heights)

    def _arrows(self, heights: dict[int, int]) -> list[str]:
        """Return one path for all arrows of a look, and one for their tips, which dashes would cut to pieces."""
        drawn: dict[str, tuple[str, str]] = {}
        for spot in self.spots:
            if spot.row.box is not None:
                look = _CLASSES[spot.row.page.access]
                curves, tips = drawn.get(look, ("", ""))
                curve, tip = self._arrow(spot, heights[spot.row.box])
                drawn[look] = curves + curve, tips + tip
        return [
            f'<path class="{look}" d="{curves}"/><path class="{look} h" d="{tips}"/>'
            for look, (curves, tips) in drawn.items()
        ]

    def _wanted(self, box: int) -> int:
        """Return the height at which a box would have straight arrows, halfway between its rows."""
        heights = [spot.y for spot in self.spots if spot.row.box == box]
        return sum(heights) // len(heights) if heights else 0

    def _frame(self, box: Box, y: int) -> None:
        users = f"; used by {', '.join(box.users[:4])}{' …' if len(box.users) > 4 else ''}" if box.users else ""
        title = f"{box.name}: {box.shown}{f', {box.cached}' if box.cached else ''}{users}"
        name, _, rest = _head(box).partition(" = ")
        head = f"{_bold(name)} = {for_html(rest)}"
        looks = ["n"] * box.freed + ["c"] * box.changed
        self._box(self.x_middle, y, self.middle, looks, head, _second(box), title)

    def _arrow(self, spot: _Spot, y: int) -> tuple[str, str]:
        """Return the curve of an arrow and its tip."""
        if spot.left:
            x, end, tip = EDGE + self.side, self.x_middle, -6
        else:
            x, end, tip = self.x_right, self.x_middle + self.middle, 6
        bend, across, down = (end - x) // 2, end + tip - x, y - spot.y
        line = f"h{across}" if not down else f"c{bend} 0 {across - tip - bend} {down} {across} {down}"
        return f"M{x} {spot.y}{line}", f"M{end + tip} {y - 4}l{-tip} 4{'' if tip < 0 else ' '}{tip} 4z"

    def _legend_entries(self) -> list[tuple[str, str]]:
        """Return class and meaning of each dash that occurs, and of the dot if anything changed."""
        rows = [row for space in self.picture.left + self.picture.right for row in space.rows]
        used = {_CLASSES[row.page.access] for row in rows if row.box is not None}
        changed = any(row.changed for row in rows) or any(box.changed for box in self.picture.boxes)
        entries = [entry for entry in _LEGEND if entry[0] in used]
        entries += [("d", "changed")] if changed else []
        return entries + ([("e", "≠ differs")] if any(row.different for row in rows) else [])

    def _legend_width(self) -> int:
        return 2 * EDGE + sum(_legend_step(words) for _, words in self.legend)

    def _legend(self) -> str:
        """Say what the dashes that occur mean, and what the dot is."""
        x, y = EDGE, self.bottom + 4
        parts = []
        for look, words in self.legend:
            if look == "d":
                self.dots += f"M{x + 30} {y}h0"
            elif look == "e":
                self.outlines += f"M{x + 8} {y - 6}h26v12h-26z"
            else:
                parts.append(f'<path class="{look}" d="M{x} {y}h34"/>')
            parts.append(_text(x + 40, y + 4, words, "s"))
            x += _legend_step(words)
        self.bottom = y + 8
        return "".join(parts)


def _text(x: int, y: int, text: str, look: str) -> str:
    place = f'x="{x}" ' if x else ""
    return f'<text class="{look}" {place}y="{y}">{for_html(text)}</text>'


def _legend_step(words: str) -> int:
    return 40 + int(NARROW * len(words)) + 16


def _bold(text: str) -> str:
    return f"<tspan>{for_html(text)}</tspan>"


def _short(text: str, most: int = NAME) -> str:
    shown = printable(text, None)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _title(text: str) -> str:
    return _short(text, TITLE)


def _head(box: Box) -> str:
    return f"{box.name} = {box.shown}"


def _second(box: Box) -> str:
    users = number_of(len(box.users), "user") if box.users else "no user"
    users += " each" if box.many > 1 and box.users else ""
    users = "still mapped" if box.freed else users
    parts = [number_of(box.many, "slot" if box.slot else "frame")] if box.many > 1 else []
    return ", ".join([*parts, *([_short(box.cached)] if box.cached else []), users])


def _width(least: int, heads: list[str], seconds: list[str]) -> int:
    """Return the width that the longest line needs, with room for the dot of a change."""
    widest = max([WIDE * len(head) + 18 for head in heads] + [NARROW * len(line) for line in seconds], default=0)
    return max(least, int(widest) + 16)
