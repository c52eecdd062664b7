"""The CI templates, held against the schemas that GitHub and GitLab publish (check-jsonschema brings them along)."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from tests.labs import kernel_text
from tests.publish.machines import FreshMachine
from tests.shadows import Shadows


@pytest.mark.parametrize(
    ("name", "schema"), [(".github/workflows/grade.yml", "github-workflows"), (".gitlab-ci.yml", "gitlab-ci")]
)
def test_templates_pass_the_linter(lab, cli, tmp_path, name, schema):
    """What a release puts into a student's repository is what the systems accept."""
    cli("release", lab, "--output", tmp_path / "out")
    done = lint(tmp_path / "out" / name, schema)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", [".github/workflows/grade.yml", ".gitlab-ci.yml", "Makefile"])
def test_scripts_start_python_isolated(lab, cli, tmp_path, name):
    """Every Python that a release starts, in a folder that students write to, begins with -I."""
    cli("release", lab, "--output", tmp_path / "out")
    lines = (tmp_path / "out" / name).read_text().splitlines()
    starts = [line for line in lines if re.search(r"(python|\$\(PYTHON\))3? (?!--)", line.partition("#")[0])]

    assert starts
    assert all(re.search(r"(python|\$\(PYTHON\)) -I -", line) for line in starts)
    assert not [line for line in lines if re.search(r"(run: |- |/)(pip|grader) ", line)]


def test_make_in_a_folder_that_shadows_every_module(lab, cli, tmp_path):
    """`make grade` of a release grades in a folder full of stand-ins, and runs none of them."""
    cli("release", lab, "--output", tmp_path / "out")
    hostile = Shadows(tmp_path / "out")
    (tmp_path / "out" / ".venv").symlink_to(sys.prefix)
    command = ["make", "--old-file", ".venv/.ready", "grade"]
    environment = {**os.environ, "PYTHONPATH": str(hostile.folder)}
    done = subprocess.run(
        command, cwd=hostile.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, hostile.ran()) == (0, []), done.stderr
    assert "A small lab" in done.stdout


#: Where each system's file keeps the commands that it runs.
STEPS = {
    ".github/workflows/grade.yml": lambda file: [
        step["run"] for step in file["jobs"]["grade"]["steps"] if "run" in step
    ],
    ".gitlab-ci.yml": lambda file: file["grade"]["script"],
}


@pytest.mark.proof
@pytest.mark.parametrize(
    ("name", "shell", "points"),
    [(".github/workflows/grade.yml", "bash", "Points 70/80"), (".gitlab-ci.yml", "sh", "70 of 80 points")],
)
def test_scripts_in_a_folder_that_shadows_every_module(lab, cli, tmp_path, name, shell, points):
    """GitHub's and GitLab's own commands install and grade in a folder full of stand-ins, and run none of them."""
    release = tmp_path / "out"
    cli("release", lab, "--output", release)
    hostile = Shadows(release)
    (release / "labs" / lab.name / "kernel.py").write_text(kernel_text())
    machine = FreshMachine(tmp_path / "machine")
    machine.activate(tmp_path / "image")
    script = "\n".join(STEPS[name](yaml.safe_load((release / name).read_text())))
    script = script.replace("--isolation require", "--isolation auto")
    done = machine.run([shell, "-e", "-c", script], release, GITHUB_OUTPUT=str(tmp_path / "output"))

    assert (done.returncode, hostile.ran()) == (1, []), done.stdout + done.stderr
    assert points in done.stdout


def test_the_linter_would_complain(tmp_path):
    """The control: a workflow without jobs is refused."""
    (tmp_path / "bad.yml").write_text("name: x\non: push\n")

    assert lint(tmp_path / "bad.yml", "github-workflows").returncode == 1


def lint(path, schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
