"""The folder a batch writes to: whole files, no link followed, nothing of others removed."""

import errno
import os

import pytest

from grader.batch.output import Output, digest


def test_a_file_that_does_not_fit(tmp_path, monkeypatch):
    """The old one stays, nothing lies beside it, and the error names the file, which the system does not."""
    with Output(tmp_path) as output:
        output.write("report.txt", "old")

        def full(*_, **__):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left") as error:
            output.write("report.txt", "new")

    assert error.value.filename == str(tmp_path / "report.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["report.txt"]
    assert (tmp_path / "report.txt").read_text() == "old"


def test_nothing_is_written_through_a_linked_folder(tmp_path):
    """`results` that leads elsewhere is an error with its path, and what it leads to stays as it was."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results").symlink_to(tmp_path / "elsewhere")
    with Output(tmp_path / "out") as output, pytest.raises(OSError, match="symbolic link") as error:
        output.write("results/jane.json", "{}")

    assert error.value.filename == str(tmp_path / "out" / "results")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_in_a_files_place_is_replaced(tmp_path):
    """The link goes, what it led to keeps its bytes; the same for the partial file."""
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "report.txt").symlink_to(tmp_path / "mine.txt")
    (tmp_path / ".report.txt.partial").symlink_to(tmp_path / "mine.txt")
    with Output(tmp_path) as output:
        output.write("report.txt", "new")

    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not (tmp_path / "report.txt").is_symlink() and (tmp_path / "report.txt").read_text() == "new"


def test_only_what_was_written_is_removed(tmp_path):
    """A file with other bytes, and one behind a link, stay."""
    with Output(tmp_path) as output:
        known = output.write("results/jane.json", "ours")
        output.write("results/john.json", "ours")
        (tmp_path / "results" / "john.json").write_text("changed by hand")
        (tmp_path / "results" / "link.json").symlink_to(tmp_path / "results" / "john.json")
        removed = [output.remove(f"results/{name}.json", known) for name in ("jane", "john", "link", "gone")]

    assert known == digest(b"ours")
    assert removed == [True, False, False, True]
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["john.json", "link.json"]


def test_a_changed_file_is_set_aside(tmp_path):
    """Under a name that is free, each time; a file that is as it was written, or as it will be, stays."""
    with Output(tmp_path) as output:
        known = output.write("feedback/jane.md", "first")
        assert output.set_aside("feedback/jane.md", known, "second") == ""
        (tmp_path / "feedback" / "jane.md").write_text("second")
        assert output.set_aside("feedback/jane.md", known, "second") == ""
        for number in (1, 2):
            (tmp_path / "feedback" / "jane.md").write_text(f"words {number}")
            assert output.set_aside("feedback/jane.md", known, "second") == f"jane.md.changed-{number}"
        assert output.set_aside("feedback/jane.md", known, "second") == ""

    texts = {path.name: path.read_text() for path in (tmp_path / "feedback").iterdir()}
    assert texts == {"jane.md.changed-1": "words 1", "jane.md.changed-2": "words 2"}
