"""A submission's source in the worker."""

from binascii import b2a_base64

from grader.protocol import wire
from grader.sandbox.inside.source import PythonSource

#: Two numbers with the same place in a set: it has them in the order in which they were put in.
TEXT = "class K:\n    order = [number for number in {8, 0}]\n"


def test_every_process_runs_the_same_code():
    """Compiled and loaded, a set of constants had two orders: hidden scenarios saw another kernel than public ones."""
    first = PythonSource({"kernel": TEXT}, "kernel", "K")
    second = PythonSource({"kernel": TEXT}, "kernel", "K", b2a_base64(first.translated).decode())

    assert first.translated != b""
    assert first.kernel_class().order == second.kernel_class().order


def test_code_that_is_too_large_to_be_sent_is_compiled_by_every_process():
    """The first process runs it as it compiled it, since all others do."""
    large = TEXT + "".join(f"x{number} = 'text number {number}'\n" for number in range(30_000))
    source = PythonSource({"kernel": large}, "kernel", "K")

    assert source.translated == b""
    assert len(large) > wire.TRANSLATED_LIMIT
    assert source.kernel_class().order == [8, 0]
