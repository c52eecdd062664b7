"""Finds what `--submission WHAT` names: a folder, a kernel file or an archive; `reference`; or `misconception:NAME`."""

from __future__ import annotations

import hashlib
import pathlib
import re
from typing import TYPE_CHECKING, NamedTuple

from grader.errors import InputError
from grader.grade.runner import KernelSource
from grader.intake.mine_files import OwnFiles
from grader.lab.fields import LANGUAGES
from grader.lab.lab import Lab
from grader.lab.mistakes import misconception_kernel
from grader.replay.simulated import MakeKernel

if TYPE_CHECKING:
    from grader.intake.submission import Rest, SubmittedFiles


class Submission(NamedTuple):
    """A submission to grade.

    code     for a worker; None if there is none (refused) or if `trusted` is given
    trusted  a kernel class of ours that may run in this process
    answers  the quiz sheet's bytes, or None
    digest   sha256 of the submission's bytes
    refused  why intake rejects the kernel, or ""; the quiz and own scenarios count all the same
    remarks  files that were accepted under another name, and sheets that were not read
    path     the kernel's file; "" if there is none, or if it came out of an archive
    unread   why the quiz sheet cannot be read, or ""
    home     the folder with the student's own scenarios; "" if there is none
    own      the student's own scenarios, if they came out of an archive
    """

    name: str
    code: KernelSource | None
    trusted: MakeKernel | None = None
    answers: bytes | None = None
    digest: str = ""
    refused: str = ""
    remarks: tuple[str, ...] = ()
    path: str = ""
    unread: str = ""
    home: str = ""
    own: OwnFiles = {}  # noqa: RUF012 - never changed


def resolve(what: str | None, lab: Lab) -> Submission:
    """Return the submission that a command line names. InputError if nothing has that name."""
    if what == "reference":
        return _reference(lab)
    if what is not None and what.startswith("misconception:"):
        flag = what.partition(":")[2]
        return Submission(what, None, misconception_kernel(lab, flag), digest=_digest(what.encode()))
    return _submitted(pathlib.Path(what) if what is not None else lab.path, lab)


def _submitted(path: pathlib.Path, lab: Lab) -> Submission:
    from grader.intake.submission import KernelRefused, Unreadable, read_submission

    if not path.exists() and not path.is_symlink():
        raise InputError(
            [
                f"{path}: no such file or folder; --submission takes a folder with a kernel.py, a "
                f"kernel file, an archive, `reference`, or misconception:NAME"
            ]
        )
    name = path.name or path.resolve().name
    try:
        submission = read_submission(path, lab.name)
    except KernelRefused as refused:
        return _without_kernel(name, str(refused), refused.rest)
    except Unreadable as error:
        raise InputError([f"{path}: {error}; make it readable and run it again"]) from None
    if submission.language not in lab.languages:
        accepted = " or ".join(LANGUAGES[language] for language in lab.languages)
        return _without_kernel(name, f"{submission.kernel_name}: this lab takes kernels in {accepted}", submission)
    code = code_of(submission.kernel.decode("utf-8-sig"), submission.language, lab)
    return Submission(
        name,
        code,
        answers=submission.answers,
        digest=submission.digest,
        remarks=submission.remarks,
        path=submission.path,
        unread=submission.unread,
        home=submission.home,
        own=submission.own,
    )


def _without_kernel(name: str, why: str, rest: Rest | SubmittedFiles) -> Submission:
    """Return a submission whose kernel is refused, with its sheet and own scenarios."""
    from grader.intake.submission import digest_of

    return Submission(
        name,
        None,
        answers=rest.answers,
        digest=digest_of(b"", rest.answers) if rest.answers is not None else "",
        refused=why,
        remarks=rest.remarks,
        unread=rest.unread,
        home=rest.home,
        own=rest.own,
    )


def code_of(text: str, language: str, lab: Lab) -> KernelSource:
    """Return a student's kernel as a worker gets it."""
    return KernelSource({"kernel": text}, "kernel", lab.kernel.name if language == "python" else "", language)


def _reference(lab: Lab) -> Submission:
    """Return the model answer with the modules it builds on and the model sheet. It is graded like any other."""
    if lab.reference is None:
        raise InputError([f"{lab.name}: this lab has no reference (a released lab never has)"])
    path = lab.reference.path.resolve()
    package = path.parent.name
    modules = _imported_from(path)
    sheet = path.parent / "answers" / f"{lab.name}.yaml"
    answers = sheet.read_bytes() if sheet.is_file() else None
    digest = _digest("".join(modules.values()).encode() + (answers or b""))
    return Submission(
        "reference", KernelSource(modules, f"{package}.{path.stem}", lab.reference.name), None, answers, digest
    )


def _imported_from(path: pathlib.Path) -> dict[str, str]:
    """Return the text of a module and of those that it imports from its own package, by import name."""
    package = path.parent.name
    found: dict[str, str] = {}
    wanted = [path.stem]
    while wanted:
        name = f"{package}.{wanted[-1]}"
        file = path.parent / f"{wanted.pop()}.py"
        if name not in found and file.is_file():
            found[name] = file.read_text(encoding="utf-8")
            wanted += re.findall(rf"^[ \t]*(?:from|import) {re.escape(package)}\.(\w+)", found[name], re.MULTILINE)
    return dict(sorted(found.items()))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
