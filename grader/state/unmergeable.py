"""Defines the refusal to merge: a kernel's states cannot be compared, or it could keep state where nobody looks."""

from __future__ import annotations

#: Why a kernel in C is explored once more, with the order of its numbers kept.
ORDERED = "asks which of two processes, frames or addresses has the lower number"


class Unmergeable(Exception):
    """Two states of this kernel cannot be compared: the message says why, after "it"."""
