"""Defines what a child needs from the sandbox that created it."""

from __future__ import annotations

from typing import Protocol

from grader.sandbox.limits import Limits
from grader.sandbox.termination import Death


class Owner(Protocol):
    """The sandbox of a child."""

    limits: Limits

    @property
    def walled(self) -> bool:
        """Return True if children cannot send signals (L2S and up)."""

    def reap(self, serial: int, gently: bool) -> Death | None:
        """End a child and wait until it is gone. Return how it died, or None if that is not known."""

    def forget(self, child: object) -> None:
        """Drop a child that was closed."""
