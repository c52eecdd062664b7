"""Finds the programs of the host that a practice uses: a C compiler and ps."""

from __future__ import annotations

import os
import shutil

from grader.sandbox.launch import absolute_folders


def find_tool(name: str) -> str | None:
    """Return the path of a program, or None. Relative entries of PATH are skipped: they may be an untrusted folder."""
    return shutil.which(name, path=os.pathsep.join(absolute_folders(os.environ.get("PATH", os.defpath))))
