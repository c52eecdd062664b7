"""Who moved, by how much, because of which scenario."""

from grader.batch.changes import changes
from grader.batch.files import grades_of
from tests.batch.results import batch, entry


def grades(*entries):
    (whole,) = grades_of(batch(*entries))
    return whole


def lines(before, after):
    return changes(before, after, "run 1 (today)")


def test_a_verdict_that_changed_is_the_cause():
    """One table: name, points before and after, the difference, and the scenario with its own."""
    now = entry(
        "a", points=100, verdicts={"touch": "passed", "fork": "passed"}, scenario_points={"touch": 50, "fork": 50}
    )
    found = lines(grades(entry("a", label="Ann"), entry("b")), grades(now | {"label": "Ann"}, entry("b")))

    assert found == [
        "Changes since run 1 (today):",
        "submission  name  before  after   by  because",
        "a           Ann       50    100  +50  fork: failed -> passed (+50)",
        "1 of 2 submissions have the points they had.",
    ]


def test_who_lost_most_comes_first():
    """Regrading hurts where points go down."""
    before = grades(entry("a"), entry("b"), entry("c"))
    found = lines(before, grades(entry("a", points=60), entry("b", points=20), entry("c", points=40)))

    assert [line.split()[:4] for line in found if line[0] in "abc"] == [
        ["b", "50", "20", "-30"],
        ["c", "50", "40", "-10"],
        ["a", "50", "60", "+10"],
    ]


def test_new_and_gone():
    """Scenarios have a line each; submissions stand in the same table as those that moved."""
    before = grades(entry("a"))
    after = grades(entry("b", label="Bo"))
    after["scenarios"]["extra"] = "hidden"

    assert lines(before, after)[1:5] == [
        "scenario extra (hidden) is new",
        "submission  name  before  after  by  because",
        "b           Bo               50      new",
        "a                     50             gone",
    ]


def test_points_that_no_scenario_explains():
    """What a late policy or a person changed is a cause of its own."""
    found = lines(grades(entry("a")), grades(entry("a", points=45.5)))

    assert found[2].split(maxsplit=4)[4] == "late policy or overrides (-4.5)"


def test_the_quiz_alone():
    """A key that was corrected moves points without any scenario."""
    before, after = entry("a"), entry("a", points=52)
    before["tasks"]["quiz"], after["tasks"]["quiz"] = 3, 5

    assert any(line.endswith("quiz: 3 -> 5") for line in lines(grades(before), grades(after)))


def test_nobody_moved():
    """One line; verdicts that changed without points, from 0 to 0, are no rows."""
    now = entry("a", verdicts={"touch": "passed", "fork": "crashed"}, digest="other")
    found = lines(grades(entry("a")), grades(now))

    assert found == [
        "Changes since run 1 (today):",
        "1 of 1 submissions have the points they had (1 of them handed in again).",
    ]
