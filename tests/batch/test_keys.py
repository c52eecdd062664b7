"""What a kept attempt depends on: whatever changes, those that it decides are tried again, and no others."""

import re
import sys

import pytest

from grader.authoring.record import record
from grader.batch import keys
from grader.batch.grading import open_course
from grader.batch.keys import Kernel, known_of
from grader.batch.store import Kept, Store
from grader.lab.lab import load_lab
from grader.versions import grader_hash
from grader.wasm.toolchain import toolchain
from tests.kernels import SmallKernel
from tests.labs import TOUCH
from tests.marks import proofs_except

PYTHON, C = Kernel("a kernel", "python"), Kernel("another", "c")

EVERY, TWINS = {"again", "touch", "fork", "secret"}, {"twin of again", "twin of touch", "twin of fork"}
PROOF = {"certificate"}
ALL = EVERY | TWINS | PROOF


@pytest.fixture
def lab(lab, monkeypatch):
    """A lab that takes kernels in both languages, and a machine that has what kernels in C need."""
    (lab / "scenarios" / "again.yaml").write_text(TOUCH.replace("value: 1", "value: 5"))
    (lab / "lab.yaml").write_text((lab / "lab.yaml").read_text() + "languages: [python, c]\n")
    record(load_lab(lab), SmallKernel)
    monkeypatch.setattr(keys, "toolchain", lambda: "zig 1, wasmtime 1")
    return lab


def keys_of(lab, isolation="L2"):
    return open_course(load_lab(lab), isolation).keys


def every(known, kernel, together=False):
    """The keys of all scenarios and twins."""
    scenarios = [known.scenario(kernel, id, together) for id in known.hashes]
    return scenarios + [known.twin(kernel, id, together) for id in known.twins]


def kept(verdict="passed", level="L2"):
    return Kept(verdict, {"verdict": verdict}, {"wanted": "auto", "got": level, "missing": {}})


@pytest.fixture
def store(lab, tmp_path):
    """A store with an attempt of both kernels for everything that a lab tries, and their certificates."""
    known = keys_of(lab)
    with Store(tmp_path / "out") as store:
        for kernel in (PYTHON, C):
            store.replace((key, kept()) for key in [*every(known, kernel), known.certificate(kernel)])
        yield store


def due(store, known, kernel):
    found = known_of(known, store, kernel)
    missing, twins = found.due(known)
    return {*missing, *(f"twin of {id}" for id in twins), *(PROOF if found.certificate is None else ())}


def edit(name, old, new):
    """Return a change of a file of the lab, which is recorded again."""

    def change(lab, monkeypatch):
        text = (lab / name).read_text()
        assert old in text
        (lab / name).write_text(text.replace(old, new))
        record(load_lab(lab), SmallKernel)

    return change


def put(name, text):
    """Return a change that puts a file into the lab."""

    def change(lab, monkeypatch):
        (lab / name).write_text(text)
        record(load_lab(lab), SmallKernel)

    return change


def patch(name, value):
    """Return a change of what the machine has."""
    return lambda lab, monkeypatch: monkeypatch.setattr(keys, name, lambda: value)


def nothing(lab, monkeypatch):
    """Change nothing."""


def rerecord(lab, monkeypatch):
    """Change what the reference is recorded to do in one scenario."""
    path = load_lab(lab).outputs / "touch.json"
    path.write_text(path.read_text() + "\n")


def scope(lab, monkeypatch):
    """Give the lab a small world of its own."""
    path = lab / "lab.yaml"
    path.write_text(path.read_text() + "scope: [{name: tiny, mappings: [{by: P, name: h, pages: 1}], processes: 1}]\n")


