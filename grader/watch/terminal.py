"""The terminal that `grader watch` draws on: one screen, single keys, nothing left behind."""

from __future__ import annotations

import contextlib
import curses
import os
import re
import sys
from collections.abc import Iterator, Sequence

from grader.errors import InputError

#: Milliseconds after which an escape is a key of its own, and not the beginning of a longer sequence.
ESCAPE_MS = 50

_KEYS: dict[str | int, str] = {
    curses.KEY_UP: "up",
    curses.KEY_DOWN: "down",
    curses.KEY_PPAGE: "pageup",
    curses.KEY_NPAGE: "pagedown",
    curses.KEY_BACKSPACE: "escape",
    "\x1b": "escape",
    "\x7f": "escape",
    "\n": "escape",
}

#: The colours that lines may contain: an escape sequence's number, and the colour's.
_COLOURS = {"31": curses.COLOR_RED, "32": curses.COLOR_GREEN}

_COLOURED = re.compile(r"\x1b\[(\d+)m")


class Terminal:
    """A screen of the terminal's own size. Everything but the constructor is used within `opened()`."""

    def __init__(self) -> None:
        """Look the terminal up. InputError if this system does not know it."""
        try:
            curses.setupterm()
        except curses.error:
            kind = os.environ.get("TERM", "")
            raise InputError(
                [f"TERM={kind}: this system does not know such a terminal; try TERM=xterm, or pipe the output to cat"]
            ) from None
        self._window: curses.window | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Take the whole screen and single keys; give both back at the end, after ctrl-C too."""
        curses.set_escdelay(ESCAPE_MS)
        window = self._window = curses.initscr()
        try:
            curses.noecho()
            curses.cbreak()
            window.keypad(True)
            with contextlib.suppress(curses.error):  # a terminal that cannot hide its cursor
                curses.curs_set(0)
            if curses.has_colors():
                curses.start_color()
                curses.use_default_colors()
                for number, colour in enumerate(_COLOURS.values(), 1):
                    curses.init_pair(number, colour, -1)
            yield
        finally:
            window.keypad(False)
            curses.nocbreak()
            curses.echo()
            curses.endwin()

    @property
    def size(self) -> tuple[int, int]:
        """Return columns and rows as they are now."""
        assert self._window is not None
        rows, columns = self._window.getmaxyx()
        return columns, rows

    @property
    def colour(self) -> bool:
        """Return True if the terminal has colours."""
        return curses.tigetnum("colors") > 0

    @property
    def descriptor(self) -> int:
        """Return the descriptor that can be read when a key was pressed."""
        return sys.stdin.fileno()

    def key(self) -> str:
        """Return the next key that was pressed: a character, `up`, `down`, `pageup`, `pagedown` or `escape`; or ""."""
        assert self._window is not None
        self._window.timeout(0)
        try:
            key = self._window.get_wch()
        except curses.error:  # no key
            return ""
        return _KEYS.get(key, key if isinstance(key, str) else "")

    def draw(self, lines: Sequence[str]) -> None:
        """Show lines; curses sends only what changed."""
        assert self._window is not None
        window = self._window
        width, height = self.size
        window.erase()
        for row, line in enumerate(lines[:height]):
            window.move(row, 0)
            plain, *coloured = _COLOURED.split(line)
            left = width
            for code, text in [("0", plain), *zip(coloured[::2], coloured[1::2], strict=True)]:
                attribute = curses.color_pair(list(_COLOURS).index(code) + 1) if code in _COLOURS else curses.A_NORMAL
                with contextlib.suppress(curses.error):  # raised behind the last cell, which is drawn all the same
                    window.addnstr(text, left, attribute)
                left = max(left - len(text), 0)
        window.refresh()
