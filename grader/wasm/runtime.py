"""Finds the WebAssembly runtime."""

from __future__ import annotations

import importlib.util
import os
import sys

from grader.errors import InputError
from grader.program import quoted

#: Endings of the library's file on Linux, Windows and macOS.
LIBRARIES = (".so", ".dll", ".dylib")


def installing() -> str:
    """Return the command that installs compiler and runtime for the Python that grades, which may be a venv's."""
    return f"{quoted(sys.executable)} -m pip install ziglang wasmtime"


def runtime_library() -> str:
    """Return the file of the library in the package wasmtime. InputError, with what to install, if there is none."""
    found = importlib.util.find_spec("wasmtime")
    package = os.path.dirname(os.path.realpath(found.origin)) if found is not None and found.origin else ""
    # The package has one folder for each system and processor that it was built for, nearly always a single one.
    for folder in sorted(os.listdir(package)) if package else ():
        if folder.startswith(f"{sys.platform}-"):
            for file in sorted(os.listdir(os.path.join(package, folder))):
                if file.endswith(LIBRARIES):
                    return os.path.join(package, folder, file)
    raise InputError([f"a kernel in C needs the WebAssembly runtime: {installing()}"])
