"""The worker's side, in a plain process: what each kind of trouble in a student's code becomes."""

import inspect
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.lab.reference import reference_output
from grader.machine.errors import SegmentationFault
from grader.sandbox.inside.worker import Recorder, Worker
from tests.kernels import SmallKernel
from tests.sandbox.plain_box import PlainBox
from tests.scenario.test_loader import parse

TEXT = inspect.getsource(__import__("tests.kernels").kernels)

SCENARIO = parse("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}", "write: {by: C, at: 'h[0]', value: 2}")


@pytest.fixture
def attempt():
    """attempt(source): two attempts at SCENARIO by one submission; they must agree, and the last comes back."""
    expected = reference_output(SCENARIO, SmallKernel)[0].traces[0]
    examiners = []

    def make(text):
        examiners.append(SandboxRunner(PlainBox(), KernelSource({"kernel": text}, "kernel", "SmallKernel")))
        first, second = (examiners[-1](SCENARIO, expected) for _ in range(2))
        assert (first.verdict, first.message) == (second.verdict, second.message)
        return second

    yield make
    for examiner in examiners:
        examiner.discard()


def changed(old, new):
    assert old in TEXT
    return TEXT.replace(old, new)


def test_an_honest_kernel_passes(attempt):
    """The same kernel in a worker agrees with itself in this process, scenario after scenario."""
    assert attempt(TEXT).verdict == "passed"


def test_what_is_there_before_the_first_scenario_is_not_looked_through_for_garbage():
    """It stays to the end; what a scenario leaves is collected before the next one, in cycles, too."""
    program = f"""
import gc, json, os, weakref
from grader.protocol import wire
from grader.sandbox.inside import worker
one = worker.Worker(os.open(os.devnull, os.O_WRONLY))
one.read_source({{"modules": {{"kernel": {TEXT!r}}}, "main": "kernel", "class": "SmallKernel"}})
frozen = gc.get_freeze_count()
given = {json.dumps({"machine": SCENARIO.machine._asdict(), "files": [], "processes": ["P"]})!r}
gone = []
for _ in range(2):
    one.begin(json.loads(given))
    gone += [weakref.ref(one.run)]
print(frozen > 0, gone[0]() is None, gone[1]() is None)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True", "False"]


FORK = "    def fork(self, parent, child):\n"


@pytest.mark.parametrize(
    ("line", "verdict", "words"),
    [
        ("raise NotImplementedError('task 1: fork')", "not_implemented", "not implemented yet: task 1: fork"),
        ("{}[3]", "crashed", "KeyError: 3 (in fork)"),
        ("raise SystemExit(0)", "crashed", "fork tried to end the program"),
        ("raise KeyboardInterrupt", "crashed", "KeyboardInterrupt (in fork)"),
        ("import numpy", "refused", "numpy is neither"),
        ("import grader.scenario", "refused", "may import only grader.machine from the grader"),
        ("self.hw.frames.free(3.5)", "crashed", "HardwareError: free: a frame is an int, not float (in fork)"),
        ("self.fork(parent, child)", "crashed", "RecursionError"),
        ("raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})", "crashed", "could not be read"),
        ("raise PermissionError('no')", "refused", "no"),
    ],
)
def test_trouble_in_a_method(attempt, line, verdict, words):
    """Each way in which a method can fail has its verdict and its words."""
    result = attempt(changed(FORK, f"{FORK}        {line}\n"))

    assert result.verdict == verdict
    assert words in result.message


def test_a_module_that_ends_the_program_is_told_so(attempt):
    """What stands outside of all methods fails at import, which is named in words."""
    assert attempt(f"{TEXT}\nraise SystemExit(0)\n").message == "the import of your kernel tried to end the program"


def test_the_students_own_lines_are_shown_and_none_of_ours(attempt):
    """A crash shows file, line, function and text of the student's code alone."""
    helper = "    def helper(self):\n        {}[3]\n\n    def rest(self, parent, child):\n"
    result = attempt(changed(FORK, f"{FORK}        self.helper()\n\n{helper}"))
    told = "\n".join(result.lines)

    assert "in fork" in told and "in helper" in told and "{}[3]" in told
    assert "grader" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def x(:\n", "SyntaxError"),
        ("import nowhere_at_all\n", "nowhere_at_all is neither"),
        ("x = 1\n", "kernel.py defines no class SmallKernel"),
        (
            "from grader.machine import Kernel\nclass SmallKernel(Kernel):\n    def __init__(self):\n        pass\n",
            "TypeError",
        ),
        ("1 / 0\n", "ZeroDivisionError"),
        ("\x00", "null bytes"),
    ],
)
def test_source_that_gives_no_kernel(attempt, text, words):
    """Source that does not compile, import or construct is told once for every scenario."""
    assert words in attempt(text).message


