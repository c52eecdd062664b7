"""The hostile submissions against this machine's box, and the selftest itself."""

import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

from grader.authoring.attacks import FOLDER, HONEST, read_attack, read_attacks, without_c
from grader.authoring.selftest import Outcome, Selftest, run_selftest
from grader.errors import InputError
from grader.sandbox.isolation import LEVELS
from grader.sandbox.sandbox import Sandbox
from tests.marks import proofs_except

ATTACKS = [attack for attack in read_attacks() if attack.language == "python"]
GOING_ON = [attack for attack in ATTACKS if attack.verdicts[1] == frozenset({"passed"})]
IN_C = [attack for attack in read_attacks() if attack.language != "python"]
WITH_C = pytest.mark.skipif(bool(without_c()), reason=without_c())
HEAD = "# It tries something.\n# level: L1\n# verdicts: passed {} passed\n\n"
STRIKE = "class Attack(Honest):\n    def strike(self, parent, child):\n        {}\n"


@pytest.fixture(scope="module")
def selftest():
    """A box of the best level there is, with its walls alone."""
    with Selftest() as made:
        yield made


@pytest.fixture(scope="module")
def polite():
    """A box as in public scenarios: walls, Python's own refusals before them, and all steps sent at once."""
    with Selftest(polite=True, known=True) as made:
        yield made


def honest():
    return (FOLDER / HONEST).read_text(encoding="utf-8")


def made(line, verdict="passed"):
    return read_attack("made", HEAD.format(verdict) + STRIKE.format(line), honest())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls are Linux's")
def test_this_machine_gives_the_level_that_grading_strangers_needs():
    """L2 or more. In CI that is a must; elsewhere, what is missing is the reason to skip."""
    with Sandbox() as box:
        isolation = box.isolation
    if LEVELS.index(isolation["got"]) < LEVELS.index("L2"):
        told = f"this machine gives {isolation['got']}: {isolation['missing']}"
        pytest.fail(told) if "CI" in os.environ else pytest.skip(told)


def test_there_are_attacks_of_every_kind():
    """At least 125, each with a sentence that says what it tries."""
    assert len(ATTACKS) >= 125
    assert all(attack.about.endswith(".") for attack in [*ATTACKS, *IN_C])
    assert sum(attack.language == "wat" or not attack.name.startswith("c-source") for attack in IN_C) >= 15
    assert sum(attack.name.startswith("c-source") for attack in IN_C) >= 15


# `grader selftest`, which CI runs, tries them all as well.
@pytest.mark.parametrize("attack", proofs_except(ATTACKS[::4], ATTACKS), ids=lambda attack: attack.name)
def test_an_attack_is_contained(selftest, attack):
    """Its verdicts are as its file says, nothing comes out, nothing is left behind, the next kernel is unharmed."""
    outcome = selftest.run(attack)
    if outcome.skipped:
        pytest.skip(outcome.skipped)

    assert outcome.wrong == ()


@pytest.mark.parametrize("attack", proofs_except(GOING_ON[::3], GOING_ON), ids=lambda attack: attack.name)
def test_an_attack_that_goes_on_is_contained_or_refused_in_words(polite, attack):
    """Where Python refuses first, an attack that would swallow what the walls say ends as refused at worst."""
    lenient = attack._replace(verdicts=tuple(wanted | {"refused", "crashed"} for wanted in attack.verdicts))
    outcome = polite.run(lenient)
    if outcome.skipped:
        pytest.skip(outcome.skipped)

    assert outcome.wrong == ()


@pytest.fixture(scope="module")
def alone():
    """WebAssembly, without a wall of the system's."""
    with Selftest("W") as made:
        yield made


@WITH_C
@pytest.mark.proof
@pytest.mark.parametrize("attack", IN_C, ids=lambda attack: attack.name)
def test_an_attack_in_c_is_contained(selftest, attack):
    """By the system's walls and WebAssembly's together."""
    assert selftest.run(attack).wrong == ()


@WITH_C
@pytest.mark.proof
@pytest.mark.parametrize("attack", IN_C, ids=lambda attack: attack.name)
def test_an_attack_in_c_is_contained_by_webassembly_alone(alone, attack):
    """As on systems that confine nothing: the same attacks, the same verdicts."""
    assert alone.run(attack).wrong == ()


@WITH_C
def test_webassembly_contains_some_attacks(alone):
    """The quick ones of them: a source that would read a file, and a module whose functions are of another kind."""
    quick = ("c-source-includes-a-file", "module-of-another-kind", "module-with-too-much-memory")
    outcomes = [alone.run(attack) for attack in IN_C if attack.name in quick]

    assert [outcome.wrong for outcome in outcomes] == [()] * len(quick)
    assert alone.run(ATTACKS[0]).skipped == "this level is only for kernels in C"


# -- would it notice? -----------------------------------------------------------------------------------------


def test_an_escape_is_noticed(selftest):
    """An attack that says it escaped, and one that prints the secret, are failures."""
    assert "the attack printed: ESCAPED: so" in selftest.run(made("print('ESCAPED: so')")).wrong
    assert "a secret leaked" in selftest.run(made(f"print({selftest.yard.secret!r})")).wrong


