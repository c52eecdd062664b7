"""What is known of a kernel in C: notes are read, calls carried out on a machine as long as it answers what it did."""

import contextlib
import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from grader.machine.kernel import Kernel
from grader.machine.machine import Machine
from grader.machine.protection import Protection
from grader.machine.region import Region
from grader.verify.known import Known, KnownKernel, Notes, Unknown

ARGUMENTS = [1, 64, 1, 3, 0]
#: mmap of a page that gets a frame at once, where there is one.
EAGER = ["mmap", ARGUMENTS, [["allocate", [], 0], ["map", [1, 64, 0, 3, 0], 0]], 0]
EMPTY = ["mmap", ARGUMENTS, [["allocate", [], -2]], -2]


def notes(*calls, begin=1, memory=7):
    return Notes(json.dumps([begin, memory, calls]).encode())


class Idle(Kernel):
    """Does nothing."""

    def mmap(self, process, region):
        pass


def machine():
    made = Machine(Idle, frames=1)
    return made, made.spawn()


@pytest.fixture
def known():
    return Known()


def knowing(known, made, number=1):
    kernel = KnownKernel(made.hw, {})
    kernel.point = known.point(number)
    return kernel


def mmap(kernel, process):
    kernel.mmap(process, Region(64, 1, Protection.parse("rw-")))


def test_a_known_call_is_carried_out_on_the_machine(known):
    """The frame is mapped there, and the state after it is the one that was reported."""
    known.learn(notes(EAGER))
    made, process = machine()
    kernel = knowing(known, made)
    mmap(kernel, process)

    assert [(page, process.page_table.get(page).frame) for page in process.page_table.pages()] == [(64, 0)]
    assert kernel.point.memory == 7


def test_another_answer_leads_on_as_it_did_when_it_was_given(known):
    """Two ways of one call, of which the machine's answer decides."""
    known.learn(notes(EAGER))
    known.learn(notes(EMPTY, memory=8))
    made, process = machine()
    made.hw.frames.allocate()
    kernel = knowing(known, made)

    with pytest.raises(Exception, match="^$") as caught:
        mmap(kernel, process)
    assert type(caught.value).__name__ == "OutOfMemory"
    assert kernel.point.memory == 8


def test_an_answer_that_was_never_given_is_unknown(known):
    """Nobody knows what the kernel would do now."""
    known.learn(notes(EAGER))
    made, process = machine()
    made.hw.frames.allocate()

    with pytest.raises(Unknown):
        mmap(knowing(known, made), process)


def test_another_state_is_unknown(known):
    """The same call may do anything else there."""
    known.learn(notes(EAGER))
    made, process = machine()

    with pytest.raises(Unknown):
        mmap(knowing(known, made, number=2), process)


def test_an_operation_that_the_machine_refuses_is_unknown(known):
    """The kernel's process says what becomes of it."""
    known.learn(notes(["mmap", ARGUMENTS, [["free", [0], None]], 0]))
    made, process = machine()

    with pytest.raises(Unknown):
        mmap(knowing(known, made), process)


@pytest.mark.parametrize(("name", "arguments", "result"), [("mmap", ARGUMENTS, 5), ("page_fault", [2, 4096, 2, 0], -3)])
def test_a_wrong_result_is_not_learned(known, name, arguments, result):
    """How such a call ends, its process says each time."""
    assert known.learn(notes([name, arguments, [], result])) is None
    assert known.point(1).calls[name, tuple(arguments)].end is None


def test_calls_after_each_other_lead_from_state_to_state(known):
    """The state after the first of two is one without a number."""
    end = known.learn(notes(["exit", [2], [], 0], ["exit", [3], [], 0]))
    first = known.point(1).calls["exit", (2,)].end[1]

    assert (first.memory, end.memory) == (None, 7)
    assert first.calls["exit", (3,)].end == (0, end)


WRONG = [
    b"",
    b"{}",
    b"[1, 2]",
    b'["1", 2, []]',
    b"[1, 2, [[]]]",
    b"[1, true, []]",
    b'[1, 2, [["poke", [], [], 0]]]',
    b'[1, 2, [["exit", [1, 2], [], 0]]]',
    b'[1, 2, [["exit", ["1"], [], 0]]]',
    b'[1, 2, [["exit", [1], [], null]]]',
    b'[1, 2, [["exit", [1], [["free", [1.5], null]], 0]]]',
    b'[1, 2, [["exit", [1], [["place", [4], 0]], 0]]]',
    b'[1, 2, [["exit", [1], [["entries", [1, 2, 3], "0"]], 0]]]',
    b'[1, 2, [["exit", [1], [["lookup", [1, 2], "0"]], 0]]]',
    b"[" * 100_000,
    json.dumps([1, 2, [["exit", [1], [["free", [1], None]] * 1001, 0]]]).encode(),
]


@pytest.mark.parametrize("data", WRONG, ids=[data[:40].decode() for data in WRONG])
def test_notes_that_no_honest_process_sends_are_refused(data):
    """They are bytes from the process of a stranger's kernel."""
    with pytest.raises(ValueError):
        Notes(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["exit", "entries", "free", "00", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_notes_or_refused(data):
    """Nothing else comes of them."""
    with contextlib.suppress(ValueError):
        Known().learn(Notes(data))
