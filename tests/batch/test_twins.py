"""Twins in a batch and a run: who passes a scenario and not its twin is reported to staff, never to the student."""

import json

import pytest

from tests.batch.handed_in import batch, bytes_of, rows
from tests.labs import kernel_text

FIND = "region = self.of(process).find(page)"

#: Right in every scenario that it can have seen: pages have eight bytes in all of them.
KNOWS_EIGHT = kernel_text(FIND, f"{FIND} if self.hw.page_size == 8 else None")


@pytest.fixture
def handed_in(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "honest.py").write_text(kernel_text())
    (folder / "eight.py").write_text(KNOWS_EIGHT)
    return folder


def decide(lab):
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text() + "twins: decide\n")


def test_a_batch_reports_the_pair_and_points_stay(lab, handed_in, tmp_path, cli):
    """The CSV's note and the class report name scenarios; the feedback of both students says nothing of twins."""
    out = tmp_path / "out"
    assert batch(cli, lab, handed_in, out)[0] == 0
    found = rows(out)

    assert "passes touch, fork but not the twin" in found["eight"]["note"] and not found["honest"]["note"]
    assert found["eight"]["points"] == found["honest"]["points"]
    assert "pages have" in (out / "report.txt").read_text()
    staff = json.loads((out / "results" / "eight.json").read_text())
    assert [s.get("twin", {}).get("verdict") for s in staff["scenarios"]] == ["failed", "failed", None]
    for name in ("eight", "honest"):
        assert "twin" not in (out / "feedback" / f"{name}.md").read_text()


def test_points_follow_where_the_lab_says_so(lab, handed_in, tmp_path, cli):
    """What is left is the hidden scenario's share; a second batch grades nothing and writes the same bytes."""
    decide(lab)
    out = tmp_path / "out"
    batch(cli, lab, handed_in, out)
    found, first = rows(out), bytes_of(out)

    assert float(found["eight"]["points"]) == 20 and float(found["honest"]["points"]) == 90
    assert "0 kernels graded now" in cli("batch", lab, handed_in, "--output", out, "--isolation", "auto")[1]
    assert bytes_of(out) == first


def test_only_staff_see_the_pair_in_a_run(lab, handed_in, cli):
    """The text of a staff's report names the pair; the student's report is what it is without twins."""
    options = ("run", lab, "--submission", handed_in / "eight.py", "--isolation", "auto")
    _, staff, _ = cli(*options, "--audience", "staff")
    _, student, _ = cli(*options)
    _, same, errors = cli(*options, "--twins")

    assert "2 of 2 public scenarios pass, but their disguised twins do not:" in staff
    assert student == same and "twin" not in student
    assert "grader: passes touch, but not its twin (failed): " in errors
