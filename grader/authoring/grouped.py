"""Shortens a list of problems with scenarios: what one cause brings about in many of them is shown once."""

from __future__ import annotations

import re

#: Kinds of problems that are shown.
KINDS = 20

#: What differs between two problems of one kind: file, line and step at the beginning, the failure point at the end.
_PLACE = re.compile(r"^.*?:\d+: (step \d+: )?|( \(with `after: \d+`\))$")


def grouped(problems: list[str]) -> list[str]:
    """Return the first problem of each kind with the number of others like it; at most KINDS of them."""
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        kinds.setdefault(_PLACE.sub("", problem), []).append(problem)
    shown = []
    for same in list(kinds.values())[:KINDS]:
        more = len(same) - 1
        shown.append(f"{same[0]} (and {more} more like this)" if more else same[0])
    left = len(kinds) - KINDS
    return [*shown, f"and {left} other kinds of problems"] if left > 0 else shown
