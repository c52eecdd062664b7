"""`grader export classroom50`: the zip, run as Classroom 50's runner runs it."""

import json
import os
import subprocess
import sys
import zipfile

import jsonschema
import pytest

from grader.lab.lab import load_lab
from grader.publish.classroom50 import export_classroom50
from tests.conftest import ROOT
from tests.labs import kernel_text
from tests.report.classroom50_schema import ENVIRONMENT, SCHEMA


@pytest.fixture
def bundle(lab, cli, tmp_path):
    """The autograder's folder, unpacked."""
    status, out, err = cli("export", "classroom50", lab, "--output", tmp_path / "c.zip", "--isolation", "auto")
    assert status == 0, err
    assert "not graded there" in out
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def run(bundle, checkout, **environment):
    return subprocess.run(
        [sys.executable, "-I", bundle / "autograder.py"],
        cwd=checkout,
        env={**os.environ, **ENVIRONMENT, "GRADER_PYTHON": sys.executable, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_submission_gets_a_result(bundle, tmp_path):
    """A result as their schema says, in place of the result.json that the student committed."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "kernel.py").write_text(kernel_text())
    (checkout / "result.json").symlink_to(tmp_path / "elsewhere")
    (checkout / "json.py").write_text("raise SystemExit(0)\n")
    done = run(bundle, checkout)
    found = json.loads((checkout / "result.json").read_text())

    assert done.returncode == 0, done.stderr
    jsonschema.validate(found, SCHEMA)
    assert 0 < found["score"] < found["max-score"]  # the quiz is unanswered
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_in_the_place_of_the_result_is_no_obstacle(bundle, tmp_path):
    """A student's `result.json/` is removed as a file would be."""
    (tmp_path / "kernel.py").write_text(kernel_text())
    (tmp_path / "result.json" / "more").mkdir(parents=True)
    done = run(bundle, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "result.json").is_file()


def test_an_error_is_no_grade(bundle, tmp_path):
    """Without the runner's environment the status says that nothing was graded."""
    (tmp_path / "kernel.py").write_text(kernel_text())
    (tmp_path / "result.json").write_text('{"score": 100}')
    done = run(bundle, tmp_path, SUBMISSION_TAG="")

    assert done.returncode == 2
    assert "SUBMISSION_TAG is not set" in done.stderr
    assert not (tmp_path / "result.json").exists()


def test_no_hidden_byte_is_in_it(tmp_path):
    """No line that only hidden scenarios, references, keys or model sheets have: the folder is publicly readable.

    Written without the export's own search, wheel included.
    """
    lab, outputs = ROOT / "labs" / "copy-on-write", ROOT / "reference" / "outputs" / "copy-on-write"
    export_classroom50(load_lab(lab), tmp_path / "c.zip", "require")
    secret = [
        path for pattern in ("labs/*/hidden/*", "reference/**/*.py", "quizzes/*.yaml") for path in ROOT.glob(pattern)
    ]
    secret += [outputs / f"{path.stem}.json" for path in lab.glob("hidden/*.yaml")]
    public = [ROOT / "README.md", *lab.glob("*.*"), *lab.glob("scenarios/*"), *ROOT.glob("grader/**/*.*")]
    public += [outputs / f"{path.stem}.json" for path in lab.glob("scenarios/*.yaml")]
    known = {line for path in public if path.suffix != ".pyc" and path.is_file() for line in lines(path.read_bytes())}
    secrets = {line for path in secret for line in lines(path.read_bytes())} - known
    found = set()
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        for name in archive.namelist():
            found |= lines(archive.read(name))
            if name.endswith(".whl"):
                with archive.open(name) as file, zipfile.ZipFile(file) as wheel:
                    found |= {line for member in wheel.namelist() for line in lines(wheel.read(member))}

    assert len(secrets) > 500
    assert not secrets & found


def lines(data):
    """Return the lines of at least 20 characters, stripped."""
    return {line.strip() for line in data.splitlines() if len(line.strip()) >= 20}


@pytest.mark.parametrize("languages", ["[python]", "[python, c]"])
def test_what_it_installs(lab, tmp_path, languages):
    """The grader, and the tools for C in a lab that takes kernels in C: without them, no kernel.c is graded."""
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text() + f"languages: {languages}\n")
    export_classroom50(load_lab(lab), tmp_path / "c.zip", "auto")
    with zipfile.ZipFile(tmp_path / "c.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    # A Python whose pip only writes down what it is asked for.
    (tmp_path / "calls.py").write_text(
        "import subprocess, sys\n"
        "run = lambda command, **more: print(command) or type('Done', (), {'returncode': 0})\n"
        "subprocess.run = run\n"
        f"sys.argv = ['autograder.py']; exec(open({str(tmp_path / 'bundle' / 'autograder.py')!r}).read(), "
        f"{{'__name__': '__main__', '__file__': {str(tmp_path / 'bundle' / 'autograder.py')!r}}})\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "GRADER_PYTHON"}
    done = subprocess.run(
        [sys.executable, tmp_path / "calls.py"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    installs = [line for line in done.stdout.splitlines() if "'install'" in line]

    assert len(installs) == 1 and ".whl'" in installs[0]
    assert ("'ziglang', 'wasmtime'" in installs[0]) == ("c" in languages.strip("[]").split(", "))


def test_a_release_is_refused(tmp_path, cli, lab):
    """It has no hidden files left to search for; the message says what to use."""
    status, _, err = cli("release", lab, "--output", tmp_path / "out")
    assert status == 0, err
    status, _, err = cli("export", "classroom50", tmp_path / "out" / "labs" / lab.name, "--output", tmp_path / "c.zip")

    assert status == 2 and "this lab is a release already" in err
    assert not (tmp_path / "c.zip").exists()
