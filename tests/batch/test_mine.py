"""Students' own scenarios in a batch."""

import csv
import io
import json
import shutil
import zipfile

import pytest

from grader.batch import rows as store_rows
from grader.batch.csv_table import rows_of
from grader.batch.gradebooks import read_gradebook
from grader.batch.mine import judge_mine
from grader.errors import InputError
from grader.intake import own_scenarios
from grader.intake.mine_files import SIZE_LIMIT
from grader.intake.submission import read_submission
from grader.lab.lab import load_lab
from grader.report.course import course
from tests.batch.handed_in import batch
from tests.batch.results import batch as results
from tests.batch.results import entry
from tests.conftest import ROOT
from tests.labs import kernel_text
from tests.mine.scenarios import STRONG, WRONG, hand_in


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """What a lab with the task makes of a folder with a strong scenario and a wrong one."""
    home = hand_in(tmp_path_factory.mktemp("mine"), strong=STRONG, wrong=WRONG)
    return judge_mine(load_lab(ROOT / "labs" / "copy-on-write"), str(home))


@pytest.fixture
def out(cli, lab, tmp_path):
    """The output of a batch of two students, of whom one wrote scenarios, in a lab without misconceptions."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("mine: {points: 5}\n")
    for name in ("ana", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "kernel.py").write_text(kernel_text())
    text = WRONG.replace("copies: 2", "copies: 0").replace("A sentence", "A \\u202e sentence")
    hand_in(tmp_path / "class" / "ana", right=text, wrong=WRONG)
    status, _, err = batch(cli, lab, tmp_path / "class", tmp_path / "out")
    assert status == 0, err
    return tmp_path / "out"


def test_what_is_caught_and_the_points_are_kept(graded):
    """As `grader test` counts; the store takes it, and checks it when it reads it again."""
    assert (graded["scenarios"], graded["valid"], graded["max_points"]) == (2, 1, 10)
    assert 0 < graded["caught"] < graded["misconceptions"] and 0 < graded["points"] < 10
    assert store_rows._is_mine(json.loads(json.dumps(graded)))


@pytest.mark.parametrize("change", [{"points": "5"}, {"lines": ["\x1b[2J"]}, {"lines": "x"}, {"more": 1}])
def test_a_store_from_elsewhere_is_checked(graded, change):
    """A store may come from anywhere: what a batch does not write is refused."""
    assert not store_rows._is_mine({**graded, **change})


def test_instructors_see_a_column_and_students_a_section(out):
    """results.csv, results.json and the feedback of the student who wrote scenarios; the other one has none."""
    with open(out / "results.csv", newline="") as file:
        table = {row["submission"]: row for row in csv.DictReader(file)}
    entries = {one["id"]: one for one in json.loads((out / "results.json").read_text())["submissions"]}

    assert (table["ana"]["mine"], table["bob"]["mine"]) == ("0", "")
    assert entries["ana"]["mine"]["valid"] == 1 and "mine" not in entries["bob"]
    assert table["ana"]["points"] == table["bob"]["points"]
    assert "    mine/wrong.yaml:8: step 3: expected copies 2" in (out / "feedback" / "ana.md").read_text()
    assert "Your own scenarios" not in (out / "feedback" / "bob.md").read_text()


def test_a_class_without_scenarios_has_no_column(cli, lab, tmp_path):
    """A lab that asks for none looks as before."""
    (tmp_path / "class" / "ana").mkdir(parents=True)
    (tmp_path / "class" / "ana" / "kernel.py").write_text(kernel_text())
    hand_in(tmp_path / "class" / "ana", right=STRONG)
    batch(cli, lab, tmp_path / "class", tmp_path / "out")

    assert "mine" not in (tmp_path / "out" / "results.csv").read_text()


def test_loose_files_share_no_folder(lab):
    """The scenarios next to several students' loose kernels are nobody's."""
    assert judge_mine(load_lab(lab), "") is None


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_scenarios_in_an_archive_are_judged_like_those_in_a_folder(lab, tmp_path, kind):
    """Those next to the kernel, wherever it is in the archive; one that is too large is reported and spoils nothing."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("mine: {points: 5}\n")
    home = hand_in(tmp_path / "class" / "ana" / "deep", right=WRONG.replace("copies: 2", "copies: 0"), wrong=WRONG)
    (home / "kernel.py").write_text(kernel_text())
    (home / "mine" / "big.yaml").write_bytes(b"#" * (SIZE_LIMIT + 1))
    (home / "mine" / "notes.txt").write_text("no scenario")
    loaded = load_lab(lab)
    folder = judge_mine(loaded, str(home))
    archive = shutil.make_archive(
        str(tmp_path / "ana"), {"tar.gz": "gztar"}.get(kind, kind), tmp_path / "class" / "ana"
    )
    read = read_submission(archive)

    assert sorted(read.own) == ["big.yaml", "right.yaml", "wrong.yaml"]
    assert judge_mine(loaded, "", read.own) == folder
    assert (folder["scenarios"], folder["valid"]) == (3, 1)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("command", ["batch", "test"])
