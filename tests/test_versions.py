"""Which files decide a grade, and so make kept verdicts stale when they change."""

import os

import pytest

from grader import versions
from grader.versions import deciding_files
from tests.test_imports import imported, modules


def test_every_module_that_a_worker_of_a_batch_imports_decides(root):
    """Whatever a worker imports to reach a verdict is part of the grader's hash, so no verdict outlives its code."""
    files = dict(modules(root))
    wanted, waiting = set(), ["grader.batch.work"]
    while waiting:
        module = waiting.pop()
        if module in files and module not in wanted:
            wanted.add(module)
            waiting += imported(files[module], root)

    missing = {files[module] for module in wanted} - set(deciding_files())
    assert sorted(path.relative_to(root).as_posix() for path in missing) == []


def test_what_shares_a_process_with_a_kernel_decides(root):
    """Everything inside the sandbox is part of the grader's hash, though no module of the grader imports it."""
    inside = set((root / "grader" / "sandbox" / "inside").rglob("*.py"))

    assert inside <= set(deciding_files())


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package in the place of the grader's."""
    for name in ("machine/entry.py", "sandbox/inside/worker.py", "errors.py", "report/text.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("pass\n")
    monkeypatch.setattr(versions, "_PACKAGE", tmp_path)
    monkeypatch.setattr(versions, "DECIDING", ("machine", "sandbox"))
    return tmp_path


def stamp():
    versions.stamp.cache_clear()
    try:
        return versions.stamp()
    finally:
        versions.stamp.cache_clear()


@pytest.mark.parametrize("change", ["time", "size", "new.py", "new.so", "gone", "moved", "unpacked again"])
def test_the_stamp_changes_with_every_deciding_source(package, monkeypatch, change):
    """A source that was edited, added or removed, or another place, is another grader."""
    before = stamp()
    path = package / "sandbox" / "inside" / "worker.py"
    if change == "time":
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
    elif change == "size":
        time = path.stat().st_mtime_ns
        path.write_text("pass\n\n")
        os.utime(path, ns=(time, time))
    elif change == "unpacked again":
        time = path.stat().st_mtime_ns
        path.unlink()
        path.write_text("exit\n")  # as long as it was
        os.utime(path, ns=(time, time))
    elif change in ("new.py", "new.so"):
        path.with_name(change).write_text("")
    elif change == "gone":
        path.unlink()
    else:
        package.rename(package.with_name("elsewhere"))
        monkeypatch.setattr(versions, "_PACKAGE", package.with_name("elsewhere"))

    assert stamp() != before


def test_the_stamp_is_that_of_what_decides(package):
    """A report is not part of it, and an unchanged grader keeps its stamp."""
    before = stamp()
    (package / "report" / "text.py").write_text("changed\n")

    assert stamp() == before
