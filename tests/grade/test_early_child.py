"""A child that gets the source before its turn: it never gets more, and what goes wrong with it is no verdict."""

import os
import pathlib
import select
import signal
import sys

import pytest

from grader.grade.early_child import EarlyChild
from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.protocol import wire
from grader.sandbox.child import Child
from grader.sandbox.termination import Ending
from tests.grade.boxes import impatient_box, kinds_in
from tests.labs import kernel_text

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no child is prepared there")


@pytest.fixture
def box():
    with impatient_box() as made:
        yield made


@pytest.fixture
def got(monkeypatch):
    """Child -> the kinds of the messages that it was sent."""
    seen = {}

    def noting(name):
        original = getattr(Child, name)

        def send(self, data):
            sent = original(self, data)
            seen.setdefault(self._serial, []).extend(kinds_in(data))
            return sent

        monkeypatch.setattr(Child, name, send)

    noting("offer")
    noting("send_frames")
    return seen


def runner_of(box, text=None):
    return SandboxRunner(box, KernelSource({"kernel": text or kernel_text()}, "kernel", "SmallKernel"))


def scenario(session, name):
    return next(s for s in session.lab.all_scenarios if s.id == name)


def prepare(session, runner):
    """Announce the hidden scenario."""
    secret = scenario(session, "secret")
    runner.prepare(secret, session.recording(secret).traces[0])


def prepared(session, box, text=None):
    """Return a runner that has tried a public scenario, and has a child that is sent the source early."""
    runner = runner_of(box, text)
    session.attempt(runner, scenario(session, "fork"))
    prepare(session, runner)
    return runner


def test_the_source_is_there_before_the_turn(session, box, got):
    """The child of hidden scenarios has got it, and nothing else, while public ones are tried."""
    runner = prepared(session, box)
    early = runner._early.child
    before = list(got[early._serial])
    session.attempt(runner, scenario(session, "touch"))
    during = list(got[early._serial])
    runner.change()
    attempt = session.attempt(runner, scenario(session, "secret"))

    assert before == during == [wire.SOURCE]
    assert attempt.verdict == "passed" and runner._child is early and runner._early is None
    assert got[early._serial] == [wire.SOURCE, wire.BEGIN, *[wire.STEP] * 5, wire.END]


def test_a_child_of_public_scenarios_that_dies_is_followed_by_it(session, box):
    """It has got nothing else, so that it can be taken for any scenario."""
    runner = prepared(session, box)
    early = runner._early.child
    os.kill(runner._child.pid, signal.SIGKILL)
    runner.change()

    assert session.attempt(runner, scenario(session, "touch")).verdict == "passed"
    assert runner._child is early


def until_confined(early):
    """Wait until a child is there, and return its process id."""
    early.child._greet()
    return early.child.pid


def until_gone(early):
    """Wait until nobody holds the child's end of its channel: a process that is killed lives on for a moment."""
    ended = select.poll()
    ended.register(early.child._channel, 0)
    assert ended.poll(10_000)


def test_one_that_dies_is_no_verdict(session, box):
    """The next scenario is tried in another child, though this one may have read the source."""
    runner = prepared(session, box)
    early = runner._early
    os.kill(until_confined(early), signal.SIGKILL)
    until_gone(early)
    runner.change()
    attempt = session.attempt(runner, scenario(session, "secret"))

    assert attempt.verdict == "passed"
    assert runner._child is not early.child and runner._early is None


def test_one_whose_zygote_is_gone_is_no_verdict(session, box):
    """Neither are the scenarios that follow."""
    runner = prepared(session, box)
    os.kill(box._zygote.pid, signal.SIGKILL)
    runner.change()

    assert session.attempt(runner, scenario(session, "secret")).verdict == "passed"


@pytest.mark.parametrize(
    "answer",
    [
        (wire.TROUBLE, b'{"kind": "crash", "method": "", "type": "", "message": "", "lines": []}'),
        (wire.ANSWER, b""),
        (wire.TROUBLE, b"{"),
        Ending("timed_out", "late"),
    ],
    ids=["trouble", "another frame", "no trouble", "an ending"],
)
def test_one_that_does_not_read_the_source_is_ended(session, box, monkeypatch, answer):
    """Whatever it says: the source is given to another child, and what that one says counts."""
    runner = prepared(session, box)
    early = runner._early.child
    pid = until_confined(runner._early)
    runner.change()
    monkeypatch.setattr(early, "receive", lambda: answer)

    assert session.attempt(runner, scenario(session, "secret")).verdict == "passed"
    assert runner._child is not early
    assert not pathlib.Path(f"/proc/{pid}/cmdline").exists()


