"""A worker that explores: it says what it knows at once, and does what can wait while the grader is busy."""

import json
import os

import pytest

from grader.protocol import wire
from grader.sandbox.inside.explorer import Explorer
from grader.state.unmergeable import Unmergeable


class Noted:
    """Stands for the state of a kernel with trials that are due; `bad`: the one in which it does something else."""

    def __init__(self, due, bad=None):
        self.due, self.bad, self.done, self.reserved = due, bad, [], 0

    def catch_up(self, enough):
        while self.due and not enough():
            self.done.append(self.due.pop(0))
            if self.done[-1] == self.bad:
                raise Unmergeable("compares")

    def try_later(self):
        self.due.append("last step")

    def look_quickly(self):
        pass

    def look_elsewhere(self):
        self.catch_up(lambda: False)


@pytest.fixture
def channel():
    """(inp, out) of an explorer, and what the grader writes to and reads from."""
    inp, told = os.pipe()
    heard, out = os.pipe()
    yield inp, out, told, heard
    for end in (inp, out, told, heard):
        os.close(end)


def state_of(explorer, heard):
    explorer.form({})
    kind, payload = wire.read_frame(heard)
    assert kind == wire.STATE
    return payload


def test_what_is_due_is_done_while_nothing_comes(channel):
    """All of it, since the grader says nothing."""
    inp, out, _, _ = channel
    explorer = Explorer(out)
    explorer.state = Noted([1, 2, 3])
    explorer.wait(inp)

    assert explorer.state.done == [1, 2, 3]


def test_what_is_due_waits_for_what_the_grader_says(channel):
    """A grader that waits for an answer is not kept waiting for trials."""
    inp, out, told, _ = channel
    explorer = Explorer(out)
    explorer.state = Noted([1, 2, 3])
    os.write(told, b"x")
    explorer.wait(inp)

    assert explorer.state.done == []


def test_a_thorough_look_does_all_that_is_due(channel):
    """Also if the grader has never left time for it: no exploration ends before that."""
    _, out, _, heard = channel
    explorer = Explorer(out)
    explorer.state = Noted([1, 2], bad=2)

    assert state_of(explorer, heard) == b"\0compares"
    assert explorer.state.done == [1, 2]


def test_a_reason_that_is_found_late_is_told_by_the_next_thorough_look(channel):
    """Not before, whenever it was found, so that a busy machine finds the same; and nothing else is tried after it."""
    inp, out, _, heard = channel
    explorer = Explorer(out)
    explorer.state = Noted([1, 2, 3], bad=1)
    explorer.wait(inp)
    explorer.wait(inp)
    explorer.answer(wire.FORM, b'{"order": []}')

    assert wire.read_frame(heard) == (wire.STATE, b"\1")
    assert [state_of(explorer, heard), state_of(explorer, heard)] == [b"\0compares"] * 2
    assert explorer.state.done == [1]


class Run:
    """Stands for a run of the machine, in which nothing happens."""

    def execute(self, step):
        return "done"


def stepped(out):
    """Return an explorer after a step, with nothing else to try again."""
    explorer = Explorer(out)
    explorer.state, explorer.run = Noted([]), Run()
    explorer.visit({"step": {"verb": "fork", "by": "P"}, "number": 1})
    return explorer


@pytest.mark.parametrize("message", [{"step": {"verb": "fork", "by": "P"}, "number": 2}, {}])
def test_a_step_is_tried_again_once_the_grader_goes_on(channel, message):
    """To another step, or to the end."""
    explorer = stepped(channel[1])
    assert explorer.state.due == []
    explorer.visit(message) if message else explorer.form({})

    assert explorer.state.due + explorer.state.done == ["last step"]


def test_a_step_that_differs_is_not_tried_again(channel):
    """What is wrong with it is known, and a reason that it has for nothing else does not count."""
    explorer = stepped(channel[1])
    explorer.reason = "keeps a generator"
    explorer.form({"differs": True, "found": True})

    assert (explorer.reason, explorer.state.due, explorer.state.done) == ("", [], [])


def test_a_reason_of_a_step_that_differs_stays_where_the_search_goes_on(channel):
    """What the kernel has changed outside of itself is there in every state that is put back."""
    explorer = stepped(channel[1])
    explorer.reason = "keeps state in a global variable"
    explorer.form({"differs": True})

    assert (explorer.reason, explorer.state.due) == ("keeps state in a global variable", [])


def test_a_reason_from_before_a_step_that_differs_counts(channel):
    """A state on the way to it could not be compared."""
    _, out, _, heard = channel
    explorer = Explorer(out)
    explorer.state, explorer.run, explorer.reason = Noted([]), Run(), "keeps a generator"
    explorer.visit({"step": {"verb": "fork", "by": "P"}, "number": 1})
    wire.read_frame(heard)
    explorer.form({"differs": True, "found": True})

    assert wire.read_frame(heard) == (wire.STATE, b"\0keeps a generator")


@pytest.mark.parametrize(
    ("limit", "reserved", "full"), [(-1, 0, False), (1 << 20, 0, True), (1 << 40, 0, False), (1 << 40, 1 << 40, True)]
)
def test_a_process_is_full_when_most_of_its_memory_is_used(channel, monkeypatch, limit, reserved, full):
    """Of the address space that it may have, what is reserved counts as used; -1 is no limit."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda number: (limit, limit))
    _, out, _, heard = channel
    explorer = Explorer(out)
    explorer.state = Noted([])
    explorer.state.reserved = reserved

    assert state_of(explorer, heard) == (b"\2" if full else b"\1")


def test_nothing_is_done_from_a_state_that_could_not_be_saved(channel):
    """The answer is empty, and the state that is asked for next says why."""
    _, out, _, heard = channel
    explorer = Explorer(out)
    explorer.state, explorer.reason = Noted([]), "keeps a generator"
    explorer.run = explorer.world = object()  # which carries nothing out
    visit = {"restore": 7, "step": {"verb": "fork", "by": "P"}, "number": 1, "drop": []}
    explorer.answer(wire.VISIT, json.dumps(visit).encode())
    explorer.answer(wire.FORM, b'{"order": [3001]}')

    assert wire.read_frame(heard) == (wire.ANSWER, b"")
    assert wire.read_frame(heard) == (wire.STATE, b"\0keeps a generator")