def test_a_wrong_verdict_is_noticed(selftest):
    """A crash where a pass was foretold is a failure, with both."""
    assert selftest.run(made("1 / 0")).wrong == ("struck: crashed, not passed",)


def test_what_is_left_behind_is_noticed(selftest, tmp_path):
    """A planted file, a changed one and a process that goes on are failures."""
    selftest.yard.before = selftest.yard.traces()
    (selftest.yard.folder / "planted").write_text("x")
    selftest.yard.victim.write_text("harmed")
    other = subprocess.Popen(
        [sys.executable, "-c", "input()  # grader.sandbox.inside.zygote", "x"], stdin=subprocess.PIPE
    )
    try:
        wrong = selftest.yard.left_behind()
    finally:
        other.communicate(b"\n")
        (selftest.yard.folder / "planted").unlink()
        selftest.yard.victim.write_text(selftest.yard.secret)

    assert f"left behind in {selftest.yard.folder}: planted" in wrong
    assert f"left behind in processes: process {other.pid}" in wrong
    assert "a file that everybody may write was changed" in wrong
    assert selftest.yard.left_behind() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls are Linux's")
def test_without_walls_attacks_succeed():
    """The negative control: at L1 an attack that reads the answers from a file gets them, and the selftest says so."""
    attack = next(a for a in ATTACKS if a.name == "reading-answers")
    with Selftest("L1") as weak:
        assert weak.run(attack).skipped == "needs L2; this sandbox is L1"
        wrong = weak.run(attack._replace(level="L1")).wrong

    assert "a secret leaked" in wrong


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="walls are Linux's")
def test_without_walls_what_is_planted_is_found():
    """At L1 an attack that plants files and shared memory does, and all of it is told; nobody else's files are."""
    attacks = {a.name: a._replace(level="L1") for a in ATTACKS}
    with Selftest("L1") as weak:
        yard = weak.yard
        with tempfile.NamedTemporaryFile(prefix="planted", dir="/tmp"):
            wrong = [*weak.run(attacks["planting-files"]).wrong, *weak.run(attacks["shared-memory"]).wrong]
        for folder in yard.WATCHED:
            for path in pathlib.Path(folder).glob(f"{yard.planted}*"):
                path.unlink() if not path.is_dir() or path.is_symlink() else path.rmdir()
        for kind in "mqs":
            subprocess.run(["ipcrm", f"-{kind.upper()}", str(yard.key)], capture_output=True, check=False)

    found = {line for line in wrong if line.startswith("left behind in")}
    assert f"left behind in /tmp: {yard.planted}" in found
    assert any(line.startswith(f"left behind in System V shm: {yard.key} ") for line in found)
    assert all(yard.planted in line or str(yard.key) in line or str(yard.folder) in line for line in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "the comments at its head must give"),
        ("# It tries.\n# level: L9\n# verdicts: passed passed passed\n", "the comments at its head must give"),
        ("# It tries.\n# level: L1\n# verdicts: passed\n", "three verdicts"),
    ],
)
def test_a_head_that_says_too_little_is_an_error(text, words):
    """An attack without level, with an unknown one, or with too few verdicts is named."""
    with pytest.raises(InputError, match=words):
        read_attack("bad", text, honest())


def test_attacks_elsewhere_are_an_error(tmp_path):
    """A folder without hostile submissions, and a pattern that fits none, say so."""
    with pytest.raises(InputError, match="no hostile submissions here; they are in the folder tests/hostile"):
        read_attacks(tmp_path)
    with pytest.raises(InputError, match="no attack matches zz"):
        read_attacks(pattern="zz")


# -- the command ----------------------------------------------------------------------------------------------


def test_the_command_tells_what_was_contained(cli):
    """A line an attack, a summary with the level, and status 0."""
    status, out, _ = cli("selftest", "--only", "hard-exit")

    assert status == 0
    assert "  ok   hard-exit" in out
    assert "1 of 1 attacks contained at L" in out


def test_the_command_fails_if_one_was_not(cli, monkeypatch):
    """Status 1, the attack with what went wrong, and a warning."""
    escaped = made("print('ESCAPED: so')")
    monkeypatch.setattr("grader.authoring.attacks.read_attacks", lambda pattern: [escaped])
    status, out, err = cli("selftest")

    assert status == 1
    assert "  FAIL made" in out and "the attack printed: ESCAPED: so" in out
    assert "do not grade untrusted kernels here" in err


def test_the_command_names_what_was_not_tried(cli):
    """Attacks that only a higher level contains are listed with the level that they need."""
    status, out, _ = cli("selftest", "--isolation", "L1", "--only", "existence")

    assert status == 1
    assert "  -    existence" in out and "needs L3; this sandbox is L1" in out


def test_all_are_told_as_they_end(selftest):
    """run_selftest hands every outcome on, in order."""
    seen: list[Outcome] = []
    outcomes = run_selftest(selftest, [made("pass"), made("1 / 0", "crashed")], seen.append)

    assert seen == outcomes
    assert [o.verdicts[1] for o in outcomes] == ["passed", "crashed"]
    assert all(outcome.seconds > 0 for outcome in outcomes)
