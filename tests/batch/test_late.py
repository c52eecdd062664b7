"""What a course takes off for late submissions, and when each was handed in."""

import json

import jsonschema
import pytest

from grader.batch.commit_dates import date_by_commits
from grader.batch.late import apply, parse_time, policy_of, to_decide
from grader.batch.layouts import FoundSubmission, find_submissions
from grader.report.class_result import SCHEMA
from tests.batch.handed_in import batch, rows
from tests.batch.results import entry
from tests.intake.test_repository import NOON, commit
from tests.labs import kernel_text

LATE = {
    "due": {"small": "2026-11-20T12:00+01:00"},
    "per_day": 10,
    "cap": 25,
    "grace_minutes": 15,
    "extensions": {"Jane": 2},
}
POLICY = policy_of(LATE, "small")
PLAIN = policy_of({**LATE, "extensions": {}}, "small")


@pytest.mark.parametrize(
    ("submitted", "user", "points"),
    [
        ("2026-11-20T11:00:00+00:00", "jon", 50),  # the same moment, in another zone
        ("2026-11-20T12:15:00+01:00", "jon", 50),  # within the grace
        ("2026-11-20T12:16:00+01:00", "jon", 40),
        ("2026-11-21T12:16:00+01:00", "jon", 30),
        ("2026-12-20T12:00:00+01:00", "jon", 25),  # the cap
        ("2026-11-22T12:00:00+01:00", "jane", 50),  # extended
        ("2026-11-22T13:00:00+01:00", "jane", 40),
    ],
)
def test_what_is_taken_off(submitted, user, points):
    """Per day that has begun, up to the cap, after the grace, with extensions; both points are there."""
    one = entry("x", user=user, submitted=submitted)
    apply([one], POLICY)

    assert (one["points"], one["graded_points"]) == (points, 50)
    assert bool(one["adjustments"]) == (points != 50)


def test_nothing_goes_below_zero():
    """A small number of points is taken off whole."""
    one = entry("x", points=3.5, submitted="2026-11-20T13:00+01:00")
    apply([one], POLICY)

    assert one["points"] == 0 and one["adjustments"][0]["comment"] == "1 day late"


def test_an_extension_that_fits_two_is_nobodys():
    """One student's participant number is another's ID number: nothing is taken off, and a person decides."""
    policy = policy_of({**LATE, "extensions": {"5": 3}}, "small")
    late = {"submitted": "2026-11-21T13:00+01:00"}
    both = [entry("a", system="moodle", user="5", **late), entry("b", system="moodle", user="6", number="5", **late)]
    told = apply(both, policy)

    assert told == [
        "the extension for '5' fits a and b; name the student by e-mail address, login, ID number, or the name of the "
        "submission in results.csv"
    ]
    assert [(one["extension"], one["points"], one["late_undecided"]) for one in both] == [(0, 50, True)] * 2

    in_time = [entry(one["id"], user="5", submitted="2026-11-20T11:00+01:00") for one in both]
    assert len(apply(in_time, policy)) == 1
    assert not any("late_undecided" in one for one in in_time)


def test_the_longest_of_two_extensions_counts():
    """One student may be named by login and by ID number, and two members of a group may have one each."""
    one = entry("a", user="a", number="77")
    apply([one], policy_of({**LATE, "extensions": {"a": 3, "77": 2}}, "small"))

    assert one["extension"] == 3


def test_the_name_of_a_submission_comes_before_a_number():
    """An extension for `5` is for the submission called that, whatever number another student has."""
    policy = policy_of({**LATE, "extensions": {"5": 3}}, "small")
    both = [entry("5", user="5"), entry("b", system="moodle", user="6", number="5")]
    apply(both, policy)

    assert [one["extension"] for one in both] == [3, 0]


def test_what_has_no_time_is_said():
    """A submission that Canvas marks as late is named, others are counted; no points are guessed."""
    marked, untimed = entry("a", late=True), entry("b")

    assert apply([marked, untimed], PLAIN) + to_decide([marked, untimed]) == [
        "1 submission has no time of its own and counts as in time",
        "a: the download marks it as late without a time; nothing was taken off, decide with a line for its total in "
        "--overrides",
    ]
    assert marked["points"] == 50


def test_a_lab_without_a_time_has_no_policy():
    """Only labs that are named are late at all; a time needs its offset."""
    assert policy_of(LATE, "other") is None
    assert parse_time("2026-11-20T12:00") is None


def test_gradescope_says_when(tmp_path):
    """`:created_at:` of its list, in whatever zone it is written."""
    (tmp_path / "submission_1").mkdir()
    text = "submission_1:\n  :submitters:\n  - :name: Jane\n  :created_at: 2026-11-20 13:00:00.5 +02:00\n"
    (tmp_path / "submission_metadata.yml").write_text(text)
    (one,) = find_submissions(tmp_path)

    assert parse_time(one.submitted) == parse_time("2026-11-20T11:00:00.5+00:00")


