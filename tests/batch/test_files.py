"""The files of a batch: written whole or not at all."""

import errno
import pathlib

import pytest

from grader.batch.files import write_text


def test_a_file_that_does_not_fit(tmp_path, monkeypatch):
    """The old one stays, nothing lies beside it, and the error names the file, which the system does not."""
    path = tmp_path / "report.txt"
    write_text(path, "old")

    def write_a_part(partial, data):
        partial.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", write_a_part)
    with pytest.raises(OSError, match="No space left") as error:
        write_text(path, "new")

    assert error.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.txt"] and path.read_text() == "old"
