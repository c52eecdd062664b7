"""Naming the misconception that a submission behaves like."""

import json
import pathlib

import pytest

from grader.errors import InputError
from grader.grade.attempt import Attempt, attempt_each, attempt_here
from grader.grade.diagnosis import Likeness, Mistake, fingerprints_path, in_words, likeness, load_fingerprints
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconception_kernel, misconceptions
from grader.lab.recordings import load_recording
from tests.marks import proofs_but, proofs_except
from tests.mistaken import kernel as misconception
from tests.reference import alternatives, file_backed_kernels, swapping_kernels, tlb_kernels
from tests.reference.later_students import NONE, ONE
from tests.reference.students import LISTED, TWO, student

ROOT = pathlib.Path(__file__).resolve().parents[2]

#: Correct kernels that keep their books otherwise, on which the mistakes of a lab are made too.
OTHERS = {
    "demand-paging": [alternatives.ListOfRegions, alternatives.LeavesEntries],
    "copy-on-write": [alternatives.SetsOfUsers, alternatives.ReleasesEarly],
    "shared-memory": [alternatives.later(alternatives.MapsTwice, alternatives.SharedMemoryKernel)],
    "kernel-access": [alternatives.MapsInsteadOfProtecting, alternatives.FaultsByItself],
    "file-backed": [file_backed_kernels.LooksForUsers, file_backed_kernels.OneDictionary],
    "swapping": [swapping_kernels.RingWithHand, swapping_kernels.OpensAfterwards],
    "tlb": [tlb_kernels.FlushesAtTheEndOfFork, tlb_kernels.KernelPathOnly],
}


@pytest.fixture(scope="module")
def cow():
    return load_lab(ROOT / "labs" / "copy-on-write")


def attempts(lab, kernel):
    """The attempts of a kernel at a lab's public scenarios."""
    return [
        (s, attempt_each(s, load_recording(lab, s), lambda x, e: attempt_here(x, e, kernel))) for s in lab.scenarios
    ]


def flags(found):
    return [] if found is None else [mistake.flag for mistake in found.mistakes]


def test_the_student_kernel_is_correct_without_its_mistakes(cow):
    """What the measurement below measures is the mistakes alone."""
    assert {attempt.verdict for _, attempt in attempts(cow, student())} == {"passed"}


#: Mistakes on kernels of another build that are called by their name, at least, in a lab.
NAMED = {"demand-paging": 12, "copy-on-write": 20}


@pytest.mark.parametrize("name", proofs_but("demand-paging", NAMED))
def test_the_right_name_in_nine_of_ten_cases(name):
    """A kernel that is built otherwise and makes a listed mistake is called by that mistake's name, or by none."""
    lab = load_lab(ROOT / "labs" / name)
    known = misconceptions(lab)
    named = {bug: flags(likeness(lab, attempts(lab, student(bug)))) for bug in LISTED if bug in known}
    named = {bug: found for bug, found in named.items() if found}

    assert len(named) >= NAMED[name]
    assert sum(bug in found for bug, found in named.items()) >= 0.9 * len(named), named


@pytest.mark.parametrize("kernel", ONE, ids=lambda kernel: kernel.__name__)
def test_a_mistake_of_a_later_lab_made_by_hand_has_its_own_name_or_none(kernel):
    """Files, swap and TLB, in a kernel that shares no line with the reference."""
    lab = load_lab(ROOT / "labs" / kernel.lab)
    found = flags(likeness(lab, attempts(lab, kernel)))

    assert found == [] or kernel.flag in found


def test_most_mistakes_of_later_labs_made_by_hand_are_named():
    """Three of four: the others differ somewhere from the reference's way to make them."""
    labs = {name: load_lab(ROOT / "labs" / name) for name in ("file-backed", "swapping", "tlb")}
    named = [k for k in ONE if kernel_has_a_name(labs[k.lab], k)]

    assert len(ONE) >= 16
    assert len(named) >= 0.75 * len(ONE)


def kernel_has_a_name(lab, kernel):
    return likeness(lab, attempts(lab, kernel)) is not None


@pytest.mark.parametrize("kernel", NONE, ids=lambda kernel: kernel.__name__)
def test_two_mistakes_and_unlisted_ones_of_later_labs_have_no_name(kernel):
    """No recorded kernel does the same everywhere."""
    lab = load_lab(ROOT / "labs" / kernel.lab)
    tried = attempts(lab, kernel)

    assert {attempt.verdict for _, attempt in tried} != {"passed"}
    assert likeness(lab, tried) is None


@pytest.mark.parametrize("name", proofs_but("demand-paging", OTHERS))
def test_the_right_name_for_every_mistake_on_kernels_of_another_build(name):
    """Each mistake that a lab teaches, on correct kernels that keep their books in another way."""
    lab = load_lab(ROOT / "labs" / name)
    named = []
    for base in OTHERS[name]:
        for bug in misconceptions(lab, taught=True):
            found = flags(likeness(lab, attempts(lab, misconception(bug, base))))
            named += [(base.__name__, bug, found)] if found else []

    assert len(named) >= len(misconceptions(lab, taught=True)) / 2
    assert sum(bug in found for _, bug, found in named) >= 0.9 * len(named), named


