"""Keeps what takes long to make in the user's own cache folder, for the next run.

Nothing that is kept decides anything by itself: a key is a hash of all that the data was made from. Data is used only
from a folder in which nobody but the user can write, and only if it is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import pathlib
import stat
import time

from grader.files import write_file
from grader.versions import stamp

_DIGEST = 32

#: Bytes of data that are read of one file at most.
LIMIT = 64 << 20

#: Seconds after which another use of a file is noted. Each time would cost a network's file system a round trip.
USED_S = 3600


def folder_of(kind: str) -> pathlib.Path | None:
    """Return the folder for one kind of data, made if it is missing; None where others could have written to it."""
    folder = pathlib.Path(_base(), "forklab", kind)
    if not folder.is_absolute():
        return None
    try:
        for one in (folder.parent, folder):  # a umask that lets a group write would make a folder that is not used
            one.mkdir(parents=True, exist_ok=True, mode=0o700)
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


def read(kind: str, key: str, limit: int = LIMIT) -> bytes | None:
    """Return what was kept under a key; None if there is nothing, or if it is damaged or larger than `limit`."""
    folder = folder_of(kind)
    try:
        data = _read(folder / key, limit + _DIGEST) if folder is not None else b""
    except OSError:
        return None
    digest, kept = data[:_DIGEST], data[_DIGEST:]
    return kept if kept and hashlib.sha256(kept).digest() == digest else None


def _read(path: pathlib.Path, most: int) -> bytes:
    """Return the bytes of a file, and note that it was used; b"" if it is too large, or something else than a file."""
    # A pipe in its place is opened without waiting for a writer, and then seen not to be a file.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > most:
            return b""
        if time.time() - status.st_mtime > USED_S:
            os.utime(path)
        return file.read(status.st_size)


def keep(kind: str, key: str, data: bytes, most: int = 0) -> bool:
    """Keep data under a key. Return False without a folder for it. OSError if it cannot be written.

    most  number of keys that are kept at most; the ones that were used longest ago are dropped. 0: no limit
    """
    folder = folder_of(kind)
    if folder is None:
        return False
    path = folder / key
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            path.unlink()  # writing to a pipe would wait for a reader
    write_file(path, hashlib.sha256(data).digest() + data)
    if most:
        _drop_oldest(folder, most)
    return True


def forget(kind: str, key: str) -> None:
    """Drop what was kept under a key, if anything was."""
    folder = folder_of(kind)
    if folder is not None:
        with contextlib.suppress(OSError):
            (folder / key).unlink()


class Pack:
    """Values of one folder, each under a digest of what it was made from, in one file of the cache.

    A value is made of None, numbers, texts, bytes, tuples, lists and dicts. A pack of another grader or Python is
    ignored (versions.py), and so is one that is damaged. A whole pack with a right checksum is taken at its word: only
    the user's own programs can write one. Whoever takes a value apart must still expect ValueError, TypeError and
    IndexError.

    most     number of values that are kept at most; the ones that were put in first are dropped
    variant  what else the values depend on: each has a pack of its own
    """

    def __init__(self, kind: str, folder: pathlib.Path, most: int, variant: str = "") -> None:
        self._kind = kind
        self._most = most
        name = f"{stamp()}\0{folder.resolve()}\0{variant}"
        self._key = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        self._values = _unpacked(read(kind, self._key, PACK_LIMIT))
        self.new = 0  # values that were put in since the pack was read

    def get(self, digest: bytes) -> object:
        """Return the value under a digest, or None."""
        return self._values.get(digest)

    def put(self, digest: bytes, value: object) -> None:
        """Put a value in, for this run; `save` is for the next ones."""
        self._values.pop(digest, None)
        self._values[digest] = value
        self.new += 1

    def save(self) -> None:
        """Write the pack if something is new. Where it cannot be written, the old one stays: only speed needs it."""
        if not self.new:
            return
        self.new = 0
        most_recent = dict(list(self._values.items())[-self._most :])
        with contextlib.suppress(OSError, ValueError):  # ValueError: nested too deeply for marshal
            data = marshal.dumps(most_recent)
            if len(data) <= PACK_LIMIT:
                keep(self._kind, self._key, data, PACKS)


#: Packs of one kind that are kept: one for each of the folders that were used last, to the hour (USED_S).
PACKS = 40

#: Bytes of a pack that are worth reading each time.
PACK_LIMIT = 4 << 20


def _unpacked(data: bytes | None) -> dict[bytes, object]:
    try:
        found = marshal.loads(data) if data is not None else {}
    except (ValueError, EOFError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _drop_oldest(folder: pathlib.Path, most: int) -> None:
    by_age = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # another process has dropped it, or has written it whole
                by_age.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
    for _, path in sorted(by_age)[:-most]:
        with contextlib.suppress(OSError):  # another process drops it as well
            os.unlink(path)
