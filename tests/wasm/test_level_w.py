"""Level W: kernels in C where the system confines nothing, as on macOS and Windows, tried by taking things away."""

import json
import os
import sys
import zipfile

import pytest

from grader.grade.boxes import new_sandbox
from grader.grade.runner import KernelSource
from grader.grade.session import open_session
from grader.grade.submission import Submission
from grader.sandbox.sandbox import IsolationError, Sandbox
from tests.sandbox.under import CALLS, run_without

MACHINE = os.uname().machine if hasattr(os, "uname") else ""
LOOP = "int kernel_fork(process_t parent, process_t child) {\n    for (volatile int i = 0;;) i = 1 - i;\n}\n"


@pytest.fixture
def model(root):
    return (root / "reference" / "c" / "copy-on-write.c").read_text()


@pytest.fixture
def looping(model):
    """The model answer with a fork that does not return."""
    return model.replace("int kernel_fork(process_t", f"{LOOP}int old_fork(process_t")


def attempted(root, isolation, text, id="nobody-may-write-after-fork"):
    """Return the attempt at one scenario of copy-on-write, and the level."""
    with open_session(str(root / "labs" / "copy-on-write"), isolation) as session:
        runner = session.runner(Submission("", KernelSource({"kernel": text}, "kernel", "", "c")))
        scenario = next(s for s in session.lab.scenarios if s.id == id)
        attempt = session.attempt(runner, scenario)
        level = session.isolation["got"]
        runner.discard()
    return attempt, level


def test_webassembly_alone(root, model):
    """With --isolation W the system's walls are left out, and the model answer passes."""
    attempt, level = attempted(root, "W", model)

    assert (attempt.verdict, level) == ("passed", "W")


@pytest.mark.parametrize("isolation", ["L0", "L1"])
def test_a_kernel_in_c_has_no_level_below_w(root, model, isolation):
    """The levels without walls of the system are W for a kernel in C, and the result calls them so."""
    assert attempted(root, isolation, model)[1] == "W"


def test_no_kernel_in_python_runs_at_w():
    """W says nothing of Python: asking for it is an error, and nothing is graded."""
    with pytest.raises(IsolationError, match="isolation W is that of kernels in C"):
        Sandbox("W")


def test_a_kernel_in_c_in_an_archive_runs_at_w(root, cli, tmp_path):
    """Its name does not say that it is in C, so the sandbox must not be chosen by the name."""
    archive = tmp_path / "mine.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(root / "reference" / "c" / "demand-paging.c", "kernel.c")
    run = ("run", root / "labs" / "demand-paging", "--isolation", "W", "--only", "the-first-touch", "--submission")

    assert cli(*run, archive)[0] == 0
    assert cli(*run, "reference")[0] == 3


def test_require_asks_for_more_than_w(monkeypatch):
    """Where there is only WebAssembly, `require` stops and says how to go on."""
    monkeypatch.setattr("grader.sandbox.sandbox.POSIX", False)

    with pytest.raises(IsolationError, match=r"needs L2, and this machine gives W .*use --isolation W"):
        new_sandbox("require", "c")


@pytest.mark.parametrize("isolation", ["auto", "W"])
def test_as_on_a_system_that_cannot_fork(root, model, monkeypatch, isolation):
    """As on Windows: a plain subprocess has the runtime, and the level is W."""
    monkeypatch.setattr("grader.sandbox.sandbox.POSIX", False)
    attempt, level = attempted(root, isolation, model)

    assert (attempt.verdict, level) == ("passed", "W")


def test_fuel_ends_a_loop_without_an_operating_system_s_help(root, looping, monkeypatch):
    """Where nobody can read processor time, fuel still ends a loop, and the function is named."""
    monkeypatch.setattr("grader.sandbox.sandbox.POSIX", False)
    attempt, _ = attempted(root, "auto", looping)

    assert attempt.verdict == "timed_out"
    assert "More than 200 million instructions" in attempt.message
    assert any("in kernel_fork" in line for line in attempt.lines)


@pytest.mark.skipif(MACHINE not in CALLS, reason=f"no system-call numbers for {MACHINE} here")
def test_as_on_a_system_without_walls(root):
    """As on macOS: processes can be forked, but there is neither Landlock nor seccomp. Compiler and kernel run at W."""
    code = f"""
import json
from grader.cli import main
main(["run", {str(root / "labs" / "copy-on-write")!r}, "--submission",
      {str(root / "reference" / "c" / "copy-on-write.c")!r}, "--only", "share", "--format", "json"])
"""
    done = run_without(["landlock", "seccomp", "namespaces"], code, MACHINE)
    result = json.loads(done.stdout)

    assert result["isolation"]["got"] == "W"
    assert set(result["isolation"]["missing"]) >= {"landlock", "seccomp"}
    assert {s["verdict"] for s in result["scenarios"]} == {"passed"}


@pytest.mark.parametrize(
    "missing", ["resource", "fcntl", "grader.sandbox.inside.confine.landlock", "grader.sandbox.inside.confine.seccomp"]
)
def test_the_compiler_s_modules_need_nothing_that_windows_lacks(monkeypatch, missing):
    """The modules that a grader on Windows imports for a kernel in C import nothing that only POSIX has."""
    for name in ("grader.wasm.compiler", "grader.wasm.confined_compiler", "grader.wasm.module_cache"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)

    import grader.wasm.compiler

    assert grader.wasm.compiler.find_compiler()
