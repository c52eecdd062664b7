"""Modules that were compiled before are kept, and the oldest ones go."""

import os

from grader.wasm import module_cache


def test_the_oldest_modules_are_dropped(user_cache, monkeypatch):
    """A course that compiles kernels every week does not fill the disk."""
    monkeypatch.setattr(module_cache, "MOST", 2)
    for age, key in enumerate(["first", "second", "third"]):
        module_cache.keep(key, key.encode())
        os.utime(user_cache / module_cache.KIND / key, (age, age))

    assert [module_cache.known(key) for key in ("first", "second", "third")] == [None, b"second", b"third"]
