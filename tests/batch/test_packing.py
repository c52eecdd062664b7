"""Feedback as Moodle takes it back."""

import io
import zipfile

from grader.batch.layouts import find_submissions
from grader.batch.packing import moodle_feedback
from tests.batch.results import entry


def test_each_participant_gets_their_own(tmp_path):
    """By number, whatever the name; the zip unpacks to a download that reads as those participants."""
    entries = [
        entry("a", system="moodle", user="7", label="Jane_5_assignsubmission_file_/../Doe"),
        entry("b", system="moodle", user="8", label="..."),
        entry("c", system="moodle", user="9", decide="two claim it"),
        entry("d"),
    ]
    data = moodle_feedback(entries, {id: f"for {id}" for id in "abcd"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
        texts = {name.split("_")[1]: archive.read(name) for name in archive.namelist()}

    assert texts == {"7": b"for a", "8": b"for b"}
    assert sorted((one.system, one.user) for one in find_submissions(tmp_path)) == [("moodle", "7"), ("moodle", "8")]


def test_other_systems_get_none():
    """No file where there is nobody of Moodle's; the same bytes for the same feedback."""
    one = [entry("a", system="moodle", user="7")]

    assert moodle_feedback([entry("a")], {"a": "x"}) is None
    assert moodle_feedback(one, {"a": "x"}) == moodle_feedback(one, {"a": "x"})
