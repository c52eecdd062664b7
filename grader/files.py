"""Writes a file completely or not at all, and tells which files are not meant for us."""

from __future__ import annotations

import contextlib
import os
import pathlib
import stat

#: End of the names of files that are not complete yet.
PARTIAL = ".partial"


def is_aside(name: str) -> bool:
    """Return True for a file that an editor or a system keeps for itself next to others.

    Examples are Emacs' lock (`.#a.yaml`, a link that leads nowhere), vim's `.a.yaml.swp` and macOS' `._a.yaml`.
    """
    return name.startswith(".")


def write_file(path: str | os.PathLike[str], content: str | bytes, *, make_folders: bool = False) -> bool:
    """Write a file so that a reader sees the old content or the new one, never a part of it.

    Return True if the file changed; a file that has this content already is not touched. Text is written as UTF-8; half
    characters, which UTF-8 does not have, as escapes. The new content is written to a temporary file in the same
    folder, which then takes the place of the old file and gets its permissions. A link stays: the file that it leads
    to is replaced. What is not a regular file (/dev/stdout, a pipe) is written to directly.

    An OSError names this file, not the temporary one, and leaves the old content in place.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    # Write through a link: renaming a temporary file over it would replace the link itself.
    target = pathlib.Path(os.path.realpath(path))
    try:
        mode = _mode(target)
        if mode is not None and not stat.S_ISREG(mode):
            with open(path, "wb") as file:
                file.write(data)
            return True
        if mode is not None and _has(target, data):
            return False
        if make_folders:
            target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, data, mode)
    except OSError as error:
        error.filename, error.filename2 = os.fspath(path), None  # a full disk is noticed by a write, which has no name
        raise
    return True


def _mode(path: pathlib.Path) -> int | None:
    """Return type and permissions of a file, or None if it does not exist."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _has(path: pathlib.Path, data: bytes) -> bool:
    """Return True if a file can be read and has this content."""
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _replace(path: pathlib.Path, data: bytes, mode: int | None) -> None:
    # The name is random: two processes may write the same file at once. It is short: any name of a file leaves room.
    partial = path.with_name(f".{os.urandom(6).hex()}{PARTIAL}")
    try:
        partial.write_bytes(data)
        if mode is not None:
            partial.chmod(stat.S_IMODE(mode))
        partial.replace(path)
    except BaseException:  # ctrl-C too
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
