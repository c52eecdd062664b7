"""What strangers hand in, read once and carefully: no link is followed, nothing is extracted, everything is capped.

`read_submission` gives the bytes of a kernel (and of the quiz sheet beside it) from a folder, a file, a zip or a tar.
`read_answers` gives a quiz sheet as strings. Both raise Refused with a reason; neither raises anything else for what is
in the files.
"""

from __future__ import annotations

import errno
import hashlib
import os
import pathlib
import stat
from typing import Any, NamedTuple

from .limits import SOURCE_LIMIT

#: The only files of a submission that are ever looked at.
KERNEL, ANSWERS = "kernel.py", "answers.yaml"

ANSWERS_LIMIT = 64 * 1024
ARCHIVE_LIMIT = 8 << 20

#: Members of an archive that are listed at most.
MEMBERS = 2000

#: Brackets that may be open at once. Python's parser gives up at 200, with a message that blames memory.
NESTING = 90


class Refused(Exception):
    """This is not accepted as a submission or as a sheet; the text says why and what would be."""


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
    check_source(kernel)
    digest = hashlib.sha256(b"%d:" % len(kernel) + kernel + (answers or b"")).hexdigest()
    return Submission(name, {KERNEL: kernel}, answers, digest)


def _kind(mode: int) -> str:
    tests = ((stat.S_ISLNK, "a symbolic link"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((what for test, what in tests if test(mode)), "no ordinary file")


def _from_folder(path: pathlib.Path) -> tuple[bytes, bytes | None]:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        kernel = _read_at(folder, KERNEL, SOURCE_LIMIT)
        if kernel is None:
            raise Refused(f"there is no {KERNEL} in {path.name or path}")
        return kernel, _read_at(folder, ANSWERS, ANSWERS_LIMIT)
    finally:
        os.close(folder)


def _read_at(folder: int | None, name: str, limit: int) -> bytes | None:
    """The bytes of an ordinary file, or None if there is none of that name. Refused for links, devices, big files."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | getattr(os, "O_BINARY", 0)
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
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _from_members(_zip_members(data), path.name)
    if data[:2] == b"\x1f\x8b" or data[257:262] == b"ustar" or path.suffix in (".tar", ".tgz", ".xz", ".bz2"):
        return _from_members(_tar_members(data), path.name)
    if len(data) > SOURCE_LIMIT:
        raise Refused(f"{path.name} has more than {SOURCE_LIMIT >> 10} KiB")
    return data, None


def _from_members(members: dict[str, bytes], archive: str) -> tuple[bytes, bytes | None]:
    """kernel.py and answers.yaml from the one folder of an archive that has a kernel.py."""
    kernels = [name for name in members if name.rpartition("/")[2] == KERNEL]
    if not kernels:
        raise Refused(f"there is no {KERNEL} in {archive}")
    if len(kernels) > 1:
        raise Refused(f"{archive} has {len(kernels)} files named {KERNEL}; one is accepted")
    folder = kernels[0][: -len(KERNEL)]
    return members[kernels[0]], members.get(folder + ANSWERS)


def _wanted(name: str) -> bool:
    parts = name.split("/")
    return parts[-1] in (KERNEL, ANSWERS) and len(parts) <= 8 and "__MACOSX" not in parts


def _limit_of(name: str) -> int:
    return SOURCE_LIMIT if name.endswith(KERNEL) else ANSWERS_LIMIT


def _zip_members(data: bytes) -> dict[str, bytes]:
    import io
    import zipfile

    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MEMBERS:
                raise Refused(f"the archive has more than {MEMBERS} members")
            for info in infos:
                if not _wanted(info.filename) or info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
                    continue
                with archive.open(info) as file:
                    _add(members, info.filename, file.read(_limit_of(info.filename) + 1))
    except Refused:
        raise
    except Exception as error:  # the modules that read archives fail in many ways on bytes that are none
        raise Refused(f"the zip cannot be read: {_said(error)}") from None
    return members


def _tar_members(data: bytes) -> dict[str, bytes]:
    import io
    import tarfile

    members: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
            for count, info in enumerate(archive):
                if count >= MEMBERS or info.size > ARCHIVE_LIMIT:
                    raise Refused(f"the archive has more than {MEMBERS} members, or one of more than 8 MiB")
                if _wanted(info.name) and info.isreg():
                    file = archive.extractfile(info)
                    _add(members, info.name, file.read(_limit_of(info.name) + 1) if file is not None else b"")
    except Refused:
        raise
    except Exception as error:  # as above
        raise Refused(f"the tar cannot be read: {_said(error)}") from None
    return members


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _add(members: dict[str, bytes], name: str, data: bytes) -> None:
    if len(data) > _limit_of(name):
        raise Refused(f"{name.rpartition('/')[2]} has more than {_limit_of(name) >> 10} KiB")
    members[name] = data


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
        if coding not in (None, "utf-8", "utf8", "utf-8-sig"):
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


# -- answers --------------------------------------------------------------------------------------------------


def read_answers(data: bytes) -> dict[str, str | list[str]]:
    """A quiz sheet: question id -> answer, every scalar as the text that was written. Refused for anything but a flat
    mapping of plain scalars and lists of them."""
    if len(data) > ANSWERS_LIMIT:
        raise Refused(f"the sheet has more than {ANSWERS_LIMIT >> 10} KiB")
    import yaml

    try:
        text = data.decode("utf-8-sig")
        events = list(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except UnicodeDecodeError:
        raise Refused("the sheet is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Refused(f"line {line}: this is not YAML ({error.problem})") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Refused(f"this is not YAML ({_said(error).splitlines()[0]})") from None
    return _Sheet(events).read()


class _Sheet:
    """Walks the events of a sheet; nothing is built that was not looked at."""

    def __init__(self, events: list[Any]) -> None:
        import yaml

        self.yaml = yaml
        skipped = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        documents = sum(isinstance(event, yaml.DocumentStartEvent) for event in events)
        if documents > 1:
            raise Refused("the sheet has more than one document")
        self.events = iter([event for event in events if not isinstance(event, skipped)])

    def read(self) -> dict[str, str | list[str]]:
        first = next(self.events, None)
        if first is None:
            return {}
        if isinstance(first, self.yaml.ScalarEvent) and not first.value:
            return {}
        if not isinstance(first, self.yaml.MappingStartEvent):
            raise Refused("a sheet is a mapping of questions to answers, such as `first-write: b`")
        self.check(first)
        answers: dict[str, str | list[str]] = {}
        while True:
            event = next(self.events)
            if isinstance(event, self.yaml.MappingEndEvent):
                return answers
            key = self.scalar(event)
            if key in answers:
                raise Refused(f"line {event.start_mark.line + 1}: question {key[:80]!r} is answered twice")
            answers[key] = self.answer(next(self.events))

    def answer(self, event: Any) -> str | list[str]:
        if not isinstance(event, self.yaml.SequenceStartEvent):
            return self.scalar(event)
        self.check(event)
        items: list[str] = []
        while True:
            event = next(self.events)
            if isinstance(event, self.yaml.SequenceEndEvent):
                return items
            items.append(self.scalar(event))

    def scalar(self, event: Any) -> str:
        if not isinstance(event, self.yaml.ScalarEvent):
            what = "an alias" if isinstance(event, self.yaml.AliasEvent) else "a nested value"
            raise Refused(f"line {event.start_mark.line + 1}: {what}; a word, a number, or a flat list is accepted")
        self.check(event)
        return str(event.value)

    def check(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor is not None:
            raise Refused(f"line {line}: an anchor (&{event.anchor[:40]}) is not accepted")
        if event.tag is not None:
            raise Refused(f"line {line}: a tag ({event.tag[:40]}) is not accepted")
        if getattr(event, "value", None) == "<<":
            raise Refused(f"line {line}: a merge (<<) is not accepted")
