"""Random moves become legal scenarios, whatever the numbers are."""

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.fuzz.program import LIMIT, ReferenceFault, relaid, write_scenario
from grader.authoring.fuzz.vocabulary import FRAMES, vocabulary
from grader.errors import InputError
from grader.grade.attempt import attempt_here
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel
from grader.lab.reference import reference_output
from grader.machine import SegmentationFault
from grader.scenario.loader import parse_scenario
from grader.scenario.writer import to_yaml
from reference.kernel_access import KernelAccessKernel
from tests.marks import long_property
from tests.scenario.test_loader import parse

ROOT = pathlib.Path(__file__).resolve().parents[3]
LABS = sorted(path.parent.name for path in (ROOT / "labs").glob("*/lab.yaml"))

number = st.integers(0, LIMIT - 1)
programs = st.tuples(number, st.lists(st.tuples(number, number, number, number, number), min_size=1, max_size=12))


@pytest.mark.parametrize("name", LABS)
@long_property(40)
@given(program=programs)
def test_every_program_is_a_scenario_that_an_author_could_have_written(name, program):
    """It goes through YAML and the strict loader unchanged, and the reference holds it without a problem."""
    lab = load_once(name)
    kernel = reference_kernel(lab)
    scenario = write_scenario(lab, vocabulary(lab), kernel, program).scenario
    again = parse_scenario(to_yaml(scenario), scenario.id)

    assert again.plain() == scenario.plain()
    assert reference_output(again, kernel)[1] == []


_loaded = {}


def load_once(name):
    if name not in _loaded:
        _loaded[name] = load_lab(ROOT / "labs" / name)
    return _loaded[name]


def test_a_lab_without_forks_gets_none():
    """A random scenario uses the verbs of the lab's public scenarios alone."""
    lab = load_once("demand-paging")

    assert "fork" not in vocabulary(lab).verbs
    assert "mprotect" in vocabulary(lab).verbs


def test_big_machines_are_left_out():
    """The practice at its real size is no machine for a search of thousands of scenarios."""
    assert all(h.machine.frames <= FRAMES for h in vocabulary(load_once("copy-on-write")).hardware)


def test_a_lab_that_maps_nothing_cannot_be_searched(lab):
    """A lab without a single mmap has no words to make scenarios from."""
    loaded = load_lab(lab)

    with pytest.raises(InputError, match="no public scenario maps memory"):
        vocabulary(loaded._replace(scenarios=()))


@pytest.mark.parametrize("name", ["demand-paging", "copy-on-write", "swapping"])
def test_what_may_be_executed_is_executed_at_the_end(name):
    """A page that has lost this right shows, as one does that reads wrong bytes."""
    lab = load_once(name)
    words = vocabulary(lab)
    code = next(
        n for n, (protection, shared, of_file) in enumerate(words.mappings) if protection == "rwx" and not shared
    )
    mmap = words.verbs.index("mmap")
    scenario = write_scenario(lab, words, reference_kernel(lab), (0, [(mmap, 0, code, 0, 0)])).scenario

    assert ("execute", "h0") in {(step.verb, step.fields.get("at")) for step in scenario.steps}


def test_a_reference_that_breaks_a_rule_is_named_with_its_scenario():
    """The author is told the step, and gets the scenario."""
    lab = load_once("copy-on-write")
    broken = misconception_kernel(lab, "parent_w")
    moves = [(0, 0, 0, 0, 0), (0, 0, 0, 0, 0), (8, 0, 0, 0, 0)]

    with pytest.raises(ReferenceFault, match="breaks audit check A3 in step 3") as fault:
        write_scenario(lab, vocabulary(lab), broken, (0, moves))
    assert [step.verb for step in fault.value.scenario.steps] == ["mmap", "write", "fork"]


def test_a_step_whose_process_is_gone_makes_a_scenario_illegal():
    """What is cut down must stay legal: no act of a process that was never forked."""
    lab = load_once("copy-on-write")
    kernel = reference_kernel(lab)
    text = "format: 1\ntitle: t\ntask: share\nprocesses: [P]\nsteps:\n  - mmap: {by: P, name: h, pages: 1}\n"
    scenario = parse_scenario(text + "  - fork: {by: P, child: C}\n  - write: {by: C, at: h, value: 1}\n", "t")
    without = scenario._replace(steps=(scenario.steps[0], scenario.steps[2]._replace(number=2)))

    assert relaid(scenario, kernel).steps == scenario.steps
    assert relaid(without, kernel) is None


@pytest.mark.parametrize(("at", "kept"), [("h", False), ("h[1:3]", True), ("h[2]", True), ("h[0]", True)])
def test_a_buffer_that_is_refused_after_its_first_page_is_no_scenario(at, kept):
    """A kernel may look at the whole buffer first, or make the pages before the refused one ready: both are right."""
    steps = [
        "munmap: {by: P, at: 'h[1]'}",
        f"copy_to_user: {{by: P, at: '{at}', value: 1, expect: {{outcome: error}}}}",
    ]

    assert (relaid(parse(*steps), reference_kernel(load_once("kernel-access"))) is not None) is kept


@long_property(60)
@given(program=programs)
def test_what_the_contract_leaves_free_is_not_written(program):
    """Both ways to treat a buffer end every random scenario alike."""
    lab = load_once("kernel-access")
    scenario, expected = write_scenario(lab, vocabulary(lab), reference_kernel(lab), program)

    assert attempt_here(scenario, expected, LooksFirst).verdict == "passed"


class LooksFirst(KernelAccessKernel):
    def user_access(self, process, address, length, access):
        for page in range(self.hw.page_of(address), self.hw.page_of(address + length - 1) + 1):
            region = self.regions[process].find(page)
            if region is None or not region.protection.allows(access):
                raise SegmentationFault
        super().user_access(process, address, length, access)