@pytest.mark.parametrize("pair", proofs_except([*TWO][::3], TWO))
def test_two_mistakes_at_once_have_no_name(cow, pair):
    """Unless one of them cannot be seen in the lab: then nothing tells the kernel from one with the other alone."""
    found = likeness(cow, attempts(cow, student(*pair)))
    alone = [{s.id: a.sign for s, a in attempts(cow, misconception_kernel(cow, f))} for f in flags(found)]

    assert all(signs == {s.id: a.sign for s, a in attempts(cow, student(*pair))} for signs in alone)
    assert found is None or pair == ("readahead", "read_ro")


def test_a_stub_half_done_is_compared_where_it_was_tried(cow):
    """Scenarios that need a method of the stub are left out, and not taken for failures."""
    tried = attempts(cow, misconception_kernel(cow, "always_copy"))
    half = [(s, a if n % 2 else Attempt("not_implemented")) for n, (s, a) in enumerate(tried)]

    assert flags(likeness(cow, half)) == ["always_copy"]


@pytest.mark.parametrize("verdict", ["timed_out", "tampered", "refused"])
def test_an_ending_that_no_misconception_has_names_nothing(cow, verdict):
    """One scenario that ran out of time is enough: no recorded kernel does that."""
    tried = attempts(cow, misconception_kernel(cow, "parent_w"))
    tried[0] = (tried[0][0], Attempt(verdict))

    assert likeness(cow, tried) is None


def test_of_too_many_mistakes_alike_those_of_this_lab_are_named():
    """One that evicts what it copies looks like two mistakes of fork; swapping is what is being learnt."""
    lab = load_lab(ROOT / "labs" / "swapping")

    assert flags(likeness(lab, attempts(lab, misconception_kernel(lab, "evict_source")))) == ["evict_source"]


def test_a_correct_kernel_is_like_no_mistake(cow):
    """Nothing is named where nothing fails, although mistakes exist that this lab cannot see."""
    assert likeness(cow, [(s, Attempt("passed")) for s in cow.scenarios]) is None


def test_the_sentence_is_a_likeness(lab):
    """It says how many scenarios agree, that it is no verdict, and what to read again, in which lab's handout."""
    mistakes = [Mistake("a", "never looks", "copy-on-write", 2, {}), Mistake("b", "looks away", "small", 3, {})]
    small = load_lab(lab)._replace(name="small")
    told = in_words(small, Likeness(mistakes, 9, 12))

    assert "Your kernel behaves like one that never looks, or one that looks away" in told
    assert "it fails the same 9 scenarios in the same way, and passes 3 others, as yours does. This" in told
    assert "This is a hint, not part of the grade" in told
    assert "See section 2 of the handout of copy-on-write and section 3 of the handout" in told


def test_the_other_scenarios_are_those_that_exist(lab):
    """They are "the other" ones only where all scenarios were run, and not where some need a method of the stub."""
    small = load_lab(lab)
    small = small._replace(scenarios=small.scenarios[:1] * 12)
    mistakes = [Mistake("a", "never looks", "copy-on-write", 2, {})]

    assert "in the same way, and passes the other 3. This" in in_words(small, Likeness(mistakes, 9, 12))
    assert "in the same way, and passes 2 others, as yours does. This" in in_words(small, Likeness(mistakes, 9, 11))
    assert "in the same way. This" in in_words(small, Likeness(mistakes, 9, 9))


def test_a_lab_without_fingerprints_names_nothing(lab):
    """A lab of one's own needs no misconceptions."""
    assert load_fingerprints(load_lab(lab)) == []


def test_hidden_scenarios_are_not_recorded(cow):
    """A student's file of fingerprints says nothing of a hidden scenario."""
    text = fingerprints_path(cow).read_text(encoding="utf-8")

    assert not [s.id for s in cow.hidden if f'"{s.id}"' in text]


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"scenarios": {}, "mistakes": {"a": {}}}', "[" * 100_000])
def test_a_damaged_file_is_named(lab, damage):
    """A file that is none is refused with the way out."""
    loaded = load_lab(lab)
    path = fingerprints_path(loaded)
    path.parent.mkdir(exist_ok=True)
    path.write_text(damage)

    with pytest.raises(InputError, match="not a file of fingerprints .* run `grader record"):
        load_fingerprints(loaded)


def test_stale_fingerprints_are_named(lab):
    """A scenario that was changed since makes all that is recorded of it wrong."""
    loaded = load_lab(lab)
    path = fingerprints_path(loaded)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"scenarios": {"touch": "0" * 16}, "mistakes": {}}))

    with pytest.raises(InputError, match="stale: scenario touch is new or was changed"):
        load_fingerprints(loaded)


def test_a_diagnosis_from_one_scenario_is_a_guess(lab):
    """Nine of ten wrong names rested on a single failing scenario."""
    told = in_words(load_lab(lab), Likeness([], 1, 50))

    assert told.startswith("Only one scenario fails, which is little to go by")
    assert "This is a guess" in told
    assert "Your kernel behaves like" not in told


def test_a_diagnosis_after_only_some_scenarios_does_not_say_that_no_other_fails(lab):
    """With --only nobody knows."""
    told = in_words(load_lab(lab), Likeness([], 1, 1))

    assert told.startswith("Of the scenarios that were run, only one fails, which is little to go by")
