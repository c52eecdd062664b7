"""Versions of namespaces are read where Python has them, and nowhere else."""

import ctypes
import sys
from types import ModuleType

import pytest

from grader.sandbox.inside import dict_versions
from grader.sandbox.inside.dict_versions import reader

versioned = pytest.mark.skipif(
    sys.implementation.name != "cpython" or sys.version_info[:2] not in dict_versions._KNOWN,
    reason="only CPython 3.11 and 3.12 are known to have them",
)


class Thing:
    """A class to change."""

    size = 1


@pytest.fixture
def module():
    made = ModuleType("made")
    made.size = 1
    return made


@versioned
@pytest.mark.parametrize(
    "change",
    [
        lambda thing: setattr(thing, "size", 2),
        lambda thing: setattr(thing, "colour", 2),
        lambda thing: delattr(thing, "size"),
    ],
    ids=["bound again", "added", "removed"],
)
@pytest.mark.parametrize("which", [0, 1])
def test_every_change_has_another_version(module, change, which):
    """Of a module's names and of a class's, and the other one's version stays."""
    thing = type("Thing", (), {"size": 1})
    owners = [module, thing]
    versions = reader([vars(owner) for owner in owners])
    before = versions()
    assert versions() == before

    change(owners[which])

    assert [a == b for a, b in zip(versions(), before, strict=True)] == [which == 1, which == 0]


@versioned
def test_code_that_runs_in_a_module_changes_its_version(module):
    """A global that a function assigns: Python has an instruction of its own for that, which may adapt."""
    exec("def change():\n    global size\n    size = size + 1\n", vars(module))
    versions = reader([vars(module)])
    seen = set()
    for _ in range(100):
        seen.add(versions()[0])
        module.change()

    assert len(seen) == 100


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("implementation", type("Other", (), {"name": "pypy"})),
        ("version_info", (3, 14, 0)),
        ("modules", {name: module for name, module in sys.modules.items() if name != "ctypes"}),
    ],
    ids=["another Python", "a later one", "ctypes is not there"],
)
def test_elsewhere_there_are_none(monkeypatch, what, value):
    """Names are compared then."""
    monkeypatch.setattr(dict_versions.sys, what, value)
    found = reader([vars(Thing)])
    monkeypatch.undo()

    assert found is None


@versioned
@pytest.mark.parametrize("offset", [0, 8, 16, 32])
def test_another_layout_is_noticed(monkeypatch, offset):
    """A Python whose dicts are laid out otherwise, such as a debug build: what is read does not change as it must."""
    monkeypatch.setattr(dict_versions, "_OFFSET", offset)

    assert not dict_versions._works(ctypes)
