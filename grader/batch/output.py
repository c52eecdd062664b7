"""The folder that a batch writes to: whole files only, through no symbolic link, and nothing of others is removed.

Every file is opened relative to a folder that is already open, so that what a name stands for cannot change in between.
Where the system has no such calls (Windows), links are looked for before each file.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import pathlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO

_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd
_FLAGS = os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0) if hasattr(os, "O_CLOEXEC") else 0


class Output:
    """An open output folder. Use as a context manager. Its methods raise OSError with the file's name."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Open a folder, which is made if it is missing. The folder itself may be a link: the user named it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY) if _BY_DESCRIPTOR else -1
        self._inner: dict[str, int] = {}

    def __enter__(self) -> Output:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (*self._inner.values(), self._top):
            if descriptor >= 0:
                os.close(descriptor)

    def refuse_links(self, *folders: str) -> None:
        """Raise OSError if one of these folders is a link, or not a folder, before there is anything to write."""
        for name in folders:
            path = self.folder / name
            if path.is_symlink():
                raise OSError(errno.ELOOP, _LINK, str(path))
            if path.exists() and not path.is_dir():
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def write(self, path: str, text: str) -> str:
        """Write NAME or FOLDER/NAME whole, or not at all; return the sha256 of its bytes.

        A file that already has these bytes stays untouched.
        """
        return self.write_bytes(path, _encoded(text))

    def write_bytes(self, path: str, data: bytes) -> str:
        """Write bytes as `write` writes text."""
        with _Named(self.folder / path):
            inside, name = self._inside(path, make=True)
            if _read(inside, name, len(data) + 1) != data:
                _replace(inside, name, [data])
        return digest(data)

    def write_pieces(self, path: str, make: Callable[[], Iterable[bytes]]) -> None:
        """Write what `make` yields as `write` writes text; it is asked twice if the file has other bytes."""
        with _Named(self.folder / path):
            inside, name = self._inside(path, make=True)
            if not _has(inside, name, make()):
                _replace(inside, name, make())

    def set_aside(self, path: str, known: str, text: str) -> str:
        """Rename a file that somebody changed, before `text` is written in its place: no words of others are lost.

        Return its new name; "" if the file does not exist, has the sha256 `known`, or has the bytes of `text`.
        """
        with _Named(self.folder / path):
            inside, name = self._inside(path, make=True)
            data = _read(inside, name, None)
            if data is None or digest(data) in (known, digest(_encoded(text))):
                return ""
            numbered = (f"{name}.changed-{n}" for n in itertools.count(1))
            free = next(one for one in numbered if not _exists(inside, one))
            _rename(inside, name, free)
        return free

    def has(self, path: str, known: str) -> bool:
        """Return True if there is an ordinary file FOLDER/NAME whose bytes have the sha256 `known`."""
        with _Named(self.folder / path):
            inside, name = self._inside(path, make=True)
            data = _read(inside, name, None)
        return data is not None and digest(data) == known

    def remove(self, path: str, known: str) -> bool:
        """Remove FOLDER/NAME if its bytes have the sha256 `known`; return False if it was changed since."""
        with _Named(self.folder / path):
            try:
                inside, name = self._inside(path, make=False)
            except FileNotFoundError:
                return True
            data = _read(inside, name, None)
            if data is None:
                return not _exists(inside, name)
            if digest(data) != known:
                return False
            os.unlink(_at(inside, name), **_from(inside))
        return True

    def _inside(self, path: str, make: bool) -> tuple[int | pathlib.Path, str]:
        """Return the open folder of a path, and the name in it."""
        folder, _, name = path.rpartition("/")
        if not folder:
            return self._top if _BY_DESCRIPTOR else self.folder, name
        if not _BY_DESCRIPTOR:
            if (self.folder / folder).is_symlink():
                raise OSError(errno.ELOOP, _LINK, str(self.folder / folder))
            if make:
                (self.folder / folder).mkdir(exist_ok=True)
            return self.folder / folder, name
        if folder not in self._inner:
            self._inner[folder] = self._open(folder, make)
        return self._inner[folder], name

    def _open(self, folder: str, make: bool) -> int:
        if make:
            with suppress(FileExistsError):
                os.mkdir(folder, dir_fd=self._top)
        try:
            return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _FLAGS, dir_fd=self._top)
        except OSError as error:
            if os.path.islink(self.folder / folder):
                raise OSError(errno.ELOOP, _LINK, str(self.folder / folder)) from error
            raise


_LINK = "this is a symbolic link, and nothing is written through one; remove it"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def digest(data: bytes) -> str:
    """Return the sha256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


class _Named:
    """Gives an OSError the name of the file it is about: a full disk is noticed by a write, which knows no name."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError) and not os.path.isabs(str(error.filename or "")):
            error.filename = str(self.path)


def _at(inside: int | pathlib.Path, name: str) -> str:
    return name if isinstance(inside, int) else str(inside / name)


def _from(inside: int | pathlib.Path) -> dict[str, int]:
    return {"dir_fd": inside} if isinstance(inside, int) else {}


def _exists(inside: int | pathlib.Path, name: str) -> bool:
    try:
        os.lstat(_at(inside, name), **_from(inside))
    except OSError:
        return False
    return True


def _read(inside: int | pathlib.Path, name: str, limit: int | None) -> bytes | None:
    """Return the bytes of an ordinary file; None if there is none, or something else."""
    file = _opened(inside, name)
    if file is None:
        return None
    with file:
        try:
            return file.read(-1 if limit is None else limit)
        except OSError:  # a folder of that name
            return None


def _has(inside: int | pathlib.Path, name: str, pieces: Iterable[bytes]) -> bool:
    """Return True if an ordinary file has exactly these bytes."""
    file = _opened(inside, name)
    if file is None:
        return False
    with file:
        try:
            return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
        except OSError:
            return False


def _opened(inside: int | pathlib.Path, name: str) -> BinaryIO | None:
    """Return an open file; None if it cannot be read. No link is followed."""
    try:
        descriptor = os.open(_at(inside, name), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FLAGS, **_from(inside))
    except OSError:
        return None
    return os.fdopen(descriptor, "rb")


def _replace(inside: int | pathlib.Path, name: str, pieces: Iterable[bytes]) -> None:
    partial = f".{name}.partial"
    try:
        with suppress(FileNotFoundError):
            os.unlink(_at(inside, partial), **_from(inside))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | _FLAGS
        with os.fdopen(os.open(_at(inside, partial), flags, 0o666, **_from(inside)), "wb") as file:
            file.writelines(pieces)
        _rename(inside, partial, name)
    except OSError:
        with suppress(OSError):
            os.unlink(_at(inside, partial), **_from(inside))
        raise


def _rename(inside: int | pathlib.Path, name: str, new: str) -> None:
    both = {"src_dir_fd": inside, "dst_dir_fd": inside} if isinstance(inside, int) else {}
    os.replace(_at(inside, name), _at(inside, new), **both)
