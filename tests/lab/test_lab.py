"""A lab's folder: what loads, and every problem at once."""

from fractions import Fraction

import pytest

from grader.lab.lab import LabError, find_lab, load_lab
from tests.labs import LAB, SECRET, TOUCH


def problems(path):
    with pytest.raises(LabError) as caught:
        load_lab(path)
    return caught.value.problems


def test_a_lab_loads(lab):
    """Tasks in order, scenarios in the handout's order, paths resolved."""
    loaded = load_lab(lab)

    assert [t.id for t in loaded.tasks] == ["touch", "share", "quiz"]
    assert [s.id for s in loaded.all_scenarios] == ["touch", "fork", "secret"]
    assert loaded.outputs == lab / "reference" / "outputs" / "small"


def test_shares_count_hidden_scenarios_and_weights(lab):
    """A task's points are divided over public and hidden scenarios by weight, in hundredths that add up."""
    (lab / "hidden" / "secret.yaml").write_text(SECRET + "weight: 2\n")
    loaded = load_lab(lab)

    assert loaded.share(loaded.scenarios[1]) == Fraction(1333, 100)
    assert loaded.hidden_points() == Fraction(2667, 100)


def test_a_released_lab_has_the_same_public_points(lab):
    """Without hidden files, but with their weights on record, a public scenario is worth the same."""
    before = load_lab(lab)
    (lab / "hidden" / "secret.yaml").unlink()
    (lab / "release.json").write_text('{"hidden": {"share": [1]}}')
    after = load_lab(lab)

    assert [before.share(s) for s in before.scenarios] == [after.share(s) for s in after.scenarios]
    assert after.hidden_points() == before.hidden_points()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("points: 50", "points: 40", "small/lab.yaml:6: the tasks' points add up to 90; a lab has 100"),
        ("points: 50", "points: x", "small/lab.yaml:7: points is 'x'; accepted is a number, 0 to 100"),
        ("needs: [touch]", "needs: [tuch]", "task 'share' needs 'tuch', which is no task before it"),
        ("needs: [touch]", "needs: touch", "needs is 'touch'; accepted is a list of tasks"),
        ("title: A small lab", "titel: A", "lab.yaml has no field 'titel'"),
        ("kernel: kernel.py:SmallKernel", "kernel: kernel.py", "accepted is FILE:CLASS"),
        ("reference/small.py", "reference/none.py", "there is no file reference/none.py"),
        ("id: touch", "id: tap", "task 'touch' is not in lab.yaml; there are tap, share"),
        ("format: 1", "format: 9", "format 9 is not known"),
        ("quiz: quiz.yaml\n", "", "there is a task `quiz` but no field `quiz`"),
    ],
)
def test_a_wrong_lab_is_refused_in_words(lab, old, new, words):
    """Each mistake in lab.yaml has its place and its way out."""
    (lab / "lab.yaml").write_text(LAB.replace(old, new))

    assert any(words in problem for problem in problems(lab))


def test_all_problems_are_found_at_once(lab):
    """A broken scenario does not hide a broken lab.yaml, nor another broken scenario."""
    (lab / "lab.yaml").write_text(LAB.replace("points: 50", "points: 40"))
    (lab / "scenarios" / "touch.yaml").write_text(TOUCH.replace("faults", "fault"))
    (lab / "scenarios" / "fork.yaml").write_text("a: [")

    found = "\n".join(problems(lab))

    assert "add up to 90" in found
    assert "small/scenarios/touch.yaml:7: step 2: expect has no field 'fault' (did you mean 'faults'?)" in found
    assert "this is not YAML" in found and "no scenario" not in found


def test_a_name_may_be_used_once(lab):
    """A hidden scenario with the name of a public one is refused."""
    (lab / "hidden" / "touch.yaml").write_text(TOUCH)

    assert any("a public scenario of the same name" in problem for problem in problems(lab))


def test_find_lab_says_what_there_is(lab, monkeypatch):
    """LAB may be a folder, a name below ./labs, or nothing inside a lab; else the message lists the labs here."""
    monkeypatch.chdir(lab)
    assert (find_lab(None) / "lab.yaml").is_file()
    monkeypatch.chdir(lab.parent)
    (lab.parent / "labs").symlink_to(lab.parent)
    assert find_lab("small").name == "small"
    with pytest.raises(LabError, match="labs here: .*labs/small"):
        find_lab("smal")
