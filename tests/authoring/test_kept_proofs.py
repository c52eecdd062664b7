"""What `grader check` does not prove twice."""

import pathlib
import shutil

import pytest

from grader.authoring import misconceptions as tried_module
from grader.authoring.check import check_lab
from grader.authoring.misconceptions import try_misconceptions
from grader.lab.lab import load_lab
from grader.lab.mistakes import misconceptions
from tests.marks import proofs_but

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / "proofs"


@pytest.fixture
def course(tmp_path):
    """A copy of a small course with one lab, and its misconceptions."""
    for part in ("labs/demand-paging", "reference", "quizzes"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.fixture
def runs(monkeypatch):
    """The scenarios that misconceptions were tried on."""
    seen = []
    attempt_each = tried_module.attempt_each
    monkeypatch.setattr(tried_module, "attempt_each", lambda s, *more: (seen.append(s.id), attempt_each(s, *more))[1])
    return seen


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Three misconceptions are enough to see what is tried."""
    monkeypatch.setattr("grader.authoring.check.misconceptions", lambda lab: misconceptions(lab)[:3])


@pytest.fixture(autouse=True)
def quizzes(monkeypatch):
    """How often a quiz was proved; the real proof is in tests/quiz."""
    proved = []
    monkeypatch.setattr("grader.quiz.check_quiz", lambda lab: proved.append(lab.name) or [])
    return proved


def check(course, fresh=False):
    return list(check_lab(course / "labs" / "demand-paging", fresh=fresh))


def test_a_second_check_proves_nothing_again(course, runs, quizzes):
    """No misconception is run and no quiz key is computed, and every proof shows the same."""
    first = check(course)
    assert runs and quizzes == ["demand-paging"]
    runs.clear()

    assert check(course) == first
    assert (runs, quizzes) == ([], ["demand-paging"])


def test_only_what_has_changed_is_proved_again(course, runs, quizzes):
    """Another recording of one scenario concerns that scenario alone; `fresh` and a changed kernel concern all."""
    check(course)
    everything = sorted(runs)
    runs.clear()
    output = course / "reference" / "outputs" / "demand-paging" / "a-failed-touch.json"
    output.write_text(output.read_text() + "\n")
    check(course)
    assert set(runs) == {"a-failed-touch"} and len(runs) == everything.count("a-failed-touch")

    runs.clear()
    check(course, fresh=True)
    assert sorted(runs) == everything

    runs.clear()
    kernel = course / "reference" / "shared_memory.py"
    kernel.write_text(kernel.read_text() + "\n# changed\n")
    check(course)
    assert sorted(runs) == everything
    assert len(quizzes) == 4


@pytest.mark.parametrize("damage", proofs_but(None, [b"", b"[]", None]))
def test_a_damaged_pack_is_made_again(course, cache, runs, damage):
    """What is cut, or is something else, proves nothing."""
    first = check(course)
    everything = len(runs)
    (pack,) = cache.iterdir()
    pack.write_bytes(pack.read_bytes()[:-5] if damage is None else damage)

    assert check(course) == first
    assert len(runs) == 2 * everything


def test_a_problem_is_found_every_time(course, monkeypatch):
    """A quiz with a problem has it in the second check, too."""
    monkeypatch.setattr("grader.quiz.check_quiz", lambda lab: ["quiz.yaml:3: a wrong key"])
    problems = [[proof.problems for proof in check(course) if proof.name == "quiz"] for _ in range(2)]

    assert problems[0] == problems[1] and problems[0][0]


def test_processes_that_share_the_work_find_the_same(monkeypatch):
    """Outcomes do not depend on how many processes try the kernels."""
    lab = load_lab(ROOT / "labs" / "demand-paging")
    monkeypatch.setattr(tried_module, "WORTH_SHARING", 0)
    flags, seen = misconceptions(lab)[:4], []
    alone = try_misconceptions(lab, flags)

    assert try_misconceptions(lab, flags, seen.append, jobs=2) == alone
    assert seen == flags


def test_the_strength_of_a_lab_is_shown_once_it_was_measured(course, monkeypatch):
    """The figure and its survivors are kept for checks of the same files; before that, a note says how to get it."""
    from grader.authoring.mutants import Mutant, Strength, Survivor

    scenario = load_lab(course / "labs" / "demand-paging").scenarios[0]
    strength = Strength(12, 8, 1, [Survivor(Mutant("kernel.py", 7, "1 is 2", object), scenario)])
    monkeypatch.setattr("grader.authoring.mutants.measure", lambda lab, progress: strength)

    def mutants(**more):
        [found] = [p for p in check_lab(course / "labs" / "demand-paging", fresh=False, **more) if p.name == "mutants"]
        return found

    before, measured, after = mutants(), mutants(with_mutants=True), mutants()
    monkeypatch.setattr("grader.authoring.mutants.measure", None)

    assert (before.shown, "--mutants` measures the lab's strength" in before.notes[0]) == ("", True)
    assert measured.shown.startswith("strength 90.0%: of 10 small changes to the reference 9 are caught")
    assert "own scenarios" in measured.notes[-1] and measured == after == mutants(with_mutants=True)
