"""Disguised twins: an honest kernel never differs, a table of recorded answers does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InputError
from grader.grade.attempt import attempt_each, attempt_here
from grader.grade.twins import NAME, make_twins, recorded_twins, seeds_of, twins_of
from grader.grade.verdicts import PASSED
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.machine.image import POISON
from grader.publish.release import write_lab
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from grader.scenario.model import MachineSpec
from grader.scenario.twin import DIMENSIONS, disguise
from grader.scenario.writer import to_yaml
from grader.trace.records import StepRecord
from tests.kernels import SmallKernel
from tests.labs import FORK
from tests.marks import long_property
from tests.tables import RenamingTable, Table, table_of

LABS = ("demand-paging", "copy-on-write", "shared-memory", "kernel-access", "file-backed", "swapping", "tlb", "linux")
ORDERS = ("lowest", "stride", "random")

#: What a step shows that no renaming changes.
PLAIN = ("number", "outcome", "faults", "copies", "reads", "writes", "frames", "slots", "findings")


def passes(scenario, output, kernel):
    return attempt_each(scenario, output, lambda s, e: attempt_here(s, e, kernel)).verdict == PASSED


def counts(record: StepRecord):
    return [getattr(record, field) for field in PLAIN]


@pytest.mark.parametrize("name", LABS)
def test_the_reference_does_the_same_in_every_twin(root, name):
    """In all public scenarios of a lab: same outcomes and counts, all expectations met, and nothing left as it was."""
    lab = load_lab(root / "labs" / name)
    twins, problems = make_twins(lab, lab.scenarios, seeds_of(lab))

    assert problems == []
    for scenario in lab.scenarios:
        twin, recorded = twins[scenario.id], load_recording(lab, scenario)
        for old, new in zip(recorded.traces, twin.output.traces, strict=True):
            assert [counts(r) for r in old.steps] == [counts(r) for r in new.steps], scenario.id
            assert all(new.pids[name] > pid for name, pid in old.pids.items())
        assert len(twin.differs) >= DIMENSIONS - 1, scenario.id


@long_property(40)
@given(st.text(max_size=8), st.sampled_from(ORDERS), st.integers(0, 1 << 20))
def test_an_honest_kernel_passes_every_twin(seed, order, other):
    """Whatever the seed, and in whatever order the machine of the scenario hands out frames."""
    scenario = parse_scenario(FORK, "fork")
    scenario = scenario._replace(machine=MachineSpec(allocation=order, seed=other))
    old, new = replay(scenario, SmallKernel), replay(disguise(scenario, seed).scenario, SmallKernel)

    assert [counts(r) for r in old.steps] == [counts(r) for r in new.steps]


@given(st.text(max_size=8))
def test_a_twin_is_a_scenario(seed):
    """Written as YAML and read again it is the same, so that the loader's rules hold in it."""
    twin = disguise(parse_scenario(FORK, "fork"), seed).scenario

    assert parse_scenario(to_yaml(twin), "fork").hash == twin.hash


def test_zero_and_poison_stay_what_they_are():
    """Fresh memory is zero in a twin as well; other bytes change, two that were equal to the same one."""
    text = FORK.replace("value: 1}", "value: 0}").replace("value: 2,", f"value: {POISON},")
    same = disguise(parse_scenario(text, "fork"), "seed")
    other = disguise(parse_scenario(FORK.replace("value: 2", "value: 1"), "fork"), "seed")
    values = {step.fields["value"] for step in other.scenario.steps if step.verb == "write"}

    assert "other bytes" not in same.differs
    assert len(values) == 1 and values.isdisjoint({0, 1, POISON})


def test_a_table_of_recorded_answers_fails_the_twins(root):
    """It passes nearly all of the public scenarios that it was recorded from, and not one of their twins.

    A scenario in which a kernel has nothing to do (an exit without a page, a mapping that nobody touches) tells nobody
    from anybody.
    """
    lab, known = copy_on_write(root)
    table = table_of(reference_kernel(lab), known, Table)
    twins = twins_of(lab, known)
    passed = [s for s in known if passes(s, load_recording(lab, s), table)]

    assert len(passed) > 0.9 * len(known)
    busy = {s.id for s in passed if any(r.allocated or r.changes for r in load_recording(lab, s).traces[0].steps)}
    also = [s.id for s in passed if passes(twins[s.id].scenario, twins[s.id].output, table)]
    assert len(also) <= 2 and not busy.intersection(also)