def test_scenarios_next_to_an_archive_count_if_it_has_none(cli, lab, tmp_path, command, inside):
    """A zip with the kernel, and mine/ in the folder next to it; scenarios in the zip go first."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("mine: {points: 5}\n")
    ana = hand_in(tmp_path / "class" / "ana", right=WRONG.replace("copies: 2", "copies: 0"))
    with zipfile.ZipFile(ana / "work.zip", "w") as archive:
        archive.writestr("kernel.py", kernel_text())
        if inside:
            archive.writestr("mine/zipped.yaml", WRONG)
    if command == "test":
        out = cli("test", lab, "--submission", ana)[1]
        assert ("mine/zipped.yaml" in out, "mine/right.yaml" in out) == (inside, not inside)
    else:
        batch(cli, lab, tmp_path / "class", tmp_path / "out")
        entries = json.loads((tmp_path / "out" / "results.json").read_text())["submissions"]
        assert entries[0]["mine"]["valid"] == int(not inside)


@pytest.mark.parametrize("command", ["run", "batch"])
@pytest.mark.parametrize("kernel", [b"# \xe9\n", b"", None])
def test_a_refused_kernel_keeps_its_quiz_and_its_scenarios(cli, lab, tmp_path, command, kernel):
    """One that is not UTF-8, that is empty (which is not refused), or that is not there: `run` and `batch` alike."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("mine: {points: 5}\n")
    ana = hand_in(tmp_path / "class" / "ana", right=WRONG.replace("copies: 2", "copies: 0"))
    (ana / "answers.yaml").write_text("copies: 1\nwho: writer\n")
    if kernel is not None:
        (ana / "kernel.py").write_bytes(kernel)
    if command == "run":
        result = json.loads(cli("run", lab, "--submission", ana, "--format", "json")[1])
        assert (result["points"], result["quiz"]["points"]) == (10, 2)
        assert "mine/right.yaml" in cli("test", lab, "--submission", ana)[1]
    else:
        batch(cli, lab, tmp_path / "class", tmp_path / "out")
        entry = json.loads((tmp_path / "out" / "results.json").read_text())["submissions"][0]
        assert (entry["points"], entry["tasks"]["quiz"], entry["mine"]["valid"]) == (10, 10, 1)
        assert bool(entry["refused"]) == (kernel != b"")


def test_a_mistake_of_ours_in_one_file_is_told(lab, tmp_path, monkeypatch):
    """It must not end the batch of the whole class: that file is a problem, the others are judged."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("mine: {points: 5}\n")
    home = hand_in(tmp_path / "ana", right=WRONG.replace("copies: 2", "copies: 0"), surprise=WRONG)
    parse = own_scenarios.parse_scenario

    def surprised(data, name, *rest, **options):
        if name == "surprise":
            raise IndexError
        return parse(data, name, *rest, **options)

    monkeypatch.setattr(own_scenarios, "parse_scenario", surprised)
    judged = judge_mine(load_lab(lab), str(home))

    assert (judged["scenarios"], judged["valid"]) == (2, 1)
    told = " ".join(" ".join(judged["lines"]).split())
    assert "mine/surprise.yaml: the grader failed to read it (IndexError)" in told


def test_a_damaged_scenario_in_an_archive_spoils_only_itself(tmp_path):
    """The kernel is read all the same."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("kernel.py", kernel_text())
        archive.writestr("mine/a.yaml", STRONG)
        archive.writestr("mine/b.yaml", "c" * 100)
    damaged = data.getvalue().replace(b"c" * 100, b"d" * 100)
    (tmp_path / "x.zip").write_bytes(damaged)
    read = read_submission(tmp_path / "x.zip")

    assert read.kernel == kernel_text().encode()
    assert isinstance(read.own["a.yaml"], bytes)
    assert read.own["b.yaml"] == "b.yaml cannot be unpacked (BadZipFile)"


def test_gradebooks_have_the_points():
    """A column of Canvas's that the course names, scaled; a comment and a column of Moodle's."""
    mine = {"points": 6, "max_points": 10, "scenarios": 3, "valid": 3, "caught": 9, "misconceptions": 30}
    found = results(entry("u1", user="", mine=mine), entry("u2"))
    canvas = (
        "Student,ID,SIS User ID,SIS Login ID,Section,A small lab (1),Own (2)\r\n    Points Possible,,,,,100,20\r\n"
        "J,101,u1,,S,,\r\nK,102,u2,,S,,3\r\n"
    )
    worksheet = (
        "Identifier,Full name,Email address,Grade,Maximum Grade,Last modified (grade),Feedback comments\r\n"
        "Participant 1,u1,,,20.00,-,\r\n"
    )
    names = ("A small lab",)
    rows = read_gradebook(rows_of(canvas, "c.csv"), "c.csv", names, "Own").fill(found).text.splitlines()

    assert [row.split(",")[-2:] for row in rows[2:]] == [["50.00", "12.00"], ["50.00", "3"]]
    with pytest.raises(InputError, match="no assignment is called Mine .*; name the column with `mine` in course.yaml"):
        read_gradebook(rows_of(canvas, "c.csv"), "c.csv", names, "Mine")
    filled = read_gradebook(rows_of(worksheet, "w.csv"), "w.csv", names).fill(found)
    assert "Your own scenarios: 6 of 10 points" in filled.text


def test_the_class_report_lists_them():
    """Instructors see who wrote scenarios, and what they catch; a class without any has no such list."""
    mine = {"points": 6, "max_points": 10, "scenarios": 3, "valid": 2, "caught": 9, "misconceptions": 30}
    listing = course(results(entry("ana", mine=mine), entry("bob"))).listing("Own scenarios")

    assert listing[0][:2] == ("ana", "6 of 10 points: 2 of 3 valid, they catch 9 of 30 misconceptions")
    assert "Own scenarios" not in [one.title for one in course(results(entry("bob"))).lists]
