"""Kernels in C that are built alike."""

import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch import c_tokens
from grader.batch.similarity import find_alike, together
from grader.wasm.compiler import HEADER

ROOT = pathlib.Path(__file__).resolve().parents[2]
GIVEN = [
    HEADER.read_text(),
    *((ROOT / "labs" / lab / "stub.c").read_text() for lab in ("demand-paging", "copy-on-write")),
]
MODEL = (ROOT / "reference" / "c" / "copy-on-write.c").read_text()
OTHER = (ROOT / "tests" / "hostile" / "c" / "honest.c").read_text()


def disguise(text):
    """Return the text with other names, comments, layout and order of functions."""
    head, *functions = re.split(
        r"(?m)^(?=(?:static |int kernel|void kernel))", re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    )
    changed = head + "".join(f"// mine\n{part}\n" for part in reversed(functions))
    for old, new in (
        ("process", "p"),
        ("entry", "e"),
        ("region", "area"),
        ("frame", "f"),
        ("page", "n"),
        ("error", "bad"),
    ):
        changed = re.sub(rf"(?<!struct )(?<![.\w>]){old}(?![\w(])", new, changed)
    return re.sub(r" {4}", "\t", changed)


def alike(kernels):
    return find_alike(kernels, GIVEN, language="c")


def test_two_kernels_for_one_task_are_no_pair():
    """The same lab, solved twice."""
    found = alike({"one": MODEL, "other": OTHER})

    assert (found.compared, found.groups, found.pairs) == (2, [], [])


def test_a_disguised_copy_is_in_one_group_with_its_source():
    """Other names, comments, layout and another order of functions hide nothing."""
    assert disguise(MODEL) != MODEL
    assert alike({"one": MODEL, "other": OTHER, "copy": disguise(MODEL)}).groups == [["copy", "one"]]


def test_a_copy_with_one_function_rewritten_is_a_pair():
    """What is left of the source is enough."""
    start = MODEL.index("int kernel_mprotect")
    end = MODEL.index("static", start)
    found = alike({"one": MODEL, "other": OTHER, "copy": MODEL[:start] + MODEL[end:]})

    assert [(pair.first, pair.second) for pair in found.pairs] == [("copy", "one")]


def test_what_everybody_was_given_does_not_count():
    """The stub has no structure of its own, and the header's functions are nobody's."""
    glue = (HEADER.parent / "forklab.c").read_text()

    assert find_alike({"a": GIVEN[2], "b": GIVEN[2]}, GIVEN, language="c").compared == 0
    assert alike({"a": glue, "b": OTHER}).pairs == []


def test_parts_of_a_class_are_put_together():
    """Kernels in two languages are compared with their own kind only, and shown in one list."""
    python = find_alike({"p": "", "q": ""}, [])
    both = together([python, alike({"one": MODEL, "copy": disguise(MODEL)})])

    assert (both.groups, both.compared) == ([["copy", "one"]], 2)


@given(st.text(st.sampled_from("{};()/*\"'\\\nab1 #-><=."), max_size=80))
def test_any_text_can_be_read(text):
    """Nothing that is not C makes it fail, and it ends."""
    assert c_tokens.interface(text) is not None
    assert isinstance(list(c_tokens.functions(text, set())), list)


@pytest.mark.parametrize("layout", ["int f(void){return g(1);}", "int f ( void )\n{\n  return g(0x2); // two\n}"])
def test_layout_and_numbers_do_not_count(layout):
    """Two ways to write one function have the same tokens."""
    assert next(c_tokens.functions(layout, {"g"})) == [
        *("int", "name", "(", "void", ")", "{", "return", "g", "(", "a number", ")", ";", "}")
    ]


@pytest.mark.parametrize("comment", ["// mine", "/* mine,\n   of two lines */", "/* one */ // and another"])
def test_a_comment_behind_a_directive_does_not_count(comment):
    """The directive ends all the same, and the function after it stays by itself."""
    plain = '#include "forklab.h"\n#define TWO 2\nint f(void){return g(TWO);}\n'
    told = plain.replace('.h"', f'.h" {comment}').replace("TWO 2", f"TWO 2 {comment}")

    assert list(c_tokens.functions(told, {"g"})) == list(c_tokens.functions(plain, {"g"}))
