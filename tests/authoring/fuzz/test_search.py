"""The search finds differences, makes them short, and repeats itself by its seed."""

import pathlib

import pytest

from grader.authoring.fuzz.program import LIMIT
from grader.authoring.fuzz.search import MOVES, disagreements, explore, find_difference, programs
from grader.grade.runner import LocalRunner
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel, misconceptions
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from tests.reference.students import student

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def cow():
    return load_lab(ROOT / "labs" / "copy-on-write")


def search(lab, kernel, seed=1, examples=300):
    return find_difference(lab, reference_kernel(lab), LocalRunner(kernel), seed, examples)


def test_a_mistake_on_no_list_is_found_and_shown_in_few_steps(cow):
    """Two mistakes at once, in a kernel of another build: the scenario that is left is short, and fails."""
    found, tried = search(cow, student("always_copy", "nozero"))

    assert found.attempt.verdict == "failed"
    assert len(found.scenario.steps) <= 4
    assert tried["failed"] > 0


def test_what_is_left_cannot_lose_a_step(cow):
    """Each step of the scenario is needed: map, write and fork for a parent that stays writable."""
    found, _ = search(cow, misconception_kernel(cow, "parent_w"))

    assert [step.verb for step in found.scenario.steps] == ["mmap", "write", "fork"]


def test_the_seed_repeats_a_search(cow):
    """The same seed finds the same scenario, step by step."""
    one, _ = search(cow, misconception_kernel(cow, "no_dec"), seed=3)
    two, _ = search(cow, misconception_kernel(cow, "no_dec"), seed=3)

    assert one.scenario == two.scenario


def test_a_correct_kernel_of_another_build_is_left_in_peace(cow):
    """No random scenario tells it from the reference."""
    found, tried = search(cow, student(), examples=100)

    assert found is None
    assert set(tried) == {"passed"}


def test_the_author_learns_what_no_scenario_catches(cow):
    """Every misconception has a number or survives, and the reference agrees with itself."""
    flags = misconceptions(cow, taught=True)
    kernels = {flag: misconception_kernel(cow, flag) for flag in flags}
    shown = explore(cow, reference_kernel(cow), {**kernels, "none": reference_kernel(cow)}, 1, 60)

    assert shown.problems == []
    assert shown.scenarios == 60
    assert "none" in shown.survivors
    assert set(shown.caught) | set(shown.survivors) == {*flags, "none"}
    assert len(shown.caught) > len(flags) / 2


def test_a_reference_that_depends_on_frame_numbers_is_found(cow):
    """A kernel whose copies depend on the number of a frame does something else when frames come in another order."""

    class Superstitious(reference_kernel(cow)):
        def first_write(self, process, page, region):
            entry = process.page_table.get(page)
            if self.references[entry.frame] == 1 and entry.frame % 2:
                process.page_table.map(page, self.copied_frame(entry.frame), region.protection)
                self.release(entry.frame)
            else:
                super().first_write(process, page, region)

    text = "format: 1\ntitle: t\ntask: share\nprocesses: [P]\nsteps:\n  - mmap: {by: P, name: h, pages: 1}\n"
    text += "  - write: {by: P, at: h, value: 1}\n  - fork: {by: P, child: C}\n  - exit: {by: C}\n"
    scenario = parse_scenario(text + "  - write: {by: P, at: h, value: 2}\n", "t")

    assert disagreements(scenario, replay(scenario, reference_kernel(cow)), reference_kernel(cow)) == []
    assert "allocation stride" in disagreements(scenario, replay(scenario, Superstitious), Superstitious)[0]


def test_a_seed_is_a_list_of_programs():
    """Always the same one; a longer search begins as a shorter one, and another seed has other programs."""
    ten = list(programs(5, 10))

    assert ten == list(programs(5, 20))[:10] != list(programs(6, 10))
    assert len({str(program) for program in ten}) == 10
    assert all(MOVES[0] <= len(moves) <= MOVES[1] for _, moves in ten)
    assert all(0 <= number < LIMIT for hardware, moves in ten for number in (hardware, *sum(moves, ())))
    assert (ten[0][0], ten[0][1][0]) == (24, (33, 24, 32, 45, 11))
