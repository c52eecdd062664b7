"""Exhaustive comparison in a small world."""

import itertools
import pathlib

import pytest

from grader.grade.attempt import attempt_here
from grader.grade.verdicts import PASSED
from grader.lab.kernels import misconception_kernel, reference_kernel
from grader.lab.lab import load_lab
from grader.machine import Protection
from grader.replay.simulated import replay
from grader.verify.explore import BASIC, SCOPES, ReferenceBroken, Scope, verify

LABS = pathlib.Path(__file__).resolve().parents[2] / "labs"

ONE_PAGE = Scope(1, 2, BASIC)


@pytest.fixture(scope="module")
def lab():
    return load_lab(LABS / "copy-on-write")


@pytest.fixture(scope="module")
def reference(lab):
    return reference_kernel(lab)


def explore(reference, kernel, steps, scope=ONE_PAGE):
    """Return the outcome for a kernel of this process."""
    return verify(scope, "share", reference, lambda s, e: attempt_here(s, e, kernel), steps)


def test_the_reference_does_not_differ_from_itself(reference):
    """The whole world of three steps is compared, and nothing differs."""
    result = explore(reference, reference, 3)
    assert result.found is None
    assert result.steps == 3
    assert not result.stopped


def test_every_living_process_performs_every_verb(reference):
    """The count of scenarios is that of the sequences: five first steps of the only process."""
    assert explore(reference, reference, 1).scenarios == len(BASIC)


def test_a_counterexample_is_shortest(lab, reference):
    """A search one step shorter finds nothing; the scenario found differs when it is replayed."""
    kernel = misconception_kernel(lab, "parent_w")
    scenario, _ = explore(reference, kernel, 3).found
    length = len(scenario.steps) - 1
    shorter = explore(reference, kernel, length - 1)
    assert shorter.found is None
    assert shorter.steps == length - 1
    assert attempt_here(scenario, replay(scenario, reference), kernel).verdict != PASSED


def lazy(reference, count):
    """Return a kernel that wrongly forgets to protect the parent once `count()` says so."""

    class Hiding(reference):
        def fork(self, parent, child):
            super().fork(parent, child)
            if count() >= 2:
                for page in parent.page_table.pages():
                    parent.page_table.protect(page, Protection.READ | Protection.WRITE)

        def page_fault(self, process, fault):
            count.faults += 1
            super().page_fault(process, fault)

    return Hiding


class InGlobal:
    """Counts in an object outside the kernel."""

    faults = 0

    def __call__(self):
        return self.faults


class InIterator(InGlobal):
    """Counts in a C iterator, which shows nothing of where it stands."""

    def __init__(self):
        self.turns = itertools.count(2)

    def __call__(self):
        return next(self.turns)


@pytest.mark.parametrize("hidden", [InGlobal, InIterator])
def test_state_outside_the_kernel_is_no_refuge(reference, hidden):
    """A kernel that keeps its state elsewhere is still caught: nothing is merged."""
    assert explore(reference, lazy(reference, hidden()), 4).found is not None


def test_ctrl_c_tells_what_is_covered(reference):
    """After ctrl-C, the outcome names only lengths that were completed."""
    left = iter(range(20))

    def attempt(scenario, expected):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return attempt_here(scenario, expected, reference)

    result = verify(ONE_PAGE, "share", reference, attempt, 5)
    assert result.stopped
    assert result.steps == 1


def test_a_broken_reference_is_an_error(lab, reference):
    """A reference that breaks a rule proves nothing about others."""
    with pytest.raises(ReferenceBroken):
        explore(misconception_kernel(lab, "parent_w"), reference, 3)


def test_a_stub_is_not_called_verified(lab, reference):
    """A kernel that is not written yet cannot be judged."""
    from grader.lab.kernels import load_file_class

    stub = load_file_class(lab.kernel.path, lab.kernel.name)
    result = explore(reference, stub, 1)
    assert result.found is None
    assert result.unjudged is not None


@pytest.mark.parametrize("name", SCOPES)
def test_the_reference_agrees_with_itself_in_every_scope(reference, name):
    """Each scope has only scenarios that the reference can carry out."""
    assert explore(reference, reference, 2, SCOPES[name]).found is None


@pytest.mark.parametrize(("flag", "scope"), [("exec_any", "rights"), ("protect_entry", "rights")])
def test_a_scope_shows_mistakes_of_its_subject(lab, reference, flag, scope):
    """Mistakes that the basic scope cannot show are found in the scope of their subject."""
    assert explore(reference, misconception_kernel(lab, flag), 3, SCOPES[scope]).found is not None
