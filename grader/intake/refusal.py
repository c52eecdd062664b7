"""Defines the errors that intake raises."""

from __future__ import annotations


class Refused(Exception):
    """Raised for a submission or sheet that is not acceptable. The text gives the reason and the way out."""


class Ambiguous(Refused):
    """Raised if two files of a submission have one name and different contents. doubt: which, for whoever decides."""

    def __init__(self, name: str, files: list[str]) -> None:
        super().__init__(f"{name} was handed in twice, with different contents")
        self.doubt = f"{' and '.join(files)} are both {name}, with different contents; keep only the one that counts"


class Gone(Refused):
    """Raised if a file of a submission is missing."""


class Unreadable(Exception):
    """Raised if this machine cannot read a submission, which is not its author's fault. The text gives the reason."""
