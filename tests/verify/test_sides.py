"""A candidate in the sandbox: its answers are taken in the order in which they were asked for."""

from collections import deque

import pytest

from grader.lab.scope import Mapped, World
from grader.protocol import wire
from grader.scenario.model import Scenario, Step
from grader.state.unmergeable import Unmergeable
from grader.verify.knowing import KnowingSide
from grader.verify.sides import RemoteSide, Strayed

WORLD = World("small", (Mapped("P", {"name": "h", "pages": 1}),))
SCENARIO = Scenario("small", "", "", WORLD.machine, (), ("P",), ())
MAP = Step(1, "mmap", "P", {"name": "h", "pages": 1}, {})

INIT = wire.pack_numbers([wire.INIT, 0, wire.RETURNED])
MAPPED = wire.pack_numbers([wire.MMAP, 3001, wire.RETURNED])
EXITED = wire.pack_numbers([wire.EXIT, 3001, wire.RETURNED])


class Eager(KnowingSide):
    """Gets notes from the first state on."""

    without = 0


class Scripted:
    """Stands for a child: it answers what it was told to, and notes what it is asked."""

    def __init__(self, *frames):
        self.frames, self.asked, self.seconds = deque(frames), [], 4.0

    def spent(self):
        return self.seconds, 0.0

    def begin_scenario(self, *limits):
        self.limits = limits

    def send(self, kind, payload):
        self.asked.append(kind)

    def receive(self):
        return self.frames.popleft()


def side(*frames, kind=RemoteSide):
    child = Scripted((wire.ANSWER, INIT), *frames)
    return kind(child, WORLD, SCENARIO, 4000, frozenset()), child


def carry_out(remote):
    remote.begin(MAP)
    return remote.step(MAP, [3001])


def test_a_state_that_nobody_took_comes_before_the_next_answer():
    """As after the first step of two: only that after the second one is needed."""
    remote, child = side(
        (wire.ANSWER, MAPPED), (wire.STATE, b"\1first"), (wire.ANSWER, EXITED), (wire.STATE, b"\1second")
    )
    carry_out(remote)
    remote.begin(None)
    remote.exit_all()
    remote.check_elsewhere()

    assert child.asked[1:] == [wire.VISIT, wire.FORM, wire.VISIT, wire.FORM]
    assert not child.frames


def test_the_step_and_the_state_are_asked_for_before_an_answer_is_taken():
    """So the kernel's process need not wait between both."""
    remote, child = side((wire.ANSWER, MAPPED), (wire.STATE, b"\1hash"))
    remote.begin(MAP)
    taken = len(child.frames)
    remote.step(MAP, [3001])

    assert (taken, child.asked[1:]) == (2, [wire.VISIT, wire.FORM])
    assert remote.form(None) == b"\1hash"


def test_what_an_earlier_world_took_does_not_count():
    """The process may have had one before, and each has the whole time."""
    remote, child = side()
    child.seconds = 6.5

    assert remote.spent() == 2.5


@pytest.mark.parametrize("kind", [wire.ANSWER, wire.READY, wire.TROUBLE])
def test_another_frame_than_a_state_strays(kind):
    """A process that sends what it was not asked for has failed."""
    remote, _ = side((wire.ANSWER, MAPPED), (kind, b""))
    carry_out(remote)

    with pytest.raises(Strayed, match=f"a frame of kind {kind} instead of a state"):
        remote.form(None)


def test_an_answer_that_fits_nothing_strays():
    """The kernel's process says that it can still go on, so its answer is its fault."""
    remote, _ = side((wire.ANSWER, b""), (wire.STATE, b"\1hash"))

    with pytest.raises(Strayed):
        carry_out(remote)


def test_an_answer_that_fits_nothing_has_the_reason_that_the_state_tells():
    """A state that could not be saved was not put back, either."""
    remote, _ = side((wire.ANSWER, b""), (wire.STATE, b"\0keeps a generator"))

    with pytest.raises(Unmergeable, match="keeps a generator"):
        carry_out(remote)


def test_notes_of_a_kernel_in_c_are_not_counted_as_answers():
    """A kernel that asks the machine much would otherwise use up what its answers may have."""
    (_, plain), (_, knowing) = side(), side(kind=KnowingSide)

    assert knowing.limits == (plain.limits[0] + 500 * wire.NOTED, plain.limits[1])


@pytest.mark.parametrize("notes", [b"", b"[1, 2]", b"[" * (wire.NOTED + 1)])
def test_notes_that_fit_nothing_stray(notes):
    """The kernel's process has failed, as with any other answer that it may not give."""
    remote, _ = side((wire.ANSWER, MAPPED), (wire.STATE, b"\1" + bytes(wire.HASHED) + notes), kind=Eager)
    carry_out(remote)

    with pytest.raises(Strayed):
        remote.begin(None)
