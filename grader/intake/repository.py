"""Reads when the last commit of a git repository was made, without running git.

A repository comes from outside. Its configuration can make git start programs (hooks, filters, fsmonitor, a remote
that a missing object is fetched from), and what git refuses differs from one version to the next. So only the few files
that lead to a commit are read here: HEAD, its branch, and loose or packed objects. Links are not followed, sizes are
limited, and an object counts only if its content has the SHA-1 that names it.

The library for this, dulwich, follows links and `objects/info/alternates` to other folders and unpacks objects of any
size; what is left of it after keeping it from both would not be less than this.

The formats are gitformat-pack(5), gitrepository-layout(5) and the commit object of git-commit-tree(1).
"""

from __future__ import annotations

import bisect
import datetime
import hashlib
import os
import pathlib
import re
import struct
import zlib
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from grader.intake.refusal import Gone, Refused
from grader.intake.submission import read_inside

#: Bytes that are read from one repository, and that its objects have when they are unpacked.
READ_LIMIT = 64 << 20
UNPACKED_LIMIT = 8 << 20

#: Bytes of one object. Packs of a repository; commits that are looked up; deltas on the way to one object (git makes 50
#: at most).
OBJECT_LIMIT = 1 << 20
PACKS = 200
COMMITS = 200
DELTAS = 100

#: Bytes that are unpacked in one go, and those of a number that has 7 bits in each (git's have 64 bits).
_PIECE = 4096
_NUMBER_BYTES = 10

#: Clocks of a team differ by less. A commit that is dated further before its parent was dated by hand.
SLACK = 60 * 60

_ID = re.compile(rb"[0-9a-f]{40}")
_BRANCH = re.compile(rb"ref: (refs/[A-Za-z0-9._/+@-]{1,200})")
_COMMITTER = re.compile(rb"committer .*> ([0-9]{1,11}) ([+-])([0-9]{2})([0-9]{2})")

#: Types of entries in a pack.
_COMMIT, _OFFSET_DELTA, _NAMED_DELTA = 1, 6, 7

#: What says that a file is not there: the file, or a folder on the way to it.
_MISSING = (Gone, FileNotFoundError)


class LastCommit(NamedTuple):
    """Says when the last commit of a repository was made, as its committer's clock had it.

    time   ISO 8601 with an offset
    doubt  why the dates of this repository cannot be right; "" if nothing speaks against them
    """

    time: str
    doubt: str


class _Commit(NamedTuple):
    parents: list[bytes]
    seconds: int
    offset: datetime.timedelta


def is_repository(folder: pathlib.Path) -> bool:
    """Return True if a folder has a `.git`, whatever that is."""
    return os.path.lexists(folder / ".git")


def last_commit(folder: pathlib.Path) -> LastCommit:
    """Return the date of the commit that a folder's HEAD names. Refused, with the reason, if it cannot be read."""
    try:
        repository = _Repository(folder)
        commit = repository.commit(repository.head())
        zone = datetime.timezone(commit.offset)
        time = datetime.datetime.fromtimestamp(commit.seconds, zone).isoformat()
        return LastCommit(time, "" if repository.in_order(commit) else _OUT_OF_ORDER)
    except Refused as refused:
        raise Refused(f"its last commit cannot be read: {refused}") from None
    except OSError as error:
        raise Refused(f"its last commit cannot be read: {error.strerror}") from None
    except (ValueError, OverflowError, IndexError, struct.error, zlib.error) as error:
        raise Refused(f"its last commit cannot be read: the repository is damaged ({type(error).__name__})") from None


_OUT_OF_ORDER = "a commit is dated more than an hour before the commit that it follows, so dates were set by hand"


class _Missing(Refused):
    """An object is not there: the repository is damaged, or a shallow clone ends here."""


