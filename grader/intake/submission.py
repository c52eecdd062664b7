"""Reads untrusted submissions, each file once: no link is followed, nothing is extracted, every size is limited.

`read_submission` returns the bytes of a kernel and of its quiz sheet from a folder, a file, a zip or a tar (choosing.py
chooses the files); `read_answers` (answer_sheet.py) returns a quiz sheet as strings. Both raise Refused, with a reason,
for unacceptable contents, and Unreadable if this machine cannot read the files. A kernel that is refused takes neither
the sheet nor the student's own scenarios with it (KernelRefused has them), and a sheet does not take the kernel.
"""

from __future__ import annotations

import errno
import os
import pathlib
import re
import stat
from collections.abc import Sequence
from typing import NamedTuple

from grader.intake.answer_sheet import Unfit, read_answers
from grader.intake.archives import ARCHIVE_LIMIT, Unpacked, is_archive, is_clutter, read_archive, read_archived_rest
from grader.intake.choosing import ANSWERS, KERNEL, KERNELS, Chosen, choose, named
from grader.intake.mine_files import FOLDER, OwnFiles
from grader.intake.refusal import Ambiguous, Gone, KernelRefused, Refused, Rest, Unreadable
from grader.sandbox.limits import ANSWERS_LIMIT, SOURCE_LIMIT

__all__ = [
    "ANSWERS_LIMIT",
    "KernelRefused",
    "Refused",
    "Rest",
    "SubmittedFiles",
    "Unfit",
    "Unreadable",
    "check_source",
    "read_answers",
    "read_files",
    "read_rest",
    "read_submission",
]

#: Brackets that may be open at once. Python's parser gives up at 200, with a message that blames memory.
NESTING = 90

#: Files and folders that are looked at.
ENTRIES = 5000

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class SubmittedFiles(NamedTuple):
    """A submission that was read.

    sources  file name -> bytes
    answers  the quiz sheet's bytes, or None
    digest   sha256 of all, hexadecimal
    remarks  what was taken under another name, and sheets that were not read
    path     the kernel's file; "" if it came out of an archive
    unread, home, own  as in Rest
    """

    name: str
    sources: dict[str, bytes]
    answers: bytes | None
    digest: str
    remarks: tuple[str, ...] = ()
    path: str = ""
    unread: str = ""
    home: str = ""
    own: OwnFiles = {}  # noqa: RUF012 - never changed

    @property
    def kernel_name(self) -> str:
        """Return kernel.py or kernel.c."""
        return next(iter(self.sources))

    @property
    def kernel(self) -> bytes:
        """Return the kernel's bytes."""
        return self.sources[self.kernel_name]

    @property
    def language(self) -> str:
        """Return `python` or `c`."""
        return "python" if self.kernel_name == KERNEL else "c"


def read_submission(path: str | os.PathLike[str], lab: str = "") -> SubmittedFiles:
    """Read a submission once: a folder, a kernel file or an archive. KernelRefused if it is not one; Unreadable."""
    path = pathlib.Path(path)
    return read_files([("", path)], lab, path.name or path.resolve().name)


def read_files(
    files: Sequence[tuple[str, pathlib.Path]], lab: str, name: str, *, numbered: bool = False
) -> SubmittedFiles:
    """Read a submission from what a platform gave: pairs of the student's own name, "" for a folder, and the path.

    numbered: see choosing.choose. KernelRefused if there is no acceptable kernel; Unreadable if this machine cannot
    read the submission.
    """
    try:
        read = _read_files(files, lab, name, numbered)
        check_source(read.kernel, read.kernel_name)
        return read
    except Refused as refused:
        raise KernelRefused(refused, _rest_of_refused(files, lab, name, numbered)) from None
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror or type(error).__name__}") from None
    except ValueError as error:  # a null byte in the path
        raise KernelRefused(Refused(f"{name!r} cannot be a path: {error}"), Rest()) from None


def _rest_of_refused(files: Sequence[tuple[str, pathlib.Path]], lab: str, name: str, numbered: bool) -> Rest:
    """Return what can be read of a submission whose kernel is refused."""
    try:
        return read_rest(files, lab, name, numbered=numbered)
    except Refused:  # for the same reason as the kernel, such as a damaged archive
        return Rest()


def read_rest(files: Sequence[tuple[str, pathlib.Path]], lab: str, name: str, *, numbered: bool = False) -> Rest:
    """Return what a submission has in addition to its kernel, found as `read_files` finds it.

    The kernel may be missing. Refused, Unreadable.
    """
    try:
        own, path = files[0]
        if len(files) == 1 and not stat.S_ISDIR(os.lstat(path).st_mode):
            return _rest_in(path, own or path.name, lab)
        places = _places(files)
        chosen = choose(places, lab, name, numbered=numbered, sheet_only=True)
        if chosen.archive:
            return _rest_of_archive(places, chosen.archive, lab)
        return _rest(places, chosen)
    except OSError as error:
        raise Unreadable(f"{name} cannot be read: {error.strerror or type(error).__name__}") from None


