"""course.yaml: what a course says once for all its labs."""

import json

import jsonschema
import pytest

from grader.batch.course_file import SCHEMA, find_course, read_course, schema
from grader.errors import InputError
from grader.formats.schema import schema_text
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
        ("format: 2\n", "course.yaml:1: a course: format 2 is not known; this grader reads 1"),
        ("format: 1\nrooster: x\n", "course.yaml:2: a course has no field 'rooster' (did you mean 'roster'?)"),
        ("format: 1\nroster: none.csv\n", "course.yaml:2: no file none.csv"),
        ("format: 1\ncolumns: {shoe: x}\n", "course.yaml:2: columns has no field 'shoe'; it takes name, first name"),
        ("format: 1\nlabs: [nowhere]\n", "course.yaml:2: nowhere has no lab.yaml"),
        ("format: 1\nlabs: 7\n", "course.yaml:2: a course: labs is 7; expected a list of folders"),
        (
            "format: 1\nassignments:\n  smal: Lab 1\n",
            "course.yaml:3: assignments: no lab has the name 'smal'; did you mean 'small'?",
        ),
        (
            "format: 1\nlate:\n  due:\n    small: soon\n  per_day: 1\n",
            "course.yaml:4: due: small has 'soon'; expected a time with its offset, such as",
        ),
        (
            "format: 1\nlate: {due: {mall: '2026-11-20T23:59Z'}, per_day: 1}\n",
            "course.yaml:2: due: no lab has the name 'mall'; did you mean 'small'?",
        ),
        ("format: 1\nlate: {due: {}, per_day: many}\n", "course.yaml:2: late: per_day is 'many'; expected a number"),
        ("format: 1\nlate: {due: {}}\n", "course.yaml:2: late needs 'per_day'"),
        (
            "format: 1\nlate: {due: {}, per_day: 1, extensions: {jd1: -1}}\n",
            "course.yaml:2: extensions: jd1 has -1; expected a number of days",
        ),
        (
            "format: 1\nlate: {due: {}, per_day: 1, extensions: {jd1: 367}}\n",
            "course.yaml:2: extensions: jd1 has 367; expected a number of days",
        ),
        (
            "format: 1\nlate: {due: {}, per_day: 1, extensions: {jd1: 2, JD1: 3}}\n",
            "course.yaml:2: extensions: JD1 and jd1 are one student; keep one of them",
        ),
        ("format: 1\nlate: {due: {}, per_day: 1, cup: 2}\n", "late has no field 'cup' (did you mean 'cap'?)"),
        (
            "format: 1\nlate: {due: {}, per_day: 1, zone: Mars}\n",
            "late: zone is 'Mars'; expected the name of a time zone",
        ),
        (
            "format: 1\nlate: {due: {}, per_day: 1, zone: ../../etc/passwd}\n",
            "late: zone is '../../etc/passwd'; expected",
        ),
        (
            "format: 1\nlate: {due: {}, per_day: 1, commit_dates: 'yes'}\n",
            "late: commit_dates is 'yes'; expected true or",
        ),
        ("format: 1\nlanguage: fr\n", "course.yaml:2: a course: language is 'fr'; expected en or de"),
        ("format: 1\nlanguage: [de]\n", "course.yaml:2: a course: language is ['de']; expected en or de"),
        ("- 1\n", "course.yaml:1: a course must be a mapping of format, title"),
    ],
)
def test_a_wrong_file_is_named(cli, course, lab, text, told):
    """By `grader check`, of the file or of a lab, with line, value and the way out; batch says the same."""
    course.write_text(text)
    status, out, _ = cli("check", course)
    with pytest.raises(InputError):
        read_course(course)

    assert status == 2 and told in out


def test_the_schema_is_what_the_tables_say():
    """`python -I -m grader.batch.course_file` writes the file."""
    assert schema_text(schema()) == SCHEMA.read_text()


def test_a_lab_without_a_due_time_is_named(cli, course, lab, tmp_path):
    """The course has a late policy, but not for this lab: nothing is taken off, and the batch says so."""
    course.write_text("format: 1\nlate: {due: {}, per_day: 10}\n")
    status, _, err = batch(cli, lab, hand_in(tmp_path / "s", 1), tmp_path / "out")

    assert status == 0
    assert f"{course}: late has no due time for small, so nothing is taken off" in err


def test_a_batch_uses_it(cli, course, lab, tmp_path):
    """The roster's names are in results.csv, and who is missing is said."""
    status, out, err = batch(cli, lab, hand_in(tmp_path / "class", 2), tmp_path / "out")

    assert status == 0
    assert "4 submissions have no time of their own and count as in time" in err
    assert rows(tmp_path / "out")["student-00"]["name"] == "Jane Doe"
    assert "roster: 1 person: 1 handed in, 0 did not" in out


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


@pytest.mark.parametrize("name", ["course.yml", "course.YAML", "Course.yaml"])
def test_one_with_another_ending_is_not_passed_over(cli, lab, tmp_path, name):
    """Its late policy would not count, and nobody would notice."""
    (lab.parent / name).write_text("format: 1\n")
    status, _, err = batch(cli, lab, hand_in(tmp_path / "class", 1), tmp_path / "out")

    assert status == 2 and f"{name}: rename it to course.yaml, or it does not count" in err


def test_a_misspelt_lab_is_one_problem(cli, course, lab):
    """The right names in other fields are not called wrong for it."""
    course.write_text("format: 1\nlabs: [smal]\nassignments: {small: Lab 1}\n")
    with pytest.raises(InputError) as error:
        read_course(course)

    assert error.value.problems == [f"{course}:2: smal has no lab.yaml; did you mean 'small'?"]