class _Repository:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._packs: list[_Pack] | None = None
        self._to_read, self._to_unpack = READ_LIMIT, UNPACKED_LIMIT

    def head(self) -> bytes:
        """Return the id of the last commit."""
        text = self.read("HEAD").strip()
        for _ in range(5):  # a branch may be another name for a branch
            if _ID.fullmatch(text):
                return text
            branch = _BRANCH.fullmatch(text)
            if branch is None or b".." in branch[1]:
                raise Refused("HEAD names neither a commit nor a branch")
            text = self._reference(branch[1])
        raise Refused("HEAD names branches in a circle")

    def _reference(self, name: bytes) -> bytes:
        with suppress(*_MISSING):
            return self.read(name.decode("ascii")).strip()
        packed = b""
        with suppress(*_MISSING):
            packed = self.read("packed-refs")
        for line in packed.splitlines():
            if line[40:] == b" " + name:
                return line[:40]
        raise Refused("there is none on its branch")

    def commit(self, name: bytes) -> _Commit:
        """Return a commit, by its id."""
        data = self._object(name)
        if hashlib.sha1(b"commit %d\0" % len(data) + data, usedforsecurity=False).hexdigest().encode() != name:
            raise Refused("an object is not what its name says")
        lines = data.partition(b"\n\n")[0].split(b"\n")
        found = next((match for line in lines if (match := _COMMITTER.fullmatch(line))), None)
        if found is None:
            raise Refused("it has no date")
        offset = datetime.timedelta(hours=int(found[3]), minutes=int(found[4]))
        parents = [line[7:] for line in lines if line.startswith(b"parent ") and _ID.fullmatch(line[7:])]
        return _Commit(parents, int(found[1]), -offset if found[2] == b"-" else offset)

    def in_order(self, last: _Commit) -> bool:
        """Return True if no commit is dated before the one that it follows, as far as the nearest ones tell."""
        waiting, known = deque([last]), dict[bytes, _Commit | None]()
        while waiting:
            child = waiting.popleft()
            for name in child.parents:
                if name not in known:
                    if len(known) == COMMITS:
                        return True
                    known[name] = parent = self._parent(name)
                    waiting += [parent] if parent is not None else []
                parent = known[name]
                if parent is not None and parent.seconds > child.seconds + SLACK:
                    return False
        return True

    def _parent(self, name: bytes) -> _Commit | None:
        try:
            return self.commit(name)
        except _Missing:
            return None

    def _object(self, name: bytes) -> bytes:
        """Return the content of a commit object."""
        text = name.decode("ascii")
        try:
            loose = self._inflated(self.read(f"objects/{text[:2]}/{text[2:]}"))
        except _MISSING:
            return self._packed(bytes.fromhex(text), DELTAS)
        head, _, data = loose.partition(b"\0")
        if not head.startswith(b"commit "):
            raise Refused("it is not a commit")
        return data

    def _packed(self, name: bytes, deltas: int) -> bytes:
        for pack in self._all_packs():
            offset = pack.offset(name)
            if offset is not None:
                return self._entry(pack, offset, deltas)
        raise _Missing("an object is missing")

    def _entry(self, pack: _Pack, offset: int, deltas: int) -> bytes:
        """Return the object at an offset of a pack; a delta is applied to the object that it is made from."""
        if not deltas:
            raise Refused("too many deltas")
        kind, place = pack.head(offset)
        if kind == _COMMIT:
            return self._inflated(pack.part(place))
        if kind == _OFFSET_DELTA:
            back, size = _distance(pack.part(place))
            if not 0 < back < offset:
                raise ValueError("a delta that is made from what is not in the pack")
            base = self._entry(pack, offset - back, deltas - 1)
            place += size
        elif kind == _NAMED_DELTA:
            base = self._packed(bytes(pack.part(place)[:20]), deltas - 1)
            place += 20
        else:
            raise Refused("it is not a commit")
        return _patched(base, self._inflated(pack.part(place)))

    def _inflated(self, data: bytes | memoryview) -> bytes:
        """Return what zlib packed: an object, whole and within the limits."""
        unpacker, found = zlib.decompressobj(), bytearray()
        most = min(OBJECT_LIMIT, self._to_unpack)
        # In pieces: zlib copies what comes after the end, which is the rest of a pack.
        for at in range(0, len(data), _PIECE):
            found += unpacker.decompress(data[at : at + _PIECE], most + 1 - len(found))
            if unpacker.eof or len(found) > most:
                break
        self._to_unpack -= len(found)
        if not unpacker.eof or len(found) > most:
            raise Refused(f"it has more than {OBJECT_LIMIT >> 10} KiB, or is cut off")
        return bytes(found)

    def _all_packs(self) -> list[_Pack]:
        if self._packs is None:
            names: list[str] = []
            with suppress(FileNotFoundError):
                names = sorted(os.listdir(self.folder / ".git" / "objects" / "pack"))
            found = [name[:-4] for name in names if name.endswith(".idx")]
            if len(found) > PACKS:
                raise Refused(f"there are more than {PACKS} packs")
            self._packs = [_Pack(self, f"objects/pack/{name}") for name in found]
        return self._packs

    def read(self, path: str) -> bytes:
        """Return the bytes of a file of the repository."""
        data = read_inside(self.folder, f".git/{path}", self._to_read)
        self._to_read -= len(data)
        return data


