"""Where the compiler and the runtime for kernels in C are not installed."""

import subprocess
import sys


def test_every_test_of_kernels_in_c_can_be_skipped(root):
    """No file needs the extra before its tests are skipped with the reason: a fresh checkout's `make test` passes."""
    program = (
        "import sys; sys.modules['wasmtime'] = sys.modules['ziglang'] = None; import pytest; "
        "sys.exit(pytest.main(['-p', 'no:cacheprovider', '-m', '', '-rs', 'tests/wasm']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "passed" not in done.stdout and "wasmtime not installed (pip install 'forklab[c]')" in done.stdout
