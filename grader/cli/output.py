"""Where a command's text goes."""

from __future__ import annotations

import argparse
import pathlib
import sys


def write(options: argparse.Namespace, text: str) -> int:
    """Text to where it is wanted; exit status 0."""
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_whole(pathlib.Path(options.output), text)
    return 0


def write_whole(path: pathlib.Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
