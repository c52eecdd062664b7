"""Submissions that are built alike."""

import inspect
import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.similarity import ALIKE, Fingerprints, Likeness, Pair, connected, find_alike
from tests.reference import alternatives

LABS = pathlib.Path(__file__).resolve().parents[2] / "labs"
STUBS = [(LABS / name / "kernel.py").read_text(encoding="utf-8") for name in ("demand-paging", "copy-on-write")]


@pytest.fixture(scope="module")
def kernels():
    """Correct kernels that were written independently of each other, by name."""
    found = {
        name: inspect.getsource(kernel)
        for name, kernel in vars(alternatives).items()
        if isinstance(kernel, type) and kernel.__module__ == alternatives.__name__
    }
    assert len(found) >= 6
    return found


def disguise(source):
    """Return the source with other names, comments, numbers of blank lines and order of methods."""
    head, *methods = re.split(r"(?m)^(?=    def )", source)
    text = head + "".join(f"    # written by me\n\n{method}" for method in reversed(methods))
    for old, new in (("process", "p"), ("entry", "e"), ("region", "area"), ("frame", "f"), ("page", "number")):
        text = re.sub(rf"(?<![.\w]){old}(?!\w)", new, text)
    return text


def longest(kernels):
    return max(kernels, key=lambda name: len(kernels[name]))


def test_independent_kernels_are_no_pair(kernels):
    """Correct kernels by different people are not named, although they solve the same tasks."""
    found = find_alike(kernels, STUBS)

    assert found.compared >= 6
    assert (found.groups, found.pairs) == ([], [])


def test_a_disguised_copy_is_in_one_group_with_its_source(kernels):
    """Other names, comments, blank lines and another order of methods hide nothing."""
    name = longest(kernels)

    found = find_alike({**kernels, "copy": disguise(kernels[name])}, STUBS)

    assert found.groups == [sorted(["copy", name])]


def test_a_copy_with_one_method_rewritten_is_a_pair(kernels):
    """A copy in which one method was written anew is named as a pair with its share."""
    name = longest(kernels)
    methods = re.split(r"(?m)^(?=    def )", kernels[name])
    methods[1] = (
        "    def mprotect(self, process, start, pages, protection):\n        return [x for x in range(3) if x]\n\n"
    )

    found = find_alike({**kernels, "copy": "".join(methods)}, STUBS)

    (pair,) = found.pairs
    assert {pair.first, pair.second} == {"copy", name}
    assert ALIKE <= pair.share < 1


def test_a_class_from_few_templates_has_as_many_groups(kernels):
    """Kernels that differ only in a comment of their own fall into one group for each text that they came from."""
    handed_in = {f"{name}-{n}": f"# student {n}\n{text}" for name, text in kernels.items() for n in range(5)}

    found = find_alike(handed_in, STUBS)

    assert [len(group) for group in found.groups] == [5] * len(kernels)


def test_kernels_that_make_no_pair_because_many_share_them_are_counted(kernels):
    """Nine of ten are one kernel with a method changed: what they share counts as usual, and that is said."""
    name, other = longest(kernels), min(kernels)
    extra = "        x = [process]\n        while x and len(x) < 4:\n            x += [y for y in x if y]\n"
    variants = {
        f"s{n}": kernels[name] + f"\n    def m(self, process):\n{extra * n}        return x[{n}:] if x else {[n] * n}\n"
        for n in range(1, 10)
    }
    found = find_alike({**variants, "other": kernels[other]}, STUBS)

    assert name != other and found.compared == 10
    named = {id for ids in [*found.groups, *((one.first, one.second) for one in found.pairs)] for id in ids}
    assert found.usual == 9 - len(named) > 0
    assert find_alike(kernels, STUBS).usual == 0


def test_what_everybody_was_given_does_not_count(kernels):
    """Unchanged stubs and kernels with little of their own are not compared."""
    found = find_alike({"a": STUBS[1], "b": STUBS[1] + "\n# mine\n", "c": ""}, STUBS)

    assert found == ([], [], 0, 0)


