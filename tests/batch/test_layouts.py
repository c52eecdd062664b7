"""What the folders that Moodle, Canvas, Gradescope and GitHub Classroom give to download are read as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.layouts import Person, find_submissions, left_out, safe_id
from grader.errors import InputError


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")


def found(folder):
    return {one.id: one for one in find_submissions(folder)}


def test_plain_folders_and_files(tmp_path):
    """A folder, a kernel file, an archive: named after themselves; gradebooks and notes are no submissions."""
    own = ("jane/kernel.py", "john.py", "ann.tar.gz", "eve.c")
    put(tmp_path, *own, "grades.csv", "README.md", ".DS_Store", "__MACOSX/x")

    assert {id: one.user for id, one in found(tmp_path).items()} == {id: id for id in ("ann", "eve", "jane", "john")}


def test_moodle(tmp_path):
    """Folders with the participant's number, which the grading worksheet has too; older downloads have files alone."""
    put(tmp_path, "Jane Doe_12345_assignsubmission_file_/kernel.py", "Jon_Snow_77_assignsubmission_file_kernel.py")
    one, two = find_submissions(tmp_path)

    assert (one.id, one.user, one.label, one.system) == ("participant-12345", "12345", "Jane Doe", "moodle")
    assert (two.user, two.label) == ("77", "Jon_Snow")


def test_canvas_groups_the_files_of_a_student(tmp_path):
    """login_user_submission_file: both files of a student are one submission; LATE is no part of the name."""
    put(tmp_path, "doejane_LATE_101_9001_kernel.py", "doejane_LATE_101_9002_answers.yaml")
    put(tmp_path, "snowjon_102_9003_kernel-1.py")
    submissions = found(tmp_path)

    assert list(submissions) == ["doejane-101", "snowjon-102"]
    assert len(submissions["doejane-101"].paths) == 2
    assert submissions["snowjon-102"].user == "102"


def test_gradescope_says_who(tmp_path):
    """submission_metadata.yml, with Ruby's symbols for keys, has name, number and e-mail of the first submitter."""
    put(tmp_path, "submission_11/kernel.py", "submission_12/kernel.py")
    metadata = "submission_11:\n  :submitters:\n  - :name: Jane\n    :sid: '007'\n    :email: j@x.org\n  :score: 1\n"
    (tmp_path / "submission_metadata.yml").write_text(metadata)
    submissions = found(tmp_path)

    jane = submissions["submission_11"]
    assert (jane.label, jane.system, jane.user, jane.email, jane.number) == (
        "Jane",
        "gradescope",
        "11",
        "j@x.org",
        "007",
    )
    assert jane.others == ()
    assert submissions["submission_12"].label == "submission_12"


def test_gradescope_groups_are_one_submission(tmp_path):
    """The first submitter stands for it; the others come with all that is told of them, a name missing or not."""
    put(tmp_path, "submission_11/kernel.py")
    people = "  - :name: Jane\n    :email: j@x.org\n  - :name: Jon\n    :sid: 8\n  - :email: eve@x.org\n"
    (tmp_path / "submission_metadata.yml").write_text(f"submission_11:\n  :submitters:\n{people}")
    (group,) = find_submissions(tmp_path)

    assert (group.label, group.email) == ("Jane", "j@x.org")
    assert group.others == (Person("Jon", "", "8"), Person("", "eve@x.org", ""))


@pytest.mark.parametrize(("sid", "number"), [("0022345", "0022345"), ("1e5", "1e5"), ("~", ""), ("", ""), ("on", "on")])
def test_an_id_number_without_quotes_is_what_is_written(tmp_path, sid, number):
    """Not 9445, which is 0022345 in octal, and may be somebody else's."""
    put(tmp_path, "submission_11/kernel.py")
    (tmp_path / "submission_metadata.yml").write_text(
        f"submission_11:\n  :submitters:\n  - :sid: {sid}\n  :created_at: 2026-11-20 13:00:00 +01:00\n"
    )
    [one] = find_submissions(tmp_path)

    assert (one.number, one.submitted) == (number, "2026-11-20T13:00:00+01:00")


@pytest.mark.parametrize(
    "text", ["- 1\n- 2\n", "submission_11:\n  :submitters: {Jane: 1}\n", "submission_11:\n  :created_at: 2026-13-01\n"]
)
def test_a_strange_metadata_file_is_named(tmp_path, text):
    """Not an exception: the file and what it should be."""
    put(tmp_path, "submission_11/kernel.py")
    (tmp_path / "submission_metadata.yml").write_text(text)

    with pytest.raises(InputError, match=r"submission_metadata.yml: this is not Gradescope's list of submissions"):
        find_submissions(tmp_path)


def test_github_classroom(tmp_path):
    """Repositories with one prefix: what follows it is the login."""
    for login in ("jane-doe", "john"):
        put(tmp_path, f"cow-lab-{login}/.git/HEAD", f"cow-lab-{login}/labs/copy-on-write/kernel.py")

    assert [(one.id, one.system) for one in find_submissions(tmp_path)] == [
        ("jane-doe", "classroom"),
        ("john", "classroom"),
    ]


def test_names_that_are_alike_stay_apart(tmp_path):
    """`jane` beside `jane.zip` and `Jane`: three submissions with three ids, also where capitals do not count."""
    put(tmp_path, "jane/kernel.py", "jane.zip", "Jane.py")
    ids = list(found(tmp_path))

    assert len({id.lower() for id in ids}) == 3