@pytest.mark.proof
def test_a_table_that_renames_is_not_caught(root):
    """The limit of what twins can show, as scenario/README.md says: only new scenarios catch this one."""
    lab, known = copy_on_write(root)
    table = table_of(reference_kernel(lab), known, RenamingTable)
    twins = twins_of(lab, known)
    passed = [s for s in known if passes(twins[s.id].scenario, twins[s.id].output, table)]
    hidden = [s for s in lab.hidden if s.each is None and passes(s, load_recording(lab, s), table)]

    assert len(passed) > 0.5 * len(known)
    assert len(hidden) < 0.2 * len(lab.hidden)


def copy_on_write(root):
    """The lab, and those of its public scenarios that the tables can be recorded from."""
    lab = load_lab(root / "labs" / "copy-on-write")
    plain = [s for s in lab.scenarios if s.each is None and s.machine.allocation == "lowest"]
    return lab, plain


def test_the_seeds_are_of_what_only_staff_have(lab):
    """Another hidden scenario makes other twins in its task, another reference in all; a public one in none.

    A task without hidden scenarios goes by those of all tasks.
    """
    before = seeds_of(load_lab(lab))
    (lab / "scenarios" / "more.yaml").write_text(FORK)
    assert seeds_of(load_lab(lab)) == before
    (lab / "hidden" / "secret.yaml").write_text(FORK)
    (hidden,) = {scenario.task for scenario in load_lab(lab).hidden}
    others = before.keys() - {hidden}
    one = seeds_of(load_lab(lab))
    assert {one[task] for task in others} == {one[hidden]} and not set(one.values()) & set(before.values())

    (other,) = others - {"quiz"}
    (lab / "hidden" / "another.yaml").write_text(FORK.replace(f"task: {hidden}", f"task: {other}", 1))
    two = seeds_of(load_lab(lab))
    assert two[hidden] == one[hidden] and two[other] != one[other]

    (lab / "reference" / "small.py").write_text((lab / "reference" / "small.py").read_text() + "# more\n")
    assert not set(seeds_of(load_lab(lab)).values()) & set(two.values())


def exported(lab, folder):
    """A copy of the lab without its reference, with its twins recorded."""
    loaded = load_lab(lab)
    write_lab(loaded, folder, hidden=True)
    (folder / NAME).write_text(recorded_twins(loaded))
    return load_lab(folder)


def test_recorded_twins_are_those_of_the_reference(lab, tmp_path):
    """A copy of the lab without its reference grades with the same twins."""
    loaded = load_lab(lab)
    copy = exported(lab, tmp_path / "copy" / "small")

    assert twins_of(copy, copy.scenarios) == {
        id: t._replace(scenario=t.scenario._replace(path=twins_of(copy, copy.scenarios)[id].scenario.path))
        for id, t in twins_of(loaded, loaded.scenarios).items()
    }


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"seed": "x", "twins": {"touch": [{}]}}', '{"seeds": {"touch": "x"}, "twins": {"touch": [{}]}}'],
)
def test_recorded_twins_that_are_none_are_an_error(lab, tmp_path, text):
    """The file is named, and the way out."""
    copy = exported(lab, tmp_path / "copy" / "small")
    (copy.path / NAME).write_text(text)

    with pytest.raises(InputError, match=r"twins\.json: .*export the lab again"):
        twins_of(copy, copy.scenarios)


def test_a_released_lab_has_no_twins(lab, tmp_path):
    """Nor does its lab.yaml say what they decide."""
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text() + "twins: decide\n")
    write_lab(load_lab(lab), tmp_path / "small", hidden=False)
    released = load_lab(tmp_path / "small")

    assert twins_of(released, released.scenarios) == {}
    assert "twins" not in (tmp_path / "small" / "lab.yaml").read_text()
    assert json.dumps(released.twins) == '"report"'


def test_lab_yaml_says_what_a_twin_decides(lab):
    """Any other word is refused, with the line and the words there are."""
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text() + "twins: sometimes\n")

    with pytest.raises(InputError, match=r"lab\.yaml:10: a lab: twins is 'sometimes'; expected report or decide"):
        load_lab(lab)
