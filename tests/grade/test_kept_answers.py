"""Answers that passed in an earlier run: they are not re-enacted, and nothing else is believed."""

import pytest

from grader import kept
from grader.grade import kept_answers
from grader.grade.kept_answers import KeptAnswers
from grader.grade.session import Session
from grader.grade.submission import resolve
from grader.lab.lab import load_lab
from grader.machine import core
from grader.protocol.reenact import StandIn
from grader.sandbox import launch
from tests.labs import kernel_text

RIGHT = kernel_text()
COPIES_NOTHING = ("self.hw.frames.copy(old.frame, frame)", "self.hw.frames.zero(frame)")


@pytest.fixture(autouse=True)
def cache(user_cache, monkeypatch):
    """A cache of each test's own, in which a small lab is kept, too."""
    monkeypatch.setattr(kept_answers, "FEW", 1)
    return user_cache / "answers"


@pytest.fixture
def re_enacted(monkeypatch):
    """The stand-ins that were made."""
    made, begun = [], StandIn.__init__
    monkeypatch.setattr(StandIn, "__init__", lambda *given: (made.append(given), begun(*given))[1])
    return made


@pytest.fixture
def graded(lab, re_enacted):
    """graded(kernel): the attempts of a run on a small lab, records apart, and how many were re-enacted."""

    def run(text=RIGHT):
        (lab / "kernel.py").write_text(text)
        re_enacted.clear()
        loaded = load_lab(lab)
        with Session(loaded) as session, KeptAnswers(loaded.path) as session.answers:
            session.load(loaded.all_scenarios)
            found = session.grade(session.runner(resolve(None, loaded)), loaded.scenarios, loaded.hidden)
        return [g._replace(attempt=g.attempt._replace(records=())) for g in found], len(re_enacted)

    return run


def test_what_passed_is_not_re_enacted(graded):
    """The second run has the same attempts, hidden scenarios included, and re-enacts nothing."""
    first, count = graded()

    assert count == 3
    assert graded() == (first, 0)


def test_what_a_kernel_does_differently_is_re_enacted(graded):
    """A mistake that was made since is found, and one that was mended is known from before."""
    right, _ = graded()
    wrong, count = graded(kernel_text(*COPIES_NOTHING))

    assert [g.attempt.verdict for g in wrong] == ["passed", "failed", "failed"]
    assert count == 2
    assert graded() == (right, 0)


def test_a_failure_is_not_kept(graded):
    """Its records are needed to explain it, so it is re-enacted each time."""
    first, _ = graded(kernel_text(*COPIES_NOTHING))

    assert graded(kernel_text(*COPIES_NOTHING)) == (first, 2)


def test_another_recording_is_another_scenario(graded, lab):
    """What passed says nothing once the scenario expects something else."""
    graded()
    before = load_lab(lab)
    path = lab / "scenarios" / "touch.yaml"
    path.write_text(path.read_text().replace("faults: 2", "faults: 3"))
    output = before.outputs / "touch.json"
    output.write_text(output.read_text().replace(before.scenarios[0].hash, load_lab(lab).scenarios[0].hash))
    attempts, count = graded()

    assert attempts[0].attempt.verdict == "failed"
    assert count == 1


@pytest.mark.parametrize(
    "damage", ["cut", "foreign", "another shape", "another grader", "another core", "writable by others"]
)
def test_a_pack_that_cannot_be_trusted_is_not_used(graded, cache, monkeypatch, damage):
    """All is re-enacted, with the same attempts."""
    first, _ = graded()
    (pack,) = cache.iterdir()
    if damage == "cut":
        pack.write_bytes(pack.read_bytes()[:-1])
    elif damage == "foreign":
        pack.write_bytes(b"x" * 99)
    elif damage == "another shape":
        monkeypatch.setattr(kept.Pack, "get", lambda self, digest: ((1, 2), "three", ()))
    elif damage == "another grader":
        monkeypatch.setattr(kept, "stamp", lambda: "another")
    elif damage == "another core":
        with_core(monkeypatch, cache / "core.so")
    else:
        cache.chmod(0o777)

    assert graded() == (first, 3)


def with_core(monkeypatch, file):
    """Let the machine say that its core comes from this file."""
    loaded = launch.core_file()
    monkeypatch.setattr(launch, "core_file", lambda: loaded)  # the sandbox loads what is there
    file.write_text("a build")
    monkeypatch.setattr(core, "current", lambda: core.PYTHON._replace(file=str(file)))


def test_a_core_that_was_built_again_is_another_one(graded, tmp_path, monkeypatch):
    """Its place is the same, and what it lets pass need not be."""
    with_core(monkeypatch, tmp_path / "core.so")
    graded()
    assert graded()[1] == 0
    with_core(monkeypatch, tmp_path / "core.so")

    assert graded()[1] == 3


def test_few_new_answers_are_not_worth_a_pack(graded, cache, monkeypatch):
    """A small lab leaves nothing behind."""
    monkeypatch.setattr(kept_answers, "FEW", 8)
    graded()

    assert not cache.is_dir() or list(cache.iterdir()) == []


def test_only_so_many_ways_to_pass_are_kept(graded, monkeypatch):
    """The latest ones stay."""
    monkeypatch.setattr(kept_answers, "WAYS", 1)
    taken = "frame = self.hw.frames.allocate()"
    other = kernel_text(taken, f"{taken}; self.hw.frames.zero(frame)")
    graded()
    _, count = graded(other)

    assert count > 0
    assert graded(other)[1] == 0
    assert graded()[1] == count