def _rest_in(path: pathlib.Path, own: str, lab: str) -> Rest:
    """Return the sheet that a single file is, or what is in it if it is an archive."""
    data = _read_at(None, str(path), ARCHIVE_LIMIT)
    if data is None:
        raise Gone(f"{own} is gone")
    if is_archive(data, pathlib.PurePath(own).suffix.lower()):
        return read_archived_rest(data, own, lab)
    if not choose([own], sheet_only=True).sheet:
        return Rest()
    if len(data) > ANSWERS_LIMIT:
        return Rest(unread=f"{own} has more than {ANSWERS_LIMIT >> 10} KiB")
    return Rest(data)


def _rest(places: _Places, chosen: Chosen) -> Rest:
    """Return the sheet, and the folder with mine/, among files that are not in an archive."""
    near = chosen.kernel or chosen.sheet or next(iter(places), "")
    home = _home(places[near][0]) if near else ""
    try:
        sheet = _read_own(places, chosen.sheet, ANSWERS_LIMIT) if chosen.sheet else None
    except Refused as refused:
        return Rest(None, refused.doubt or str(refused), chosen.remarks, home)
    return Rest(sheet, "", chosen.remarks, home)


def _rest_of_archive(places: _Places, archive: str, lab: str) -> Rest:
    """Return what an archive in a folder has in addition to its kernel; mine/ may be next to the archive."""
    rest = read_archived_rest(_read_own(places, archive, ARCHIVE_LIMIT), archive, lab)
    return rest._replace(home=_home(places[archive][0]))


def _home(place: _Place) -> str:
    """Return the folder with mine/: that of a file, else the top of what was handed in."""
    top, inside = place
    folders = [(top / inside).parent, top] if inside else [top.parent]
    return str(next((folder for folder in folders if os.path.lexists(folder / FOLDER)), folders[0]))


def _read_files(files: Sequence[tuple[str, pathlib.Path]], lab: str, name: str, numbered: bool) -> SubmittedFiles:
    if len(files) == 1:
        own, path = files[0]
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            return _from_file(path, own or path.name, lab, name)
        if not stat.S_ISDIR(status.st_mode):
            raise Refused(f"{name} is {_kind(status.st_mode)}; use a folder, a kernel file, a zip or a tar")
    places = _places(files)
    chosen = choose(places, lab, name, numbered=numbered)
    if chosen.archive:
        data = _read_own(places, chosen.archive, ARCHIVE_LIMIT)
        return _unpacked(name, read_archive(data, chosen.archive, lab), _home(places[chosen.archive][0]))
    kernel = _read_own(places, chosen.kernel, SOURCE_LIMIT)
    top, inside = places[chosen.kernel][0]
    where = str(top / inside if inside else top)
    return _submission(name, chosen.kernel, kernel, where, _rest(places, chosen))


def _submission(name: str, own: str, kernel: bytes, path: str, rest: Rest) -> SubmittedFiles:
    digest = digest_of(kernel, rest.answers)
    return SubmittedFiles(
        name, {named(own): kernel}, rest.answers, digest, rest.remarks, path, rest.unread, rest.home, rest.own
    )


def _unpacked(name: str, found: Unpacked, home: str = "") -> SubmittedFiles:
    return _submission(name, found.path, found.kernel, "", found.rest._replace(home=home))


#: A file: the folder or file that was handed in, and the way from there with slashes, "" for itself.
_Place = tuple[pathlib.Path, str]


#: Path as the student sees it -> its places: more than one where a platform gave two files of one name.
_Places = dict[str, list[_Place]]


def _places(files: Sequence[tuple[str, pathlib.Path]]) -> _Places:
    """Return the places of all files that were handed in; no link is followed."""
    places: _Places = {}
    for own, path in files:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            for inside in _files_below(path):
                places.setdefault(f"{own}/{inside}" if own else inside, []).append((path, inside))
        else:
            places.setdefault(own or path.name, []).append((path, ""))
    return places


def _files_below(top: pathlib.Path) -> list[str]:
    """Return the ways to all files below a folder, nearest first; folders that tools make are left out.

    Refused if there are too many, unless the kernel is among the first: a repository may be large.
    """
    found: list[str] = []
    level, seen = [""], 0
    while level:
        below: list[str] = []
        for folder in level:
            for entry in _entries(top / folder):
                way = f"{folder}/{entry.name}" if folder else entry.name
                if is_clutter((entry.name,)):
                    continue
                (below if entry.is_dir(follow_symlinks=False) else found).append(way)
            if seen + len(found) + len(below) > ENTRIES:
                if any(kernel in found for kernel in KERNELS):
                    return found
                raise Refused(f"more than {ENTRIES} files in {top.name}; hand in only {KERNEL} and {ANSWERS}")
        level, seen = below, seen + len(below)
    return found


