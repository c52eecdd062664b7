"""Defines how results describe the sandbox: the level that was wanted, and the level that was available."""

from __future__ import annotations

from typing import NotRequired, TypedDict

#: The level of a kernel in C without a wall of the system's.
WASM = "W"

#: From the weakest to the strongest.
LEVELS = ("L0", "L1", WASM, "L2S", "L2", "L3")

#: The minimum level for `require`.
REQUIRED = "L2"


def floor(wanted: str) -> str:
    """Return the weakest level that a value of --isolation takes."""
    return {"auto": LEVELS[0], "require": REQUIRED}.get(wanted, wanted)


def rank(level: str) -> int:
    """Return a number that is higher for a stronger level; what had no sandbox has the lowest."""
    return LEVELS.index(level) if level in LEVELS else -1


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
