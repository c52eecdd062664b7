"""Streams of operations on machines with everything: whatever the worker says, the grader has a verdict for it.

test_reenact.py changes single numbers on a small machine. Here whole operations of every kind, with operands that are
nearly right, stand in honest streams, on machines with swap, TLB, zero frame, files and all orders of frames.
"""

import json
import socket

from hypothesis import example, given
from hypothesis import strategies as st

from grader.machine import operations as op
from grader.protocol import wire
from grader.protocol.lockstep import read_trouble
from grader.protocol.reenact import Tampered
from grader.replay.simulated import replay
from grader.sandbox.child import Child
from grader.sandbox.limits import Limits
from grader.sandbox.termination import Death, Ending
from tests.kernels import SmallKernel
from tests.marks import long_property
from tests.protocol.test_reenact import STORY, honest_answers, points_of, reenact
from tests.scenario.test_loader import parse

HEAD = """format: 1
title: t
task: copy
processes: [P]
machine: {machine}
files: {{notes: {{pages: 3, writable: true}}, fixed: {{pages: 2, writable: false}}}}
steps:
  - mmap: {{by: P, name: h, pages: 4}}
"""

MACHINES = (
    "{frames: 6, swap: 3, replacement: clock}",
    "{frames: 16, tlb: true, zero_page: true, allocation: stride}",
    "{frames: 4, swap: 2, tlb: true, allocation: random, seed: 7}",
    "{frames: 64, page_size: 1, max_processes: 2}",
)

_SMALL = st.integers(-1, 24)
_CALLS = st.sampled_from([wire.RETURNED, wire.OUT_OF_MEMORY, wire.CRASHED, wire.EVICT, wire.FAULT, wire.INIT])
_OPERATIONS = st.sampled_from(sorted(op.OPERANDS)).flatmap(
    lambda code: st.tuples(st.just(code), *[_SMALL] * op.OPERANDS[code])
)
_PIECES = st.lists(st.one_of(_OPERATIONS, st.tuples(_CALLS), st.tuples(_CALLS, _SMALL)), min_size=1, max_size=4)


@given(st.sampled_from(MACHINES), st.integers(0, 20), st.integers(0, 60), _PIECES)
@long_property(400)
@example(MACHINES[0], 8, 2, [(op.COPY, 0, 0)])
def test_operations_of_every_kind_are_a_verdict(machine, which, where, pieces):
    """Operations put into an honest stream never raise, and pass only where the trace is as good as honest."""
    scenario = parse(*STORY, head=HEAD.format(machine=machine))
    answers = honest_answers(scenario)
    numbers = answers[which % len(answers)]
    at = where % (len(numbers) + 1)
    numbers[at:at] = [number for piece in pieces for number in piece]

    verdict = points_of(scenario, answers)

    assert verdict in ("passed", "failed", "crashed", "no_progress", "tampered", "ended")
    if verdict == "passed":
        honest = replay(scenario, SmallKernel)
        records = reenact(scenario, answers)
        assert [(r.values, r.faults, r.copies, r.frames, r.reads, r.writes) for r in records[:-1]] == [
            (r.values, r.faults, r.copies, r.frames, r.reads, r.writes) for r in honest.steps
        ]
        # Of the end, after the last step, the contract counts only what is still in use.
        assert (records[-1].frames, records[-1].slots) == (honest.end.frames, honest.end.slots)


@given(st.binary(max_size=400))
@long_property(300)
def test_any_bytes_are_a_trouble_or_tampered(data):
    """No bytes make the reader of troubles fail in any other way."""
    try:
        trouble = read_trouble(data)
    except Tampered:
        return
    assert set(trouble) == {"kind", "method", "type", "message", "lines"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["lines", "kind", "x"]), inner),
    max_leaves=8,
)


@given(_JSON, _JSON)
@long_property(300)
def test_any_json_is_a_trouble_or_tampered(lines, other):
    """JSON of any shape in the place of a trouble is read as text, or tampered."""
    given_trouble = {"kind": other, "method": other, "type": other, "message": other, "lines": lines}
    for payload in (json.dumps(given_trouble), json.dumps(other)):
        try:
            trouble = read_trouble(payload.encode("utf-8", "replace"))
        except Tampered:
            continue
        assert all(isinstance(trouble[key], str) for key in ("kind", "method", "type", "message"))


class FakeBox:
    """A box whose children are dead as soon as anybody asks."""

    limits = Limits(answers=1000)
    walled = True

    def reap(self, serial, gently):
        return Death(0, 0.0, 0, False)

    def forget(self, child):
        pass


def heard(chunks):
    """All that the grader makes of these bytes, sent in these pieces: frames, and at last an ending."""
    ours, theirs = socket.socketpair()
    prints, printing = socket.socketpair()
    prints.setblocking(False)
    child = Child(FakeBox(), 1, ours, prints.fileno())
    child.pid = 1 << 30  # nobody's: the hello is over
    frames = []
    for chunk in chunks:
        theirs.sendall(chunk)
    theirs.close()
    while not frames or not isinstance(frames[-1], Ending):
        frames.append(child.receive())
    for end in (ours, prints, printing):
        end.close()
    return frames


@given(chunks=st.lists(st.binary(max_size=60), max_size=6))
@long_property(300)
def test_any_bytes_on_the_channel_are_frames_and_an_ending(chunks):
    """The decoder gives whole frames of known kinds, then an ending; it never raises and never gives more than came."""
    *frames, ending = heard(chunks)

    assert ending.verdict in ("crashed", "tampered", "timed_out")
    assert all(kind in (wire.HELLO, wire.READY, wire.TROUBLE, wire.ANSWER) for kind, _ in frames)
    assert sum(5 + len(payload) for _, payload in frames) <= sum(map(len, chunks))


@given(chunks=st.lists(st.sampled_from([10, 11, 12, 13, 99]), min_size=1, max_size=4), size=st.integers(0, 2000))
@long_property(200)
def test_frames_arrive_in_order_and_whole(chunks, size):
    """Frames of known kinds within the limit arrive; an unknown kind is tampered, too much is a limit crossed."""
    sent = [bytes((kind,)) + size.to_bytes(4, "little") + bytes(size) for kind in chunks]
    *frames, ending = heard(sent)
    good = []
    for kind in chunks:
        if kind == 99 or (len(good) + 1) * size > FakeBox.limits.answers:
            break
        good.append((kind, bytes(size)))

    assert frames == good
    if len(good) == len(chunks):
        assert ending == Ending("crashed", "the kernel ended its own process (exit status 0)")
    else:
        assert ending.verdict in ("tampered", "timed_out")
