"""Pictures of handouts: listed in lab.yaml, drawn by `grader record`, proved by `grader check`, carried by releases."""

import pathlib

import pytest

from grader.authoring.check import check_files
from grader.errors import InputError
from grader.lab.lab import load_lab
from grader.publish.release import release
from grader.publish.wheel import package_files
from grader.view.handout import check_pictures, draw_pictures

LISTED = """pictures:
  - {name: after-the-fork, scenario: fork, step: 3}
  - {name: first-touch, scenario: touch, step: 2}
"""
SHOWN = "![a](pictures/after-the-fork.svg) and ![b](pictures/first-touch.svg)"


@pytest.fixture
def drawn_lab(lab):
    """A small lab with two pictures that are listed, drawn and shown."""
    with (lab / "lab.yaml").open("a", encoding="utf-8") as file:
        file.write(LISTED)
    with (lab / "README.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{SHOWN}\n")
    draw_pictures(load_lab(lab))
    return lab


def test_pictures_are_drawn_once(drawn_lab):
    """What is up to date is not written again, and `grader check` has nothing to say."""
    assert draw_pictures(load_lab(drawn_lab)) == []
    assert check_files(load_lab(drawn_lab)).problems == []
    assert "<title>Step 3: P forks C</title>" in (drawn_lab / "pictures" / "after-the-fork.svg").read_text("utf-8")


def test_a_stale_picture_is_reported(drawn_lab):
    """A picture of another state than the reference's is named, with the command that draws it again."""
    path = drawn_lab / "pictures" / "first-touch.svg"
    path.write_bytes((drawn_lab / "pictures" / "after-the-fork.svg").read_bytes())

    assert check_files(load_lab(drawn_lab)).problems == [
        f"{path}: stale: this is not the state after step 2 of touch any more; run `grader record {drawn_lab}`"
    ]


def test_a_missing_picture_and_one_too_many_are_reported(drawn_lab):
    """lab.yaml, folder and handout must agree."""
    folder = drawn_lab / "pictures"
    (folder / "first-touch.svg").rename(folder / "other.svg")
    problems = check_pictures(load_lab(drawn_lab), "![a](pictures/after-the-fork.svg) ![c](pictures/third.svg)")

    assert problems == [
        f"{folder / 'first-touch.svg'}: this picture is missing; run `grader record {drawn_lab}`",
        f"{folder / 'other.svg'}: lab.yaml does not list this picture; list it or run `grader record {drawn_lab}`",
        f"{drawn_lab / 'README.md'}: picture 'first-touch' is not shown; add ![…](pictures/first-touch.svg)",
        f"{drawn_lab / 'README.md'}: pictures/third.svg is shown, but lab.yaml lists no such picture",
    ]


def test_record_draws_and_tidies(cli, drawn_lab):
    """`grader record` restores what is stale and removes what is not listed."""
    folder = drawn_lab / "pictures"
    (folder / "first-touch.svg").rename(folder / "other.svg")
    status, out, _ = cli("record", drawn_lab)

    assert status == 0 and "small: 2 of 2 pictures changed" in out
    assert sorted(path.name for path in folder.iterdir()) == ["after-the-fork.svg", "first-touch.svg"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{name: x, scenario: secret, step: 1}", "picture 'x': no public scenario 'secret'"),
        ("{name: x, scenario: fork, step: 5}", "picture 'x': fork has 4 steps, not 5"),
        ("{name: after-the-fork, scenario: fork, step: 1}", "picture 'after-the-fork' is listed twice"),
        ("{name: ../x, scenario: fork, step: 1}", "expected a name in lower-case letters, digits and hyphens"),
    ],
)
def test_pictures_that_cannot_be_are_refused(drawn_lab, line, complaint):
    """A hidden scenario, a step too many, a name twice, and a path that leads elsewhere: with file and line."""
    with (drawn_lab / "lab.yaml").open("a", encoding="utf-8") as file:
        file.write(f"  - {line}\n")

    with pytest.raises(InputError) as caught:
        load_lab(drawn_lab)
    (problem,) = caught.value.problems
    assert problem.startswith("small/lab.yaml:13: ") and complaint in problem


def test_releases_carry_the_pictures(drawn_lab, tmp_path):
    """Students get the same bytes, and the released lab is whole."""
    release(load_lab(drawn_lab), tmp_path / "out")
    released = tmp_path / "out" / "labs" / "small"

    for path in sorted((drawn_lab / "pictures").iterdir()):
        assert (released / "pictures" / path.name).read_bytes() == path.read_bytes()
    assert check_pictures(load_lab(released), (released / "README.md").read_text(encoding="utf-8")) == []


def test_a_released_lab_shows_nothing_of_hidden_scenarios(cli, drawn_lab, tmp_path):
    """Staff can draw a hidden scenario from a checkout; a student's copy does not know it."""
    release(load_lab(drawn_lab), tmp_path / "out")
    released = tmp_path / "out" / "labs" / "small"
    page = cli("show", released, "fork", "--format", "html")[1]

    assert "secretname" in cli("show", drawn_lab, "secret", "--format", "html")[1]
    assert "<svg " in page and not any(word in page for word in ("secret", "Hiddenchild"))
    status, out, err = cli("show", released, "secret", "--format", "html")
    assert (status, out) == (2, "") and "no scenario 'secret'" in err


def test_the_wheel_has_what_pages_are_made_of():
    """Students can draw pages too: style and script are in the package that they get."""
    names = {path.name for path in package_files()}

    assert {"player.css", "player.js"} <= names


def test_every_lab_has_at_least_two_pictures_and_none_is_stale(root):
    """The handouts' pictures are what the references do."""
    for path in sorted((root / "labs").glob("*/lab.yaml")):
        lab = load_lab(path.parent)
        handout = pathlib.Path(lab.path, "README.md").read_text(encoding="utf-8")
        assert len(lab.pictures) >= 2, lab.name
        assert check_pictures(lab, handout) == []
