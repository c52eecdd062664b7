"""Level L0 as on a system that cannot fork: everything but the system itself is tried here."""

import json

import pytest

from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.lab.reference import reference_output
from grader.protocol import wire
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import IsolationError, Sandbox
from tests.kernels import SmallKernel
from tests.labs import kernel_text
from tests.scenario.test_loader import parse

SCENARIO = parse("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}")
EXPECTED = reference_output(SCENARIO, SmallKernel)[0].traces[0]
#: Sends frames without contents, to whichever descriptor is the channel, for as long as it lives.
FRAMES = (
    "import os, time\n"
    "        while True:\n"
    "            for channel in range(3, 9):\n"
    "                try: os.write(channel, bytes([{kind}, 0, 0, 0, 0]))\n"
    "                except OSError: pass\n"
    "            time.sleep(0.2)"
)
FORK = "    def fork(self, parent, child):\n"


@pytest.fixture(autouse=True)
def windows(monkeypatch):
    """A system without fork."""
    monkeypatch.setattr("grader.sandbox.sandbox.POSIX", False)


@pytest.mark.parametrize(
    ("line", "verdict", "words"),
    [
        ("pass", "passed", ""),
        ("print('hello')", "passed", ""),
        ("import time; time.sleep(60)", "timed_out", "took 1 s without using the processor; the limit is 1 s"),
        ("while True: print('x' * 1000)", "timed_out", "printed more than 9 KiB"),
        ("import os; os._exit(3)", "crashed", "ended its own process (exit status 3)"),
        ("open('/tmp/forklab-test', 'w')", "refused", "a kernel may not write files"),
        (FRAMES.format(kind=wire.HELLO), "tampered", "wrote to the grader's own channel"),
        (FRAMES.format(kind=wire.TROUBLE), "tampered", ""),
    ],
)
def test_limits_and_endings(line, verdict, words):
    """Without any wall, a kernel is still ended by the clock and by the caps, and refused in words."""
    text = kernel_text(FORK, f"{FORK}        {line}\n")
    with Sandbox(limits=Limits(wall_s=1, output=10_000)) as box:
        examiner = SandboxRunner(box, KernelSource({"kernel": text}, "kernel", "SmallKernel"))
        result = examiner(SCENARIO, EXPECTED)

        assert result.verdict == verdict
        assert words in result.message
        assert examiner.printed().text == ("hello\n" if "hello" in line else "") or verdict == "timed_out"


def test_the_level_is_said_plainly():
    """The report says L0, and why; whoever requires more gets no grade."""
    with Sandbox() as box:
        isolation = box.isolation

    assert (isolation["got"], isolation["missing"]["walls"]) == ("L0", "not on this system (posix)")
    with pytest.raises(IsolationError, match="require needs L2, and this machine gives L0"):
        Sandbox(isolation="require")


def test_frames_arrive_in_the_order_in_which_they_are_sent():
    """A large one does not fit into the pipe, and those after it must wait for it, not be mixed with it."""
    source = {"modules": {"kernel": kernel_text() + "#" * 200_000}, "main": "kernel", "class": "SmallKernel"}
    begin = {"machine": {}, "files": [], "processes": ["P"]}
    frames = [(wire.SOURCE, source), *[(wire.BEGIN, begin), (wire.END, {})] * 3]
    with Sandbox() as box:
        child = box.spawn()
        for kind, payload in frames:
            child.send(kind, json.dumps(payload).encode())
        answers = [child.receive()[0] for _ in frames]

    assert answers == [wire.READY, *[wire.ANSWER] * 6]
