"""The line on what a save changed."""

import pytest

from grader.watch.change import change


def result(points=0, **verdicts):
    scenarios = [{"id": id, "verdict": verdict, "visibility": "public"} for id, verdict in verdicts.items()]
    return {"points": points, "scenarios": scenarios}


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"a": "failed"}, {"a": "passed"}, "1 more passes: a"),
        ({"a": "passed", "b": "passed"}, {"a": "failed", "b": "crashed"}, "2 no longer pass: a, b"),
        ({"a": "failed", "b": "passed"}, {"a": "passed", "b": "failed"}, "1 more passes: a; 1 no longer passes: b"),
        ({"a": "failed"}, {"a": "crashed"}, "no scenario changed"),
    ],
)
def test_scenarios_that_changed_are_named(before, after, line):
    """What passes now and what no longer does, by name, singular and plural."""
    assert change(result(**before), result(**after), 60) == line


def test_the_first_save_changes_nothing():
    """There is nothing to compare the first result with."""
    assert change(None, result(a="passed"), 60) == ""


def test_hidden_scenarios_are_not_counted():
    """The entry that stands for all hidden scenarios of a task is no scenario."""
    before, after = result(1, a="failed"), result(2, a="passed")
    before["scenarios"][0]["visibility"] = after["scenarios"][0]["visibility"] = "hidden"

    assert change(before, after, 60) == "1 -> 2 points"


def test_only_points_changed():
    """A quiz answer moves points and no scenario."""
    assert change(result(40, a="passed"), result(41.5, a="passed"), 60) == "40 -> 41.5 points"


@pytest.mark.parametrize("width", [30, 50, 80, 200])
def test_names_are_left_out_until_the_line_fits(width):
    """The line never exceeds its room, and says how many names it leaves out."""
    names = [f"scenario-with-a-long-name-{n}" for n in range(40)]
    line = change(result(**dict.fromkeys(names, "failed")), result(**dict.fromkeys(names, "passed")), width)

    assert len(line) <= width
    assert line.startswith("40 more pass")
    assert line == "40 more pass" or line.endswith("more")
