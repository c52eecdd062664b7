"""Reference outputs: recorded, held to what is expected, missing, stale."""

import json

import pytest

from grader.authoring.grouped import grouped
from grader.authoring.record import record
from grader.errors import InputError
from grader.lab.kernels import load_class, reference_kernel
from grader.lab.lab import ClassAt, load_lab
from grader.lab.recordings import load_recording, recording_path
from grader.lab.reference import reference_output
from tests.kernels import SmallKernel
from tests.labs import FORK, TOUCH, make_lab
from tests.scenario.test_loader import parse


def test_recording_twice_changes_nothing(lab):
    """A second record writes nothing and says so."""
    assert record(load_lab(lab), SmallKernel) == []


def test_what_changed_is_said(lab):
    """An edited scenario, a new one and a removed one each have their line."""
    (lab / "scenarios" / "touch.yaml").write_text(TOUCH.replace("pages: 2", "pages: 3").replace("2, frames: 2", "3"))
    (lab / "scenarios" / "more.yaml").write_text(TOUCH)
    (lab / "hidden" / "secret.yaml").unlink()

    changes = record(load_lab(lab), SmallKernel)

    assert any(c.startswith("touch: step 1: ") for c in changes)
    assert "more: new" in changes
    assert "secret: removed; this scenario no longer exists" in changes


def test_a_comment_makes_nothing_stale(lab):
    """Layout and comments do not count; a changed step does."""
    loaded = load_lab(lab)
    path = lab / "scenarios" / "fork.yaml"
    path.write_text("# a comment\n" + FORK)
    again = load_lab(lab)
    assert load_recording(again, again.scenarios[1]).hash == loaded.scenarios[1].hash

    path.write_text(FORK.replace("value: 2", "value: 3"))
    changed = load_lab(lab)
    with pytest.raises(InputError, match="stale: scenario fork was changed"):
        load_recording(changed, changed.scenarios[1])


@pytest.mark.parametrize("damage", ["{", "[]", '{"scenario": "touch", "hash": "x", "traces": [{}]}', "[" * 100000])
def test_a_damaged_output_is_named(lab, damage):
    """A file that is no output is refused with the way out, whatever is in it."""
    loaded = load_lab(lab)
    recording_path(loaded, loaded.scenarios[0]).write_text(damage)

    with pytest.raises(InputError, match="not a reference output .* run `grader record"):
        load_recording(loaded, loaded.scenarios[0])


def test_a_missing_output_is_named(tmp_path):
    """A lab that was never recorded says which file is missing and what to run."""
    loaded = load_lab(make_lab(tmp_path))

    with pytest.raises(InputError, match=r"touch\.json: the reference output of scenario touch is missing; run"):
        load_recording(loaded, loaded.scenarios[0])


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (
            ["write: {by: P, at: h, value: 1, expect: {faults: 3}}"],
            "s.yaml:7: step 2: expected faults 3; the reference",
        ),
        (["exit: {by: P}", "read: {by: P, at: h}"], "step 3: process 'P' has ended by this step on the reference"),
        (["fail: {operation: map, after: 9}", "read: {by: P, at: h}"], "this injected failure never triggers"),
        (["fail: {operation: map, after: each}", "munmap: {by: P, at: h}"], "has no failure point here"),
        (["mmap: {by: P, name: k, pages: 1, at: h}"], "expected outcome ok; the reference shows outcome error"),
        (["copy_to_user: {by: P, at: h, value: 1, expect: {faults: 1}}"], "expected faults 1"),
    ],
)
def test_the_reference_is_held_to_the_scenario(steps, words):
    """What a scenario expects and the reference does not do is a problem with file, line and step."""
    _, problems = reference_output(parse(*steps), SmallKernel)

    assert any(words in problem for problem in problems)


def test_each_failure_point_has_its_trace():
    """`after: each` records one trace for every point that the reference has."""
    output, problems = reference_output(
        parse("fail: {operation: allocate, after: each}", "write: {by: P, at: h, value: 1, expect: {outcome: oom}}"),
        SmallKernel,
    )

    assert problems == []
    assert len(output.traces) == 4


def test_a_lab_with_a_wrong_expectation_writes_nothing(lab):
    """record is all or nothing."""
    (lab / "scenarios" / "touch.yaml").write_text(TOUCH.replace("faults: 2", "faults: 1"))
    before = recording_path(load_lab(lab), load_lab(lab).scenarios[0]).read_text()

    with pytest.raises(InputError, match="expected faults 1; the reference shows faults 2"):
        record(load_lab(lab), SmallKernel)
    assert recording_path(load_lab(lab), load_lab(lab).scenarios[0]).read_text() == before


def test_outputs_are_a_line_a_step(lab):
    """Outputs are JSON, and a diff of two versions names the step."""
    text = recording_path(load_lab(lab), load_lab(lab).scenarios[0]).read_text()

    assert len(json.loads(text)["traces"][0]["steps"]) == 2
    assert sum(line.strip().startswith('{"step":') for line in text.splitlines()) == 2


def test_references_are_imported_as_a_package(root):
    """A reference may import the ones it builds on."""
    kernel = load_class(ClassAt(root / "reference" / "copy_on_write.py", "CopyOnWriteKernel"))

    assert [base.__name__ for base in kernel.__mro__][:2] == ["CopyOnWriteKernel", "DemandPagingKernel"]
    with pytest.raises(InputError, match="has no class Nobody"):
        load_class(ClassAt(root / "reference" / "copy_on_write.py", "Nobody"))


def test_a_released_lab_has_no_reference(lab):
    """Without a reference there is nothing to record with."""
    loaded = load_lab(lab)._replace(reference=None)

    with pytest.raises(InputError, match="has no reference kernel"):
        reference_kernel(loaded)


def test_one_cause_in_many_scenarios_is_one_line():
    """What fails in the same way everywhere is shown once, with the number of the others."""
    problems = [f"labs/x/{n}.yaml:{n}: step 2: the reference fails: KeyError: 1" for n in range(479)]
    other = "labs/x/a.yaml:3: step 1: expected faults 1; the reference shows faults 2"

    assert grouped([*problems, other]) == [f"{problems[0]} (and 478 more like this)", other]


def test_many_kinds_of_problems_are_cut():
    """Nobody reads hundreds of lines."""
    shown = grouped([f"labs/x/a.yaml:1: step 1: problem {n}" for n in range(100)])

    assert len(shown) == 21
    assert shown[-1] == "and 80 other kinds of problems"
