"""What a student should look at first."""

from grader.grade.to_mend import to_mend


def test_what_is_wrong_comes_before_what_is_not_written():
    """In the order of the report otherwise; neither what passed or waits, nor hidden scenarios, are there."""
    verdicts = ["passed", "not_implemented", "failed", "waiting", "not_implemented", "crashed"]
    shown = [{"visibility": "public", "verdict": verdict} for verdict in verdicts]
    hidden = {"visibility": "hidden", "verdict": "failed"}

    assert [s["verdict"] for s in to_mend({"scenarios": [*shown, hidden]})] == [
        "failed",
        "crashed",
        "not_implemented",
        "not_implemented",
    ]
