"""Scenarios of a task that are held back once two of them ran into a limit in one method."""

import pytest

from grader.grade.attempt import Attempt, Overrun
from grader.grade.held import TRIED, Held, held_of
from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.lab.reference import reference_output
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import Sandbox
from tests.kernels import SmallKernel
from tests.labs import kernel_text
from tests.scenario.test_loader import parse

FORKS = parse("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}")
QUIET = parse("write: {by: P, at: h, value: 1}")
FORK = "    def fork(self, parent, child):\n"

PASSED = Attempt("passed")
FAILED = Attempt("failed", "step 2: values")


def loop(method="fork", place="kernel.py:7"):
    return Attempt("timed_out", "used 2.0 s", overrun=Overrun(method, place))


def verdicts(attempts, held=None, scenario=FORKS):
    """The verdicts of attempts at one scenario after another; a list of those that were not tried."""
    held, tried, found = held or Held(), [], []
    for number, attempt in enumerate(attempts):
        found.append(held.attempt(scenario, lambda n=number, a=attempt: (tried.append(n), a)[1]))
    return [a.verdict for a in found], [n for n in range(len(attempts)) if n not in tried], found


def test_two_scenarios_show_the_limit_and_the_others_wait():
    """The third in the same method only waits, says for what and where, and the rest is not tried."""
    found, untried, attempts = verdicts([loop()] * 7)

    assert found == ["timed_out"] * 2 + ["waiting"] * 5
    assert untried == list(range(TRIED, 7))
    assert attempts[2].message == "waits until fork (kernel.py:7) stays within its limits"
    assert attempts[6].message == "not tried: it waits until fork (kernel.py:7) stays within its limits"


def test_a_scenario_that_passes_earns_its_points():
    """One that comes to an end, whatever its verdict, lets the others be tried, too."""
    found, untried, _ = verdicts([loop(), loop(), PASSED, loop(), loop(), FAILED, loop(), PASSED])

    assert found == ["timed_out"] * 2 + ["passed", "waiting", "waiting", "failed", "waiting", "passed"]
    assert untried == []


def test_a_scenario_that_never_calls_the_method_is_tried():
    """It may pass: nothing is lost for a method that it does not need."""
    held = Held()
    verdicts([loop()] * TRIED, held)

    assert verdicts([PASSED], held, QUIET)[0] == ["passed"]
    assert verdicts([PASSED], held)[0] == ["waiting"]


@pytest.mark.parametrize("method", ["evict", "exit", "", "<module>", "helper"])
def test_what_any_step_may_call_is_called_by_every_scenario(method):
    """exit, evict, an import and whatever is not known hold back all of the task."""
    held = Held()
    verdicts([loop(method)] * TRIED, held)

    assert verdicts([PASSED], held, QUIET)[0] == ["waiting"]


def test_limits_in_different_methods_are_counted_apart():
    """Two loops in fork and two in mmap each show themselves; the next of either waits."""
    found, _, _ = verdicts([loop(), loop("mmap"), loop(), loop("mmap"), loop(), loop("mmap")])

    assert found == ["timed_out"] * 4 + ["waiting"] * 2


def test_tasks_are_held_back_one_by_one():
    """Another task shows its own first two."""
    held = Held()
    verdicts([loop()] * 3, held)

    assert verdicts([loop()] * 3, held, FORKS._replace(task="other"))[0] == ["timed_out"] * 2 + ["waiting"]


def test_the_place_is_that_of_the_first_attempt_that_knows_it():
    """A report that came too late in the first scenario is replaced by the next."""
    attempts = verdicts([loop(place=""), loop(), loop(place="kernel.py:9")])[2]

    assert attempts[2].message == "waits until fork (kernel.py:7) stays within its limits"


def test_a_result_counts_what_waits_and_what_was_not_tried():
    """The methods are named once each, with their places; nothing is said where nothing waits."""
    attempts = verdicts([*[loop()] * 4, *[loop("mmap")] * 7])[2]

    assert held_of([a for a in attempts if a.verdict == "waiting"]) == {
        "scenarios": 9,
        "not_tried": 7,
        "methods": ["fork (kernel.py:7)"],
    }
    assert held_of([]) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("while True: pass", "used "),
        ("while True: print('a line of text that says nothing')", "printed more than 1024 KiB"),
        ("import time\n        while True: time.sleep(9)", "took 1 s without using the processor"),
        ("x = []\n        while True: x.append(object())", "fork ran out of the memory that a kernel may use"),
    ],
)
def test_a_limit_says_where_the_kernel_was(line, message):
    """A loop, prints without end, sleep, memory full of small objects: the method, also if hurried, and the line."""
    text = kernel_text(FORK, f"{FORK}        {line}\n")
    number = next(n for n, told in enumerate(text.splitlines(), 1) if "while True" in told)
    expected = reference_output(FORKS, SmallKernel)[0].traces[0]
    with Sandbox(limits=Limits(cpu_s=0.7, wall_s=1.0, memory_mib=200)) as box:
        trying = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))
        first, second = (trying(FORKS, expected) for _ in range(2))
        trying.discard()

    assert first.message.startswith(message)
    assert first.overrun == Overrun("fork", f"kernel.py:{number}")
    assert second.overrun.method == "fork"
    assert [record.number for record in first.records if not record.ends] == [1, 2]  # what came before is shown
