"""Says which compiler and runtime this machine has for kernels in C."""

from __future__ import annotations

import functools

from grader.errors import InputError
from grader.wasm.compiler import find_compiler


@functools.cache
def toolchain() -> str:
    """Return the versions of both: other ones may make other modules, or count their fuel otherwise."""
    return f"{_compiler()}, wasmtime {_version('wasmtime')}"


def _compiler() -> str:
    import subprocess

    try:
        program, *words = find_compiler()
    except InputError:
        return "no compiler"
    if words:
        return f"zig {_version('ziglang')}"
    told = subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return told.stdout.partition("\n")[0]


def _version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