def test_rare_wrong_signatures_are_a_second_sign(kernels):
    """A pair lists the scenarios that both fail in a way that few others do, and no others."""
    name = longest(kernels)
    methods = re.split(r"(?m)^(?=    def )", kernels[name])
    handed_in = {**kernels, "copy": "".join(methods[:-1])}
    failed = {id: {"usual": "faults:1"} for id in handed_in}
    for id in ("copy", name):
        failed[id]["odd"] = "audit:7"

    found = find_alike(handed_in, STUBS, failed)

    assert [pair.signatures for pair in found.pairs] == [("odd",)]


@given(st.text(max_size=400) | st.text("()[]{}'\"\\\n \tdefclass:.=0", max_size=400))
def test_any_text_can_be_compared(text):
    """Texts that are no Python, or only begin as Python, are compared as far as they go."""
    assert isinstance(Fingerprints({"allocate"}).of(text), frozenset)
    assert find_alike({"a": text, "b": "x = 1"}, [text]).pairs == []


@given(st.data())
def test_a_function_has_the_same_fingerprints_wherever_it_is_read(kernels, data):
    """Functions are read one by one, or all in one go where a text is left open at the end: nothing differs."""
    methods = re.split(r"(?m)^(?=    def )", kernels[data.draw(st.sampled_from(sorted(kernels)))])
    text = methods[0] + "".join(data.draw(st.permutations(methods[1:])))
    parts, whole = Fingerprints(set()), Fingerprints(set())

    assert parts.of(text) == whole.of(text + '\n"""\n') != frozenset()


def test_a_line_of_a_text_is_no_function():
    """A docstring that quotes a function counts as little as any other."""
    body = "    return [self.hw.frames.zero(frame) for frame in process.page_table if frame is not None]\n"
    quoted = f'def f(self, process):\n    """It is used like this:\n\ndef g(self):\n    """\n{body}'
    plain = f'def f(self, process):\n    """It is used."""\n{body}'

    assert Fingerprints(set()).of(quoted) == Fingerprints(set()).of(plain) != frozenset()


def test_the_result_does_not_depend_on_the_order_of_the_class(kernels):
    """The same class gives the same groups and pairs in whatever order it was read."""
    handed_in = {**kernels, "copy": disguise(kernels[longest(kernels)])}

    assert find_alike(handed_in, STUBS) == find_alike(dict(reversed(handed_in.items())), STUBS)


def test_pairs_are_joined_into_groups():
    """Pairs and sets that share a kernel are one group; a shared rare failure puts a group first, then its size."""
    found = Likeness(
        [["a", "b", "c"]], [Pair("a", "d", 0.9, ()), Pair("d", "e", 0.8, ()), Pair("x", "y", 0.75, ("fork",))], 9
    )
    groups = connected(found)

    assert [group.members for group in groups] == [["x", "y"], ["a", "b", "c", "d", "e"]]
    assert (groups[1].same, [pair.second for pair in groups[1].pairs]) == ([["a", "b", "c"]], ["d", "e"])


ids = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(ids, ids).filter(lambda pair: pair[0] != pair[1]), max_size=12))
def test_every_pair_is_in_one_group(pairs):
    """No pair is lost, no kernel is in two groups, and each group is connected by its own pairs."""
    groups = connected(Likeness([], [Pair(a, b, 0.9, ()) for a, b in pairs], 8))
    members = [id for group in groups for id in group.members]

    assert sorted(members) == sorted({id for pair in pairs for id in pair})
    assert sum(len(group.pairs) for group in groups) == len(pairs)
    for group in groups:
        reached = {group.members[0]}
        for _ in group.members:
            reached |= {id for pair in group.pairs if reached & {pair.first, pair.second} for id in pair[:2]}
        assert sorted(reached) == group.members