def _entries(folder: pathlib.Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder, sorted; nothing if its path is longer than the system allows."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda one: one.name)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return []


def _read_own(places: _Places, path: str, limit: int) -> bytes:
    """Return the bytes of a file as the student sees it. Ambiguous if files with other bytes have the same name."""
    first, *others = (_read_place(place, limit) for place in places[path])
    if any(other != first for other in others):
        raise Ambiguous(path, [f"{top.name}/{inside}" if inside else top.name for top, inside in places[path]])
    return first


def _read_place(place: _Place, limit: int) -> bytes:
    """Return the bytes of a file; no part of the way to it may be a link."""
    top, inside = place
    if not inside:
        data = _read_at(None, str(top), limit)
    elif os.open not in os.supports_dir_fd:
        # Windows, where a folder cannot be opened; a name is still opened once and looked at afterwards.
        data = _read_at(None, str(top / inside), limit)
    else:
        *folders, last = inside.split("/")
        folder = os.open(top, _FOLDER)
        try:
            for name in folders:
                inner = os.open(name, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            data = _read_at(folder, last, limit)
        finally:
            os.close(folder)
    if data is None:
        raise Gone(f"{inside or top.name} is gone")
    return data


def read_inside(top: pathlib.Path, inside: str, limit: int) -> bytes:
    """Return the bytes of a file below a folder; no part of the way to it may be a link. Refused; OSError.

    If only the last part of the way is missing, Gone is raised, and FileNotFoundError if more of it is.
    """
    return _read_place((top, inside), limit)


def digest_of(kernel: bytes, answers: bytes | None) -> str:
    """Return the SHA-256 of a submission's bytes in hexadecimal."""
    import hashlib

    return hashlib.sha256(b"%d:" % len(kernel) + kernel + (answers or b"")).hexdigest()


def _kind(mode: int) -> str:
    tests = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((what for test, what in tests if test(mode)), "not a regular file")


def _read_at(folder: int | None, name: str, limit: int) -> bytes | None:
    """Return the bytes of an ordinary file, or None if it is missing. Raises Refused for links, devices, big files."""
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
            raise Refused(f"{os.path.basename(name)} is not a regular file") from None
        raise
    with os.fdopen(descriptor, "rb") as file:
        # Check the file that was opened; the name may stand for another one by this time.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{os.path.basename(name)} is {_kind(status.st_mode)}")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Refused(f"{os.path.basename(name)} has more than {limit >> 10} KiB")
    return data


def _from_file(path: pathlib.Path, own: str, lab: str, name: str) -> SubmittedFiles:
    data = _read_at(None, str(path), ARCHIVE_LIMIT)
    if data is None:
        raise Refused(f"{own} is gone")
    if is_archive(data, pathlib.PurePath(own).suffix.lower()):
        return _unpacked(name, read_archive(data, own, lab))
    if not own.lower().endswith((".py", ".c")):
        raise Refused(f"{own} is neither a Python file nor an archive; hand in {KERNEL}, or a zip or tar with it")
    if len(data) > SOURCE_LIMIT:
        raise Refused(f"{own} has more than {SOURCE_LIMIT >> 10} KiB")
    return _submission(name, own, data, str(path), Rest(home=_home((path, ""))))


#: First bytes of files that are not Python programs, whatever their names are.
_HEADS = {
    b"%PDF-": "a PDF",
    b"{\\rtf": "a Rich Text document",
    b"PK\x03\x04": "a zip or an office document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"\x7fELF": "a machine program",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}


def check_source(source: bytes, name: str = KERNEL) -> None:
    """Raise Refused unless this is a kernel's text: UTF-8, no null byte, no other encoding, not absurdly nested."""
    if len(source) > SOURCE_LIMIT:
        raise Refused(f"{name} has more than {SOURCE_LIMIT >> 10} KiB")
    head = next((what for head, what in _HEADS.items() if source.lstrip().startswith(head)), None)
    if head is not None:
        raise Refused(f"{name} is {head}, not a {'Python' if name == KERNEL else 'C'} file")
    try:
        text = source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"{name} is not UTF-8: byte {source[error.start]:#04x} at offset {error.start}") from None
    if "\x00" in text:
        raise Refused(f"{name} has a null byte at offset {text.index(chr(0))}")
    if name != KERNEL:
        return  # a compiler in a process of its own bears what Python's parser does not
    for number, line in enumerate(text.split("\n", 2)[:2], 1):
        coding = _coding(line)
        if coding is not None and not coding.replace("_", "-").startswith(("utf-8", "utf8")):
            raise Refused(f"{name}, line {number}: the encoding {coding!r} is not supported; use UTF-8")
    if _nesting(text) > NESTING:
        raise Refused(f"{name}: brackets nested more than {NESTING} deep")


def _coding(line: str) -> str | None:
    match = re.match(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", line)
    return match.group(1).lower() if match else None


_BRACKET = re.compile(r"[][(){}]")


def _nesting(text: str) -> int:
    """Return the deepest nesting of brackets, also in strings and comments: honest code is far below the limit."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(text):
        if bracket in "([{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth = max(depth - 1, 0)
    return deepest
