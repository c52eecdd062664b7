"""Which files decide a grade, and so make kept verdicts stale when they change."""

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
