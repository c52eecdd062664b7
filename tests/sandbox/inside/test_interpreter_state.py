"""A scenario leaves the interpreter as it was, or the next one gets a fresh child."""

import sys

import pytest

from grader.lab.reference import reference_output
from grader.sandbox.inside import interpreter_state
from grader.sandbox.inside.interpreter_state import Interpreter, state
from grader.sandbox.sandbox import Sandbox
from tests.kernels import SmallKernel
from tests.labs import kernel_text
from tests.sandbox.test_limits import EXPECTED, FORK, SCENARIO, KernelSource, SandboxRunner
from tests.scenario.test_loader import parse

#: One without a fork, so that nothing is changed in it.
CALM = parse("write: {by: P, at: h, value: 1}", "read: {by: P, at: h}")
CALM_EXPECTED = reference_output(CALM, SmallKernel)[0].traces[0]

#: What a kernel may change for the whole process.
CHANGES = {
    "a builtin": "import builtins; builtins.len = lambda *_: 0",
    "the standard library": "import collections; collections.deque = None",
    "the machine": "import grader.machine; grader.machine.Kernel.__init__ = lambda *_: None",
    "a class of the machine": "type(self.hw.frames).zero = lambda *_: None",
    "what describes exceptions": "import sys; sys.modules['grader.sandbox.inside.trouble'].own_lines = print",
    "a setting": "import sys; sys.setswitchinterval(1)",
    "a setting that cannot be put back": "import sys; sys.setrecursionlimit(70); sys.setrecursionlimit = print",
    "a module's place": "import sys; sys.modules['random'] = sys",
    "a logger": "import logging; logging.getLogger('kernel').addHandler(logging.StreamHandler())",
}


@pytest.fixture(params=["versions", "names"])
def interpreter(request, monkeypatch):
    """As a zygote begins: whatever other tests have done to this process is how it was found."""
    if request.param == "names":
        monkeypatch.setattr(interpreter_state, "reader", lambda spaces: None)
    state.cache_clear()
    yield Interpreter()
    state.cache_clear()


def test_honest_work_touches_nothing(interpreter):
    """Machines of any page size, imports and random numbers leave all that is looked at as it was."""
    import random

    from grader.machine.region import Region

    random.random()
    Region.current_page_size = 4096

    assert interpreter.untouched()
    assert Region.current_page_size == Interpreter()._page_size


def test_the_recursion_limit_is_put_back(interpreter):
    """Many programs raise it in their first lines: that alone is no reason for a fresh child."""
    was = sys.getrecursionlimit()
    sys.setrecursionlimit(was + 4000)

    assert interpreter.untouched()
    assert sys.getrecursionlimit() == was


def test_a_recursion_limit_that_stays_is_seen(interpreter, monkeypatch):
    """Where it cannot be put back, because the function that would was replaced, the interpreter is not as it was."""
    was = sys.getrecursionlimit()
    sys.setrecursionlimit(was + 4000)
    monkeypatch.setattr(sys, "setrecursionlimit", lambda limit: None)
    touched = interpreter.untouched()
    monkeypatch.undo()
    sys.setrecursionlimit(was)

    assert not touched
    assert interpreter.untouched()


@pytest.mark.parametrize("change", ["len", "Kernel.fork", "recursion", "finder"])
def test_a_change_is_seen(interpreter, monkeypatch, change):
    """A builtin, a method of a class of ours, a setting and a finder of modules."""
    if change == "len":
        monkeypatch.setattr("builtins.len", lambda thing: 0)
    elif change == "Kernel.fork":
        monkeypatch.setattr("grader.machine.kernel.Kernel.fork", None)
    elif change == "recursion":
        monkeypatch.setattr(sys, "getrecursionlimit", lambda: 3)
    else:
        monkeypatch.setattr(sys, "meta_path", [object(), *sys.meta_path])
    touched = interpreter.untouched()
    monkeypatch.undo()

    assert not touched
    assert interpreter.untouched()


def test_a_change_after_others_were_put_back_is_seen(interpreter, monkeypatch):
    """Names that are as they were again, scenario after scenario, hide no later change."""
    for _ in range(3):
        with monkeypatch.context() as once:
            once.setattr("builtins.len", lambda thing: 0)
            once.setattr("grader.machine.kernel.Kernel.exit", None)
        assert interpreter.untouched()
    monkeypatch.setattr("grader.machine.kernel.Kernel.exit", None)
    seen = [interpreter.untouched() for _ in range(2)]
    monkeypatch.undo()

    assert seen == [False, False]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are forked")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_scenario_does_not_change_the_next_one_s_verdict(change):
    """A kernel that spoils the interpreter in one scenario is graded in the next as if that one had not been."""
    text = kernel_text(FORK, f"{FORK}        {change}\n")
    alone = kernel_text(FORK, f"{FORK}        pass\n")
    with Sandbox() as box:
        examiner = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))
        examiner(SCENARIO, EXPECTED)
        child = examiner._child
        after = examiner(CALM, CALM_EXPECTED)
        honest = SandboxRunner(box, KernelSource({"kernel": alone}, "kernel", "SmallKernel"))
        honest(SCENARIO, EXPECTED)
        kept = honest._child
        honest(CALM, CALM_EXPECTED)

        assert after.verdict == "passed"
        assert examiner._child not in (None, child)
        assert honest._child is kept
        examiner.discard()
        honest.discard()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are forked")
def test_a_kernel_with_another_recursion_limit_keeps_its_child():
    """It is set anew as the module is executed for each scenario, so every scenario sees what the kernel asked for."""
    asked = "import sys\nsys.setrecursionlimit(sys.getrecursionlimit() + 1)\nprint(sys.getrecursionlimit())\n"
    code = KernelSource({"kernel": kernel_text() + asked}, "kernel", "SmallKernel")
    with Sandbox() as box:
        examiner = SandboxRunner(box, code)
        verdicts = [examiner(SCENARIO, EXPECTED).verdict]
        child, printed = examiner._child, [examiner.printed().text]
        verdicts.append(examiner(CALM, CALM_EXPECTED).verdict)
        printed.append(examiner.printed().text)
        kept = examiner._child is child
        examiner.discard()

    assert verdicts == ["passed", "passed"]
    assert kept
    assert printed[0] == printed[1] != ""
