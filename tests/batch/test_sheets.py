"""The quiz sheets of a folder, or of a download, with everything in it accounted for."""

import os
import zipfile

import pytest

from grader.batch.sheets import find_sheets
from grader.errors import InputError


def put(path, text="a: 1\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def read(folder):
    return [(one.name, one.data, one.problem) for one in find_sheets(folder, "small").sheets]


def test_sheets_of_a_folder(tmp_path):
    """NAME.yaml and NAME/answers.yaml, in order of name; links are not followed, other files are named."""
    put(tmp_path / "bob" / "answers.yaml")
    put(tmp_path / "ada.yaml", "a: 2\n")
    put(tmp_path / "notes.txt")
    put(tmp_path / "joe" / "kernel.py", "")
    (tmp_path / "eve.yml").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.yaml")
    found = find_sheets(tmp_path, "small")

    assert read(tmp_path) == [
        ("ada", b"a: 2\n", ""),
        ("bob", b"a: 1\n", ""),
        ("eve", b"", "symbolic links are not followed"),
        ("pipe", b"", "not a regular file"),
    ]
    assert (found.without, found.others) == (["joe"], ["notes.txt"])


def test_sheets_of_downloads(tmp_path):
    """Moodle's folders and flat files, Canvas's latest, Gradescope's people, an archive; near names with a remark."""
    put(tmp_path / "Jane Doe_7_assignsubmission_file_" / "answers (1).yml")
    put(tmp_path / "Jon_8_assignsubmission_file_answers.yaml", "a: 8\n")
    put(tmp_path / "doe_123_456_answers.yaml", "a: old\n")
    put(tmp_path / "doe_123_457_answers-1.yaml", "a: new\n")
    put(tmp_path / "submission_9" / "deep" / "answers.yaml", "a: 9\n")
    put(tmp_path / "submission_metadata.yml", "submission_9:\n  :submitters:\n  - :name: Eve\n    :sid: '42'\n")
    with zipfile.ZipFile(tmp_path / "zed.zip", "w") as archive:
        archive.writestr("small/answers.yaml", "a: z\n")
    found = {one.name: one for one in find_sheets(tmp_path, "small").sheets}

    assert {name: one.data for name, one in found.items()} == {
        "participant-7": b"a: 1\n",
        "participant-8": b"a: 8\n",
        "doe-123": b"a: new\n",
        "submission_9": b"a: 9\n",
        "zed": b"a: z\n",
    }
    assert found["participant-7"].remarks == ("answers (1).yml was taken for answers.yaml",)
    assert (found["participant-7"].owners, found["submission_9"].owners) == (("7",), ("42",))


def test_what_cannot_be_read_is_a_problem(tmp_path):
    """Two that may be meant, a broken archive and a sheet that is too large: never an empty sheet."""
    put(tmp_path / "two" / "answers (1).yaml")
    put(tmp_path / "two" / "answers (2).yaml")
    put(tmp_path / "zed.zip", "PK\x03\x04")
    put(tmp_path / "Jon_8_assignsubmission_file_answers.yaml", "#" * (1 << 20))
    found = read(tmp_path)

    assert [name for name, _, _ in found] == ["participant-8", "two", "zed"]
    for (_, data, problem), told in zip(found, ["KiB", "may be meant; call one", "cannot be read"], strict=True):
        assert data == b"" and told in problem


def test_a_sheet_that_may_be_two_peoples_is_a_problem(tmp_path):
    """A name of Canvas's that can be read in two ways: nobody is marked by a guess."""
    put(tmp_path / "doe_123_456_789_answers.yaml")
    ((name, _, problem),) = read(tmp_path)

    assert name == "doe-123" and problem.endswith("can be read as user 123 or as user 456")


def test_a_folder_without_sheets_is_an_error(tmp_path):
    """With what is looked for, and without a traceback if there is no such folder."""
    put(tmp_path / "joe" / "kernel.py", "")
    with pytest.raises(InputError, match=r"no sheets found; expected NAME.yaml, NAME/answers.yaml, or a download"):
        find_sheets(tmp_path, "small")
    with pytest.raises(InputError, match="No such file"):
        find_sheets(tmp_path / "none", "small")


def test_two_sheets_of_one_name(tmp_path):
    """On Canvas the later upload counts, and the other is named; elsewhere a person must decide."""
    put(tmp_path / "doe_1_99_answers.yaml")
    put(tmp_path / "doe_1_101_answers.yaml", "a: 2\n")
    put(tmp_path / "Jim_13_assignsubmission_file_answers.yaml", "a: 3\n")
    put(tmp_path / "Jim_13_assignsubmission_file_" / "answers.yaml", "a: 4\n")
    canvas, moodle = find_sheets(tmp_path, "small").sheets

    assert (canvas.data, canvas.problem) == (b"a: 2\n", "")
    assert canvas.remarks == ("doe_1_99_answers.yaml not read: answers.yaml was uploaded again as 101",)
    assert moodle.problem == (
        "Jim_13_assignsubmission_file_/answers.yaml and Jim_13_assignsubmission_file_answers.yaml are both "
        "answers.yaml, with different contents; keep only the one that counts"
    )
