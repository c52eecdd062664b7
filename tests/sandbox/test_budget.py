"""What a submission may use up in all, and which scenarios are not tried any more."""

import pytest

from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.sandbox.budget import GIVE_UP, STARVED, Budget
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import Sandbox
from tests.labs import kernel_text
from tests.sandbox.test_limits import EXPECTED, FORK, SCENARIO

LIMITS = Limits(cpu_s=0.2, wall_s=0.4, all_cpu_s=0.5, all_wall_s=0.6)


def examiner(box, line, before=""):
    text = f"{kernel_text(FORK, f'{FORK}        {line}' + chr(10))}\n{before}"
    return SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))


def attempts(line, count, before=""):
    with Sandbox(limits=LIMITS) as box:
        trying = examiner(box, line, before)
        found = [trying(SCENARIO, EXPECTED) for _ in range(count)]
        trying.discard()
        # The next submission has a budget of its own.
        assert examiner(box, "pass")(SCENARIO, EXPECTED).verdict == "passed"
    return found


@pytest.mark.parametrize(
    "line", ["import time; time.sleep(0.35)", "import time; [time.sleep(0.01) for _ in range(35)]"]
)
def test_sleep_below_the_limit_of_a_scenario_uses_up_that_of_a_submission(line):
    """Each scenario passes until the budget is used up; the rest ends as timed_out, and says why."""
    found = attempts(line, 4)

    assert [a.verdict for a in found] == ["passed", "passed", "timed_out", "timed_out"]
    assert found[2].message == "not tried: the submission used up the 0.6 s that it may sleep in all scenarios"
    assert found[3] == found[2]


WORK = "import time\nt = time.process_time()\nwhile time.process_time() - t < 0.12: pass\n"


@pytest.mark.parametrize("at_import", [False, True])
def test_work_below_the_limit_of_a_scenario_uses_up_that_of_a_submission(at_import):
    """Processor time is added up over scenarios, wherever it was spent: in a method or at the import."""
    found = attempts("pass", 6, WORK) if at_import else attempts(WORK.replace("\n", "\n        ").rstrip(), 6)

    assert [a.verdict for a in found][:3] == ["passed"] * 3
    assert found[-1].verdict == "timed_out"
    assert found[-1].message == (
        "not tried: the submission used up the 0.5 s of processor time that it has for all scenarios"
    )


def test_after_an_overrun_the_others_are_hurried_and_still_graded():
    """A kernel with one slow scenario gets all the others graded, and its next loops cost 0.05 s."""
    budget = Budget(Limits())
    full = budget.limits(0)
    budget.overran("timed_out", "fork")
    hurried = budget.limits(0)

    assert full == Limits()
    assert (hurried.cpu_s, hurried.wall_s, hurried.reduced) == (0.05, pytest.approx(0.1), True)
    assert budget.exhausted(0.0, 0.0) is None


def test_a_slow_kernel_is_hurried_by_its_own_pace():
    """Nobody gets less than ten times what its slowest finished scenario took, nor more than the full limit."""
    budget = Budget(Limits())
    budget.finished(0.03)
    budget.overran("timed_out", "fork")
    slow = budget.limits(0).cpu_s
    budget.finished(1.9)

    assert slow == pytest.approx(0.3)
    assert budget.limits(0).cpu_s == 2.0


def test_a_scenario_that_took_long_because_it_is_large_slows_no_small_one_down():
    """A second in a scenario of 2048 entries is a good pace: a loop in a small one after it costs what it always does.

    A kernel that is as slow in a small scenario gets the full time in all."""
    for entries, expected in ((2048, 0.06), (10, 2.0)):
        budget = Budget(Limits())
        budget.limits(1 << 20, entries)
        budget.finished(1.0)
        budget.overran("timed_out", "fork")

        assert budget.limits(0, 10).cpu_s == pytest.approx(expected, abs=0.01)


def test_large_scenarios_have_more_time():
    """The size of a scenario, in bytes of answers, adds to what a hurried kernel gets."""
    budget = Budget(Limits())
    budget.overran("timed_out", "")

    assert budget.limits(4 << 20).cpu_s > 0.15


def test_a_kernel_of_which_nothing_ends_is_given_up():
    """After six overruns and nothing else the rest gets the same verdict, with the method."""
    budget = Budget(Limits())
    for _ in range(GIVE_UP):
        assert budget.exhausted(0.0, 0.0) is None
        budget.overran("crashed", "mmap")

    assert budget.exhausted(0.0, 0.0)[:2] == (
        "crashed",
        "not tried: the first 6 scenarios all ran into a limit in mmap",
    )


def test_one_scenario_that_ends_keeps_a_kernel_going():
    """Where anything came to an end, nothing is left out before the budget is used up."""
    budget = Budget(Limits())
    budget.finished()
    for _ in range(3 * GIVE_UP):
        budget.overran("timed_out", "fork")

    assert budget.exhausted(0.0, 0.0) is None
    assert budget.exhausted(12.5, 0.0).verdict == "timed_out"


def test_a_machine_that_starves_kernels_is_not_waited_for_without_end():
    """Three starved scenarios in a row: the rest is ungradable at once; one that ends begins the count again."""
    budget = Budget(Limits())
    for _ in range(STARVED - 1):
        budget.starved()
    budget.finished()
    budget.starved()
    before = budget.exhausted(0.0, 0.0)
    for _ in range(STARVED - 1):
        budget.starved()

    assert before is None
    assert budget.exhausted(0.0, 0.0).verdict == "ungradable"


def test_a_source_that_python_cannot_read_in_time_is_read_once():
    """Reading the source does not depend on the scenario: who runs out of time there is not waited for again."""
    text = "x = [1, 2, 3]\n" * 18_000
    with Sandbox(limits=LIMITS._replace(cpu_s=0.02, wall_s=5.0)) as box:
        trying = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))
        first = trying(SCENARIO, EXPECTED)
        second = trying(SCENARIO, EXPECTED)

    assert first.verdict == "timed_out"
    assert second is first


def test_an_honest_kernel_passes_where_it_is_hurried():
    """With the memory and the time of a kernel that has overrun limits, an honest scenario passes."""
    with Sandbox() as box:
        trying = examiner(box, "pass")
        trying._budget.overran("timed_out", "fork")
        found = [trying(SCENARIO, EXPECTED) for _ in range(3)]

    assert [a.verdict for a in found] == ["passed"] * 3
    assert trying._hurried
