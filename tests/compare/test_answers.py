"""What the reference makes of a step, in the words of a kernel's language."""

import pytest

from grader.compare.answers import expected_of
from grader.scenario.model import Step
from grader.trace.records import StepRecord


def answer(verb, outcome, language, faults=(0, 0)):
    """Return the words for a step of this verb that ended like this."""
    return expected_of(Step(1, verb, "P", {}, {}), StepRecord(1, outcome, 1, faults=faults), language)


@pytest.mark.parametrize(
    ("verb", "outcome", "python", "c"),
    [
        ("read", "segv", "page_fault raises SegmentationFault", "kernel_page_fault returns -FL_SEGV"),
        ("write", "oom", "page_fault raises OutOfFrames", "kernel_page_fault returns -FL_NOMEM"),
        ("munmap", "error", "munmap raises InvalidArgument", "kernel_munmap returns -FL_INVAL"),
        ("fork", "error", "fork raises OutOfFrames", "kernel_fork returns -FL_NOMEM"),
    ],
)
def test_an_error_is_raised_in_python_and_returned_in_c(verb, outcome, python, c):
    """Both languages have their own way to say it."""
    assert answer(verb, outcome, "python").endswith(f": {python}")
    assert answer(verb, outcome, "c").endswith(f": {c}")


def test_an_error_that_may_have_several_causes_names_none():
    """A buffer may be refused or find no frame."""
    assert answer("copy_to_user", "error", "python") == "an error for the caller"


def test_a_step_that_succeeds_shows_its_faults():
    """Faults of both kinds are counted."""
    assert answer("read", "ok", "c", faults=(1, 1)) == "ok, 2 page faults"
