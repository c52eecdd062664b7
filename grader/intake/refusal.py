"""Defines the errors that intake raises."""

from __future__ import annotations

from typing import NamedTuple

from grader.intake.mine_files import OwnFiles


class Refused(Exception):
    """Raised for a submission or sheet that is not acceptable. The text gives the reason and the way out.

    doubt: what a person must decide about it, or ""
    """

    doubt = ""


class Ambiguous(Refused):
    """Raised if two files of a submission have one name and different contents. doubt: which."""

    def __init__(self, name: str, files: list[str]) -> None:
        super().__init__(f"{name} was handed in twice, with different contents")
        self.doubt = f"{' and '.join(files)} are both {name}, with different contents; keep only the one that counts"


class Gone(Refused):
    """Raised if a file of a submission is missing."""


class Rest(NamedTuple):
    """Holds what a submission has in addition to its kernel.

    answers  the quiz sheet's bytes, or None
    unread   why the sheet cannot be read, or ""
    remarks  what was taken under another name, and sheets that were not read
    home     the folder that has mine/, the student's own scenarios; "" if it can only be in an archive
    own      the student's own scenarios, if they came out of an archive
    """

    answers: bytes | None = None
    unread: str = ""
    remarks: tuple[str, ...] = ()
    home: str = ""
    own: OwnFiles = {}  # noqa: RUF012 - never changed


class KernelRefused(Refused):
    """Raised for a submission whose kernel is not acceptable. `rest` counts all the same."""

    def __init__(self, refused: Refused, rest: Rest) -> None:
        super().__init__(str(refused))
        self.doubt, self.rest = refused.doubt, rest


class Unreadable(Exception):
    """Raised if this machine cannot read a submission, which is not its author's fault. The text gives the reason."""
