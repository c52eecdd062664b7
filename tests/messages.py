"""Golden texts: what users read, kept in tests/messages/ and compared character by character."""

from __future__ import annotations

import os
import pathlib

FOLDER = pathlib.Path(__file__).with_name("messages")


def assert_message(name: str, text: str, suffix: str = ".txt") -> None:
    """The text equals tests/messages/NAME.txt; UPDATE_MESSAGES=1 writes it again."""
    path = FOLDER / f"{name}{suffix}"
    if os.environ.get("UPDATE_MESSAGES"):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path} is missing; UPDATE_MESSAGES=1 writes it"
    assert text == path.read_text(encoding="utf-8")
