"""The pytest plugin: a lab's scenarios as tests."""

import os
import pathlib
import subprocess
import sys

import pytest

from tests.labs import kernel_text
from tests.marks import proofs_except
from tests.shadows import Shadows

#: pytest with our plugin, and without those of other packages, whose imports take longer than the tests.
OURS_ONLY = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "grader.pytest_plugin"}


def run_pytest(root, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "addopts=", *map(str, arguments)],
        cwd=root,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_each_public_scenario_is_a_test(root, lab):
    """An installed plugin needs no option. The model answer passes public scenarios; hidden ones are not collected."""
    status, out = run_pytest(root, lab, "--submission", "reference", "-v", "--rootdir", lab)

    assert status == 0
    assert "touch PASSED" in out and "fork PASSED" in out and "2 passed" in out
    assert "secret" not in out


def test_a_failure_is_the_first_divergence(root, lab, tmp_path):
    """The failure's text is ours, without a traceback of the plugin, and prints stand apart."""
    kernel = tmp_path / "k.py"
    kernel.write_text(kernel_text("parent.page_table.protect(page, kept, cow=True)", "print('here')"))
    status, out = run_pytest(root, lab, "--submission", kernel, "--rootdir", lab, **OURS_ONLY)

    assert status == 1
    assert "first difference: audit" in out and "1 failed, 1 passed" in out
    assert "printed by the kernel" in out and "pytest_plugin.py" not in out


def test_no_printed_line_reads_as_one_of_pytests(root, lab, tmp_path):
    """Every line that a kernel prints has a prefix, whatever ends the line, so a forged summary shows as a print."""
    kernel = tmp_path / "k.py"
    forged = r"print('x\n===== 10 passed in 0.1s =====\r10 passed\x0b10 passed\u202810 passed')"
    kernel.write_text(kernel_text("parent.page_table.protect(page, kept, cow=True)", forged))
    _, out = run_pytest(root, lab, "--submission", kernel, "--rootdir", lab, **OURS_ONLY)

    assert [line for line in out.splitlines() if "10 passed" in line] == [
        "| ===== 10 passed in 0.1s =====", "| 10 passed", "| 10 passed", "| 10 passed",
    ]  # fmt: skip


def test_a_broken_lab_is_a_collection_error(root, lab):
    """A lab that does not load is told with file and line."""
    (lab / "lab.yaml").write_text("format: 2\n")
    status, out = run_pytest(root, lab, "--rootdir", lab, **OURS_ONLY)

    assert status == 2
    assert "small/lab.yaml:1: a lab: format 2 is not known" in out


CODE = [
    ("conftest.py", "."),
    ("scenarios/conftest.py", "."),
    ("test_mine.py", "."),
    ("pytest.ini", "."),
    ("conftest.py", ".."),
]


@pytest.mark.parametrize("code", proofs_except([CODE[0], CODE[2]], CODE), ids="-".join)
def test_code_in_a_labs_folder_is_refused(root, lab, code):
    """What pytest would run of a lab's folder is named before it runs; exit status 3, as nothing could be graded."""
    name, given = code
    ran = lab / "ran"
    (lab / name).write_text("[pytest]\n" if name == "pytest.ini" else f"open({str(ran)!r}, 'w')\n")
    status, out = run_pytest(root, lab / given)

    assert status == 3, out
    assert f"{lab / name}: pytest would run this file outside the sandbox" in out
    assert "grader run" in out and not ran.exists()


def test_a_working_folder_with_stand_ins_is_refused(lab, tmp_path):
    """`python -m pytest` searches the working folder: a module of Python's own there is named; exit status 3."""
    hostile = Shadows(tmp_path / "class", ["this", "tabulate"])
    status, out = run_pytest(hostile.folder, lab, "--submission", "reference")

    assert (status, hostile.ran()) == (3, [])
    assert f"{hostile.folder}/this.py takes the place of Python's own module 'this'" in out


def test_a_working_folder_that_further_interpreters_would_search_is_refused(lab, tmp_path):
    """Those of `pytest -n` search the working folder first, for every module that pytest-xdist needs."""
    hostile = Shadows(tmp_path / "class", ["execnet", "iniconfig"])
    command = ["-n", "1", lab, "--submission", "reference"]
    done = subprocess.run(
        [pathlib.Path(sys.executable).with_name("pytest"), "-o", "addopts=", *map(str, command)],
        cwd=hostile.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, hostile.ran()) == (3, []), done.stdout + done.stderr
    assert f"{hostile.folder}/execnet.py takes the place of the installed module 'execnet'" in done.stderr
