"""Tests of kernels in C need a compiler and a runtime."""

import importlib.util

import pytest


def pytest_collection_modifyitems(items):
    """Skip, with the reason, where the extra is not installed."""
    missing = [name for name in ("ziglang", "wasmtime") if importlib.util.find_spec(name) is None]
    for item in items:
        if missing and "tests/wasm" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason=f"{', '.join(missing)} not installed (pip install 'forklab[c]')"))