def test_no_scenario_sees_what_another_has_left(attempt):
    """The module is executed anew for each scenario: a counter at its top starts again."""
    assert (
        attempt(
            TEXT.replace("class SmallKernel(Kernel):", "made = []\n\n\nclass SmallKernel(Kernel):").replace(
                "        super().__init__(hw)",
                "        super().__init__(hw)\n        made.append(1)\n        assert made == [1]",
            )
        ).verdict
        == "passed"
    )


def test_no_scenario_bears_the_memory_of_another(attempt):
    """Correct kernels with a large table lost points in late scenarios: those before it had filled the memory."""
    alive = "sum(type(thing).__name__ == 'SmallKernel' for thing in __import__('gc').get_objects())"
    text = changed("        self.users = Counter()\n", f"        self.users = Counter()\n        assert {alive} == 1\n")

    assert attempt(text).verdict == "passed"


@pytest.mark.parametrize("use", ["", "import typing\nMAYBE = typing.Optional[Table]\n"], ids=["alone", "in a type"])
def test_no_scenario_bears_the_tables_of_another_s_module(attempt, use):
    """What a kernel keeps at the top of its module is gone when the module is executed again."""
    alive = "sum(type(thing).__name__ == 'Table' for thing in __import__('gc').get_objects())"
    table = f"class Table(list):\n    pass\n\n\nTABLE = Table()\n{use}assert {alive} == 1\n\n\n"

    assert attempt(changed("class SmallKernel(Kernel):", f"{table}class SmallKernel(Kernel):")).verdict == "passed"


def test_what_a_kernel_does_while_it_is_freed_is_no_answer():
    """A destructor that gives frames back: the next scenario, in the same process, has an answer of its own."""
    text = changed(
        "    def of(self, process):",
        "    def __del__(self):\n        self.hw.frames.allocate()\n\n    def of(self, process):",
    )
    runner = SandboxRunner(PlainBox(), KernelSource({"kernel": text}, "kernel", "SmallKernel"))
    expected = reference_output(SCENARIO, SmallKernel)[0].traces[0]
    verdicts, children = [], set()
    for _ in range(3):
        verdicts.append(runner(SCENARIO, expected).verdict)
        children.add(runner._child)
    runner.discard()

    assert (verdicts, len(children)) == (["passed"] * 3, 1)


def test_a_worker_that_dies_is_a_crash_and_the_next_scenario_gets_another(attempt):
    """os._exit ends the child, not the grading."""
    result = attempt(changed(FORK, f"{FORK}        import os; os._exit(0)\n"))

    assert result.verdict == "crashed"


def test_what_an_exception_becomes_while_it_is_described_changes_nothing(attempt):
    """What is logged and what the machine gets go by one look at it: this one is a crash."""
    odd = (
        "\nfrom grader.machine import SegmentationFault\n"
        "class Later(SegmentationFault): pass\n"
        "class Odd(Exception):\n"
        "    def __str__(self): self.__class__ = Later; return 'odd'\n"
    )
    failed = attempt(changed(FORK, FORK + "        raise Odd\n") + odd)

    assert failed.verdict == "crashed"
    assert "odd (in fork)" in failed.message


@pytest.mark.parametrize("method", ["munmap", "page_fault"])
def test_an_exception_is_not_its_own_cause(method):
    """It would keep itself and all its frames until somebody collects garbage."""
    error = SegmentationFault()

    class Refusing:
        def munmap(self, *arguments):
            raise error

        page_fault = munmap

    one = Worker(-1)
    recorder = Recorder(Refusing(), one.log, one, 64)
    with pytest.raises(SegmentationFault) as caught:
        getattr(recorder, method)(SimpleNamespace(pid=1), SimpleNamespace(address=0))

    assert caught.value is error
    assert error.__cause__ is None
