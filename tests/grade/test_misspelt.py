"""A method that is there under a misspelt name."""

import pytest

from grader.grade.attempt import Attempt
from grader.grade.misspelt import defined_in, with_misspelt


def lines(lacks, defined, verdict="not_implemented"):
    """Return the lines on a kernel that lacks a method and defines others."""
    return with_misspelt(
        Attempt(verdict, f"not implemented yet: {lacks}", ("Not implemented yet",)), lambda: defined
    ).lines


@pytest.mark.parametrize(
    ("language", "text", "lacks", "has"),
    [
        ("python", "class K(Kernel):\n    def mprotec(self, process): ...\n", "mprotect", "mprotec"),
        ("c", "void kernel_exitt(process_t process) {}\n", "kernel_exit", "kernel_exitt"),
    ],
)
def test_it_is_asked_whether_the_other_name_was_meant(language, text, lacks, has):
    """The report names both."""
    assert lines(lacks, defined_in(text, language))[-1] == f"Your kernel has {has!r}: did you mean {lacks!r}?"


@pytest.mark.parametrize("defined", [["mmap"], ["do_munmap_range"], ["__init__", "page_fault"]])
def test_no_other_method_is_taken_for_it(defined):
    """A method that the machine knows, and one that is only a little alike, are not misspelt."""
    assert lines("munmap", defined) == ("Not implemented yet",)


def test_the_stubs_own_words_name_no_method_to_compare():
    """In `task 3: mprotect` the method is there."""
    assert lines("task 3: mprotect", ["mprotect", "helper"]) == ("Not implemented yet",)


def test_other_verdicts_stay_as_they_are():
    """Only a missing method can be misspelt."""
    assert lines("mprotect", ["mprotec"], verdict="crashed") == ("Not implemented yet",)
