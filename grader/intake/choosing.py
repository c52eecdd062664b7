"""Chooses the kernel and the quiz sheet among a submission's files: one rule for folders, archives and downloads.

Only names decide. The kernel is the kernel.py in a folder of the lab's name, else the one nearest to the top; else
a file with nearly that name, else the one archive, else the one Python file. The sheet is the answers.yaml in the
kernel's folder, else one with nearly that name or place. A remark reports every file that is used under another
name, and what is not read although it may be meant: sheets, and other kernels and archives in the kernel's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from grader.intake.refusal import Refused
from grader.plural import number_of

#: The only files of a submission that are read.
KERNEL, KERNEL_C, ANSWERS = "kernel.py", "kernel.c", "answers.yaml"

#: The names of a kernel, in Python and in C.
KERNELS = (KERNEL, KERNEL_C)
STUB_C = "stub.c"

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")

#: What browsers and learning platforms make of a name: `kernel (1).py`, `kernel-1.py`, `doe_kernel.py`.
_COPY = r"(?:[-_ ]?\(?(?P<copy>\d{1,4})\)?)?"
_NEAR_KERNEL = re.compile(rf"(?P<who>.*_)?kernel{_COPY}\.(?:py|c)", re.IGNORECASE | re.DOTALL)
_NEAR_ANSWERS = re.compile(rf"(?P<who>.*_)?answers{_COPY}\.ya?ml", re.IGNORECASE | re.DOTALL)


#: Files of one kind that a remark names.
_NAMED = 3


class Chosen(NamedTuple):
    """Paths of the kernel and of the sheet, "" for none; or of the one archive to look into, and nothing else."""

    kernel: str = ""
    sheet: str = ""
    archive: str = ""
    remarks: tuple[str, ...] = ()


def choose(
    paths: Iterable[str],
    lab: str = "",
    name: str = "",
    *,
    numbered: bool = False,
    nested: bool = True,
    sheet_only: bool = False,
) -> Chosen:
    """Choose from the paths of a submission's files, relative to its top, with slashes. Refused if nothing fits.

    lab       the lab's name: a folder called that is preferred
    name      what the top is called, for messages and as the name of the top folder
    numbered  the platform numbers files that are handed in again, so kernel-1.py replaces kernel.py
    nested    an archive among the files may be looked into
    sheet_only  only the sheet is wanted, so the kernel may be missing
    """
    paths = sorted(paths, key=lambda path: (path.count("/"), path))
    kernel = _home_kernel(paths, lab, name, numbered) if sheet_only else _kernel(paths, lab, name, numbered)
    if not kernel:
        archives = [path for path in paths if path.lower().endswith(_ARCHIVES)]
        if nested and len(archives) == 1:
            return Chosen(archive=archives[0])
        kernel = "" if sheet_only else _only_program(paths, len(archives), name)
    sheet, remarks = _sheet(paths, kernel, numbered)
    if not sheet_only:
        remarks = [*_passed_over(paths, kernel, numbered), *remarks]
    if _base(kernel) not in KERNELS and not numbered and not sheet_only:
        remarks = [f"{kernel} was taken for {named(kernel)}", *remarks]
    return Chosen(kernel, sheet, "", tuple(remarks))


def named(path: str) -> str:
    """Return what a kernel's file is properly called: kernel.c for a C file, kernel.py for any other."""
    return KERNEL_C if path.lower().endswith(".c") else KERNEL


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _kernel(paths: Sequence[str], lab: str, name: str, numbered: bool) -> str:
    exact = _nearest([path for path in paths if _base(path) in KERNELS], lab, name)
    if len({named(path) for path in exact}) > 1:
        raise Refused(f"there are a {KERNEL} and a {KERNEL_C} ({', '.join(exact)}); remove the one that is not yours")
    if len(exact) > 1:
        raise Refused(
            f"{len(exact)} files named {named(exact[0])} are equally near to the top ({', '.join(exact)}); keep one"
        )
    if exact and not numbered:
        return exact[0]
    near = _nearest([path for path in paths if _NEAR_KERNEL.fullmatch(_base(path))], lab, name)
    people = {(_folder(path), _who(_NEAR_KERNEL, path)) for path in near}
    if len(people) > 1:
        raise Refused(
            f"{len(near)} files may be the kernel ({', '.join(near[:4])}); keep one, or name this folder itself if it "
            f"holds the submissions of {len(people)} people"
        )
    if len({named(path) for path in near}) > 1:
        raise Refused(f"there are kernels in Python and in C ({', '.join(near[:4])}); keep one")
    return _latest(_NEAR_KERNEL, near) if near else ""


