"""Reads the kernel, the sheet and mine/ from a zip or a tar, in memory: nothing is extracted, and sizes are bounded.

Python's tarfile is not used on untrusted bytes, because headers can make it take gigabytes or endless time
(CVE-2024-6232). A tar consists of 512-byte headers and contents (POSIX pax, "ustar interchange format"), so the few
wanted files are easily read without it.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from grader.intake.choosing import Chosen, choose
from grader.intake.mine_files import ENTRIES, FOLDER, SIZE_LIMIT, OwnFiles, is_scenario
from grader.intake.refusal import Refused, Rest
from grader.sandbox.limits import ANSWERS_LIMIT, SOURCE_LIMIT

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

#: Bytes of an archive as it was handed in, and of a tar once it is unpacked.
ARCHIVE_LIMIT = 8 << 20
UNPACKED_LIMIT = 32 << 20

#: Maximum number of members of an archive.
MEMBERS = 2000

#: Bytes of a path in an extra header of a tar, and records of such a header. Linux has no longer paths.
PATH_LIMIT = 4096
RECORDS = 200

#: Folders that tools make; what is in them was not handed in.
CLUTTER = {
    "__MACOSX", "__pycache__", ".git", ".github", ".hg", ".svn", ".idea", ".vscode", ".venv", "venv", "node_modules",
    ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
}  # fmt: skip

_BLOCK = 512


def is_archive(data: bytes, suffix: str) -> bool:
    """Return True if a file looks like an archive: by its first bytes or, for formats that have none, by its name."""
    return _is_zip(data) or _unpacker(data) is not None or _is_tar(data) or suffix in (".zip", ".tar", ".tgz")


class Unpacked(NamedTuple):
    """Holds what an archive has: the kernel's path and bytes, and the rest."""

    path: str
    kernel: bytes
    rest: Rest


def read_archive(data: bytes, name: str, lab: str = "") -> Unpacked:
    """Return what is wanted of an archive.

    Refused if there is no kernel, or the archive cannot be read.
    """
    with _refusing(name):
        members = _members(data)
        chosen = choose(members, lab, name, nested=False)
        kernel = _member(members, chosen.kernel, SOURCE_LIMIT)
        return Unpacked(chosen.kernel, kernel, _rest(members, chosen))


def read_archived_rest(data: bytes, name: str, lab: str = "") -> Rest:
    """Return what an archive has in addition to its kernel, which may be missing. Refused if it cannot be read."""
    with _refusing(name):
        members = _members(data)
        return _rest(members, choose(members, lab, name, nested=False, sheet_only=True))


def _rest(members: _Members, chosen: Chosen) -> Rest:
    sheet, unread = _sheet(members, chosen.sheet) if chosen.sheet else (None, "")
    near = (chosen.kernel or chosen.sheet).rpartition("/")[0]
    return Rest(sheet, unread, chosen.remarks, own=_own(members, near) or _own(members, ""))


def _sheet(members: _Members, path: str) -> tuple[bytes | None, str]:
    """Return the bytes of a sheet, or why it cannot be read: that spoils the sheet and not the kernel."""
    try:
        return _member(members, path, ANSWERS_LIMIT), ""
    except Refused as refused:
        return None, str(refused)
    except Exception as error:  # damaged bytes: the modules that unpack fail in many ways
        return None, f"{path.rpartition('/')[2]} cannot be unpacked ({type(error).__name__})"


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    """Refuse an archive by its name, whatever goes wrong while it is read."""
    try:
        yield
    except Refused as refused:
        told = str(refused)
        raise Refused(told if name in told else f"{name}: {told}") from None
    except Exception as error:  # the modules that unpack fail in many ways on damaged bytes
        raise Refused(f"{name}: the archive cannot be read ({str(error) or type(error).__name__})") from None


class _Members(dict[str, Callable[[int], bytes]]):
    """Path -> a function that reads at most n bytes of the member; paths that appear twice are in `twice`."""

    def __init__(self) -> None:
        super().__init__()
        self.twice: set[str] = set()

    def enter(self, path: str, read: Callable[[int], bytes]) -> None:
        """Note an ordinary file, unless it is clutter."""
        path = path.replace("\\", "/").removeprefix("./")
        parts = path.split("/")
        if not path or is_clutter(parts):
            return
        if path in self:
            self.twice.add(path)
        self[path] = read


def _members(data: bytes) -> _Members:
    return _zip_members(data) if _is_zip(data) else _tar_members(_unpacked(data))


def is_clutter(parts: Sequence[str]) -> bool:
    """Return True for a path through a folder that tools make, and for the files that macOS adds to archives."""
    return any(part in CLUTTER for part in parts) or parts[-1].startswith("._")


def _member(members: _Members, path: str, limit: int) -> bytes:
    shown = path.rpartition("/")[2]
    if path in members.twice:
        raise Refused(f"{shown} is in the archive twice")
    data = members[path](limit + 1)
    if len(data) > limit:
        raise Refused(f"{shown} has more than {limit >> 10} KiB")
    return data


def _own(members: _Members, folder: str) -> OwnFiles:
    """Return the files of mine/ in a folder; one that cannot be used has the reason in place of its bytes."""
    folder = f"{folder}/{FOLDER}/".removeprefix("/")
    names = sorted(path.removeprefix(folder) for path in members if path.startswith(folder))
    own: OwnFiles = {}
    for name in [name for name in names if is_scenario(name)][:ENTRIES]:
        try:
            own[name] = _member(members, folder + name, SIZE_LIMIT)
        except Refused as refused:
            own[name] = str(refused)
        except Exception as error:  # damaged bytes, as above: they spoil this file and not the kernel
            own[name] = f"{name} cannot be unpacked ({type(error).__name__})"
    return own


