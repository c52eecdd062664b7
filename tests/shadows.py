"""Folders in which every module of the standard library has a stand-in that leaves a trace when Python runs it."""

from __future__ import annotations

import pathlib
import sys

from grader.search_path import OUR_NAMES

#: Uses only what is built into the interpreter, so that it works however early Python imports it.
TRACE = """import posix
_file = posix.open({trace!r}, posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND)
posix.write(_file, (__name__ + "\\n").encode())
posix.close(_file)
raise ImportError("a stand-in for " + __name__)
"""


class Shadows:
    """A folder with stand-ins, and what they have left so far."""

    def __init__(self, folder: pathlib.Path, names=None) -> None:
        self.folder = folder
        self.trace = folder.with_name(folder.name + ".trace")
        folder.mkdir(parents=True, exist_ok=True)
        text = TRACE.format(trace=str(self.trace))
        for name in sorted(sys.stdlib_module_names | OUR_NAMES if names is None else names):
            (folder / f"{name}.py").write_text(text)

    def ran(self) -> list[str]:
        """The names of the stand-ins that Python has run."""
        return self.trace.read_text().split() if self.trace.exists() else []
