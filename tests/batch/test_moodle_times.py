"""When Moodle's worksheet says that people handed in."""

import csv
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.grading import _take_time, _times_of
from grader.batch.identity import EMAIL, PARTICIPANT, Key, keys_of
from grader.batch.moodle_times import HandedIn, parse_worksheet_time, worksheet_times
from tests.batch.handed_in import batch, rows
from tests.labs import kernel_text

ENGLISH = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"]
ENGLISH += ["Last modified (submission)", "Last modified (grade)"]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Monday, 23 November 2026, 11:59 PM", "2026-11-23T23:59:00"),
        ("Monday, 23 November 2026, 12:05 AM", "2026-11-23T00:05:00"),
        ("Monday, 23 November 2026, 12:05\u202fPM", "2026-11-23T12:05:00"),
        ("Monday, November 23, 2026, 1:09 pm", "2026-11-23T13:09:00"),
        ("Montag, 23. November 2026, 23:59", "2026-11-23T23:59:00"),
        ("Dienstag, 2. M\u00e4rz 2027, 08:00", "2027-03-02T08:00:00"),
        ("Freitag, 1. J\u00e4nner 2027, 00:00", "2027-01-01T00:00:00"),
    ],
)
def test_formats(text, time):
    """Moodle's English (both orders) and German formats, midnight and noon among them."""
    assert parse_worksheet_time(text).isoformat() == time


@pytest.mark.parametrize(
    "text",
    [
        "lundi 23 novembre 2026, 23:59",
        "Monday, 31 November 2026, 11:59 PM",
        "Monday, 23 November 2026, 13:59 PM",
        "Monday, 23 November 2026, 0:59 PM",
        "Montag, 23. November 2026, 24:00",
        "2026-11-23",
    ],
)
def test_what_is_not_a_time(text):
    """Another language, and days and hours that do not exist, are never guessed."""
    assert parse_worksheet_time(text) is None


@given(st.text(max_size=60))
def test_any_text(text):
    """No cell ends in an error."""
    assert parse_worksheet_time(text) is None or ":" in text


@given(st.datetimes(datetime.datetime(1000, 1, 1)).map(lambda time: time.replace(second=0, microsecond=0)))
def test_every_time_comes_back(time):
    """Whatever the minute, in both languages."""
    german = ("Januar", "Februar", "M\u00e4rz", "April", "Mai", "Juni", "Juli")
    german += ("August", "September", "Oktober", "November", "Dezember")
    assert parse_worksheet_time(f"{time:%A, %d %B %Y, %I:%M %p}") == time
    assert parse_worksheet_time(f"Montag, {time.day}. {german[time.month - 1]} {time:%Y, %H:%M}") == time


def test_a_cell_that_is_no_time_is_named():
    """With its line and the way out; rows without a submission are not."""
    row = ["Participant 7", "Jane Doe", "J@x.org", "", "", "100", "", ""]
    others = [["Participant 8", "Jon", "", *row[3:6], "lundi", ""], ["Participant 9", "Joe", "", *row[3:6], "-", ""]]
    sheet = [ENGLISH, *others, [*row[:6], "Montag, 2. Mai 2026, 23:59", ""]]
    found = worksheet_times(sheet, "m.csv")

    jane = dict.fromkeys((Key(PARTICIPANT, "7"), Key(EMAIL, "j@x.org")), HandedIn("2026-05-02T23:59:00"))
    doubt = HandedIn("", "line 2 of Moodle's worksheet has a time that cannot be read")
    assert found.times == jane | {Key(PARTICIPANT, "8"): doubt}
    assert len(found.problems) == 1
    assert found.problems[0].startswith("m.csv:2: 'lundi' is not a time in Moodle's English or German format")


