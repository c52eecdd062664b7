"""Defines the errors that intake raises."""

from __future__ import annotations


class Refused(Exception):
    """Raised for a submission or sheet that is not acceptable. The text gives the reason and the way out."""


class Gone(Refused):
    """Raised if a file of a submission is missing."""


class Unreadable(Exception):
    """Raised if this machine cannot read a submission, which is not its author's fault. The text gives the reason."""
