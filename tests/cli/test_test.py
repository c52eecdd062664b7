"""`grader test LAB`."""

import shutil

import pytest

from grader.lab.lab import load_lab
from grader.publish.release import release
from tests.labs import kernel_text
from tests.messages import assert_message
from tests.mine.scenarios import STRONG, WEAK, WRONG, hand_in

TWO = """format: 1
title: A child pays for its own copy
task: share
processes: [P]
steps:
  - mmap:  {by: P, name: h, pages: 1}
  - write: {by: P, at: h, value: 1}
  - fork:  {by: P, child: C}
  - write: {by: C, at: h, value: 2, expect: {copies: COPIES}}
  - read:  {by: P, at: h, expect: {value: 1}}
"""


@pytest.fixture
def released(lab, tmp_path):
    """A released small lab with a kernel."""
    with open(lab / "lab.yaml", "a") as file:
        file.write("mine: {points: 5}\n")
    release(load_lab(lab), tmp_path / "out")
    folder = tmp_path / "out" / "labs" / "small"
    (folder / "kernel.py").write_text(kernel_text())
    return folder


def test_a_course_judges_scenarios_word_for_word(cli, root, tmp_path, monkeypatch):
    """The table, a problem with its rule, what is caught by belief, hints and points. One is invalid: status 1."""
    monkeypatch.chdir(root)
    folder = hand_in(tmp_path, strong=STRONG, weak=WEAK, wrong=WRONG)
    status, out, _ = cli("test", "labs/copy-on-write", "--submission", folder, "--hint", "2")

    assert status == 1
    assert_message("test-course", out)


def test_all_valid_is_status_0(cli, root, tmp_path):
    """Weak scenarios are valid too."""
    assert cli("test", root / "labs" / "copy-on-write", "--submission", hand_in(tmp_path, weak=WEAK))[0] == 0


def test_no_scenarios_is_an_error_that_says_where(cli, root, tmp_path):
    """The folder that was looked for, and where to read about it."""
    shutil.copy(root / "labs" / "copy-on-write" / "kernel.py", tmp_path)
    status, _, err = cli("test", root / "labs" / "copy-on-write", "--submission", tmp_path)

    assert status == 2
    assert f"{tmp_path}/mine: no scenarios; write one" in err


def test_no_flag_and_no_source_is_shown(cli, root, tmp_path):
    """A misconception is shown by its belief."""
    _, out, _ = cli("test", root / "labs" / "copy-on-write", "--submission", hand_in(tmp_path, strong=STRONG))

    assert "gives the writer a fresh page of zeros instead of a copy" in out and "nocopy" not in out


def test_a_release_tries_them_on_the_students_kernel(cli, released, monkeypatch):
    """What agrees, what differs, and that only the course counts; no line speaks of the reference."""
    monkeypatch.chdir(released.parent.parent)
    hand_in(released, agrees=TWO.replace("COPIES", "1"), differs=TWO.replace("COPIES", "0"), broken="format: 1\n")
    status, out, _ = cli("test", "labs/small")

    assert status == 1
    assert_message("test-release", out)


def test_a_stub_is_not_to_blame_a_scenario(cli, released):
    """A method that is not written yet says nothing about a scenario."""
    shutil.copy(released / "kernel.py", released / "k.txt")
    (released / "kernel.py").write_text(
        kernel_text("        self.of(process).insert(region)\n", "        raise NotImplementedError('mmap')\n")
    )
    hand_in(released, good=TWO.replace("COPIES", "1"))
    _, out, _ = cli("test", released)

    assert "kernel not written yet" in out and "one of the two is wrong" not in out


def test_a_release_has_no_scenarios_of_a_student(lab, tmp_path):
    """An author's own mine/ is not handed out."""
    hand_in(lab, mine=STRONG)
    files = release(load_lab(lab), tmp_path / "out")

    assert not [path for path in files if "/mine/" in path and path.startswith("labs/")]
