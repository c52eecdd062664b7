"""Where a command's text goes."""

from __future__ import annotations

import argparse
import sys

from grader.files import write_file


def write(options: argparse.Namespace, text: str) -> int:
    """Text to where it is wanted; exit status 0."""
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_file(options.output, text)
    return 0
