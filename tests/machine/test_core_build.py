"""What builds the compiled core."""

import shlex
import subprocess
import sys
import tomllib

import grader
from grader.machine import core
from grader.machine.compiled import build
from grader.versions import deciding_files


def test_without_a_compiler_it_says_so_in_one_line(monkeypatch, capsys):
    """`make core` succeeds where there is no compiler: the machine in Python does the work."""
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    monkeypatch.setattr("sys.argv", ["build"])
    status = build.main()

    told = capsys.readouterr().err
    assert status == 0
    assert told == (
        "The compiled core is not built: there is no C compiler (no-such-compiler). The machine runs in Python.\n"
    )


def test_without_the_headers_of_python_it_says_so(monkeypatch, tmp_path):
    """A distribution may have Python without Python.h."""
    monkeypatch.setenv("CC", shlex.quote(sys.executable))
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))

    assert build.what_is_missing() == "Python.h is missing (a package such as python3-dev has it)"


def test_a_core_that_cannot_be_installed_is_an_error(monkeypatch, capsys):
    """What pip says is shown: else the tests of the core would be skipped in silence."""
    refused = subprocess.CompletedProcess([], 1, stdout="this environment is externally managed")
    monkeypatch.setattr(build, "what_is_missing", lambda: "")
    monkeypatch.setattr(build, "build", lambda folder: folder / "a.whl")
    monkeypatch.setattr(build, "pip", lambda *words: refused)
    monkeypatch.setattr("sys.argv", ["build"])

    assert build.main() == 1
    assert "externally managed" in capsys.readouterr().err


def test_the_package_has_the_version_of_the_grader():
    """The wheel's name says which grader it is for."""
    project = tomllib.loads((build.FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == grader.__version__


def test_the_source_of_the_core_decides():
    """Kept verdicts are stale after a change of the core's source, and so is a core that was built before."""
    assert build.FOLDER / "core.c" in deciding_files()
    assert str(build.FOLDER / "core.c") == core.SOURCE
