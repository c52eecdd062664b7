"""Which file of a submission is its kernel."""

import io
import os
import zipfile

import pytest

from grader.batch.layouts import find_submissions
from grader.batch.sources import read_source


@pytest.fixture
def read(tmp_path):
    """read({"path": text}): the sources of a folder with these files, by id."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return {one.id: read_source(one, "small") for one in find_submissions(tmp_path)}

    return make


def archive(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name.replace("__", "/").replace("_py", ".py").replace("_yaml", ".yaml"), text)
    return data.getvalue()


def test_the_kernel_nearest_to_the_top(read):
    """Copies further down do not count; the sheet beside the kernel does."""
    sources = read({"jane/work/kernel.py": "top", "jane/work/answers.yaml": "a: 1", "jane/work/old/kernel.py": "old"})

    assert (sources["jane"].kernel, sources["jane"].answers) == ("top", b"a: 1")


def test_the_kernel_of_this_lab(read):
    """A repository with several labs: the folder of the lab's name decides."""
    sources = read({"jane/labs/other/kernel.py": "other", "jane/labs/small/kernel.py": "mine"})

    assert sources["jane"].kernel == "mine"


def test_a_zip_inside_a_folder(read):
    """What Moodle has for a student who handed in a zip."""
    sources = read({"Jane_5_assignsubmission_file_/lab.zip": archive(lab__kernel_py="zipped")})

    assert sources["participant-5"].kernel == "zipped"


def test_canvas_files_belong_together(read):
    """The kernel under Canvas's name for it, and the sheet; the later ones where they were handed in again."""
    sources = read(
        {
            "doe_1_10_kernel.py": "first",
            "doe_1_11_kernel-1.py": "second",
            "doe_1_12_answers.yaml": "a: 1",
            "doe_1_13_answers-1.yaml": "a: 2",
        }
    )

    assert (sources["doe-1"].kernel, sources["doe-1"].answers) == ("second", b"a: 2")


def test_a_sheet_from_the_folder_of_another_lab_is_not_taken(read):
    """A sheet belongs to the kernel beside it, however near to the top another one is."""
    sources = read({"jane/copy-on-write/kernel-1.py": "k", "jane/tlb/answers.yaml": "a: 1"})

    assert (sources["jane"].kernel, sources["jane"].answers) == ("k", None)


def test_one_python_file_under_another_name(read):
    """A file that was renamed is taken, if there is no doubt which."""
    assert read({"jane/mine.py": "renamed", "jane/notes.txt": ""})["jane"].kernel == "renamed"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"jane/notes.txt": ""}, "no kernel.py in jane; it has 0 archives and 0 Python or C files"),
        ({"jane/a/kernel.py": "1", "jane/b/kernel.py": "2"}, "2 files named kernel.py are equally near to the top"),
        ({"jane.zip": b"PK\x03\x04 nothing"}, "the archive cannot be read"),
        ({"jane/a.zip": b"PK\x03\x04 nothing"}, "the archive cannot be read"),
        ({"jane.py": b"\xff\xfe"}, "is not UTF-8"),
    ],
)
def test_what_is_no_submission_is_refused_with_a_reason(read, files, reason):
    """Never an exception: intake's sentence, for the report."""
    assert reason in read(files)["jane"].refused


def test_no_link_is_followed(read, tmp_path):
    """A link to a file or a folder elsewhere gives nothing of it away."""
    (tmp_path / "jane").symlink_to("/etc")
    (tmp_path / "john").mkdir()
    (tmp_path / "john" / "kernel.py").symlink_to("/etc/passwd")
    sources = read({})

    assert "symbolic link" in sources["jane"].refused
    assert "symbolic link" in sources["john"].refused


def test_equal_kernels_have_one_digest_whatever_the_answers(read):
    """So that they are graded once; receipts still differ."""
    sources = read({"a/kernel.py": "k", "b/kernel.py": "k", "b/answers.yaml": "x: 1"})

    assert sources["a"].code_digest == sources["b"].code_digest
    assert sources["a"].digest != sources["b"].digest


def test_what_this_machine_cannot_read_is_no_ones_fault(read, tmp_path, monkeypatch):
    """A folder without permission, or a disk that fails: unreadable with the reason, not refused."""
    real = os.scandir

    def scandir(path):
        if str(path).rstrip("/").endswith("jane"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("grader.intake.submission.os.scandir", scandir)
    jane = read({"jane/kernel.py": "k", "john/kernel.py": "k"})["jane"]

    assert (jane.unreadable, jane.refused, jane.has_kernel) == ("jane cannot be read: Permission denied", "", False)


def test_canvas_anonymous_files_belong_together(read):
    """The sheet of an anonymous download, and of somebody with underscores in the name, is read."""
    sources = read(
        {
            "anon_a1B2c_90112_kernel.py": "k",
            "anon_a1B2c_90113_answers.yaml": "a: 1",
            "de_la_cruz_7_1_kernel.py": "k",
            "de_la_cruz_7_2_answers.yaml": "a: 2",
        }
    )

    assert {id: source.answers for id, source in sources.items()} == {"anon-a1B2c": b"a: 1", "de_la_cruz-7": b"a: 2"}


JIM = "Jim Roe_13_assignsubmission"


@pytest.mark.parametrize(
    ("one", "other", "own"),
    [
        (f"{JIM}_file_kernel.py", f"{JIM}_file_/kernel.py", "kernel.py"),
        (f"{JIM}_file_/kernel.py", f"{JIM}_onlinetext_/kernel.py", "kernel.py"),
        (f"{JIM}_file_/lab.zip", f"{JIM}_onlinetext_/lab.zip", "lab.zip"),
        ("doe_LATE_1_10_kernel.py", "doe_1_10_kernel.py", "kernel.py"),
    ],
)
def test_two_files_of_one_name_need_a_decision(read, one, other, own):
    """Neither replaces the other: both are named, and nothing is graded."""
    (source,) = read({one: "first", other: "second"}).values()

    assert source.refused == f"{own} was handed in twice, with different contents"
    assert one in source.found.doubt and other in source.found.doubt
    assert source.found.doubt.endswith(f"are both {own}, with different contents; keep only the one that counts")


def test_the_same_file_twice_needs_no_decision(read):
    """A download with and one without folders, unpacked in one place, are the same submission."""
    files = {f"{JIM}_file_kernel.py": "k", f"{JIM}_file_/kernel.py": "k", f"{JIM}_file_/answers.yaml": "a: 1"}
    source = read(files)["participant-13"]

    assert (source.kernel, source.answers, source.found.doubt) == ("k", b"a: 1", "")
