"""A submission that was found, read by intake's rules, which are those of `grader run`."""

from __future__ import annotations

import hashlib
import pathlib
from typing import NamedTuple

from grader.batch.layouts import FoundSubmission
from grader.escape import printable
from grader.intake.mine_files import OwnFiles
from grader.intake.submission import KernelRefused, Rest, SubmittedFiles, Unreadable, digest_of, read_files
from grader.lab.fields import LANGUAGES


class BatchSubmission(NamedTuple):
    """Holds what a submission says.

    code_digest sha256 of the kernel alone: two students with one kernel are graded once, whatever their answers
    refused     why intake refuses it, or ""; then there is no kernel, and the quiz and own scenarios count
    unreadable  why this machine cannot read it, or ""; then there is none either, and nothing can be graded
    remarks     what was taken under another name, and what was not read
    home        the folder with the student's own scenarios; "" if no folder was handed in
    own         the student's own scenarios, if an archive has them
    unread      why the quiz sheet cannot be read, or ""
    """

    found: FoundSubmission
    digest: str
    kernel: str
    answers: bytes | None
    code_digest: str = ""
    refused: str = ""
    unreadable: str = ""
    remarks: tuple[str, ...] = ()
    language: str = "python"
    home: str = ""
    own: OwnFiles = {}  # noqa: RUF012 - never changed
    unread: str = ""

    @property
    def has_kernel(self) -> bool:
        """Return True if there is a kernel to grade."""
        return not self.refused and not self.unreadable

    @property
    def kept_text(self) -> str:
        """Return the kernel as the store keeps it: its text, in another language than Python after `c` and a null
        character. No kernel has a null character, so equal texts in two languages are two kernels."""
        return kept_text(self.kernel, self.language)


def kept_text(kernel: str, language: str) -> str:
    """Return a kernel of a language as the store keeps it."""
    return kernel if language == "python" else f"{language}\0{kernel}"


def files_of(found: FoundSubmission) -> tuple[list[tuple[str, pathlib.Path]], str]:
    """Return the files of a submission, each with the student's own name for it, and what to call all of them."""
    files = list(zip(found.names or [""] * len(found.paths), found.paths, strict=True))
    return files, found.names[0] if found.names and found.names[0] and len(files) == 1 else found.paths[0].name


def kernel_of(kept: str) -> tuple[str, str]:
    """Return the language and the text of a kernel as the store keeps it."""
    language, null, text = kept.partition("\0")
    return (language, text) if null and language in LANGUAGES else ("python", kept)


def read_source(found: FoundSubmission, lab: str, languages: tuple[str, ...] = ("python",)) -> BatchSubmission:
    """Read a submission; nothing that is in it makes this fail."""
    files, name = files_of(found)
    try:
        read = read_files(files, lab, name, numbered=found.system.startswith("canvas"))
    except KernelRefused as refused:
        doubt = "; ".join(filter(None, (found.doubt, printable(refused.doubt, 500))))
        return _without_kernel(found._replace(doubt=doubt), str(refused), refused.rest)
    except Unreadable as unreadable:
        return BatchSubmission(found, "", "", None, unreadable=str(unreadable))
    if read.language not in languages:
        accepted = " or ".join(LANGUAGES[language] for language in languages)
        return _without_kernel(found, f"{read.kernel_name}: this lab takes kernels in {accepted}", read)
    kernel = read.kernel.decode("utf-8-sig")
    return BatchSubmission(
        found,
        read.digest,
        kernel,
        read.answers,
        _digest(kept_text(kernel, read.language)),
        remarks=read.remarks,
        language=read.language,
        home=_home(found, read),
        own=read.own,
        unread=read.unread,
    )


def _without_kernel(found: FoundSubmission, why: str, rest: Rest | SubmittedFiles) -> BatchSubmission:
    """Return a submission whose kernel is refused, with its sheet and own scenarios."""
    digest = digest_of(b"", rest.answers) if rest.answers is not None else ""
    return BatchSubmission(
        found,
        digest,
        "",
        rest.answers,
        refused=why,
        remarks=rest.remarks,
        home=_home(found, rest),
        own=rest.own,
        unread=rest.unread,
    )


def _home(found: FoundSubmission, rest: Rest | SubmittedFiles) -> str:
    """Return the folder with the student's own scenarios. Loose files of several students may share one: not that."""
    return rest.home if len(found.paths) == 1 and found.paths[0].is_dir() else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
