"""What `grader new` makes is sound from the first minute."""

import pytest

from grader.authoring.check import check_lab
from grader.authoring.misconceptions import record_fingerprints
from grader.authoring.record import record
from grader.authoring.scaffold import new_lab, new_scenario
from grader.errors import InputError
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.program import command
from grader.publish.release import release


@pytest.fixture
def course(tmp_path):
    """A course's folder with a lab that was just made and recorded."""
    labs = tmp_path / "course" / "labs"
    new_lab("brand-new", labs)
    lab = load_lab(labs / "brand-new")
    record(lab, reference_kernel(lab))
    record_fingerprints(lab)
    return labs


def test_a_new_lab_passes_its_proofs(course):
    """Files, reference and stub: nothing is left for the author to repair."""
    assert [(proof.name, proof.problems) for proof in check_lab(course / "brand-new") if proof.problems] == []


def test_a_new_lab_can_be_released(course, tmp_path):
    """Its hidden scenario has a name that the grader's own files, which students get, do not give away."""
    files = release(load_lab(course / "brand-new"), tmp_path / "out")

    assert "labs/brand-new/scenarios/first-write-faults-once.yaml" in files
    assert not any("hidden" in name for name in files)


def test_a_released_lab_gets_no_scenario(course):
    """Nothing could record it, and the lab would not run any more: mine/ is the place for one's own."""
    with pytest.raises(InputError, match="a released lab has no reference .* write your own into .*mine"):
        new_scenario("what-then", load_lab(course / "brand-new")._replace(reference=None))


def test_a_new_scenario_holds_on_the_reference(course):
    """It loads, its task exists, and what it expects comes true."""
    [path] = new_scenario("what-then", load_lab(course / "brand-new"))
    lab = load_lab(course / "brand-new")

    assert path == course / "brand-new" / "scenarios" / "what-then.yaml"
    assert record(lab, reference_kernel(lab)) == ["what-then: new"]


def test_a_hidden_scenario_goes_to_the_hidden_ones(course):
    """With --hidden it is not handed out."""
    new_scenario("what-then", load_lab(course / "brand-new"), hidden=True)

    assert {s.id for s in load_lab(course / "brand-new").hidden} == {"separately", "what-then"}


@pytest.mark.parametrize("name", ["Brand", "a_b", "", "-a", "../x", "a--b", "a.b", "ä"])
def test_an_odd_name_is_refused(tmp_path, name):
    """A name is a folder, a module and a class at once; nothing is written for one that cannot be all three."""
    with pytest.raises(InputError, match="is not a valid name for a lab; use small letters"):
        new_lab(name, tmp_path / "labs")
    assert not (tmp_path / "labs").exists()


def test_what_is_there_is_not_overwritten(course):
    """A second lab, reference or scenario of the name is refused, and the first stays as it was."""
    before = (course / "brand-new" / "kernel.py").read_text()
    with pytest.raises(InputError, match="already exists"):
        new_lab("brand-new", course)
    with pytest.raises(InputError, match="already has a scenario of this name"):
        new_scenario("separately", load_lab(course / "brand-new"))
    assert (course / "brand-new" / "kernel.py").read_text() == before


def test_a_reference_of_the_name_stops_everything(course):
    """Nothing is half made: the lab's folder is not there when its reference's file is taken."""
    (course.parent / "reference" / "other.py").write_text("# mine\n")
    with pytest.raises(InputError, match=r"other\.py: already exists"):
        new_lab("other", course)
    assert not (course / "other").exists()


def test_the_command_says_what_comes_next(cli, tmp_path, monkeypatch):
    """The files it made, a line each, and the next command."""
    monkeypatch.chdir(tmp_path)
    status, out, _ = cli("new", "lab", "mine")

    assert status == 0
    assert "labs/mine/lab.yaml" in out and "reference/mine.py" in out
    assert out.endswith(f"Next: {command('record', 'labs/mine')} && {command('check', 'labs/mine')}\n")
