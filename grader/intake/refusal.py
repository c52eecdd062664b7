"""The errors of intake."""

from __future__ import annotations


class Refused(Exception):
    """This is not accepted as a submission or as a sheet; the text says why and what would be."""


class Unreadable(Exception):
    """This machine cannot read a submission, which is not its author's fault; the text says what and why."""
