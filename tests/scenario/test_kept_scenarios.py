"""Scenarios that are parsed and checked only once."""

import marshal
import pathlib

import pytest

from grader import kept
from grader.errors import FormatError
from grader.scenario import kept_scenarios
from grader.scenario.kept_scenarios import FEW, KeptScenarios, _plain, _scenario
from grader.scenario.loader import load_scenario, parse_scenario

LABS = pathlib.Path(__file__).parents[2] / "labs"

ONE = """format: 1
title: Number {n}
task: touch
processes: [P]
steps:
  - mmap:  {{by: P, name: h, pages: 2}}
  - write: {{by: P, at: h, value: {n}, expect: {{faults: 2}}}}
"""
FILES = [ONE.format(n=n).encode() for n in range(FEW)]


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / "scenarios"


@pytest.fixture
def parsed(monkeypatch):
    """The files that were parsed."""
    seen = []
    monkeypatch.setattr(
        kept_scenarios, "parse_scenario", lambda data, *rest: (seen.append(data), parse_scenario(data, *rest))[1]
    )
    return seen


def read_all(folder, files=FILES):
    with KeptScenarios(folder) as scenarios:
        return [scenarios.read(data, f"s{n}", f"s{n}.yaml") for n, data in enumerate(files)]


def test_a_scenario_is_parsed_once(tmp_path, parsed):
    """The second run finds every scenario as it was, under the name that its file has now."""
    first = read_all(tmp_path)
    with KeptScenarios(tmp_path) as scenarios:
        renamed = scenarios.read(FILES[0], "other", "other.yaml")

    assert read_all(tmp_path) == first
    assert parsed == FILES
    assert renamed == first[0]._replace(id="other", path="other.yaml")


def test_a_changed_scenario_is_parsed_again(tmp_path, parsed):
    """A scenario belongs to bytes, not to a name or a time."""
    read_all(tmp_path)
    parsed.clear()
    changed = [FILES[0].replace(b"Number 0", b"Another"), *FILES[1:]]

    assert read_all(tmp_path, changed)[0].title == "Another"
    assert parsed == changed[:1]


def test_a_scenario_that_is_refused_is_refused_again(tmp_path):
    """A mistake is not kept, and names the file as it is called now."""
    read_all(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        with pytest.raises(FormatError, match=f"{name}:6: "), KeptScenarios(tmp_path) as scenarios:
            scenarios.read(FILES[0].replace(b"pages", b"pags"), "a", name)


@pytest.mark.parametrize("damage", [b"", b"x" * 99, None])
def test_a_damaged_pack_is_made_anew(tmp_path, cache, parsed, damage):
    """A pack that is cut, or was written by something else, changes no scenario."""
    first = read_all(tmp_path)
    (pack,) = cache.iterdir()
    pack.write_bytes(pack.read_bytes()[:-1] if damage is None else damage)

    assert read_all(tmp_path) == first
    assert parsed == FILES * 2


def test_another_shape_is_parsed_again(tmp_path, monkeypatch, parsed):
    """A value that this program would not have written counts as nothing."""
    first = read_all(tmp_path)
    monkeypatch.setattr(kept.Pack, "get", lambda self, digest: ("title", 1))

    assert read_all(tmp_path) == first
    assert parsed == FILES * 2


def test_a_pack_of_another_grader_is_not_used(tmp_path, monkeypatch, parsed):
    """A grader that may check something else finds nothing."""
    read_all(tmp_path)
    monkeypatch.setattr(kept, "stamp", lambda: "another")
    read_all(tmp_path)

    assert parsed == FILES * 2


def test_a_handful_of_scenarios_is_not_worth_it(tmp_path, cache):
    """A small folder leaves nothing behind."""
    read_all(tmp_path, FILES[:3])

    assert not cache.is_dir() or list(cache.iterdir()) == []


@pytest.mark.parametrize("lab", ["copy-on-write", "linux", "swapping"])
def test_every_scenario_comes_back(lab):
    """Whatever a lab's scenarios have, files and machines included, is the same after it was kept."""
    for path in sorted((LABS / lab / "scenarios").glob("*.yaml")):
        scenario = load_scenario(path)
        plain = marshal.loads(marshal.dumps(_plain(scenario)))

        assert _scenario(plain, scenario.id, scenario.path) == scenario
