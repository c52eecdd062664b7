"""Finds the WebAssembly runtime."""

from __future__ import annotations

import importlib.util
import os

from grader.errors import InputError


def runtime_folder() -> str:
    """Return the folder that holds the package wasmtime. InputError, with what to install, if there is none."""
    found = importlib.util.find_spec("wasmtime")
    if found is None or not found.origin:
        raise InputError(["a kernel in C needs the WebAssembly runtime: pip install ziglang wasmtime"])
    return os.path.dirname(os.path.dirname(os.path.realpath(found.origin)))