class _Pack:
    """A pack with its index (version 2), both read when they are needed."""

    def __init__(self, repository: _Repository, path: str) -> None:
        self._repository = repository
        self._path = path
        self._index = b""
        self._data = b""

    def offset(self, name: bytes) -> int | None:
        """Return where an object is; None if it is not in this pack."""
        index = self._index = self._index or self._repository.read(f"{self._path}.idx")
        if index[:8] != b"\xfftOc\0\0\0\2":
            raise Refused("the index of a pack is not of version 2")
        (count,) = struct.unpack_from(">I", index, 8 + 255 * 4)
        names = 8 + 256 * 4
        if len(index) < names + count * 28:
            raise ValueError("an index that is too short")
        place = bisect.bisect_left(range(count), name, key=lambda n: index[names + n * 20 : names + n * 20 + 20])
        if place == count or index[names + place * 20 : names + place * 20 + 20] != name:
            return None
        (offset,) = struct.unpack_from(">I", index, names + count * 24 + place * 4)
        return int(offset)  # one of 2 GiB or more is behind the end of what is read

    def head(self, offset: int) -> tuple[int, int]:
        """Return the type of the entry at an offset, and where its content begins."""
        data = self._data = self._data or self._repository.read(f"{self._path}.pack")
        return data[offset] >> 4 & 7, _end(data, offset)

    def part(self, place: int) -> memoryview:
        return memoryview(self._data)[place:]


def _end(data: bytes | memoryview, at: int) -> int:
    """Return where the number ends that begins at `at`: each of its bytes but the last says that another one follows.

    ValueError for a number that is longer than git's: reading one of megabytes would take days.
    """
    for end in range(at, at + _NUMBER_BYTES):
        if not data[end] & 0x80:
            return end + 1
    raise ValueError("a number that is too long")


def _distance(data: memoryview) -> tuple[int, int]:
    """Return how far back the object is that a delta is made from, and how many bytes say so."""
    number, end = data[0] & 0x7F, _end(data, 0)
    for byte in data[1:end]:
        number = (number + 1 << 7) | byte & 0x7F
    return number, end


def _patched(base: bytes, delta: bytes) -> bytes:
    """Return the object that a delta makes of another one."""
    at = _end(delta, _end(delta, 0))  # the sizes of both objects are not needed: the SHA-1 is checked
    parts, total = [], 0
    while at < len(delta):
        code = delta[at]
        at += 1
        if code & 0x80:
            start, at = _number(delta, at, code & 15)
            size, at = _number(delta, at, code >> 4 & 7)
            parts.append(base[start : start + (size or 0x10000)])
        elif code:
            parts.append(delta[at : at + code])
            at += code
        else:
            raise ValueError("an instruction that is reserved")
        total += len(parts[-1])
        if total > OBJECT_LIMIT:
            raise Refused(f"it has more than {OBJECT_LIMIT >> 10} KiB")
    return b"".join(parts)


def _number(delta: bytes, at: int, which: int) -> tuple[int, int]:
    """Return a number of which only some bytes are written, one bit of `which` for each; and what comes after it."""
    number = shift = 0
    while which:
        if which & 1:
            number |= delta[at] << shift
            at += 1
        which, shift = which >> 1, shift + 8
    return number, at
