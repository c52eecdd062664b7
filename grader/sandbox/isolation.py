"""Defines how results describe the sandbox: the level that was wanted, and the level that was available."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Report(TypedDict):
    """The report of a zygote once it is warm: the level that its probes found, and the layers that are missing."""

    level: str
    possible: dict[str, bool]
    missing: NotRequired[dict[str, str]]
    landlock_abi: int


class Isolation(TypedDict):
    """The confinement of the kernel: the level that was wanted, the one it got, and the layers that are missing."""

    wanted: str
    got: str
    missing: dict[str, str]
    landlock_abi: NotRequired[int]
    unofficial: NotRequired[bool]  # True: the kernel ran in the grader's own process
