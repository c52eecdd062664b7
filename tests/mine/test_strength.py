"""Which of a student's scenarios are valid, what they catch, and the points for it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.intake.own_scenarios import read_own
from grader.lab.kernels import reference_kernel
from grader.lab.lab import Mine, load_lab
from grader.lab.mistakes import misconception_kernel, misconceptions, variant_kernels
from grader.lab.recordings import load_recording
from grader.mine import validity
from grader.mine.hints import RULE, STATE, VERB, clue_for, hints
from grader.mine.strength import catches, curve, needed, shape_of, strength_of
from grader.mine.validity import RULES, meets_expectations, problems_with
from grader.scenario.loader import parse_scenario
from tests.conftest import ROOT
from tests.mine.scenarios import HEAD, STRONG, WEAK, WRONG, hand_in


@pytest.fixture(scope="module")
def cow():
    return load_lab(ROOT / "labs" / "copy-on-write")


def scenario(text):
    return parse_scenario(text, "own", "mine/own.yaml")


def test_a_strong_one_catches_and_a_weak_one_does_not(cow, tmp_path):
    """The two examples of the handout, as it describes them."""
    strength = strength_of(cow, read_own(hand_in(tmp_path, strong=STRONG, weak=WEAK), 12))

    assert strength.valid
    strong, weak = strength.judged
    assert {"nocopy", "parent_w"} <= set(strong.caught) and "eager_fork" in strength.missed
    assert weak.caught == ()
    assert strength.points == curve(cow.mine, len(strong.caught), len(strength.beliefs)) > 0


def test_the_handouts_examples_are_these(root):
    """What a student copies from the handout is what the test above judges."""
    handout = (root / "labs" / "copy-on-write" / "README.md").read_text(encoding="utf-8")

    for text in (STRONG, WEAK):
        steps = text.partition("steps:\n")[2]
        assert "".join(f"    {line}\n" for line in steps.splitlines()) in handout


def test_only_the_expectation_catches(cow):
    """Without its last `expect` the strong one misses the copy of zeros: nothing is compared with the reference."""
    without = scenario(STRONG.replace(", expect: {value: 40}", ""))
    output, problems = problems_with(cow, without)

    assert problems == [] and output is not None
    assert not catches(cow, "nocopy", without, output)


def test_a_wrong_expectation_is_explained_with_its_rule(cow):
    """File, line, step, both sides, and the rule that decides."""
    _, problems = problems_with(cow, scenario(WRONG))

    assert problems == [
        "mine/own.yaml:8: step 3: expected copies 2; the reference shows copies 0",
        f"the rule about copies: {RULES['copies']}",
    ]


def test_what_a_correct_variant_does_otherwise_is_not_valid(cow, monkeypatch):
    """A scenario that a correct kernel fails asks for more than the contract: the line, and what that kernel does."""
    kernel = misconception_kernel(cow, "nocopy")  # stands for a correct one
    monkeypatch.setattr(validity, "variant_kernels", lambda lab: {"copies otherwise": kernel})
    _, [problem] = problems_with(cow, scenario(STRONG))

    assert problem.startswith("mine/own.yaml:10: a correct kernel that copies otherwise does not pass (step 5: values")
    assert problem.endswith("the contract leaves this free, so no scenario may ask for it")


def test_a_task_of_another_lab_is_not_valid(cow):
    """The tasks there are follow."""
    _, problems = problems_with(cow, scenario(HEAD.format(task="swap") + "  - exit: {by: P}\n"))

    assert problems == [
        "mine/own.yaml:1: task 'swap' is not a task of this lab; there are carry, share, copy, last, rights, memory"
    ]


def test_too_many_failure_points_are_refused(cow):
    """`after: each` multiplies the work; it is bounded, with the line of the step."""
    text = HEAD.format(task="memory") + (
        "  - mmap:  {by: P, name: h, pages: 250}\n"
        "  - write: {by: P, at: h, value: 1}\n"
        "  - fail:  {operation: map, after: each}\n"
        "  - fork:  {by: P, child: C, expect: {outcome: error}}\n"
        "  - read:  {by: P, at: h}\n"
    )
    text = text.replace("processes:", "machine: {frames: 256}\nprocesses:")
    _, problems = problems_with(cow, scenario(text))

    assert problems == ["mine/own.yaml:9: 250 failure points of 5 steps each are more than 300 steps; use fewer pages"]


def test_a_copy_of_a_public_scenario_counts_for_nothing(cow, tmp_path):
    """Other names and other bytes are the same scenario."""
    public = next(s for s in cow.scenarios if s.id == "three-writers-two-copies")
    path = cow.path / "scenarios" / f"{public.id}.yaml"
    own = read_own(hand_in(tmp_path, copied=path.read_bytes().replace(b"P", b"Parent")), 12)
    [judged] = strength_of(cow, own).judged

    assert (judged.problems, judged.caught, judged.copy_of) == ((), (), public.id)


def test_a_shape_has_no_names_bytes_or_expectations():
    """Names count by their order only, so `shape_of` tells a process from a mapping and one page from another."""
    other = STRONG.replace("notes", "n").replace("40", "50").replace(", expect: {value: 50}", "")

    assert shape_of(scenario(STRONG)) == shape_of(scenario(other))
    assert shape_of(scenario(STRONG)) != shape_of(scenario(STRONG.replace("+6", "+5")))


@given(
    points=st.integers(1, 100),
    full=st.integers(1, 100).map(lambda n: Fraction(n, 100)),
    taught=st.integers(1, 60),
    caught=st.integers(0, 60),
)
def test_the_curve_rises_to_all_points_and_not_beyond(points, full, taught, caught):
    """Nothing for nothing, all for what is needed, and one more never costs a point."""
    mine = Mine(Fraction(points), full, 12)

    assert curve(mine, 0, taught) == 0
    assert curve(mine, needed(mine, taught), taught) == points
    assert curve(mine, caught, taught) <= curve(mine, caught + 1, taught) <= points


@pytest.mark.parametrize("name", ["demand-paging", "copy-on-write", "kernel-access", "tlb"])
def test_variants_are_correct(root, name):
    """What the grader calls correct meets the expectations of public scenarios, and there is a variant in every lab."""
    lab = load_lab(root / "labs" / name)
    kernels = variant_kernels(lab)
    assert kernels and reference_kernel(lab) not in kernels.values()

    for kernel in kernels.values():
        for one in lab.scenarios[:12]:
            at = one.at_failure_point(0)
            assert meets_expectations(at, load_recording(lab, one).traces[0], kernel).verdict == "passed", one.id


def test_hints_say_more_in_stages(cow):
    """The rule, then the verb, then the state; never a belief, a flag or a hidden scenario."""
    stages = [hints(cow, ["nocopy", "eager_fork"], stage) for stage in (RULE, VERB, STATE)]

    assert stages[0] == ["  1  sharing (which pages map which frame)", "  1  values (the bytes that were read)"]
    assert stages[1][0].endswith("in `fork`") and stages[1][1].endswith("in `read`")
    assert stages[2][1].endswith("in `read`, on a writable page whose frame has 1 user, after `fork`")


def test_every_misconception_of_the_lab_has_a_clue(cow):
    """Public scenarios show all of them, so no hint is empty."""
    assert all(clue_for(cow, flag) is not None for flag in misconceptions(cow, taught=True)[:10])
