"""Points as results hold them and as people read them: exact fractions inside, one rounding at the end."""

from __future__ import annotations

from fractions import Fraction


def rounded(exact: Fraction | float) -> float | int:
    """Return points with at most two decimals; whole numbers as int."""
    value = round(float(exact), 2)
    return int(value) if value == int(value) else value


def points(value: Fraction | float, sign: str = "") -> str:
    """Return points as people write them: rounded, without zeros at the end. With sign="+", `+2` or `-0.5`."""
    return format(rounded(value), sign)
