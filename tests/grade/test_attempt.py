"""What an attempt says of a kernel's crash."""

from grader.grade.attempt import own_lines


def test_a_function_that_calls_itself_is_one_line():
    """A recursion without end has thousands of equal calls; others stay, each with its text."""
    calls = [("kernel.py", 3, "fork", "f()"), *[("kernel.py", 9, "f", "return f()")] * 5, ("kernel.py", 9, "g", "f()")]
    told = own_lines(calls)

    assert [line.strip() for line in told if "kernel.py" in line] == [
        "kernel.py:3, in fork",
        "kernel.py:9, in f, several times",
        "kernel.py:9, in g",
    ]
