"""Tells a waiting user that a kernel in C is being compiled."""

from __future__ import annotations

import sys


def tell_compiling() -> None:
    """Say on a terminal what takes a second or two; once for each version of a kernel, because its module is kept."""
    if sys.stderr.isatty():
        print("compiling kernel.c (once for each version of it)", file=sys.stderr, flush=True)
