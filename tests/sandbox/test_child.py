"""The grader's end of a child's channel, with no process behind it: its figures are made up."""

import os
import socket
import sys
import threading

import pytest

from grader.protocol import wire
from grader.sandbox.child import Child
from grader.sandbox.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a child there is another one")


class Owner:
    """A sandbox that ends no process."""

    limits = Limits(wall_s=0.5, answers=1 << 10, step_answers=1 << 10)
    walled = True

    def reap(self, serial, gently):
        return None

    def forget(self, child):
        pass


class Busy:
    """An account of a process that has used a minute since the scenario began."""

    def __init__(self):
        self.answers = 0

    def begin(self):
        pass

    def cpu(self):
        return 60.0

    used = cpu

    def waited(self):
        return 0.0


@pytest.fixture
def ends():
    """The two ends of a child: what the grader has, and what the child would write to."""
    here, there = socket.socketpair()
    here.settimeout(0.01)
    here.setblocking(False)
    output, prints = os.pipe()
    os.set_blocking(output, False)
    child = Child(Owner(), 1, here, output)
    child.pid, child._account = 1, Busy()
    yield child, there
    for one in (here, there):
        one.close()
    for descriptor in (output, prints):
        os.close(descriptor)


ANSWER = wire.frame(wire.ANSWER, wire.pack_numbers([1]))


def test_an_answer_on_the_channel_is_taken_before_the_time_is_looked_at(ends):
    """Between the last look at the channel and that at the clock an answer may have come."""
    child, there = ends
    there.sendall(ANSWER)
    child._check_limits()

    assert child.receive() == (wire.ANSWER, ANSWER[wire.HEAD.size :])


@pytest.mark.parametrize("sent", [b"", ANSWER[:-1], wire.frame(wire.FURTHER), wire.frame(wire.FURTHER) * 100_000])
def test_what_is_no_answer_does_not_stop_the_clock(ends, sent):
    """A child that owes its answer, and has sent a part of one or that it comes further, has used up its time."""
    child, there = ends
    there.setblocking(False)
    there.send(sent)
    child._check_limits()

    assert child._ending.verdict == "timed_out" and child._ending.by_clock


@pytest.mark.parametrize(("answers", "ended"), [(1, True), (2, True), (3, False)])
def test_all_answers_of_a_scenario_stop_the_clock(ends, answers, ended):
    """While some are missing its time runs, however quickly one follows the other; a word of trouble is none."""
    child, there = ends
    child.begin_scenario(owed=3)
    there.sendall(wire.frame(wire.TROUBLE, b"{}") + ANSWER * answers)
    child._check_limits()

    assert (child._ending is not None) is ended


def test_what_is_offered_is_not_waited_for(ends):
    """A child that reads gets as much as its channel has room for; the rest is offered again."""
    child, there = ends
    data = bytes(range(256)) * 8000
    first = child.offer(data)
    full = child.offer(data[first:])
    got = there.recv(first)
    more = child.offer(memoryview(data)[first:])

    assert 0 < first < len(data) and full == 0 < more
    assert data.startswith(got)


def test_what_is_offered_to_nobody_counts_as_sent(ends):
    """That the child is gone shows in its next answer."""
    child, there = ends
    there.close()

    assert child.offer(b"three") == 5


def test_answers_that_take_several_reads_stop_the_clock(ends):
    """The last of them may be behind more bytes than one read takes."""
    child, there = ends
    child._room = child._step_room = 1 << 20
    large = wire.frame(wire.ANSWER, bytes(100_000))
    child._due_answers = 1
    sender = threading.Thread(target=there.sendall, args=(large,))
    sender.start()
    sender.join(0.05)  # as much of it as the channel holds is on its way
    child._check_limits()
    sender.join()

    assert child._ending is None


def test_a_frame_without_end_is_not_read_to_its_end(ends):
    """What is larger than any answer is refused for that, not kept and waited for."""
    child, there = ends
    there.sendall(wire.HEAD.pack(wire.ANSWER, 1 << 20) + b"x" * 5000)
    child._check_limits()

    assert child._ending is None and "operations" in child.receive().reason


def test_a_child_that_does_not_read_is_ended_with_its_answers_waiting(ends):
    """It is not known whose time it was, so the clock does not decide: the scenario is tried again."""
    child, there = ends
    there.sendall(ANSWER)
    child.send_frames(b"x" * (8 << 20))

    assert child._ending.verdict == "timed_out" and not child._ending.by_clock


LARGE = wire.frame(wire.ANSWER, bytes(600))

#: What follows an answer, and how many answers of it come before anything else.
FRAMES = {
    "answers": (ANSWER * 3, 3),
    "one that is not whole": (ANSWER * 2 + ANSWER[:-1], 2),
    "one without its head": (ANSWER * 2 + ANSWER[:3], 2),
    "a trouble": (ANSWER + wire.frame(wire.TROUBLE, b"{}") + ANSWER, 1),
    "that it comes further": (ANSWER + wire.frame(wire.FURTHER) + ANSWER, 1),
    "more than a scenario may send": (LARGE * 2 + ANSWER, 1),
    "more than a step may send": (ANSWER + wire.frame(wire.ANSWER, bytes(1100)), 1),
    "no frame": (ANSWER + b"\xff" * 20, 1),
}


@pytest.mark.parametrize(("sent", "answers"), FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_what_arrived_is_taken_as_it_would_be_received(ends, sent, answers, most):
    """Answers that came together, up to anything else, which stays; no more of them than are due."""
    child, there = ends
    child.begin_scenario(owed=9)
    there.sendall(ANSWER + sent)
    first = child.receive()
    before = bytes(child._received)

    taken = child.arrived(most)

    count = min(most, answers)
    size = sum(wire.HEAD.size + len(answer) for answer in taken)
    assert first == (wire.ANSWER, ANSWER[wire.HEAD.size :])
    assert len(taken) == count
    assert b"".join(wire.frame(wire.ANSWER, answer) for answer in taken) == sent[:size]
    assert bytes(child._received) == before[size:] == sent[size:]
    assert child._due_answers == 8 - count
    assert child._ending is None