def test_a_class_from_moodle(cli, lab, tmp_path):
    """The worksheet's time takes points off by the course's policy: in results, feedback, report and worksheet."""
    (lab.parent / "course.yaml").write_text(
        "format: 1\nlate: {due: {small: '2026-11-20T23:59+01:00'}, per_day: 10, "
        "extensions: {participant-2: 1, i@x.org: 2}}\n"
    )
    people = [("Jane Doe", "j@x.org"), ("Ida Roe", "i@x.org"), ("Jon Low", "l@x.org")]
    times = ["Saturday, 21 November 2026, 11:00 PM"] * 2 + ["Friday, 20 November 2026, 11:59 PM"]
    with open(tmp_path / "m.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*ENGLISH, "Feedback comments"])
        for number, ((name, email), time) in enumerate(zip(people, times, strict=True), 1):
            writer.writerow([f"Participant {number}", name, email, "", "", "100", time, "-", ""])
            folder = tmp_path / "s" / f"{name}_{number}_assignsubmission_file_"
            folder.mkdir(parents=True)
            (folder / "kernel.py").write_text(kernel_text())
    status, _, err = batch(cli, lab, tmp_path / "s", tmp_path / "out", "--gradebook", tmp_path / "m.csv")
    found = rows(tmp_path / "out")
    with open(tmp_path / "out" / "moodle-worksheet.csv", newline="") as file:
        jane, ida, jon = csv.DictReader(file)

    assert status == 0, err
    assert "the extension for 'i@x.org' fits no submission of this batch; name the student by" in err
    assert found["participant-2"]["note"].startswith("extension of 1 day")
    assert [found[f"participant-{n}"]["late"] for n in (1, 2, 3)] == ["yes", "", ""]
    assert (found["participant-1"]["graded"], found["participant-1"]["points"]) == ("90", "80")
    assert (jane["Grade"], ida["Grade"], jon["Grade"]) == ("80.00", "90.00", "90.00")
    assert "1 day late: 80 instead of 90" in jane["Feedback comments"]
    assert "late" not in ida["Feedback comments"]
    assert "1 day late" in (tmp_path / "out" / "feedback" / "participant-1.md").read_text()
    report = (tmp_path / "out" / "report.txt").read_text()
    assert "2026-11-21T23:00:00" in report and "1 day late" in report


def test_times_of_another_assignment_are_nobodys():
    """Who has a participant number goes by it: a worksheet of another assignment has other numbers."""
    jane, jon = (
        {"id": id, "system": "moodle", "user": user, "email": f"{id}@x.org", "number": ""}
        for id, user in (("jane", "7"), ("jon", "8"))
    )
    other = HandedIn("1")
    own = HandedIn("2026-05-02T23:59:00")
    times = {Key(PARTICIPANT, "7"): own, Key(EMAIL, "jane@x.org"): other, Key(EMAIL, "jon@x.org"): other}

    assert _times_of(keys_of(jane, jane), times) == [own]
    assert _times_of(keys_of(jon, jon), times) == []


def test_an_address_that_two_rows_have_tells_no_time():
    """Only the rows' numbers do."""
    rows = [[f"Participant {n}", "X", "team@x.org", "", "", "100", f"Montag, {n}. Mai 2026, 23:59", ""] for n in (1, 2)]

    assert {one.kind for one in worksheet_times([ENGLISH, *rows], "m.csv").times} == {PARTICIPANT}


def test_a_worksheet_counts_more_than_a_commit():
    """Its time replaces the date of a commit, and that of an earlier worksheet; that of Gradescope's export stays."""
    times = {Key(PARTICIPANT, "7"): HandedIn("2026-05-02T23:59:00")}
    plain = {"id": "a", "system": "moodle", "user": "7", "email": "", "number": "", "others": []}
    dated = plain | {"submitted": "2026-05-01T10:00:00+00:00", "dated_by": "commit", "time_doubt": "set by hand"}
    older = plain | {"submitted": "2026-05-01T10:00:00", "dated_by": "", "time_doubt": ""}
    other = older | {"submitted": "2026-05-01T10:00:00+00:00", "system": "gradescope", "email": "j@x.org"}
    for one in (dated, older, other):
        _take_time(one, times | {Key(EMAIL, "j@x.org"): HandedIn("2026-05-02T23:59:00")})

    assert [(one["submitted"], one["dated_by"], one["time_doubt"]) for one in (dated, older)] == [
        ("2026-05-02T23:59:00", "", "")
    ] * 2
    assert other["submitted"] == "2026-05-01T10:00:00+00:00"


@pytest.fixture
def worksheet(lab, tmp_path):
    """worksheet(cell): a class of one, and a worksheet that has this as the time of its submission."""
    (lab.parent / "course.yaml").write_text("format: 1\nlate: {due: {small: '2026-11-20T23:59+01:00'}, per_day: 10}\n")
    folder = tmp_path / "s" / "Jane Doe_1_assignsubmission_file_"
    folder.mkdir(parents=True)
    (folder / "kernel.py").write_text(kernel_text())

    def make(cell):
        with open(tmp_path / "m.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*ENGLISH, "Feedback comments"])
            writer.writerow(["Participant 1", "Jane Doe", "j@x.org", "", "", "100", cell, "-", ""])
        return "--gradebook", tmp_path / "m.csv"

    return make


LATE = "Saturday, 21 November 2026, 11:00 PM"


def test_a_run_without_the_worksheet(cli, lab, tmp_path, worksheet):
    """The time of the run before stays; for another content nobody knows it, so a person decides until it is named."""
    out, kernel = tmp_path / "out", tmp_path / "s" / "Jane Doe_1_assignsubmission_file_" / "kernel.py"
    with_it = worksheet(LATE)
    runs = [batch(cli, lab, tmp_path / "s", out, *with_it)]
    first = (out / "feedback" / "participant-1.md").read_text()
    runs += [batch(cli, lab, tmp_path / "s", out)]
    second = (out / "feedback" / "participant-1.md").read_text()
    kernel.write_text(f"# again\n{kernel_text()}")
    runs += [batch(cli, lab, tmp_path / "s", out) for _ in range(2)]
    third = rows(out)["participant-1"]["points"]
    runs += [batch(cli, lab, tmp_path / "s", out, *with_it)]

    assert [status for status, _, _ in runs] == [0, 0, 1, 1, 0]
    assert first == second and "1 day late" in first and rows(out)["participant-1"]["points"] == "80"
    told = "participant-1: it was handed in again since its time was known; name Moodle's worksheet again; nothing was"
    assert third == "90" and told in runs[2][2] and told in runs[3][2]


def test_a_merge_without_the_worksheet(cli, lab, tmp_path, worksheet):
    """A shard that was graded without it keeps the time of the merge before; a later worksheet counts there, too."""
    batch(cli, lab, tmp_path / "s", tmp_path / "shard", *worksheet(LATE))

    def merge(*options):
        cli("merge", lab, tmp_path / "shard", "--output", tmp_path / "all", "--isolation", "auto", "-q", *options)
        return rows(tmp_path / "all")["participant-1"]["points"]

    found = [merge()]
    (tmp_path / "shard" / "batch.sqlite").unlink()
    batch(cli, lab, tmp_path / "s", tmp_path / "shard")
    found += [merge(), merge(*worksheet("Sunday, 22 November 2026, 11:00 PM"))]

    assert found == ["80", "80", "70"]


@pytest.mark.parametrize("later", [True, False])
def test_a_time_that_cannot_be_read_needs_a_decision(cli, lab, tmp_path, worksheet, later):
    """The submission does not count as in time: its lateness is for a person to say, and the exit status is 1.

    So it is in a later run without the worksheet.
    """
    late = "vendredi 27 novembre 2026, 21:00"
    status, _, err = batch(cli, lab, tmp_path / "s", tmp_path / "out", *worksheet(late))
    assert f"{late!r} is not a time in Moodle's English or German format" in err
    if later:
        status, _, err = batch(cli, lab, tmp_path / "s", tmp_path / "out")

    assert status == 1
    assert "participant-1: line 2 of Moodle's worksheet has a time that cannot be read; nothing was taken off" in err


def test_one_unreadable_time_of_a_group_spoils_the_others():
    """The latest counts, and nobody knows which that is."""
    group = {"id": "a", "system": "gradescope", "user": "7", "email": "a@x.org", "number": "", "submitted": ""}
    group["others"] = [{"label": "b", "email": "b@x.org", "number": ""}]
    _take_time(
        group, {Key(EMAIL, "a@x.org"): HandedIn("2026-05-02T23:59:00"), Key(EMAIL, "b@x.org"): HandedIn("", "?")}
    )

    assert (group["submitted"], group["time_doubt"]) == ("", "?")
