"""A run as text: what is shown of the step in which it ended."""

import pytest

from grader.grade.attempt import Attempt, where
from grader.grade.verdicts import TIMED_OUT
from grader.view.steps import story
from tests.view.runs import replayed

STEPS = (
    "mmap: {by: P, name: h, pages: 1}",
    "write: {by: P, at: h, value: 5}",
    "read: {by: P, at: h}",
)

TOO_LONG = "used 2.0 s of processor time; the limit is 2 s"


def ended_in(number):
    """Return the lines of a run that a limit ended in a step, and of that step only; 0 is before the first."""
    scenario, trace = replayed(*STEPS)
    lines = (where(scenario, number), f"  {TOO_LONG}")
    attempt = Attempt(TIMED_OUT, TOO_LONG, lines, records=tuple(trace.steps[: max(number - 1, 0)]))
    return story(scenario, trace, attempt), story(scenario, trace, attempt, number)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_step_that_never_ended_is_shown_as_one(number):
    """It stands above what the reference does in it; no record of it exists. The first step is one, too."""
    for lines in ended_in(number):
        at = lines.index(f"  {number}   on the reference:")
        assert lines[at - 2] == f"      -> did not come to an end: {TOO_LONG}"
        assert lines[at - 3].startswith(f"  {number}   P ")
        assert not any(line.startswith("The run ended before") for line in lines)


def test_an_exit_at_the_end_that_never_ended_is_shown_as_one():
    """After the last step all processes exit, and a kernel may loop there."""
    lines, _ = ended_in(4)

    at = lines.index("end   all processes exit")
    assert lines[at + 1] == f"      -> did not come to an end: {TOO_LONG}"


def test_a_kernel_that_ended_before_the_first_step_began_none():
    """A loop at import is in no step."""
    lines, _ = ended_in(0)

    assert not any("did not come to an end" in line for line in lines)
