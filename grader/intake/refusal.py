"""The one error of intake."""

from __future__ import annotations


class Refused(Exception):
    """This is not accepted as a submission or as a sheet; the text says why and what would be."""