@given(st.text(min_size=1, max_size=80))
def test_ids_are_safe_as_file_names(name):
    """Whatever a folder is called, its id has no slash, no dots that climb, no control character, and a bound."""
    id = safe_id(name)

    assert id and len(id) <= 64 and ".." not in id
    assert id.isascii() and all(c.isalnum() or c in "._-" for c in id) and id[0].isalnum()


def test_a_moodle_file_name_steals_no_number(tmp_path):
    """The student's own part of a name may look like the platform's mark; the first mark counts."""
    put(tmp_path, "Eve_11111_assignsubmission_file_x_99999_assignsubmission_file_kernel.py")
    put(tmp_path, "Victim_99999_assignsubmission_file_kernel.py", "Ann_5_assignsubmission_file_a_1_2_kernel.py")
    submissions = find_submissions(tmp_path)

    assert [(one.system, one.user, one.label) for one in submissions] == [
        ("moodle", "11111", "Eve"),
        ("moodle", "5", "Ann"),
        ("moodle", "99999", "Victim"),
    ]
    assert [len(one.paths) for one in submissions] == [1, 1, 1]


def test_a_canvas_file_name_steals_no_number(tmp_path):
    """Neither Moodle's mark nor a second pair of numbers in the file's own name."""
    put(tmp_path, "doe_101_9001_Jane_5_assignsubmission_file_kernel.py", "roe_102_9002_x_7_8_kernel.py")
    assert [(one.system, one.user) for one in find_submissions(tmp_path)] == [("canvas", "101"), ("canvas", "102")]


def test_canvas_names_and_anonymous_downloads(tmp_path):
    """Underscores in names, LATE on either side, anonymous ids; the name each file had at home is kept."""
    put(tmp_path, "de_la_cruz_LATE_101_9001_kernel.py", "anon_a1B2c_90112_kernel.py", "anon_a1B2c_90113_answers.yaml")
    put(tmp_path, "LATE_anon_Zz9Qx_90114_my_kernel.py")
    late, anonymous, cruz = find_submissions(tmp_path)

    assert (cruz.system, cruz.user, cruz.label, cruz.late) == ("canvas", "101", "de_la_cruz", True)
    assert (anonymous.system, anonymous.user, anonymous.late) == ("canvas-anonymous", "a1B2c", False)
    assert anonymous.names == ("kernel.py", "answers.yaml")
    assert (late.user, late.late, late.names) == ("Zz9Qx", True, ("my_kernel.py",))


def test_a_canvas_name_that_can_be_read_twice_is_doubted(tmp_path):
    """`doe_5` with number 101, or `doe` with number 5: nobody but a person can say."""
    put(tmp_path, "doe_5_101_9001_kernel.py")
    (one,) = find_submissions(tmp_path)

    assert one.doubt == "doe_5_101_9001_kernel.py can be read as user 5 or as user 101"


def test_two_claims_on_one_number_stay_apart(tmp_path):
    """One number under two names: two submissions, and neither's files are mixed with the other's."""
    put(tmp_path, "Jane_7_assignsubmission_file_kernel.py", "Eve_7_assignsubmission_file_answers.yaml")
    submissions = find_submissions(tmp_path)

    assert sorted((one.user, one.label, len(one.paths)) for one in submissions) == [("7", "Eve", 1), ("7", "Jane", 1)]


def test_hidden_folders_are_submissions(tmp_path):
    """`..hidden` and `.jane` are folders that somebody handed in; what is no submission is listed."""
    put(tmp_path, "..hidden/kernel.py", ".jane/kernel.py", "grades.csv", "._grades.csv", ".DS_Store")

    assert len(find_submissions(tmp_path)) == 2
    assert left_out(tmp_path) == ["grades.csv"]


@pytest.mark.parametrize("first", ["99", "100"])
@pytest.mark.parametrize("mark", ["doejane_123", "anon_a1B2c"])
def test_of_two_uploads_of_one_name_the_higher_number_counts(tmp_path, first, mark):
    """Numbers are compared as numbers: 99 comes before 101. What does not count is named."""
    put(tmp_path, f"{mark}_{first}_kernel.py", f"{mark}_101_kernel.py", f"{mark}_102_answers.yaml")
    (one,) = find_submissions(tmp_path)

    assert [path.name for path in one.paths] == [f"{mark}_101_kernel.py", f"{mark}_102_answers.yaml"]
    assert one.remarks == (f"{mark}_{first}_kernel.py not read: kernel.py was uploaded again as 101",)


@pytest.mark.parametrize(
    ("time", "doubt"),
    [
        ("vendredi 27 novembre", "submission_metadata.yml has a time that cannot be read: vendredi 27 novembre"),
        ("2026-11-20", "submission_metadata.yml has a time that cannot be read: 2026-11-20"),
        ("~", ""),
        ("", ""),
    ],
)
def test_a_time_of_gradescope_that_cannot_be_read_is_doubted(tmp_path, time, doubt):
    """A day without an hour is none; a missing time is not doubted."""
    put(tmp_path, "submission_11/kernel.py")
    (tmp_path / "submission_metadata.yml").write_text(f"submission_11:\n  :created_at: {time}\n")
    (one,) = find_submissions(tmp_path)

    assert (one.submitted, one.time_doubt) == ("", doubt)
