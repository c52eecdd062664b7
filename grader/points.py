"""Converts points for results and for people: exact fractions inside, rounded once at the end."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def rounded(exact: Fraction | float) -> float | int:
    """Return points with at most two decimals; whole numbers as int."""
    value = round(float(exact), 2)
    return int(value) if value == int(value) else value


def points(value: Fraction | float, sign: str = "") -> str:
    """Return points as people write them: rounded, without zeros at the end. With sign="+", `+2` or `-0.5`."""
    return format(rounded(value), sign)


def apportion(total: Fraction, weights: Sequence[Fraction]) -> list[Fraction]:
    """Return the parts of a total by weight, each in whole hundredths and all of them adding up to the total.

    The largest remainders are rounded up, of equal ones the first (Hamilton's method). A total that is not in whole
    hundredths itself keeps its remainder in the last part.
    """
    weight = sum(weights, Fraction(0))
    if not weight:
        return [Fraction(0)] * len(weights)
    exact = [total * 100 * one / weight for one in weights]
    cents = [value.numerator // value.denominator for value in exact]
    left = total * 100 - sum(cents)
    by_remainder = sorted(range(len(exact)), key=lambda n: cents[n] - exact[n])
    for n in by_remainder[: left.numerator // left.denominator]:
        cents[n] += 1
    parts = [Fraction(value, 100) for value in cents]
    parts[-1] += total - sum(parts, Fraction(0))
    return parts
