"""Parses places in an address space, as scenarios write them.

    h         every page of mapping h          h[2]     its page 2
    h[1:3]    its pages 1 and 2                h[2]+5   byte 5 of its page 2

A page past the end of the mapping may be named (h[4] of four pages, h[-1] before the first): a wild place.
An empty range (h[1:1]) names no page; munmap and mprotect accept it in a scenario, and the kernel must refuse it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PLACE_PATTERN = r"[A-Za-z_][A-Za-z0-9_]*(?:\[-?[0-9]{1,7}(?::-?[0-9]{1,7})?\](?:\+[0-9]{1,6})?)?"
_PLACE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[(-?[0-9]{1,7})(?::(-?[0-9]{1,7}))?\](?:\+([0-9]{1,6}))?)?\Z")

ACCEPTED = "h (every page), h[2] (one page), h[1:3] (pages 1 and 2), h[2]+5 (byte 5 of page 2)"


class PageRange(NamedTuple):
    """Pages of a mapping. `end` is exclusive and None for a whole mapping; `offset` is None unless a byte is named."""

    name: str
    first: int
    end: int | None
    offset: int | None

    def pages(self, mapped: int) -> range:
        """Return the page indexes, counted from the mapping's first page, in a mapping of `mapped` pages."""
        return range(self.first, mapped if self.end is None else self.end)

    def wild(self, mapped: int) -> bool:
        """Return True if a page outside a mapping of that many pages is named."""
        pages = self.pages(mapped)
        return pages.start < 0 or pages.stop > mapped


_cache: dict[str, PageRange] = {}


def parse_place(text: str) -> PageRange:
    """Return the pages that `text` names. ValueError, with the accepted forms, if it names none."""
    place = _cache.get(text)
    if place is None:
        match = _PLACE.match(text)
        if match is None:
            raise ValueError(f"{text!r} is not a valid place; use {ACCEPTED}")
        name, first, end, offset = match.groups()
        if first is None:
            place = PageRange(name, 0, None, None)
        else:
            place = PageRange(
                name,
                int(first),
                int(first) + 1 if end is None else int(end),
                None if offset is None else int(offset),
            )
            if place.end is not None and place.end < place.first:
                raise ValueError(f"{text!r} ends before it begins")
            if end is not None and offset is not None:
                raise ValueError(f"{text!r}: a byte can be named in one page, not in a range")
        if len(_cache) < 10_000:
            _cache[text] = place
    return place


def parse_owned_place(text: str) -> tuple[str, PageRange]:
    """Return the process's name and the pages that `P:h[0]` names. ValueError if it is not such a place."""
    process, colon, rest = text.partition(":")
    if not colon or not process.isidentifier():
        raise ValueError(f"{text!r} is not a place of a process; write, for example, P:h[0]")
    return process, parse_place(rest)
