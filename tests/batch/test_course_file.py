"""course.yaml: what a course says once for all its labs."""

import json

import jsonschema
import pytest

from grader.batch.course_file import SCHEMA, find_course, read_course
from grader.errors import InputError
from grader.formats.yaml_reader import read_yaml
from tests.batch.handed_in import PROTECT, batch, hand_in, rows
from tests.labs import kernel_text

TEXT = (
    "format: 1\nroster: r.csv\ncolumns: {login: Kennung}\nassignments: {small: Lab 1}\nlabs: [small]\n"
    "late: {due: {small: '2026-11-20T23:59+01:00'}, per_day: 10}\n"
)


@pytest.fixture
def course(lab):
    """The course.yaml beside the small lab, with its roster."""
    (lab.parent / "r.csv").write_text("Kennung,name\nstudent-00,Jane Doe\n")
    (lab.parent / "course.yaml").write_text(TEXT)
    return lab.parent / "course.yaml"


def test_what_it_says(course, lab):
    """Paths are relative to the file; it is found beside the lab, and fits its schema."""
    found = read_course(find_course(lab))

    assert (found.roster, found.columns, found.assignments) == (
        course.parent / "r.csv",
        {"login": "Kennung"},
        {"small": "Lab 1"},
    )
    jsonschema.validate(read_yaml(TEXT, "c"), json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("format: 2\n", "course.yaml:1: format is 2; expected 1"),
        ("format: 1\nrooster: x\n", "course.yaml:2: unknown field 'rooster'; expected format"),
        ("format: 1\nroster: none.csv\n", "course.yaml:2: no file none.csv"),
        ("format: 1\ncolumns: {shoe: x}\n", "course.yaml:2: unknown column 'shoe'"),
        ("format: 1\nlabs: [nowhere]\n", "course.yaml:2: nowhere has no lab.yaml"),
        ("format: 1\nlabs: 7\n", "course.yaml:2: labs is 7; expected a list of folders"),
        (
            "format: 1\nlate: {due: {small: soon}, per_day: 1}\n",
            "course.yaml:2: due is {'small': 'soon'}; expected labs",
        ),
        ("format: 1\nlate: {due: {}, per_day: many}\n", "course.yaml:2: per_day is 'many'; expected a number"),
        ("format: 1\nlate: {due: {}, per_day: 1, fee: 2}\n", "course.yaml:2: late has no field 'fee'"),
        ("format: 1\nlanguage: fr\n", "course.yaml:2: language is 'fr'; expected en or de"),
        ("format: 1\nlanguage: [de]\n", "course.yaml:2: language is ['de']; expected en or de"),
        ("- 1\n", "course.yaml:1: expected a mapping"),
    ],
)
def test_a_wrong_file_is_named(cli, course, lab, text, told):
    """By `grader check`, of the file or of a lab, with line, value and the way out; batch says the same."""
    course.write_text(text)
    status, out, _ = cli("check", course)
    with pytest.raises(InputError):
        read_course(course)

    assert status == 2 and told in out


def test_a_batch_uses_it(cli, course, lab, tmp_path):
    """The roster's names are in results.csv, and who is missing is said."""
    status, out, err = batch(cli, lab, hand_in(tmp_path / "class", 2), tmp_path / "out")

    assert status == 0
    assert "4 submissions have no time of their own and count as in time" in err
    assert rows(tmp_path / "out")["student-00"]["name"] == "Jane Doe"
    assert "roster: 1 people: 1 handed in, 0 did not" in out


def test_one_in_the_working_folder_is_not_read(cli, lab, tmp_path, monkeypatch):
    """Submissions may be there, and whoever hands in a course.yaml must not change the course."""
    folder = hand_in(tmp_path / "class", 1)
    (folder / "course.yaml").write_text("format: 7\n")
    monkeypatch.chdir(folder)

    assert batch(cli, lab, folder, tmp_path / "out")[0] == 0


def test_a_lab_that_the_course_does_not_list(cli, course, lab, tmp_path):
    """Its late policy and its columns would be missing: nothing is graded, and the way out is named."""
    (lab.parent / "other").mkdir()
    (lab.parent / "other" / "lab.yaml").write_text((lab / "lab.yaml").read_text())
    course.write_text("format: 1\nlabs: [other]\n")
    status, _, err = batch(cli, lab, hand_in(tmp_path / "s", 1), tmp_path / "out")

    assert status == 2
    assert "does not list this lab (it has other); add it to `labs` there" in err
    assert not (tmp_path / "out").exists()


def test_feedback_in_german(cli, lab, tmp_path):
    """`language: de` is for students: feedback, what the course changed, and comments in gradebooks."""
    (lab.parent / "course.yaml").write_text("format: 1\nlanguage: de\n")
    (tmp_path / "s" / "Jane_7_assignsubmission_file_").mkdir(parents=True)
    (tmp_path / "s" / "Jane_7_assignsubmission_file_" / "kernel.py").write_text(kernel_text(PROTECT, "pass"))
    (tmp_path / "o.csv").write_text("student,task or scenario,points,comment\nparticipant-7,total,5,Gut\n")
    sheet = (
        "Identifier,Full name,Grade,Maximum Grade,Last modified (grade),Feedback comments\nParticipant 7,Jane,,100,-,\n"
    )
    (tmp_path / "g.csv").write_text(sheet)
    options = ("--overrides", tmp_path / "o.csv", "--gradebook", tmp_path / "g.csv")
    batch(cli, lab, tmp_path / "s", tmp_path / "out", *options)
    feedback = (tmp_path / "out" / "feedback" / "participant-7.md").read_text()

    for told in (
        "von 100 Punkten",
        "| Aufgabe | | Punkte |",
        "nicht bestanden: ",
        "insgesamt: ",
        "**Damit: 5 von 100 P",
    ):
        assert told in feedback
    assert "5 von 100 Punkten" in (tmp_path / "out" / "moodle-worksheet.csv").read_text()
    assert "total: " in rows(tmp_path / "out")["participant-7"]["note"]
    assert " of " in (tmp_path / "out" / "report.txt").read_text()
