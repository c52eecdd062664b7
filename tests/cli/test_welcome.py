"""`grader` without a command."""

import shutil

import pytest


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("lab", "This folder is the lab small: A small lab."),
        ("above", "labs/small"),
        ("elsewhere", "grader start demand-paging"),
    ],
)
def test_the_welcome_fits_the_folder(lab, cli, monkeypatch, tmp_path, where, told):
    """In a lab, above labs and anywhere else: what is here, and what to do first; exit status 0."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "labs").symlink_to(lab.parent)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir({"lab": lab, "above": tmp_path / "top", "elsewhere": tmp_path / "empty"}[where])
    status, out, err = cli()

    assert (status, err) == (0, "")
    assert told in out and "grader --help" in out


def test_a_folder_s_name_cannot_move_the_cursor(lab, cli, monkeypatch, tmp_path):
    """Downloads have names that strangers chose, and lists show them."""
    (tmp_path / "top").mkdir()
    lab.rename(tmp_path / "top" / "evil\x1b[2J")
    monkeypatch.chdir(tmp_path / "top")
    out = cli("list")[1] + cli()[1]

    assert "\x1b" not in out and r"evil\e[2J" in out


def test_a_broken_lab_is_said(lab, cli, monkeypatch):
    """A lab that does not load is named with its place."""
    (lab / "lab.yaml").write_text("format: 7\n")
    monkeypatch.chdir(lab)

    assert "lab.yaml:1" in cli()[1]


def test_without_labs_nothing_is_promised(cli, monkeypatch, tmp_path):
    """The package of a release has no labs: all three commands send the reader to the folder that has them."""
    monkeypatch.setattr("grader.publish.start.PACKED", tmp_path / "none")
    monkeypatch.setattr("grader.publish.start.CHECKOUT", tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    told = [cli()[1], cli("list")[2], cli("start", "demand-paging")[2]]

    assert all("go to the folder that your course hands out" in " ".join(one.split()) for one in told)
    assert not any("grader start" in one for one in told)


def test_working_folders_next_to_labs_are_listed(lab, cli, monkeypatch, tmp_path):
    """A folder that `grader start` made in a checkout is the student's own, so the welcome begins with it."""
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "labs").symlink_to(lab.parent)
    shutil.copytree(lab, tmp_path / "top" / "my-work")
    monkeypatch.chdir(tmp_path / "top")
    listed, welcome = cli("list")[1], cli()[1]

    assert "labs/small " in listed and "my-work " in listed
    assert "Read my-work/README.md" in welcome and "watch my-work" in welcome