def test_a_hurried_kernel_has_another_child(session, box):
    """It has less memory, so that the one which waits is ended, and what it has used is charged."""
    loop = kernel_text("def fork(self, parent, child):", "def fork(self, parent, child):\n        while True: pass")
    runner = runner_of(box, loop)
    session.attempt(runner, scenario(session, "touch"))
    prepare(session, runner)
    pid = until_confined(runner._early)
    charged = runner._budget._cpu
    attempt = session.attempt(runner, scenario(session, "fork"))
    after = session.attempt(runner, scenario(session, "touch"))

    assert (attempt.verdict, after.verdict) == ("timed_out", "passed")
    assert runner._hurried and runner._early is None and runner._budget._cpu > charged
    assert not pathlib.Path(f"/proc/{pid}/cmdline").exists()


def test_nothing_is_sent_early_once_the_kernel_is_hurried(session, box, got):
    """Its next child must have less memory."""
    loop = kernel_text("def fork(self, parent, child):", "def fork(self, parent, child):\n        while True: pass")
    runner = runner_of(box, loop)
    session.attempt(runner, scenario(session, "fork"))
    session.attempt(runner, scenario(session, "touch"))
    prepare(session, runner)

    assert runner._early is None


@pytest.mark.parametrize("way", ["discard", "renew"])
def test_what_was_prepared_is_ended(session, box, way):
    """When nothing may follow, and before twins: a box serves many submissions."""
    runner = prepared(session, box)
    early = runner._early
    pid = until_confined(early)
    getattr(runner, way)()

    assert runner._early is None and early.child not in box._children.values()
    assert not pathlib.Path(f"/proc/{pid}/cmdline").exists()
    assert session.attempt(runner, scenario(session, "secret")).verdict == "passed"


def test_grading_that_is_given_up_leaves_no_child(session, box):
    """As `grader watch` does at every save."""
    runner = runner_of(box)
    public = [scenario(session, name) for name in ("fork", "touch")]
    graded = session.grade_each(runner, public, [scenario(session, "secret")])
    next(graded)
    next(graded)
    waiting = runner._early
    graded.close()
    runner.discard()

    assert waiting is not None and not box._children


@pytest.mark.parametrize("text", [kernel_text() + "\nassert 1 is 1\n", "def"], ids=["a warning", "no Python"])
def test_a_source_that_was_not_translated_is_not_sent_early(session, box, got, text):
    """Where the compiler warns it does so in every child, and what it refuses needs no other one."""
    runner = prepared(session, box, text)

    assert runner._early is None
    assert sum(kinds.count(wire.SOURCE) for kinds in got.values()) == 1


def test_preparing_twice_prepares_one(session, box):
    """The second child that is prepared has got nothing, and is for whoever comes."""
    runner = prepared(session, box)
    early = runner._early
    prepare(session, runner)

    assert runner._early is early


class Narrow:
    """A child whose channel has room for some bytes at a time, and none until it has read them."""

    def __init__(self, room):
        self.room = self.left = room
        self.received = b""

    def offer(self, data):
        sent = data[: self.left]
        self.left -= len(sent)
        self.received += sent
        return len(sent)

    def begin_scenario(self, *_):
        pass

    def send_frames(self, data):
        self.received += data

    def receive(self):
        return wire.READY, b""

    def quiet(self):
        return True


def test_a_large_source_is_sent_bit_by_bit():
    """Nobody waits until the channel has room; what is left is sent at the child's turn."""
    message = bytes(range(256)) * 8
    child = Narrow(100)
    early = EarlyChild(child, message)
    first = child.received
    early.go_on()
    unchanged = child.received
    child.left = 100
    early.go_on()
    second = child.received

    assert early.is_ready()
    assert first == unchanged == wire.frame(wire.SOURCE, message)[:100]
    assert second == wire.frame(wire.SOURCE, message)[:200]
    assert child.received == wire.frame(wire.SOURCE, message)


def test_a_source_that_is_larger_than_the_channel(session, box):
    """What the child has not read by its turn it gets then, whole."""
    runner = prepared(session, box, f"{kernel_text()}\nTABLE = {'x' * 300_000!r}\n")
    early = runner._early
    left = len(early._left)
    runner.change()

    assert left > 0
    assert session.attempt(runner, scenario(session, "secret")).verdict == "passed"
    assert runner._child is early.child
