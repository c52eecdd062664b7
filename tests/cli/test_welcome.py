"""`grader` without a command."""

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


def test_a_broken_lab_is_said(lab, cli, monkeypatch):
    """A lab that does not load is named with its place."""
    (lab / "lab.yaml").write_text("format: 7\n")
    monkeypatch.chdir(lab)

    assert "lab.yaml:1" in cli()[1]