@pytest.mark.parametrize(
    ("line", "status", "points"),
    [("total,70,late", 0, "70"), ("total,90,power cut: not late", 0, "90"), ("quiz,5,regraded", 1, "95")],
)
def test_a_mark_without_a_time_needs_a_person(cli, lab, tmp_path, line, status, points):
    """Canvas marks a submission as late: exit status 1 until its total is decided, also with the points that it has.

    Points of a task say nothing about the lateness.
    """
    (lab.parent / "course.yaml").write_text("format: 1\nlate: {due: {small: '2026-11-20T23:59Z'}, per_day: 10}\n")
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "doejane_LATE_123_456_kernel.py").write_text(kernel_text())
    first, _, err = batch(cli, lab, tmp_path / "s", tmp_path / "out")
    report = (tmp_path / "out" / "report.txt").read_text()
    (tmp_path / "o.csv").write_text(f"student,task or scenario,points,comment\ndoejane-123,{line}\n")
    decided, _, told = batch(cli, lab, tmp_path / "s", tmp_path / "out", "--overrides", tmp_path / "o.csv")
    found = json.loads((tmp_path / "out" / "results.json").read_text())

    assert first == 1 and "doejane-123: the download marks it as late without a time" in err
    assert "Decide how late these are" in report and "marks it as late without a time" in report
    assert decided == status, told
    assert ("marks it as late without a time" in told) == bool(status)
    assert ("Decide how late" in (tmp_path / "out" / "report.txt").read_text()) == bool(status)
    assert rows(tmp_path / "out")["doejane-123"]["points"] == points
    jsonschema.validate(found, json.loads(SCHEMA.read_text()))


REPOSITORIES = policy_of(LATE | {"extensions": {}, "commit_dates": True}, "small")


@pytest.mark.parametrize(("policy", "points", "late"), [(REPOSITORIES, 40, True), (PLAIN, 50, False)])
def test_the_date_of_a_commit(policy, points, late):
    """It counts only in a course that asks for it, and the comment says where the time is from."""
    one = entry("x", submitted="2026-11-20T13:00:00+01:00", dated_by="commit")
    apply([one], policy)

    assert (one["points"], one["late"]) == (points, late)
    assert [a["comment"] for a in one["adjustments"]] == ["1 day late, by the date of the last commit"] * late


def test_a_doubtful_date():
    """It takes nothing off, and is in time for nobody: a person decides."""
    one = entry("x", submitted="2026-11-19T13:00:00+01:00", dated_by="commit", time_doubt="dates were set by hand")

    assert apply([one], REPOSITORIES) + to_decide([one]) == [
        "x: dates were set by hand; nothing was taken off, decide with a line for its total in --overrides"
    ]
    assert one["late_undecided"] and one["points"] == 50


def test_a_doubtful_date_that_nobody_asked_for():
    """A shard may have it, but the course does not go by commits: the submission has no time, and that is all."""
    one = entry("x", submitted="2026-11-25T13:00:00+01:00", dated_by="commit", time_doubt="dates were set by hand")

    assert apply([one], PLAIN) == ["1 submission has no time of its own and counts as in time"]
    assert "late_undecided" not in one and one["points"] == 50


def test_the_time_of_a_platform_stays(tmp_path):
    """The date of a commit is for a repository that has no other time."""
    commit(tmp_path / "a", NOON)
    found = FoundSubmission("a", "a", "gradescope", "1", (tmp_path / "a",), submitted="2026-11-20T12:00:00+01:00")

    assert [(one.submitted, one.dated_by) for one in date_by_commits([found, found._replace(submitted="")])] == [
        ("2026-11-20T12:00:00+01:00", ""),
        ("2026-11-25T12:00:00+01:00", "commit"),
    ]


def test_repositories_of_a_class(cli, lab, tmp_path):
    """A late repository, one in time and a broken one, in a batch and in the merge of its shard."""
    (lab.parent / "course.yaml").write_text(
        "format: 1\nlate: {due: {small: '2026-11-25T13:00+01:00'}, per_day: 10, commit_dates: true}\n"
    )
    for name, seconds in (("lab-jane", NOON), ("lab-jon", NOON + 7200), ("lab-joe", NOON)):
        commit(tmp_path / "s" / name, seconds)
        (tmp_path / "s" / name / "kernel.py").write_text(kernel_text())
    (tmp_path / "s" / "lab-joe" / ".git" / "HEAD").write_text("?")
    status, _, err = batch(cli, lab, tmp_path / "s", tmp_path / "out")
    assert cli("merge", lab, tmp_path / "out", "--output", tmp_path / "both", "--isolation", "auto", "-q")[0] == 1
    found = {name: row["points"] for name, row in rows(tmp_path / "out").items()}

    assert status == 1 and "joe: its last commit cannot be read: HEAD names neither a commit" in err
    assert found == {"jane": "90", "jon": "80", "joe": "90"}
    assert rows(tmp_path / "both") == rows(tmp_path / "out")
    assert "by the date of the last commit" in (tmp_path / "out" / "feedback" / "jon.md").read_text()


def test_times_without_a_zone():
    """Moodle's local times, over the end of summer time: by the name of the zone, or with a word that it is missing."""
    due = {"due": {"small": "2026-10-24T23:30+02:00"}, "per_day": 10}
    without, named = (policy_of(due | more, "small") for more in ({}, {"zone": "Europe/Berlin"}))
    # 23:20 of the next day in winter is 23 hours and 50 minutes later, plus the hour that came twice.
    for policy, points in ((without, 40), (named, 30)):
        one = entry("x", submitted="2026-10-25T23:20:00")
        told = apply([one], policy)
        assert one["points"] == points
        assert told == [] if policy is named else "1 time has no time zone and count as in UTC+0200" in told[0]
