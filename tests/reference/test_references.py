"""The reference kernels, the misconceptions built on them, and correct kernels that are different."""

import pathlib

import pytest

from grader.authoring.misconceptions import try_misconceptions
from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconceptions, mistakes, of_no_lab
from grader.lab.recordings import load_recording
from grader.replay.simulated import replay
from tests.marks import ORDERS, proofs_but, proofs_except
from tests.reference.alternatives import ALTERNATIVES
from tests.reference.linux_kernels import KERNELS as LINUX_KERNELS

LABS = ("demand-paging", "copy-on-write", "shared-memory", "kernel-access", "file-backed", "swapping", "tlb", "linux")


@pytest.fixture(scope="module")
def labs(request):
    root = pathlib.Path(__file__).resolve().parents[2]
    return {name: load_lab(root / "labs" / name) for name in LABS}


#: Labs, with kernels that are right and written differently.
OTHERS = [(n, k) for n in ALTERNATIVES for k in ALTERNATIVES[n]] + [("linux", k) for k in LINUX_KERNELS]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "other", proofs_except(OTHERS[::3], OTHERS), ids=lambda other: f"{other[0]}-{other[1].__name__}"
)
def test_correct_but_different_kernels_pass(labs, other, order):
    """Other structures, orders and early returns fail in no scenario, under any allocation order."""
    name, kernel = other
    lab = labs[name]
    for scenario in lab.all_scenarios:
        other = scenario._replace(machine=scenario.machine._replace(allocation=order, seed=4))
        attempt = attempt_each(other, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        assert attempt.verdict == "passed", (scenario.id, attempt.lines)


# `grader check` proves the same for a course's own labs.
@pytest.mark.parametrize("name", proofs_but("demand-paging", LABS))
def test_every_misconception_that_a_lab_teaches_loses_points(labs, name):
    """Each is caught, and at least four of five by a public scenario already."""
    tried = try_misconceptions(labs[name], misconceptions(labs[name], taught=True))

    assert [one.flag for one in tried if not one.signs] == []
    assert sum(bool(one.public) for one in tried) >= 0.8 * len(tried)


@pytest.mark.parametrize(
    ("flag", "rule"),
    [
        ("parent_w", "audit"),
        ("no_inc", "audit"),
        ("always_copy", "sharing"),
        ("nocopy", "values"),
        ("ro_cow", "audit"),
        ("exit_leak", "leak"),
        ("eager_fork", "sharing"),
        ("refork_ro", "outcome"),
    ],
)
def test_the_divergence_names_the_rule(labs, flag, rule):
    """The first scenario that a typical mistake fails names what is wrong, not only a number."""
    from grader.lab.mistakes import misconception_kernel

    lab = labs["copy-on-write"]
    kernel = misconception_kernel(lab, flag)
    attempts = (
        attempt_each(s, load_recording(lab, s), lambda x, e: attempt_here(x, e, kernel)) for s in lab.all_scenarios
    )
    first = next(attempt for attempt in attempts if attempt.verdict != "passed")

    assert first.divergence.rule == rule


def test_every_misconception_says_what_it_is(labs):
    """flag, belief, lab, section and symptom are there, and flags are unique by construction."""
    for flag, mistake in mistakes(labs["tlb"]).items():
        assert mistake.flag == flag and mistake.belief and mistake.__doc__, flag
        assert mistake.section >= 1, flag
    assert of_no_lab(labs["tlb"]) == {}


def test_the_practice_at_its_real_size(labs):
    """fork-faults: 1024, 0, 512 and 1024 faults, and 512 copies, on 1024 pages of 4096 bytes."""
    lab = labs["copy-on-write"]
    scenario = next(s for s in lab.scenarios if s.id == "fork-faults")
    trace = load_recording(lab, scenario).traces[0]

    assert (scenario.machine.page_size, scenario.steps[0].fields["pages"]) == (4096, 1024)
    assert [sum(r.faults) for r in trace.steps if r.number in (2, 4, 5, 7)] == [1024, 0, 512, 1024]
    assert sum(r.copies for r in trace.steps) == 512


def test_reference_traces_do_not_depend_on_frame_numbers(labs):
    """Values, faults, copies and totals of every reference run are equal under every allocation order."""
    from reference.copy_on_write import CopyOnWriteKernel

    for scenario in labs["copy-on-write"].scenarios:
        if scenario.each is not None or len(scenario.steps) > 40:
            continue
        seen = []
        for order in ("lowest", "stride", "random"):
            trace = replay(scenario._replace(machine=scenario.machine._replace(allocation=order)), CopyOnWriteKernel)
            seen.append([(r.outcome, r.values, r.faults, r.copies, r.frames) for r in trace.steps])
        assert seen[0] == seen[1] == seen[2], scenario.id
