"""What a real kernel did, in recorded outputs: kept, compared, and shown."""

import pytest

from grader.authoring.check import check_host
from grader.authoring.record import record, record_host
from grader.host.probes import missing
from grader.lab.lab import load_lab
from grader.lab.recordings import HostRun, load_recording
from grader.scenario.model import LINUX
from tests.kernels import SmallKernel
from tests.labs import TOUCH

STEPS = [("ok", 0, 0, []), ("ok", 2, 0, [])]


@pytest.fixture
def linux(lab):
    """The small lab with one of its public scenarios on the Linux profile, recorded."""
    text = TOUCH.replace("processes:", "machine: {profile: linux}\nprocesses:")
    (lab / "scenarios" / "touch.yaml").write_text(text)
    record(load_lab(lab), SmallKernel)
    return lab


def noted(folder, steps):
    """Note what a kernel did in the scenario `touch`, and return the lab."""
    lab = load_lab(folder)
    assert record_host(lab, {"touch": HostRun("Linux 6.18", steps)}) == ["touch: Linux 6.18"]
    return lab


def test_recording_again_keeps_what_the_real_kernel_did(linux):
    """As long as the steps are the same; when the scenario is edited, the real kernel did something else."""
    lab = noted(linux, STEPS)

    record(lab, SmallKernel)
    assert load_recording(lab, lab.scenarios[0]).host == HostRun("Linux 6.18", STEPS)

    path = linux / "scenarios" / "touch.yaml"
    path.write_text(path.read_text().replace("value: 1", "value: 2"))
    lab = load_lab(linux)
    record(lab, SmallKernel)
    assert load_recording(lab, lab.scenarios[0]).host is None


@pytest.mark.skipif(bool(missing()), reason=missing() or "-")
def test_this_machine_s_kernel_is_recorded(linux, cli):
    """`grader record --host` replays public scenarios with the profile, and notes version and steps."""
    status, out, err = cli("record", str(linux), "--host")
    lab = load_lab(linux)
    [noted] = [load_recording(lab, s).host for s in lab.scenarios if s.machine.profile == LINUX]

    assert (status, err) == (0, "") and "1 run on this machine's kernel changed" in out
    assert noted.kernel.startswith("Linux ") and noted.steps == STEPS


def test_nothing_is_recorded_where_no_scenario_can_run(linux, cli, monkeypatch):
    """On another system the reason is named; what is recorded without a kernel is written all the same."""
    monkeypatch.setattr("grader.authoring.host.missing", lambda: "this system is not Linux")
    status, _, err = cli("record", str(linux), "--host")

    assert status == 2 and "--host: not here: this system is not Linux" in err


def test_a_real_kernel_that_did_the_same_proves_the_lab(linux):
    """The proof names the kernel. Scenarios of the textbook need none."""
    proof = check_host(noted(linux, STEPS))

    assert proof.problems == [] and proof.shown.startswith("Linux 6.18 did the same")


def test_a_scenario_that_was_never_run_on_a_real_kernel_is_named(linux):
    """A public scenario with the profile and without a record of a real kernel is a problem, with its file."""
    [problem] = check_host(load_lab(linux)).problems

    assert problem.startswith("small/scenarios/touch.yaml:1: ") and "what a real kernel did" in problem


@pytest.mark.parametrize(
    ("steps", "line"), [([STEPS[0], ("ok", 1, 1, [])], 8), ([STEPS[0]], 8), ([("error", 0, 0, []), STEPS[1]], 7)]
)
def test_a_difference_to_the_real_kernel_is_named(linux, steps, line):
    """File, line and step of each difference; a run that broke off differs where it ended."""
    [problem] = check_host(noted(linux, steps)).problems

    assert problem.startswith(f"small/scenarios/touch.yaml:{line}: step {line - 6}: Linux 6.18 did something else")


@pytest.mark.parametrize(
    ("steps", "words"),
    [(STEPS, "the same in every step."), ([STEPS[0], ("segv", 2, 0, [])], "not the same in step 2.")],
)
def test_show_says_what_the_real_kernel_did(linux, cli, steps, words):
    """`grader show` ends with the kernel and the steps in which it differs."""
    noted(linux, steps)

    status, out, _ = cli("show", str(linux), "touch")

    assert status == 0 and f"On a real kernel (Linux 6.18): {words}" in out
    assert "with the Linux profile" in out
