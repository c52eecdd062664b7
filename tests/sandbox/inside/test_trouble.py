"""What went wrong in a student's code, described whatever the student's exception does."""

import json

import pytest

from grader.sandbox.inside.trouble import describe, running_calls


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ("class E(Exception):\n    __class__ = property(lambda self: 1 / 0)\nerror = E('what')", "what"),
        ("class E(Exception):\n    def __str__(self): raise self\nerror = E()", "its message could not be read (E)"),
        (
            "class E(Exception):\n    __str__ = lambda self: type('T', (str,), {'__getitem__': 1})('t')\nerror = E()",
            "t",
        ),
        ("error = SyntaxError('no')\nerror.lineno = 10 ** 6000", "no (line"),
        ("class E(ImportError):\n    path = property(lambda self: 1 / 0)\nerror = E()", "(ZeroDivisionError)"),
    ],
)
def test_an_exception_that_is_hostile_when_read_is_described_all_the_same(made, message):
    """What is told is JSON of plain texts and small numbers, whatever the exception's own attributes do."""
    space: dict = {}
    exec(made, space)
    told = json.loads(json.dumps(describe(space["error"], "fork", {})))

    assert message in told["message"]
    assert (told["kind"], told["method"]) == ("crash", "fork")
    assert all(type(line[1]) is int and 0 <= line[1] < 1 << 31 for line in told["lines"])


def test_an_instruction_without_a_line_stands_for_the_def():
    """Python says None for the line of some instructions; no report names a line 0."""

    class Frame:
        f_code = describe.__code__
        f_lineno = None
        f_back = None

    assert running_calls(Frame()) == [(describe.__code__, describe.__code__.co_firstlineno)]
