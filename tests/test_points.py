"""Points as people read them."""

from fractions import Fraction

import pytest

from grader.points import points, rounded


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (Fraction(40, 3), "13.33"),
        (Fraction(50), "50"),
        (Fraction(5, 2), "2.5"),
        (0.1 + 0.2, "0.3"),
        (12345.67, "12345.67"),
        (Fraction(-1, 1000), "0"),
        (10**12, "1000000000000"),
    ],
)
def test_points_have_at_most_two_decimals(exact, shown):
    """No zeros at the end, and no exponent however many there are."""
    assert points(exact) == shown
    assert str(rounded(exact)) == shown


@pytest.mark.parametrize(("by", "shown"), [(2, "+2"), (-0.5, "-0.5"), (0, "+0")])
def test_a_difference_has_a_sign(by, shown):
    """As `grader batch --changes` shows who moved."""
    assert points(by, "+") == shown
