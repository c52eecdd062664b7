"""Keeps modules that were compiled before, in a folder that only this user can write."""

from __future__ import annotations

import hashlib
import os
import pathlib
import sys

from grader.files import write_file

_DIGEST = 32


def kept(key: str) -> bytes | None:
    """Return the module that was kept under a key; None if there is none, or if its bytes were changed."""
    folder = _folder()
    try:
        data = (folder / key).read_bytes() if folder is not None else b""
    except OSError:
        return None
    digest, module = data[:_DIGEST], data[_DIGEST:]
    return module if module and hashlib.sha256(module).digest() == digest else None


def keep(key: str, module: bytes) -> None:
    """Keep a module under a key; without a folder for it, do nothing."""
    folder = _folder()
    if folder is None:
        return
    try:
        write_file(folder / key, hashlib.sha256(module).digest() + module)
    except OSError as error:
        print(f"forklab: {folder}: {error.strerror}; kernels in C are compiled each time", file=sys.stderr)


def _folder() -> pathlib.Path | None:
    """Return the folder for modules; None where others could have written to it."""
    folder = pathlib.Path(_base(), "forklab", "c")
    if not folder.is_absolute():
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        private = os.name == "nt" or all(map(_is_private, (folder, folder.parent)))
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
