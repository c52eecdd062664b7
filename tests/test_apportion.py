"""Points in hundredths that add up."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from grader.lab.lab import load_lab
from grader.points import apportion

weights = st.lists(st.integers(0, 50).map(Fraction), min_size=1, max_size=60).filter(any)


@given(cents=st.integers(0, 10_000), weights=weights)
def test_parts_add_up_and_are_near(cents, weights):
    """Each part is a hundredth or less from its exact value, and nothing is lost or made."""
    total = Fraction(cents, 100)
    parts = apportion(total, weights)

    assert sum(parts) == total
    assert all((part * 100).denominator == 1 for part in parts)
    assert all(abs(part - total * w / sum(weights)) < Fraction(1, 100) for part, w in zip(parts, weights, strict=True))


def test_a_total_between_hundredths_is_kept():
    """A third of a point stays a third."""
    assert sum(apportion(Fraction(1, 3), [Fraction(1), Fraction(1)])) == Fraction(1, 3)


def test_the_points_of_every_lab_add_up(root):
    """Scenarios as they are shown, in hundredths, come to their task's points in every lab."""
    for path in sorted((root / "labs").glob("*/lab.yaml")):
        lab = load_lab(path.parent)
        for task in lab.tasks:
            shares = [round(float(lab.share(s)), 2) for s in lab.all_scenarios if s.task == task.id]
            assert not shares or abs(sum(shares) - float(task.points)) < 1e-9, (lab.name, task.id)
