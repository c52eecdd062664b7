"""Write a command's text to standard output or to a file."""

from __future__ import annotations

import argparse
import sys

from grader.files import write_file


def write(options: argparse.Namespace, text: str, *, make_folders: bool = False) -> int:
    """Write the text to --output, or to standard output; return the exit status 0."""
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_file(options.output, text, make_folders=make_folders)
    return 0
