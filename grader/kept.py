"""Keeps what takes long to make in the user's own cache folder, for the next run.

Nothing that is kept decides anything by itself: a key is a hash of all that the data was made from. Data is used only
from a folder in which nobody but the user can write, and only if it is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pathlib

from grader.files import write_file

_DIGEST = 32


def folder_of(kind: str) -> pathlib.Path | None:
    """Return the folder for one kind of data, made if it is missing; None where others could have written to it."""
    folder = pathlib.Path(_base(), "forklab", kind)
    if not folder.is_absolute():
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private = os.name == "nt" or all(map(_is_private, (folder, folder.parent)))
        if private:
            folder.chmod(0o700)  # what is kept of hidden scenarios is for no other user to read
    except OSError:
        return None
    return folder if private else None


def _base() -> str:
    if os.name == "nt":
        return os.environ.get("LOCALAPPDATA", "")  # Windows lets no other user write there
    return os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")


def _is_private(folder: pathlib.Path) -> bool:
    status = folder.lstat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022 and not folder.is_symlink()


def read(kind: str, key: str) -> bytes | None:
    """Return what was kept under a key; None if there is nothing, or if it is damaged."""
    folder = folder_of(kind)
    try:
        data = (folder / key).read_bytes() if folder is not None else b""
    except OSError:
        return None
    digest, kept = data[:_DIGEST], data[_DIGEST:]
    return kept if kept and hashlib.sha256(kept).digest() == digest else None


def keep(kind: str, key: str, data: bytes, most: int = 0) -> None:
    """Keep data under a key. OSError if it cannot be written.

    most  number of keys that are kept at most; the ones that were written first are dropped. 0: no limit
    """
    folder = folder_of(kind)
    if folder is None:
        return
    write_file(folder / key, hashlib.sha256(data).digest() + data)
    if most:
        _drop_oldest(folder, most)


def _drop_oldest(folder: pathlib.Path, most: int) -> None:
    by_age = sorted(os.scandir(folder), key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
    for entry in by_age[:-most]:
        with contextlib.suppress(OSError):  # another process drops it as well
            os.unlink(entry.path)