def _home_kernel(paths: Sequence[str], lab: str, name: str, numbered: bool) -> str:
    """Return the kernel whose folder has the sheet. Of several that may be meant any will do, if one folder has all."""
    try:
        return _kernel(paths, lab, name, numbered)
    except Refused:
        several = _nearest([path for path in paths if _NEAR_KERNEL.fullmatch(_base(path))], lab, name)
        if len({(_folder(path), _who(_NEAR_KERNEL, path)) for path in several}) != 1:
            raise
        return several[0]


def _passed_over(paths: Sequence[str], kernel: str, numbered: bool) -> list[str]:
    """Return what to say of files in its folder that may be meant instead of the kernel; the first of many are named.

    numbered  kernel.py and kernel-1.py are two attempts, of which the last counts
    """
    beside = [path for path in paths if _folder(path) == _folder(kernel) and path != kernel]
    others = [path for path in beside if _NEAR_KERNEL.fullmatch(_base(path)) and not numbered]
    others += [path for path in beside if path.lower().endswith(_ARCHIVES)]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return [f"{', '.join(others[:_NAMED])}{more} not read: {kernel} was"] if others else []


def _nearest(paths: list[str], lab: str, name: str) -> list[str]:
    """Return the paths that are nearest to the top, of those in a folder of the lab's name if there are any."""
    own = [path for path in paths if lab and (_base(_folder(path)) or name) == lab]
    paths = own or paths
    depth = min((path.count("/") for path in paths), default=0)
    return [path for path in paths if path.count("/") == depth]


def _who(pattern: re.Pattern[str], path: str) -> str:
    match = pattern.fullmatch(_base(path))
    return (match["who"] or "") if match else ""


def _latest(pattern: re.Pattern[str], paths: Sequence[str]) -> str:
    """Return the last of files that were handed in again and again: kernel-2.py after kernel-1.py and kernel.py."""

    def copy(path: str) -> tuple[int, str]:
        match = pattern.fullmatch(_base(path))
        return int(match["copy"] or 0) if match else 0, path

    return max(paths, key=copy)


def _only_program(paths: Sequence[str], archives: int, name: str) -> str:
    where = f" in {name}" if name else ""
    misnamed = [(path, kernel) for path in paths for kernel in KERNELS if _base(path).startswith(f"{kernel}.")]
    if len(misnamed) == 1:
        path, kernel = misnamed[0]
        raise Refused(f"no {kernel}{where}; rename {path}, whose ending is another one, to {kernel}")
    # Labs come with stub.c next to the student's own file.
    programs = [path for path in paths if path.lower().endswith((".py", ".c")) and _base(path) != STUB_C]
    if len(programs) == 1:
        return programs[0]
    stubs = [path for path in paths if _base(path) == STUB_C]
    if stubs and not programs:
        raise Refused(
            f"no {KERNEL}{where}; write {KERNEL} for a kernel in Python, or rename {stubs[0]}, which comes with the "
            f"lab, to {KERNEL_C} for one in C"
        )
    if not paths:
        raise Refused(f"no {KERNEL}{where}; it is empty")
    counts = f"it has {number_of(archives, 'archive')} and {number_of(len(programs), 'Python or C file')}"
    raise Refused(f"no {KERNEL}{where}; {counts}; hand in {KERNEL}")


def _sheet(paths: Sequence[str], kernel: str, numbered: bool) -> tuple[str, list[str]]:
    """Return the sheet's path, "" if there is none to read, and what to say of the others."""
    near = [path for path in paths if _NEAR_ANSWERS.fullmatch(_base(path))]
    beside = [path for path in near if _folder(path) == _folder(kernel)]
    exact = [path for path in beside if _base(path) == ANSWERS]
    if numbered and beside:
        taken = _latest(_NEAR_ANSWERS, beside)
        return taken, []
    if exact:
        return exact[0], [f"{path} was not read: {exact[0]} was" for path in beside if path != exact[0]]
    candidates = beside or [path for path in near if _on_the_way(path, kernel, paths)]
    if len(candidates) == 1:
        others = [f"{path} was not read" for path in near if path != candidates[0]]
        return candidates[0], [f"{candidates[0]} was taken for {ANSWERS}", *others]
    if candidates:
        return "", [f"no quiz sheet was read: {', '.join(candidates)} may be meant; call one {ANSWERS}"]
    return "", [f"{path} was not read: a sheet belongs in the folder of {kernel}" for path in near]


def _on_the_way(path: str, kernel: str, paths: Sequence[str]) -> bool:
    """Return True for a sheet above or below the kernel, in a folder that has no kernel of its own."""
    folder, home = _folder(path), _folder(kernel)
    related = not folder or not home or f"{folder}/".startswith(f"{home}/") or f"{home}/".startswith(f"{folder}/")
    return related and not any(_folder(other) == folder and _base(other) in KERNELS for other in paths)
