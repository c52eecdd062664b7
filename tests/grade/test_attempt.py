"""What an attempt says of a kernel's crash."""

import pytest

from grader.grade.attempt import Attempt, attempt_here, fits_hint, own_lines
from grader.lab.reference import reference_output
from grader.machine import InvalidArgument
from tests.kernels import SmallKernel
from tests.scenario.test_loader import parse


def test_a_function_that_calls_itself_is_one_line():
    """A recursion without end has thousands of equal calls; others stay, each with its text."""
    calls = [("kernel.py", 3, "fork", "f()"), *[("kernel.py", 9, "f", "return f()")] * 5, ("kernel.py", 9, "g", "f()")]
    told = own_lines(calls)

    assert [line.strip() for line in told if "kernel.py" in line] == [
        "kernel.py:3, in fork",
        "kernel.py:9, in f, several times",
        "kernel.py:9, in g",
    ]


class Wild(SmallKernel):
    """Refuses an access with an exception of its own."""

    error: type[Exception] = ValueError

    def page_fault(self, process, fault):
        raise self.error("no such page")


def refused(error):
    """Return the attempt of a kernel that refuses a wild access with this exception."""
    scenario = parse("read: {by: P, at: 'h[4]', expect: {outcome: segv}}")
    expected = reference_output(scenario, SmallKernel)[0].traces[0]
    return attempt_here(scenario, expected, type("Refuses", (Wild,), {"error": error}))


@pytest.mark.parametrize("error", [ValueError, InvalidArgument])
def test_a_crash_says_what_the_step_expects(error):
    """A kernel that refuses with the wrong exception learns which one is right."""
    expected = "    expected      the process is killed: page_fault raises SegmentationFault"

    assert refused(error).lines[-1] == expected


def test_an_exception_that_a_page_fault_may_not_raise_is_named():
    """With those that it may."""
    told = "  page_fault may raise SegmentationFault or let OutOfFrames escape, and nothing else."

    assert told in refused(InvalidArgument).lines


@pytest.mark.parametrize(
    ("attempt", "fits"),
    [
        (Attempt("failed", "step 2: values"), True),
        (Attempt("no_progress"), True),
        (Attempt("not_implemented"), True),
        (Attempt("crashed", "HardwareError: free(3): frame 3 is free"), True),
        (Attempt("crashed", "ValueError: no such page (in page_fault)"), False),
        (Attempt("timed_out"), False),
        (Attempt("refused"), False),
    ],
)
def test_a_hint_is_shown_where_the_kernel_broke_a_rule_of_memory(attempt, fits):
    """It asks about the scenario's rule, and not about an exception or a limit."""
    assert fits_hint(attempt) == fits
