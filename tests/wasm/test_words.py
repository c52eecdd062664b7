"""What students of a lab in C can read is about both languages."""

import re

import pytest

from grader.lab.mistakes import misconceptions, mistakes
from tests.view.runs import lab_of

LABS = ("demand-paging", "copy-on-write", "shared-memory")

#: Words of Python that a kernel in C has nothing of.
PYTHON = re.compile(r"\b(rais(e|es|ed|ing)|exceptions?|catch(es)?|docstrings?|self|dict|None|OutOfFrames|\w+\.py)\b")


@pytest.mark.parametrize("lab", LABS)
def test_hints_and_titles_speak_of_no_language(lab):
    """They are shown whatever the kernel is written in."""
    found = [s.id for s in lab_of(lab).all_scenarios if PYTHON.search(f"{s.title} {s.hint}")]

    assert found == []


@pytest.mark.parametrize("lab", LABS)
def test_what_a_kernel_is_said_to_believe_speaks_of_no_language(lab):
    """A kernel in C is compared with these misconceptions, too."""
    known = mistakes(lab_of(lab))

    assert [flag for flag in misconceptions(lab_of(lab)) if PYTHON.search(known[flag].belief)] == []
