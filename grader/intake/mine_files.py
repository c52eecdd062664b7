"""Says where a student's own scenarios are in a submission, and how much of them is read."""

from __future__ import annotations

from grader.files import is_aside

#: The folder next to the kernel.
FOLDER = "mine"

#: Bytes of a file, and files of the folder that are looked at.
SIZE_LIMIT = 16 << 10
ENTRIES = 200

#: File name -> its bytes, or a sentence that begins with the name and says why they cannot be used.
OwnFiles = dict[str, bytes | str]


def is_scenario(name: str) -> bool:
    """Return True if a file of the folder is meant to be a scenario."""
    return name.lower().endswith((".yaml", ".yml")) and not is_aside(name)
