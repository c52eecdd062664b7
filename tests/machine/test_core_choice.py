"""Which core a process uses, and what a kernel can do about it."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

from grader.errors import InputError
from grader.machine import HardwareError, Kernel, core
from grader.machine.machine import Machine
from tests.cores import compiled


def told(**environment):
    """Return what a new process says of its core."""
    program = "from grader.machine import core; print(core.which(), core.current() is core.PYTHON)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_variable_switches_the_core_off():
    """FORKLAB_CORE=off: the machine in Python runs, and says why."""
    compiled()

    assert told() == "compiled core False"
    assert told(FORKLAB_CORE="off") == "Python (FORKLAB_CORE=off) True"


def test_any_other_value_of_the_variable_is_an_error(monkeypatch):
    """A slip is named: neither core is taken in silence."""
    monkeypatch.setenv("FORKLAB_CORE", "of")
    monkeypatch.setattr(core, "_choice", core._Choice())

    with pytest.raises(InputError, match="FORKLAB_CORE='of': use on or off"):
        core.current()


def test_a_core_that_was_built_from_other_sources_is_not_used(monkeypatch):
    """After any change of the machine in Python the core stands back until it is built again."""
    compiled()
    monkeypatch.setattr(core, "fingerprint", lambda: "of other sources")
    monkeypatch.setattr(core, "_choice", core._Choice())

    assert core.current() is core.PYTHON
    assert core.which() == "Python (forklab_core is installed, but was built from other sources: run `make core`)"


def test_a_kernel_in_the_sandbox_cannot_import_the_core(root):
    """`import forklab_core` is refused, with the core and without: no verdict may depend on it."""
    compiled()
    kernel = "import forklab_core\nfrom grader.machine import Kernel\nclass DemandPagingKernel(Kernel):\n    pass\n"
    found = []
    for value in ("on", "off"):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "kernel.py").write_text(kernel, encoding="utf-8")
            command = [sys.executable, "-I", "-m", "grader", "run", str(root / "labs" / "demand-paging")]
            done = subprocess.run(
                [*command, "--submission", folder, "--only", "the-first-touch"],
                env={**os.environ, "FORKLAB_CORE": value},
                capture_output=True,
                text=True,
                check=False,
            )
        found.append(done.stdout.replace(folder, "FOLDER"))

    assert "forklab_core is neither" in " ".join(found[0].split())
    assert found[1] == found[0]


def test_a_core_is_set_up_once(monkeypatch):
    """A kernel that finds the module cannot give its functions other classes."""
    compiled()
    import forklab_core

    with pytest.raises(RuntimeError, match="setup was called before"):
        forklab_core.setup({})
    with pytest.raises(HardwareError):
        Machine(Kernel).hw.frames.free(0)
