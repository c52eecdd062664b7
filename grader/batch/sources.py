"""A submission that was found, read by intake's rules, which are those of `grader run`."""

from __future__ import annotations

import hashlib
import pathlib
from typing import NamedTuple

from grader.batch.layouts import FoundSubmission
from grader.escape import printable
from grader.intake.mine_files import OwnFiles
from grader.intake.refusal import Ambiguous
from grader.intake.submission import Refused, Unreadable, read_files
from grader.lab.fields import LANGUAGES


class BatchSubmission(NamedTuple):
    """Holds what a submission says.

    code_digest sha256 of the kernel alone: two students with one kernel are graded once, whatever their answers
    refused     why intake refuses it, or ""; then there is no kernel
    unreadable  why this machine cannot read it, or ""; then there is none either, and nothing can be graded
    home        the folder of the kernel, below the one that was handed in; "" if no folder was
    own         the student's own scenarios, if an archive was handed in
    remarks     what was taken under another name, and what was not read
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
        if read.language not in languages:
            accepted = " or ".join(LANGUAGES[language] for language in languages)
            why = f"{read.kernel_name}: this lab takes kernels in {accepted}"
            return BatchSubmission(found, "", "", None, refused=why)
        kernel = read.kernel.decode("utf-8-sig")
        # Loose files of several students may share a folder, so what else is in it is nobody's.
        alone = len(found.paths) == 1 and found.paths[0].is_dir() and read.path
        home = str(pathlib.Path(read.path).parent) if alone else ""
        return BatchSubmission(
            found,
            read.digest,
            kernel,
            read.answers,
            _digest(kept_text(kernel, read.language)),
            remarks=read.remarks,
            language=read.language,
            home=home,
            own=read.own,
        )
    except Ambiguous as ambiguous:
        doubt = "; ".join(filter(None, (found.doubt, printable(ambiguous.doubt, 500))))
        return BatchSubmission(found._replace(doubt=doubt), "", "", None, refused=str(ambiguous))
    except Refused as refused:
        return BatchSubmission(found, "", "", None, refused=str(refused))
    except Unreadable as unreadable:
        return BatchSubmission(found, "", "", None, unreadable=str(unreadable))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
