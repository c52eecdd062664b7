"""Every lab on both cores of the machine: the same verdicts, lines and results, whatever the kernel."""

import json
import os
import subprocess
import sys

import pytest

from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel, misconceptions, variant_kernels
from grader.lab.recordings import load_recording
from tests.cores import both, compiled
from tests.marks import proofs_but
from tests.reference.test_references import LABS


def attempts(lab, kernel):
    """Return what the kernel comes to in every scenario of a lab."""
    return [attempt_each(s, load_recording(lab, s), lambda x, e: attempt_here(x, e, kernel)) for s in lab.all_scenarios]


@pytest.mark.parametrize("name", proofs_but("kernel-access", LABS))
def test_the_reference_comes_to_the_same(root, name):
    """Each scenario has the same verdict, the same first difference and the same lines on both cores."""
    lab = load_lab(root / "labs" / name)
    python, other = both(lambda: attempts(lab, reference_kernel(lab)))

    assert other == python


@pytest.mark.proof
@pytest.mark.parametrize("name", LABS)
def test_every_misconception_and_variant_comes_to_the_same(root, name):
    """So does each kernel that is wrong in a known way, and each that is right in another way."""
    lab = load_lab(root / "labs" / name)
    kernels = {flag: misconception_kernel(lab, flag) for flag in misconceptions(lab)}
    kernels |= variant_kernels(lab)

    differing = []
    for flag, kernel in kernels.items():
        python, other = both(lambda kernel=kernel: attempts(lab, kernel))
        differing += [flag] if other != python else []
    assert differing == []


@pytest.mark.parametrize("name", proofs_but("copy-on-write", LABS))
def test_a_sandboxed_run_writes_the_same_result(root, name):
    """`grader run --format json` on the model answer in the sandbox gives the same bytes, the core off or on."""
    compiled()
    found = []
    for value in ("off", "on"):
        command = [sys.executable, "-I", "-m", "grader", "run", str(root / "labs" / name), "--format", "json"]
        done = subprocess.run(
            [*command, "--submission", "reference"],
            env={**os.environ, "FORKLAB_CORE": value},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found.append(done.stdout)

    assert json.loads(found[0])["points"] > 0
    assert found[1] == found[0]
