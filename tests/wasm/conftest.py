"""Tests of kernels in C need a compiler and a runtime."""

import importlib.util

import pytest

from grader.sandbox.launch import load_runtime
from grader.wasm.runtime import runtime_library


@pytest.fixture(autouse=True, scope="session")
def runtime():
    """Load the runtime into this process, for tests that run a module without a sandbox."""
    load_runtime(runtime_library())


def pytest_collection_modifyitems(items):
    """Skip, with the reason, where the extra is not installed."""
    missing = [name for name in ("ziglang", "wasmtime") if importlib.util.find_spec(name) is None]
    for item in items:
        if missing and "tests/wasm" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)} not installed (pip install 'forklab[c]')"))
