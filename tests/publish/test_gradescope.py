"""`grader export gradescope`: the zip, run in a folder laid out like Gradescope's /autograder."""

import json
import os
import stat
import subprocess
import sys
import zipfile

import jsonschema
import pytest

from tests.labs import kernel_text
from tests.publish.machines import FreshMachine
from tests.report.gradescope_schema import SCHEMA
from tests.shadows import Shadows


@pytest.fixture
def autograder(lab, cli, tmp_path):
    """Their layout: source/ from the zip, submission/, results/. Here setup.sh is not run."""
    status, _, err = cli("export", "gradescope", lab, "--output", tmp_path / "a.zip", "--isolation", "auto")
    assert status == 0, err
    root = tmp_path / "autograder"
    for name in ("source", "submission", "results"):
        (root / name).mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for info in archive.infolist():
            archive.extract(info, root / "source")
            (root / "source" / info.filename).chmod(stat.S_IMODE(info.external_attr >> 16))
    return root


def run(root, folder=None):
    environment = {**os.environ, "AUTOGRADER": str(root), "GRADER_PYTHON": sys.executable}
    if folder is not None:
        environment["PYTHONPATH"] = str(folder)
    return subprocess.run(
        [root / "source" / "run_autograder"],
        cwd=folder or root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_submission_gets_results(autograder):
    """run_autograder leaves a results.json as Gradescope specifies it, hidden scenarios graded in canned words."""
    (autograder / "submission" / "kernel.py").write_text(kernel_text())
    done = run(autograder)
    told = json.loads((autograder / "results" / "results.json").read_text())

    assert done.returncode == 0, done.stderr
    jsonschema.validate(told, SCHEMA)
    assert told["score"] == 90
    assert "secret" not in json.dumps(told)


def test_a_submission_that_shadows_every_module(autograder):
    """A submission imports nothing into the autograder's own process, even as working folder and as PYTHONPATH."""
    hostile = Shadows(autograder / "submission")
    (autograder / "submission" / "kernel.py").write_text(kernel_text())
    done = run(autograder, autograder / "submission")

    assert (done.returncode, hostile.ran()) == (0, []), done.stderr
    assert json.loads((autograder / "results" / "results.json").read_text())["score"] == 90


@pytest.mark.proof
def test_setup_in_a_folder_that_shadows_every_module(autograder, tmp_path):
    """`setup.sh` sets up from the wheel in a folder full of stand-ins, runs none of them, and its grader grades."""
    hostile = Shadows(autograder / "submission")
    (autograder / "submission" / "kernel.py").write_text(kernel_text())
    machine = FreshMachine(tmp_path / "machine")
    scripts = autograder / "source"
    setup = machine.run([str(scripts / "setup.sh")], hostile.folder, AUTOGRADER=str(autograder))
    done = machine.run([str(scripts / "run_autograder")], hostile.folder, AUTOGRADER=str(autograder))

    assert (setup.returncode, done.returncode, hostile.ran()) == (0, 0, []), setup.stderr + done.stderr
    assert json.loads((autograder / "results" / "results.json").read_text())["score"] == 90
    assert (scripts / "labs").stat().st_mode & 0o077 == 0


def test_a_python_that_does_not_run_is_passed_over(autograder, tmp_path):
    """Version managers put a name on PATH for each Python that they know, installed or not."""
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.12").symlink_to(sys.executable)
    (tmp_path / "python3.13").chmod(0o755)
    text = (autograder / "source" / "setup.sh").read_text()
    function = text[text.index("find_python()") : text.index("\n}\n") + 3]
    done = subprocess.run(
        ["bash", "-c", f'{function}\nfind_python && echo "$python"'],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("python3.12\n", "")


def test_an_upload_without_a_kernel_is_told(autograder):
    """No kernel.py: no points, and every test says why; not a failure of the autograder."""
    (autograder / "submission" / "notes.txt").write_text("?")
    done = run(autograder)
    told = json.loads((autograder / "results" / "results.json").read_text())

    assert done.returncode == 0
    assert told["score"] == 0
    assert "no kernel.py" in told["tests"][0]["output"]


def test_what_cannot_be_graded_is_a_failure_of_the_autograder(autograder):
    """Where the grader itself cannot work there is no results.json, which Gradescope reports as what it is."""
    (autograder / "source" / "labs" / "small" / "lab.yaml").unlink()
    done = run(autograder)

    assert done.returncode != 0
    assert not (autograder / "results" / "results.json").exists()


def test_the_zip_needs_no_reference(autograder):
    """Recorded outputs are enough: hidden scenarios are there, the reference is not."""
    lab = autograder / "source" / "labs" / "small"

    assert (lab / "hidden" / "secret.yaml").is_file() and (lab / "outputs" / "secret.json").is_file()
    assert not list(autograder.rglob("small.py"))
