"""Keeps modules that were compiled before."""

from __future__ import annotations

import sys

from grader import kept

#: Folder of the cache.
KIND = "c"

#: Files that are kept at most, one or two for a kernel: some 150 MB, and more than a class hands in at a time.
MOST = 2000


def known(key: str) -> bytes | None:
    """Return the module that was kept under a key; None if there is none, or if its bytes were changed."""
    return kept.read(KIND, key)


def keep(key: str, module: bytes) -> None:
    """Keep a module under a key; without a folder for it, do nothing."""
    try:
        kept.keep(KIND, key, module, MOST)
    except OSError as error:
        folder = kept.folder_of(KIND)
        print(f"forklab: {folder}: {error.strerror}; kernels in C are compiled each time", file=sys.stderr)