# -- zip ------------------------------------------------------------------------------------------------------


def _is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def _zip_members(data: bytes) -> _Members:
    import io
    import zipfile

    # Count the members before the module creates an object for each.
    if data.count(b"PK\x01\x02") > MEMBERS:
        raise Refused(f"the archive has more than {MEMBERS} members")
    members = _Members()
    archive = zipfile.ZipFile(io.BytesIO(data))
    for info in archive.infolist():
        if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16):
            members.enter(info.filename, partial(_read_zipped, archive, info))
    return members


def _read_zipped(archive: ZipFile, info: ZipInfo, size: int) -> bytes:
    import zipfile

    # Other methods can require a dictionary of gigabytes.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("the zip is compressed in an unusual way; use store or deflate")
    if info.flag_bits & 1:
        raise Refused("the zip is encrypted")
    with archive.open(info) as file:
        return file.read(size)


# -- tar ------------------------------------------------------------------------------------------------------


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def _unpacker(data: bytes) -> str | None:
    heads = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
    return next((kind for head, kind in heads.items() if data.startswith(head)), None)


def _unpacked(data: bytes) -> bytes:
    """Return the tar inside; one larger than UNPACKED_LIMIT bytes is an error."""
    kind = _unpacker(data)
    if kind == "gzip":
        import zlib

        data = zlib.decompressobj(wbits=31).decompress(data, UNPACKED_LIMIT + 1)
    elif kind == "bzip2":
        import bz2

        data = bz2.BZ2Decompressor().decompress(data, UNPACKED_LIMIT + 1)
    elif kind == "xz":
        import lzma

        data = lzma.LZMADecompressor(memlimit=UNPACKED_LIMIT * 3).decompress(data, UNPACKED_LIMIT + 1)
    if len(data) > UNPACKED_LIMIT:
        raise Refused(f"unpacked, the archive has more than {UNPACKED_LIMIT >> 20} MiB")
    return data


def _tar_members(data: bytes) -> _Members:
    members = _Members()
    for count, (path, begin, size) in enumerate(_tar_files(data)):
        if count >= MEMBERS:
            raise Refused(f"the archive has more than {MEMBERS} members")
        members.enter(path, partial(_part, data, begin, size))
    return members


def _part(data: bytes, begin: int, size: int, limit: int) -> bytes:
    return data[begin : begin + min(size, limit)]


def _tar_files(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield (path, first byte, length) of every member; the path is empty unless it is an ordinary file.

    A path of more than 100 bytes, or with other letters than ASCII's, is often in an extra header before the member's:
    GNU's (kind L), or pax's (kind x), whose other records do not matter here. Nor do headers for all members (kind g).
    """
    at = 0
    path: str | None = None  # from an extra header
    while at + _BLOCK <= len(data):
        header = data[at : at + _BLOCK]
        if not header.strip(b"\0"):
            return
        size = _tar_number(header[124:136])
        if _tar_number(header[148:156]) != sum(header) - sum(header[148:156]) + 8 * 32:
            raise Refused("the tar is damaged, or not a tar at all")
        begin = at + _BLOCK
        if size > len(data) - begin:
            raise Refused("the tar ends too early")
        kind = header[156:157]
        if kind == b"L":
            path = _tar_text(data[begin : begin + min(size, PATH_LIMIT + 1)])
        elif kind == b"x":
            path = _pax_path(data, begin, begin + size) or path
        ordinary = kind in (b"0", b"\0", b"7")
        yield (_tar_path(header) if path is None else path) if ordinary else "", begin, size
        if kind not in _EXTRA:
            path = None
        at = begin + (size + _BLOCK - 1) // _BLOCK * _BLOCK


#: Kinds of headers that say something about the next member: its path, its link's target, or anything (pax).
_EXTRA = (b"L", b"K", b"x", b"g")


def _pax_path(data: bytes, at: int, end: int) -> str | None:
    """Return the path of a pax header, whose records are `LENGTH KEY=VALUE\\n`; None if it states none. Refused."""
    path: str | None = None
    for _ in range(RECORDS):
        if at >= end:
            return path
        length, blank, _ = data[at : at + 10].partition(b" ")
        if not blank or not length.isdigit() or not len(length) + 2 < int(length) <= end - at:
            break
        record = data[at + len(length) + 1 : at + int(length) - 1]
        if record.startswith(b"path="):
            path = _tar_text(record[5 : PATH_LIMIT + 6]) or None
        at += int(length)
    raise Refused("the tar is damaged, or not a tar at all")


def _tar_path(header: bytes) -> str:
    name, prefix = _tar_text(header[:100]), _tar_text(header[345:500])
    return f"{prefix}/{name}" if prefix and header[257:262] == b"ustar" and header[262:263] == b"\0" else name


def _tar_text(field: bytes) -> str:
    """Return a name up to a null byte. One that is not UTF-8 is read as Latin-1, so that two names stay two."""
    name = field.split(b"\0", 1)[0]
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("latin-1")


def _tar_number(field: bytes) -> int:
    """Read an octal number, or GNU's binary form for large ones."""
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise Refused("the tar is damaged, or not a tar at all")
    return int(digits, 8)