#: Change -> what of a kernel in Python is tried again, and of one in C.
CHANGES = {
    "nothing": (nothing, set(), set()),
    "the grader, or Python": (patch("grader_hash", "another"), ALL, ALL),
    "the compiler, or the runtime": (patch("toolchain", "zig 2, wasmtime 1"), set(), ALL),
    "the class": (edit("lab.yaml", "kernel: kernel.py:SmallKernel", "kernel: kernel.py:Other"), ALL, set()),
    "languages": (edit("lab.yaml", "[python, c]", "[c, python]"), set(), set()),
    "a public scenario": (edit("scenarios/touch.yaml", "value: 1", "value: 2"), *2 * [{"touch", "twin of touch"}]),
    "a hidden scenario": (edit("hidden/secret.yaml", "value: 77", "value: 76"), *2 * [{"secret", *TWINS}]),
    "a recorded output": (rerecord, *2 * [{"touch"}]),
    "a module of the reference": (put("reference/helper.py", "# mended\n"), PROOF, PROOF),
    "the worlds that are verified": (scope, PROOF, PROOF),
    "a new scenario": (
        put("scenarios/more.yaml", TOUCH.replace("value: 1", "value: 9")),
        *2 * [{"more", "twin of more"}],
    ),
    "the order": (edit("lab.yaml", "tasks:", "order: [touch, again]\ntasks:"), set(), set()),
    "a task": (edit("hidden/secret.yaml", "task: share", "task: touch"), *2 * [{"secret", *TWINS}]),
    "a title": (edit("lab.yaml", "title: Fork, points: 40, ", "title: Forks, points: 40, "), set(), set()),
    "a hint": (edit("scenarios/touch.yaml", "What is a fault?", "What is a page?"), *2 * [{"touch", "twin of touch"}]),
}

#: Changes that leave every attempt as it is, and may move the limits of a kernel that ran into one.
OF_THE_WHOLE = {"a new scenario", "the order"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_asks_for_what_depends_on_it(lab, store, monkeypatch, change):
    """Everything that a verdict depends on is in its key, and nothing else is."""
    make, python, c = CHANGES[change]
    make(lab, monkeypatch)
    known = keys_of(lab)

    assert due(store, known, PYTHON) == python
    assert due(store, known, C) == c


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_kept_together_is_asked_for_together(lab, tmp_path, monkeypatch, change):
    """A limit in one scenario leaves the others less time, and holds some back: a change of one concerns all."""
    known = keys_of(lab)
    with Store(tmp_path / "limited") as store:
        store.replace((key, kept("timed_out")) for key in every(known, PYTHON, True))
        make, alone, _ = CHANGES[change]
        make(lab, monkeypatch)
        now = keys_of(lab)
        found = due(store, now, PYTHON) - PROOF

    everything = {*now.hashes, *(f"twin of {id}" for id in now.twins)}
    assert found == (everything if change in OF_THE_WHOLE or alone & EVERY else set())


@pytest.mark.parametrize("wanted", proofs_except(["require", "L2S"], ["auto", "require", "L0", "L2S", "L2", "L3"]))
@pytest.mark.parametrize("got", ["none", "L0", "W", "L2S", "L2", "L3"])
def test_an_attempt_below_the_isolation_that_is_wanted_counts_as_none(lab, tmp_path, wanted, got):
    """What was graded without walls, to try something, does not become the grade of the class."""
    known = keys_of(lab, wanted)
    with Store(tmp_path / "out") as store:
        store.replace((key, kept(level=got)) for key in [*every(known, PYTHON), known.certificate(PYTHON)])
        found = due(store, known, PYTHON)

    least = {"auto": "L0", "require": "L2"}.get(wanted, wanted)
    strong = ["none", "L0", "W", "L2S", "L2", "L3"]
    assert found == (ALL if strong.index(got) < strong.index(least) else set())


def test_one_that_is_open_asks_for_all_that_were_kept_together(lab, tmp_path):
    """Tried without the others, it would have more time than with them."""
    known = keys_of(lab)
    first, *others = every(known, PYTHON, True)
    with Store(tmp_path / "out") as store:
        store.replace([(first, kept("ungradable")), *((key, kept("timed_out")) for key in others)])
        assert due(store, known, PYTHON) == ALL

        store.replace((key, kept()) for key in every(known, PYTHON))
        assert due(store, known, PYTHON) == PROOF, "it ran into no limit this time"


def test_what_runs_kernels_here_can_be_told():
    """The version of Python is in the grader's hash, and those of compiler and runtime in the toolchain."""
    assert f"-cpython-3{sys.version_info[1]}-" in grader_hash()
    assert re.fullmatch(r"(no compiler|zig [0-9.]+|.*clang.*), wasmtime ([0-9.]+|unknown)", toolchain())
