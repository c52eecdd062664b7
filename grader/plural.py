"""Write a number with what it counts."""

from __future__ import annotations


def number_of(number: int, what: str) -> str:
    """Return `1 page`, `2 pages`; `what` is the singular."""
    return f"{number} {what}{'' if number == 1 else 's'}"
