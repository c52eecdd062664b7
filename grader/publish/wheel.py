"""Build an installable wheel of the running grader from its own files: no index, build tool or network is needed.

A wheel of pure Python is a zip of the package and three text files (PEP 427, "Binary distribution format").
"""

from __future__ import annotations

import base64
import hashlib
import io
import pathlib
import zipfile

from grader.errors import InputError
from grader.files import write_file

NAME = "forklab"

#: The package's own folder.
PACKAGE = pathlib.Path(__file__).resolve().parent.parent

#: The earliest time that a zip can hold. A fixed time makes the same files give the same bytes.
_THEN = (1980, 1, 1, 0, 0, 0)

_KINDS = (".py", ".json", ".md", ".mk", ".yml", ".sh", ".typed", ".css", ".js", ".h", ".c", "")


def write_wheel(folder: pathlib.Path) -> pathlib.Path:
    """Write forklab-VERSION-py3-none-any.whl into a folder; return its path. InputError if forklab is not installed."""
    version, metadata, entry_points = _metadata()
    info = f"{NAME}-{version}.dist-info"
    members = {path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes() for path in package_files()}
    members[f"{info}/METADATA"] = metadata.encode()
    members[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: forklab\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members[f"{info}/entry_points.txt"] = entry_points.encode()
    lines = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in members.items()]
    members[f"{info}/RECORD"] = ("\n".join([*lines, f"{info}/RECORD,,"]) + "\n").encode()
    path = folder / f"{NAME}-{version}-py3-none-any.whl"
    write_file(path, zipped(members))
    return path


def description() -> str:
    """Return the wheel's METADATA, which includes the README."""
    return _metadata()[1]


def package_files() -> list[pathlib.Path]:
    """Return the files of the package, in a fixed order.

    Labs that an installation has put in it (building.py) are left out, with their packed keys: one lab is released.
    """
    labs = PACKAGE / "publish" / "labs"
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    files = [path for path in files if labs not in path.parents]
    return sorted(path for path in files if path.suffix in _KINDS)


def zipped(members: dict[str, bytes], programs: tuple[str, ...] = ()) -> bytes:
    """Return a zip whose bytes depend only on its members. `programs` are executable in it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _THEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(info, content)
    return data.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def _metadata() -> tuple[str, str, str]:
    """Return version, METADATA and entry points of the installed package."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(NAME)
    except PackageNotFoundError:
        raise InputError(
            [f"{NAME} is not installed, so a release cannot include its wheel; run `make test` or `pip install .`"]
        ) from None
    metadata = found.read_text("METADATA") or found.read_text("PKG-INFO") or ""
    return found.version, metadata, found.read_text("entry_points.txt") or ""
