"""Linux as modelled: replayed on the profile's kernel in a checkout, read from a file in a released lab."""

import json
import shutil

import pytest

from grader.errors import InputError
from grader.host.measure import MANY, Sizes
from grader.host.model import FILE, linux_model, released_runs
from grader.lab.lab import load_lab
from grader.publish.release import write_lab
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """What students get of a lab for `grader host`: scenarios, recorded outputs and the runs of the model."""
    lab = load_lab(ROOT / "labs" / "demand-paging")
    folder = tmp_path_factory.mktemp("released") / lab.name
    write_lab(lab, folder, hidden=False)
    return folder


def test_a_released_lab_has_the_same_runs(released, root):
    """Step for step as the profile's kernel in the course's copy, with the pages that it reads ahead."""
    ours, theirs = load_lab(root / "labs" / "demand-paging"), load_lab(released)
    one, other = linux_model(ours), linux_model(theirs)
    scenario = next(s for s in ours.scenarios if s.id == "read-then-write")

    assert theirs.reference is None
    assert one.sizes == other.sizes == Sizes(32, 16)
    assert other.run(scenario).steps == one.run(scenario).steps
    assert other.run(scenario).pids == one.run(scenario).pids


def test_only_public_scenarios_have_runs(released, root):
    """And of these only those that a real kernel can play: a run that nobody compares says nothing to students."""
    lab = load_lab(root / "labs" / "demand-paging")
    runs = json.loads((released / FILE).read_text())["runs"]

    assert lab.hidden
    assert runs.keys() < {s.id for s in lab.scenarios}
    assert "a-failed-touch" not in runs


def test_a_released_lab_with_the_profile_needs_no_runs(root):
    """Its recorded outputs are the profile's already."""
    lab = load_lab(root / "labs" / "linux")

    assert json.loads(released_runs(lab))["runs"] == {}


def test_the_model_reads_as_far_ahead_as_this_machine_s_disk(root):
    """In the course's copy it can: the first page of a file brings as many pages as the self-test found."""
    lab = load_lab(root / "labs" / "linux")
    scenario = next(s for s in lab.scenarios if s.id == "read-ahead-is-one-major-fault")

    assert [linux_model(lab, Sizes(pages)).run(scenario).steps[1].reads for pages in (None, 8, MANY)] == [32, 8, 40]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "runs": {}}', "[" * 100_000])
def test_a_file_that_is_not_the_model_s_is_refused(released, tmp_path, text):
    """With its path, and where to get the right one."""
    shutil.copytree(released, tmp_path / "lab")
    (tmp_path / "lab" / FILE).write_text(text)

    with pytest.raises(InputError, match=rf"{FILE}: not the runs of the Linux model \(.*fetch the lab again"):
        linux_model(load_lab(tmp_path / "lab"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda run: run.update(hash="0"), "no run of the scenario read-then-write as it is now"),
        (lambda run: run["trace"].update(format=7), "not a run of the scenario read-then-write"),
        (lambda run: run["trace"]["steps"].pop(), r"not a run of the scenario read-then-write \(\d steps\)"),
    ],
)
def test_a_run_that_does_not_fit_its_scenario_is_refused(released, tmp_path, change, problem):
    """Stale, of another format, or cut short."""
    shutil.copytree(released, tmp_path / "lab")
    path = tmp_path / "lab" / FILE
    plain = json.loads(path.read_text())
    change(plain["runs"]["read-then-write"])
    path.write_text(json.dumps(plain))
    lab = load_lab(tmp_path / "lab")

    with pytest.raises(InputError, match=f"{problem}.*fetch the lab again"):
        linux_model(lab).run(next(s for s in lab.scenarios if s.id == "read-then-write"))
