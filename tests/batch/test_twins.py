"""Twins in a batch and a run: who passes a scenario and not its twin is reported to staff, never to the student."""

import contextlib
import json
import sqlite3
from fractions import Fraction

import pytest

from grader.batch.store import NAME
from grader.grade.attempt import Attempt
from grader.grade.graded import Graded
from grader.grade.result_builder import ResultBuilder, exit_status
from grader.grade.runner import Printed
from grader.grade.twins import twins_of
from grader.grade.verdicts import PASSED, UNGRADABLE
from grader.lab.lab import load_lab
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


@contextlib.contextmanager
def twin_rows(lab, out):
    """The store's database, and what picks the rows of twins in it."""
    hashes = sorted(twin.output.hash for twin in twins_of(load_lab(lab), load_lab(lab).scenarios).values())
    with contextlib.closing(sqlite3.connect(out / NAME)) as db, db:
        where = f"scenario IN ({', '.join('?' * len(hashes))})"
        assert db.execute(f"SELECT count(*) FROM attempts WHERE {where}", hashes).fetchone()[0] >= len(hashes)
        yield db, where, hashes


LOST = "DELETE FROM attempts WHERE "
STARVED = """UPDATE attempts SET verdict = 'ungradable', attempt = '{"verdict": "ungradable"}' WHERE """


@pytest.mark.parametrize("statement", [LOST, STARVED], ids=["pending", "ungradable"])
def test_a_batch_goes_on_where_only_twins_are_missing(lab, handed_in, tmp_path, cli, statement):
    """A batch that ended before its twins, or could not grade them, tries those only, and writes the same bytes."""
    decide(lab)
    out = tmp_path / "out"
    batch(cli, lab, handed_in, out)
    first = bytes_of(out)
    with twin_rows(lab, out) as (db, where, hashes):
        db.execute(statement + where, hashes)
    told = cli("batch", lab, handed_in, "--output", out, "--isolation", "auto")[1]

    assert "2 kernels graded now" in told
    assert bytes_of(out) == first


def test_shards_bring_their_twins(lab, handed_in, tmp_path, cli):
    """Merged, they give the bytes of one batch, with the pair in the report, and nothing is graded again."""
    decide(lab)
    batch(cli, lab, handed_in, tmp_path / "whole")
    shards = [tmp_path / str(n) for n in (1, 2)]
    for n, shard in enumerate(shards, 1):
        batch(cli, lab, handed_in, shard, "--shard", f"{n}/2")
    status, _, err = cli("merge", lab, *shards, "--output", tmp_path / "all", "--isolation", "auto", "-q")

    assert status == 0, err
    assert bytes_of(tmp_path / "all") == bytes_of(tmp_path / "whole")
    assert "not the twin" in rows(tmp_path / "all")["eight"]["note"]


@pytest.mark.parametrize(("setting", "points", "complete"), [("report", 40, True), ("decide", 0, False)])
def test_a_twin_that_could_not_be_graded(lab, setting, points, complete):
    """Where twins decide, the scenario's points wait and the result is incomplete; elsewhere nothing changes."""
    loaded = load_lab(lab)._replace(twins=setting)
    scenario = loaded.scenarios[0]
    starved = Attempt(UNGRADABLE, "the machine was too busy")
    graded = [Graded(scenario, False, Attempt(PASSED), Printed(), Fraction(40), starved, ("other bytes",))]
    result = ResultBuilder(loaded, graded, None, None).build(
        "kernel.py", "", {"wanted": "L2", "got": "L2", "missing": {}}, "staff"
    )

    assert (result["points"], result["complete"]) == (points, complete)
    assert (exit_status(result) == 3) is not complete
    assert result["scenarios"][0]["twin"]["verdict"] == UNGRADABLE
