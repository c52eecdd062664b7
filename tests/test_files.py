"""Files are written whole or not at all."""

import errno
import os
import pathlib
import stat
import threading

import pytest

from grader.files import write_file


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that takes the beginning of a file and no more."""

    def write_a_part(partial, data):
        partial.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", write_a_part)


def test_it_says_whether_the_file_changed(tmp_path):
    """A new file and a new content are changes; the same content again is not, and the file is not touched."""
    path = tmp_path / "a"

    assert write_file(path, "one") and write_file(path, b"two")
    before = path.stat()
    assert not write_file(path, "two")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.usefixtures("full_disk")
def test_a_file_that_does_not_fit(tmp_path):
    """The old one stays, no temporary file is left, and the error names the file, which the system does not."""
    path = tmp_path / "report.txt"
    path.write_text("old")

    with pytest.raises(OSError, match="No space left") as error:
        write_file(path, "new")

    assert error.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.txt"] and path.read_text() == "old"


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    """Ctrl-C before the new file takes its place removes the temporary one."""

    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(pathlib.Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "a", "new")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_only_on_request(tmp_path):
    """Without make_folders a missing folder is an error that names the file, not the temporary one."""
    path = tmp_path / "folder" / "a"

    with pytest.raises(FileNotFoundError) as error:
        write_file(path, "x")
    assert error.value.filename == str(path)

    assert write_file(path, "x", make_folders=True)
    assert path.read_text() == "x"


def test_a_link_and_permissions_stay(tmp_path):
    """The file that a link leads to is replaced, and keeps who may read it."""
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    """/dev/stdout, a pipe and a device are no files that another could take the place of."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write_file(path, "text")
    reader.join()

    assert read == [b"text"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_long_name_has_room(tmp_path):
    """The temporary name does not depend on the length of the file's own."""
    path = tmp_path / ("x" * 255)
    write_file(path, "text")

    assert path.read_text() == "text"


def test_half_characters_are_written_as_escapes(tmp_path):
    """A lone surrogate, which UTF-8 does not have, makes nothing fail."""
    write_file(tmp_path / "a", "a\ud800")

    assert (tmp_path / "a").read_text() == "a\\ud800"
