"""Finds the WebAssembly runtime."""

from __future__ import annotations

import importlib.util
import os
import sys

from grader.errors import InputError
from grader.program import quoted


def installing() -> str:
    """Return the command that installs compiler and runtime for the Python that grades, which may be a venv's."""
    return f"{quoted(sys.executable)} -m pip install ziglang wasmtime"


def runtime_folder() -> str:
    """Return the folder that holds the package wasmtime. InputError, with what to install, if there is none."""
    found = importlib.util.find_spec("wasmtime")
    if found is None or not found.origin:
        raise InputError([f"a kernel in C needs the WebAssembly runtime: {installing()}"])
    return os.path.dirname(os.path.dirname(os.path.realpath(found.origin)))
