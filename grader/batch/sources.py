"""A submission that was found, read: which kernel and which sheet of answers is meant, then intake's own rules.

In a folder the kernel.py nearest to the top counts; else the one archive; else the one Python file.
"""

from __future__ import annotations

import os
import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from grader.batch.layouts import Found
from grader.intake.submission import Refused, Submission, read_pair, read_submission

#: Folders on the way to a kernel, and entries that are looked at.
DEPTH = 6
ENTRIES = 5000

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")

#: A name as Canvas changes it for a file that was handed in again: kernel-1.py.
_KERNEL = re.compile(r"(?:.*_)?kernel(?:-\d+)?\.py")
_ANSWERS = re.compile(r"(?:.*_)?answers(?:-\d+)?\.yaml")


class Source(NamedTuple):
    """What a submission says. `refused` is intake's reason, or ""; then there is no kernel."""

    found: Found
    digest: str
    kernel: str
    answers: bytes | None
    refused: str = ""

    @property
    def code_digest(self) -> str:
        """sha256 of the kernel alone: two students with one kernel are graded once, whatever their answers."""
        import hashlib

        return hashlib.sha256(self.kernel.encode("utf-8", "surrogatepass")).hexdigest()


def read_source(found: Found, lab: str) -> Source:
    """Read a submission; nothing that is in it makes this fail."""
    try:
        read = _read(found, lab)
        kernel = read.sources["kernel.py"].decode("utf-8-sig")
        return Source(found, read.digest, kernel, read.answers)
    except Refused as refused:
        return Source(found, "", "", None, str(refused))


def _read(found: Found, lab: str) -> Submission:
    only = found.paths[0]
    if len(found.paths) == 1 and (not os.path.isdir(only) or os.path.islink(only)):
        return read_submission(only)
    files = sorted((file for path in found.paths for file in _files(path)), key=_depth)
    kernel = _chosen([file for file in files if file.name == "kernel.py"], lab)
    if kernel is not None:
        return read_submission(kernel.parent)
    kernel = _chosen([file for file in files if _KERNEL.fullmatch(file.name)], lab)
    archives = [file for file in files if file.name.lower().endswith(_ARCHIVES)]
    programs = [file for file in files if file.suffix == ".py"]
    if kernel is None and len(archives) == 1:
        return read_submission(archives[0])
    if kernel is None and len(programs) == 1:
        kernel = programs[0]
    if kernel is None:
        some = f"; it has {len(archives)} archives and {len(programs)} Python files" if files else "; it is empty"
        raise Refused(f"there is no kernel.py in it{some}")
    sheets = [file for file in files if _ANSWERS.fullmatch(file.name) and file.parent == kernel.parent]
    return read_pair(kernel, _latest(sheets) if sheets else None, found.label)


def _depth(path: pathlib.Path) -> tuple[int, str]:
    return len(path.parts), str(path)


def _chosen(kernels: list[pathlib.Path], lab: str) -> pathlib.Path | None:
    """The kernel that is meant: the lab's own, where there are several labs; else the one nearest to the top."""
    own = [path for path in kernels if path.parent.name == lab]
    kernels = own or kernels
    if len(kernels) > 1 and len(kernels[0].parts) == len(kernels[1].parts) and kernels[0].name == kernels[1].name:
        raise Refused(f"{len(kernels)} files named {kernels[0].name} are equally near to the top; one is accepted")
    same = [path for path in kernels if len(path.parts) == len(kernels[0].parts)] if kernels else []
    return _latest(same) if same else None


def _latest(files: list[pathlib.Path]) -> pathlib.Path:
    """Of files that were handed in again and again, the last: kernel-2.py after kernel-1.py after kernel.py."""
    return max(files, key=lambda path: (len(path.name), path.name))


def _files(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """The ordinary files below a path, no link followed, at most ENTRIES. A file stands for itself."""
    if not os.path.isdir(path) or os.path.islink(path):
        yield path
        return
    folders, count = [(path, 0)], 0
    while folders:
        folder, depth = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise Refused(f"a folder in it cannot be read: {error.strerror}") from None
        for entry in entries:
            count += 1
            if count > ENTRIES:
                raise Refused(f"there are more than {ENTRIES} files in it")
            if entry.is_dir(follow_symlinks=False):
                if depth < DEPTH and not entry.name.startswith(".") and entry.name != "__MACOSX":
                    folders.append((pathlib.Path(entry.path), depth + 1))
            else:
                yield pathlib.Path(entry.path)
