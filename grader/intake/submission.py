"""What strangers hand in, read once and carefully: no link is followed, nothing is extracted, everything is capped.

`read_submission` gives the bytes of a kernel (and of the quiz sheet beside it) from a folder, a file, a zip or a tar;
`read_answers` (sheet.py) gives a quiz sheet as strings. Both raise Refused with a reason, and nothing else for what is
in the files.
"""

from __future__ import annotations

import errno
import os
import pathlib
import stat
from typing import NamedTuple

from grader.intake.answer_sheet import Unfit, read_answers
from grader.intake.archives import ANSWERS, ARCHIVE_LIMIT, KERNEL, is_archive, no_kernel, read_archive
from grader.intake.refusal import Refused
from grader.sandbox.limits import ANSWERS_LIMIT, SOURCE_LIMIT

__all__ = ["ANSWERS_LIMIT", "Refused", "Submission", "Unfit", "check_source", "read_answers", "read_submission"]

#: Brackets that may be open at once. Python's parser gives up at 200, with a message that blames memory.
NESTING = 90


class Submission(NamedTuple):
    """sources: file name -> bytes; answers: the quiz sheet's bytes, or None; digest: sha256 of all, hexadecimal."""

    name: str
    sources: dict[str, bytes]
    answers: bytes | None
    digest: str


def read_submission(path: str | os.PathLike[str]) -> Submission:
    """Read a submission once. Refused if it is not one."""
    path = pathlib.Path(path)
    name = path.name or path.resolve().name
    try:
        status = os.lstat(path)
        if stat.S_ISDIR(status.st_mode):
            kernel, answers = _from_folder(path)
        elif stat.S_ISREG(status.st_mode):
            kernel, answers = _from_file(path)
        else:
            raise Refused(f"{name} is {_kind(status.st_mode)}; a folder, a kernel file, a zip or a tar is accepted")
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror or type(error).__name__}") from None
    except ValueError as error:  # a null byte in the path
        raise Refused(f"{name!r} cannot be a path: {error}") from None
    check_source(kernel)
    return Submission(name, {KERNEL: kernel}, answers, digest_of(kernel, answers))


def read_pair(kernel: str | os.PathLike[str], answers: str | os.PathLike[str] | None, name: str) -> Submission:
    """A submission whose two files lie apart, as some downloads have them. Refused like read_submission."""
    source = read_submission(kernel).sources[KERNEL]
    try:
        sheet = _read_at(None, str(answers), ANSWERS_LIMIT) if answers is not None else None
    except OSError as error:
        raise Refused(f"{name}: the sheet cannot be read: {error.strerror or type(error).__name__}") from None
    return Submission(name, {KERNEL: source}, sheet, digest_of(source, sheet))


def digest_of(kernel: bytes, answers: bytes | None) -> str:
    """sha256 of a submission's bytes, hexadecimal."""
    import hashlib

    return hashlib.sha256(b"%d:" % len(kernel) + kernel + (answers or b"")).hexdigest()


def _kind(mode: int) -> str:
    tests = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((what for test, what in tests if test(mode)), "no ordinary file")


def _from_folder(path: pathlib.Path) -> tuple[bytes, bytes | None]:
    if os.open not in os.supports_dir_fd:
        # Windows, where a folder cannot be opened; a kernel's name is still opened once and looked at afterwards.
        kernel = _read_at(None, str(path / KERNEL), SOURCE_LIMIT)
        if kernel is None:
            raise Refused(no_kernel(path.name or str(path), os.listdir(path)))
        return kernel, _read_at(None, str(path / ANSWERS), ANSWERS_LIMIT)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        kernel = _read_at(folder, KERNEL, SOURCE_LIMIT)
        if kernel is None:
            raise Refused(no_kernel(path.name or str(path), os.listdir(folder)))
        return kernel, _read_at(folder, ANSWERS, ANSWERS_LIMIT)
    finally:
        os.close(folder)


def _read_at(folder: int | None, name: str, limit: int) -> bytes | None:
    """The bytes of an ordinary file, or None if there is none of that name. Refused for links, devices, big files."""
    flags = os.O_RDONLY
    for wanted in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
        flags |= getattr(os, wanted, 0)
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise Refused(f"{os.path.basename(name)} is a symbolic link; links are not followed") from None
        if error.errno == errno.ENXIO:
            raise Refused(f"{os.path.basename(name)} is no ordinary file") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        # What was opened is looked at, not what the name stands for by now.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{os.path.basename(name)} is {_kind(status.st_mode)}")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"{os.path.basename(name)} has more than {limit >> 10} KiB")
    return data


def _from_file(path: pathlib.Path) -> tuple[bytes, bytes | None]:
    data = _read_at(None, str(path), ARCHIVE_LIMIT)
    if data is None:
        raise Refused(f"{path.name} is gone")
    if is_archive(data, path.suffix.lower()):
        return read_archive(data, path.name)
    if len(data) > SOURCE_LIMIT:
        raise Refused(f"{path.name} has more than {SOURCE_LIMIT >> 10} KiB")
    return data, None


def check_source(source: bytes) -> None:
    """Refused unless this is a kernel's text: UTF-8, no null byte, no other encoding, not absurdly nested."""
    if len(source) > SOURCE_LIMIT:
        raise Refused(f"{KERNEL} has more than {SOURCE_LIMIT >> 10} KiB")
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{KERNEL} is not UTF-8: byte {source[error.start]:#04x} at offset {error.start}") from None
    if "\x00" in text:
        raise Refused(f"{KERNEL} has a null byte at offset {text.index(chr(0))}")
    for number, line in enumerate(text.split("\n", 2)[:2], 1):
        coding = _coding(line)
        if coding is not None and not coding.replace("_", "-").startswith(("utf-8", "utf8")):
            raise Refused(f"{KERNEL}, line {number}: the encoding {coding!r} is not accepted; UTF-8 is")
    if _nesting(text) > NESTING:
        raise Refused(f"{KERNEL}: brackets nested more than {NESTING} deep")


def _coding(line: str) -> str | None:
    import re

    match = re.match(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line)
    return match.group(1).lower() if match else None


def _nesting(text: str) -> int:
    """The deepest run of open brackets, strings and comments included: honest code is far below the limit."""
    deepest = depth = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth = max(depth - 1, 0)
    return deepest
