"""Who moved, by how much, because of which scenario."""

from grader.batch.changes import changes
from grader.batch.files import grades_of
from tests.batch.results import batch, entry


def grades(*entries):
    return grades_of(batch(*entries))


def test_a_verdict_that_changed_is_the_cause():
    """Points before and after, the difference, and the scenario with its own."""
    now = entry(
        "a", points=100, verdicts={"touch": "passed", "fork": "passed"}, scenario_points={"touch": 50, "fork": 50}
    )
    lines = changes(grades(entry("a"), entry("b")), grades(now, entry("b")))

    assert lines == ["a: 50 -> 100 (+50)", "  fork: failed -> passed (+50)", "1 of 2 submissions did not change."]


def test_who_lost_most_comes_first():
    """Regrading hurts where points go down."""
    before = grades(entry("a"), entry("b"), entry("c"))
    lines = changes(before, grades(entry("a", points=60), entry("b", points=20), entry("c", points=40)))

    assert [line for line in lines if "->" in line] == ["b: 50 -> 20 (-30)", "c: 50 -> 40 (-10)", "a: 50 -> 60 (+10)"]


def test_new_and_gone():
    """Submissions and scenarios that are there once only."""
    before = grades(entry("a"))
    after = grades(entry("b"))
    after["scenarios"]["extra"] = "hidden"
    lines = changes(before, after)

    assert lines[:3] == ["scenario extra (hidden) is new", "b: new, 50 points", "a: gone, had 50 points"]


def test_the_quiz_alone():
    """A key that was mended moves points without any scenario."""
    before, after = entry("a"), entry("a", points=52)
    before["tasks"]["quiz"], after["tasks"]["quiz"] = 3, 5

    assert "  quiz: 3 -> 5" in changes(grades(before), grades(after))
