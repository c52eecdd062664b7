"""The order of a course's labs."""

import re

import pytest

from grader.errors import InputError
from grader.lab.course_order import in_course_order
from grader.lab.lab import load_lab
from tests.conftest import ROOT


def folders(parent, **before):
    """Write folders of labs that name the lab before them, and return them in the order of their names."""
    for name, earlier in before.items():
        (parent / name).mkdir()
        (parent / name / "lab.yaml").write_text(f"format: 1\nbuilds_on: {earlier}\n" if earlier else "format: 1\n")
    return sorted(path for path in parent.iterdir())


def names(paths):
    return [path.name for path in paths]


def test_our_labs_come_in_the_order_of_the_course():
    """As in the table of labs/README.md: the main line to its end, then the optional lab."""
    table = re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "labs/README.md").read_text(), re.MULTILINE)
    order = names(in_course_order(path.parent for path in (ROOT / "labs").glob("*/lab.yaml")))

    assert order == table[: len(order)]


def test_a_side_line_comes_last(tmp_path):
    """Of two labs after one, that with more labs after it comes first."""
    given = folders(tmp_path, z="", a="z", b="z", c="b")

    assert names(in_course_order(given)) == ["z", "b", "c", "a"]


@pytest.mark.parametrize(
    ("before", "order"),
    [
        ({"a": "b", "b": "a", "c": ""}, ["c", "a", "b"]),  # a circle
        ({"a": "a", "b": ""}, ["b", "a"]),  # builds on itself
        ({"a": "gone", "b": ""}, ["a", "b"]),  # on one that is not here, as in a release of one lab
        ({"a": "[1, 2]", "b": ""}, ["a", "b"]),  # on something that is no name
        ({"a": "'", "b": "a"}, ["a", "b"]),  # a file that cannot be parsed
    ],
)
def test_every_lab_is_listed_once(tmp_path, before, order):
    """Whatever the files say, each folder comes exactly once."""
    assert names(in_course_order(folders(tmp_path, **before))) == order


def test_a_lab_without_a_file_is_listed(tmp_path):
    """A folder whose lab.yaml is gone or cannot be read keeps its place by name: who loads it says why."""
    given = folders(tmp_path, a="", b="a")
    (tmp_path / "a" / "lab.yaml").unlink()

    assert names(in_course_order(given)) == ["a", "b"]


def test_a_wrong_name_is_told_with_its_line(lab):
    """`builds_on` takes the name of a folder; anything else is a problem with file and line."""
    path = lab / "lab.yaml"
    path.write_text(path.read_text() + "builds_on: ../other\n")

    with pytest.raises(
        InputError, match=r"lab\.yaml:\d+: .*builds_on is '\.\./other'; expected the name of a lab's folder"
    ):
        load_lab(lab)
