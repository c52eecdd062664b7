"""Students' own scenarios in a batch."""

import csv
import json

import pytest

from grader.batch import rows as store_rows
from grader.batch.mine import judge_mine
from grader.lab.lab import load_lab
from tests.batch.handed_in import batch
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
