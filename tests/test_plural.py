"""Numbers with what they count."""

import pytest

from grader.plural import number_of


@pytest.mark.parametrize(("number", "told"), [(0, "0 more rows"), (1, "1 more row"), (2, "2 more rows")])
def test_one_is_the_singular(number, told):
    """And everything else the plural."""
    assert number_of(number, "more row") == told
