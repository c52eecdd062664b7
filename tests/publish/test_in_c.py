"""What other systems run, with a kernel in C: their own scripts, on a machine that has nothing but Python."""

import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
import zipfile

import pytest
import yaml

from grader.lab.lab import load_lab
from grader.points import points
from tests.publish.machines import FreshMachine
from tests.publish.test_ci_templates import STEPS
from tests.report.classroom50_schema import ENVIRONMENT
from tests.shadows import Shadows

if importlib.util.find_spec("wasmtime") is None:
    pytest.skip("wasmtime not installed (pip install 'forklab[c]')", allow_module_level=True)

LAB = "demand-paging"

#: Points of all scenarios, and of the quiz, which nobody has answered.
POINTS, QUIZ = 90, 10


@pytest.fixture(scope="module")
def loaded(request):
    """The lab, with all its scenarios."""
    return load_lab(request.config.rootpath / "labs" / LAB)


@pytest.fixture(scope="module")
def public(loaded):
    """Points of the public scenarios."""
    return POINTS - loaded.hidden_points()


@pytest.fixture(scope="module")
def kernel(request):
    """The model answer."""
    return (request.config.rootpath / "reference" / "c" / f"{LAB}.c").read_text()


@pytest.fixture
def release(root, cli, tmp_path, kernel):
    """The students' version of a lab, in a folder full of stand-ins for modules, with a kernel in C."""
    status, _, err = cli("release", root / "labs" / LAB, "--output", tmp_path / "out")
    assert status == 0, err
    (tmp_path / "out" / "labs" / LAB / "kernel.py").unlink()
    (tmp_path / "out" / "labs" / LAB / "kernel.c").write_text(kernel)
    return Shadows(tmp_path / "out")


@pytest.mark.proof
def test_gradescope(root, cli, tmp_path, kernel):
    """`setup.sh` installs the compiler and the runtime, `run_autograder` grades kernel.c, hidden scenarios and all."""
    status, _, err = cli(
        "export", "gradescope", root / "labs" / LAB, "--output", tmp_path / "a.zip", "--isolation", "auto"
    )
    assert status == 0, err
    autograder = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for info in archive.infolist():
            archive.extract(info, autograder / "source")
            (autograder / "source" / info.filename).chmod(stat.S_IMODE(info.external_attr >> 16))
    hostile = Shadows(autograder / "submission")
    (autograder / "submission" / "kernel.c").write_text(kernel)
    machine = FreshMachine(tmp_path / "machine")
    scripts = autograder / "source"
    setup = machine.run([str(scripts / "setup.sh")], hostile.folder, AUTOGRADER=str(autograder))
    done = machine.run([str(scripts / "run_autograder")], hostile.folder, AUTOGRADER=str(autograder))
    told = json.loads((autograder / "results" / "results.json").read_text())

    assert (setup.returncode, done.returncode, hostile.ran()) == (0, 0, []), setup.stderr + done.stderr
    assert "ziglang wasmtime" in (scripts / "setup.sh").read_text()
    assert told["score"] == POINTS


@pytest.mark.proof
@pytest.mark.parametrize(("name", "shell"), [(".github/workflows/grade.yml", "bash"), (".gitlab-ci.yml", "sh")])
def test_ci(release, tmp_path, public, name, shell):
    """GitHub's and GitLab's own commands install what kernel.c needs, and grade it."""
    machine = FreshMachine(tmp_path / "machine")
    machine.activate(tmp_path / "image")
    script = "\n".join(STEPS[name](yaml.safe_load((release.folder / name).read_text())))
    script = script.replace("--isolation require", "--isolation auto")
    done = machine.run([shell, "-e", "-c", script], release.folder, GITHUB_OUTPUT=str(tmp_path / "output"))

    assert release.ran() == []
    earned, most = points(public), points(public + QUIZ)
    assert re.search(f"{earned} of {most} points|Points {earned}/{most}", done.stdout), done.stdout + done.stderr


@pytest.mark.proof
def test_make(release, public):
    """`make grade` of a release grades kernel.c."""
    (release.folder / ".venv").symlink_to(sys.prefix)
    command = ["make", "--old-file", ".venv/.ready", "grade"]
    environment = {**os.environ, "PYTHONPATH": str(release.folder)}
    done = subprocess.run(
        command, cwd=release.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert (done.returncode, release.ran()) == (0, []), done.stdout + done.stderr
    assert f"{points(public)} of {points(public + QUIZ)} points" in done.stdout


@pytest.mark.proof
def test_pytest_in_a_release(root, cli, tmp_path, kernel, loaded):
    """Every public scenario is a test of kernel.c, and passes."""
    cli("release", root / "labs" / LAB, "--output", tmp_path)
    lab = tmp_path / "labs" / LAB
    (lab / "kernel.py").unlink()
    (lab / "kernel.c").write_text(kernel)
    command = [sys.executable, "-I", "-m", "pytest", str(lab), "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f" {len(loaded.scenarios)} passed" in done.stdout


@pytest.mark.proof
def test_classroom50(root, cli, tmp_path, kernel, public):
    """autograder.py asks for what kernel.c needs, grades with a Python that has it, and writes result.json."""
    cli("export", "classroom50", root / "labs" / LAB, "--output", tmp_path / "a.zip", "--isolation", "auto")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "autograder")
    hostile = Shadows(tmp_path / "checkout")
    (tmp_path / "checkout" / "kernel.c").write_text(kernel)
    machine = FreshMachine(tmp_path / "machine")
    machine.activate(tmp_path / "image")
    program = tmp_path / "autograder" / "autograder.py"
    wanted = re.search(r'^C_TOOLS = " (.*)"$', program.read_text(), re.M)[1].split()
    (wheel,) = program.parent.glob("*.whl")
    python = str(machine.bin / "python")
    machine.run([python, "-I", "-m", "pip", "install", "--quiet", str(wheel), *wanted], tmp_path).check_returncode()
    done = machine.run([python, "-I", str(program)], hostile.folder, GRADER_PYTHON=python, **ENVIRONMENT)

    assert (done.returncode, hostile.ran()) == (0, []), done.stdout + done.stderr
    assert json.loads((hostile.folder / "result.json").read_text())["score"] == round(public)
