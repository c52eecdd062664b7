"""YAML files that are parsed only once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import kept
from grader.errors import FormatError
from grader.formats import kept_trees
from grader.formats.kept_trees import KeptTrees, _plain, _tree
from grader.formats.yaml_reader import Block, Items, read_yaml
from grader.formats.yaml_writer import flow

TREE = "title: file {n}\nsteps:\n  - read: {{by: P, at: [{n}, 0x10, 2.5, true]}}\n"
FILES = [TREE.format(n=n).encode() for n in range(3)]


@pytest.fixture(autouse=True)
def cache(user_cache):
    """A cache of each test's own."""
    return user_cache / "yaml"


@pytest.fixture
def parsed(monkeypatch):
    """The files that were parsed."""
    seen = []
    monkeypatch.setattr(kept_trees, "read_yaml", lambda data, name: (seen.append(data), read_yaml(data, name))[1])
    return seen


def lines_of(value):
    """Return a tree's values together with their lines."""
    if isinstance(value, Block):
        return value.line, {key: (value.lines[key], lines_of(item)) for key, item in value.items()}
    if isinstance(value, Items):
        return value.line, [(line, lines_of(item)) for line, item in zip(value.lines, value, strict=True)]
    return type(value), value


def read_all(folder):
    with KeptTrees(folder) as trees:
        return [lines_of(trees.read(data, "a.yaml")) for data in FILES]


def test_a_file_is_parsed_once(tmp_path, parsed):
    """The second run finds every tree, with its lines, as it was."""
    first = read_all(tmp_path)

    assert first == read_all(tmp_path) == [lines_of(read_yaml(data, "a.yaml")) for data in FILES]
    assert parsed == FILES


def test_a_changed_file_is_parsed_again(tmp_path, parsed):
    """A tree belongs to bytes, not to a name or a time."""
    read_all(tmp_path)
    parsed.clear()
    with KeptTrees(tmp_path) as trees:
        assert trees.read(FILES[0] + b"# more\nnew: 1\n", "a.yaml")["new"] == 1
    read_all(tmp_path)

    assert parsed == [FILES[0] + b"# more\nnew: 1\n"]


def test_a_file_that_is_refused_is_refused_again(tmp_path):
    """An error is not kept, and names the file as it is called now."""
    read_all(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        with pytest.raises(FormatError, match=rf"{name}:1: .*010"), KeptTrees(tmp_path) as trees:
            trees.read(b"value: 010\n", name)


@pytest.mark.parametrize("damage", [b"", b"x" * 99, None])
def test_a_damaged_pack_is_made_anew(tmp_path, cache, parsed, damage):
    """A pack that is cut, or was written by something else, changes no tree."""
    first = read_all(tmp_path)
    (pack,) = cache.iterdir()
    pack.write_bytes(pack.read_bytes()[:-1] if damage is None else damage)

    assert read_all(tmp_path) == first
    assert parsed == FILES * 2
    assert read_all(tmp_path) == first and len(parsed) == 2 * len(FILES)


def test_a_pack_of_another_version_is_not_used(tmp_path, monkeypatch, parsed):
    """A grader that may read something else finds nothing."""
    read_all(tmp_path)
    monkeypatch.setattr(kept, "stamp", lambda: "another")
    read_all(tmp_path)

    assert parsed == FILES * 2


PLAIN = st.recursive(
    st.integers(-(10**12), 10**12) | st.booleans() | st.text("abc :#'\n\u00e9", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcxyz", min_size=1), PLAIN, min_size=1, max_size=4))
def test_every_tree_comes_back(values):
    """Whatever YAML can say is the same after it was kept: values, types and lines."""
    tree = read_yaml(flow(values), "a.yaml")

    assert lines_of(_tree(_plain(tree))) == lines_of(tree)
