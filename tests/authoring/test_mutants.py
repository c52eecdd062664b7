"""Mutants of a lab's reference."""

import functools
import pathlib
import sys

from grader.authoring import mutants as module
from grader.authoring.mutants import Mutant, _caught, _difference, measure, mutants, taught
from grader.authoring.reached import reached
from grader.grade.attempt import attempt_here
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recordings
from grader.machine.frames import Frames
from grader.machine.hardware import Hardware
from grader.machine.tlb import Tlb
from grader.replay.simulated import replay
from grader.state.order import unordered
from grader.verify.verify import worlds

LAB = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
LINUX = load_lab(LAB.path.parent / "linux")
RECORDINGS = load_recordings(LAB, LAB.all_scenarios)


@functools.cache
def of_the_lab():
    """All mutants of the lab's reference."""
    return tuple(mutants(LAB))


def mutant_of(change, line):
    """Return the first mutant with a change in a line whose text contains `line`."""
    source = LAB.reference.path.read_text().splitlines()
    return next(m for m in of_the_lab() if change in m.change and line in source[m.line - 1])


def test_each_mutant_changes_one_thing():
    """Every kind of change is made, and each gives a class of the reference's name."""
    made = of_the_lab()
    words = " ".join(mutant.change for mutant in made)

    assert all(mutant.kernel.__name__ == LAB.reference.name for mutant in made)
    for kind in ("flipped", "exchanged", "is 2", "swapped", "always holds", "dropped"):
        assert kind in words


def test_the_reference_itself_is_unchanged():
    """Making mutants does not touch the class that everything is compared with."""
    before = reference_kernel(LAB)
    list(mutants(LAB))

    assert reference_kernel(LAB) is before


def test_a_mutant_is_caught_by_a_scenario():
    """A last sharer that is recognised too early is a mistake that public scenarios show."""
    assert _caught(RECORDINGS, list(LAB.scenarios), mutant_of("flipped", "references[entry.frame] == 1").kernel)


def test_a_mutant_that_no_scenario_runs_has_a_counterexample():
    """The shortest scenario of the lab's worlds differs on the mutant."""
    mutant = mutant_of("flipped", "references[entry.frame] == 1")
    scenario = _difference(LAB, mutant.kernel, worlds(LAB))

    assert attempt_here(scenario, replay(scenario, reference_kernel(LAB)), mutant.kernel).verdict != "passed"


def test_a_mutant_without_an_end_counts_as_caught(monkeypatch):
    """A kernel that loops for ever is stopped, and is not taken for one that passes."""
    monkeypatch.setattr("grader.authoring.mutants.PATIENCE", 0.05)

    class Endless(reference_kernel(LAB)):
        def mmap(self, process, region):
            while True:
                pass

    assert _caught(RECORDINGS, list(LAB.scenarios), Mutant("kernel.py", 1, "loops", Endless).kernel)


def test_the_source_of_a_mutant_can_be_read():
    """Verify looks there for dicts whose order nobody asks for, so that equal states are recognised."""
    [one, *_] = [m for m in of_the_lab() if "is dropped" in m.change]

    assert "references" in unordered(one.kernel(Hardware(8, Frames(4), Tlb(False, None), None, None, "fifo")))


def test_what_a_lab_teaches_may_be_in_several_files():
    """The kernel of the lab linux is in two files of its own; what it takes from earlier labs is left alone."""
    assert [module.__name__ for module in taught(LINUX)] == ["reference.linux_paging", "reference.linux"]
    assert [module.__name__ for module in taught(LAB)] == ["reference.copy_on_write"]


def test_a_base_class_in_a_file_of_its_own_is_changed_too():
    """The reference is built again on the changed base class, and the real modules are as before."""
    before = sys.modules["reference.linux_paging"]
    base = next(m for m in mutants(LINUX) if m.file == "linux_paging.py")

    assert base.kernel.__name__ == LINUX.reference.name
    assert base.kernel.__mro__[1] is not reference_kernel(LINUX).__mro__[1]
    assert sys.modules["reference.linux_paging"] is before


def test_a_mutant_need_not_be_explored_where_its_function_never_runs():
    """A mutant's function is recognised by its first line. A fork is only taken back where it can fail half-way."""
    lab = LAB._replace(scope=worlds(LAB, "one-page") + worlds(LAB, "zeros"))
    run = reached(lab, reference_kernel(LAB), 3)
    function = mutant_of("flipped", "child.page_table.get(page) is not None").function

    assert [name for name, found in run.items() if function in found] == ["one-page"]


def test_a_mutant_is_explored_in_the_worlds_that_run_its_function(monkeypatch):
    """And in no other one, if no scenario catches it."""
    one = mutant_of("flipped", "child.page_table.get(page) is not None")
    explored = []
    monkeypatch.setattr(module, "mutants", lambda lab, kernel: [one])
    monkeypatch.setattr(module, "_caught", lambda *given: False)
    monkeypatch.setattr(module, "_difference", lambda lab, kernel, among: explored.extend(w.name for w in among))
    monkeypatch.setattr(module, "STEPS", 3)
    measure(LAB._replace(scope=worlds(LAB, "one-page") + worlds(LAB, "zeros")))

    assert explored == ["one-page"]
