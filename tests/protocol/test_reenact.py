"""Re-enactment: an honest answer gives the honest trace; any other bytes give a verdict and never more."""

import contextlib
import gc
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grade.attempt import judge
from grader.machine import OutOfMemory, Protection, core
from grader.machine import operations as op
from grader.protocol import wire
from grader.protocol.lockstep import RemoteReplay, WorkerEnded
from grader.protocol.messages import ScenarioMessages
from grader.protocol.reenact import StandIn, Tampered, WorkerCrash
from grader.replay.simulated import Replay, replay
from grader.sandbox.inside.worker import Recorder, Worker
from grader.sandbox.termination import Ending
from grader.trace.records import CRASHED, StepRecord
from tests.cores import both, compiled, on
from tests.kernels import SmallKernel
from tests.marks import long_property
from tests.scenario.test_loader import parse

STORY = (
    "write: {by: P, at: 'h[0:3]', value: 1}",
    "fork: {by: P, child: C}",
    "write: {by: C, at: 'h[0]', value: 9}",
    "munmap: {by: P, at: 'h[1]'}",
    "exit: {by: C}",
    "read: {by: P, at: 'h[2:4]'}",
)


def honest_answers(scenario, kernel=SmallKernel):
    """What a worker would answer to INIT, to each step, and to the end."""
    log = []
    worker = Worker(-1)
    worker.log = log

    def make(hw):
        made = kernel(hw)
        log.append(wire.RETURNED)
        return Recorder(made, log, worker, hw.page_size)

    log += (wire.INIT, 0)
    run = Replay(scenario, make, log)
    answers = [log.copy()]
    for step in scenario.steps:
        log.clear()
        run.execute(step)
        answers.append(log.copy())
    log.clear()
    run.exit_all()
    answers.append(log.copy())
    return answers


class Scripted:
    """A child that answers from a list, whatever it is sent."""

    def __init__(self, answers):
        self.answers = iter(answers)

    def begin_scenario(self, due=0, step_due=0, owed=1):
        pass

    def send(self, kind, payload):
        pass

    def receive(self):
        numbers = next(self.answers, None)
        if numbers is None:
            return Ending("crashed", "gone")
        return (wire.ANSWER, wire.pack_numbers(numbers)) if isinstance(numbers, list) else numbers


def reenact(scenario, answers):
    return list(RemoteReplay(Scripted(answers), ScenarioMessages(scenario)).records())


def test_an_honest_worker_gives_the_trace_of_its_kernel():
    """Re-enacting the answers gives, record by record, what the kernel does in one process."""
    scenario = parse(*STORY)
    trace = replay(scenario, SmallKernel)

    assert reenact(scenario, honest_answers(scenario)) == [*trace.steps, trace.end]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([wire.FORK, 1], "the machine called"),
        ([wire.MMAP, 2], "the machine called"),
        ([wire.MMAP, 1], "ends in the middle"),
        ([wire.MMAP, 1, 99, wire.RETURNED], "99 is not an operation"),
        ([wire.MMAP, 1, op.FREE, 3, wire.RETURNED], "an operation that the machine refuses: free"),
        ([wire.MMAP, 1, op.UNMAP, 7, 3, wire.RETURNED], "process 7, which does not exist"),
        ([wire.MMAP, 1, op.SWAP_OUT, 0, wire.RETURNED], "not an operation of this machine"),
        ([wire.MMAP, 1, op.FILE_IN, 0, 0, 0, wire.RETURNED], "file 0 does not exist"),
        ([wire.MMAP, 1, wire.RETURNED, 5], "goes on after the step"),
        ([], "the machine called"),
    ],
)
def test_what_no_kernel_does_is_tampered(numbers, words):
    """An answer without a trap, a trap without an answer, and impossible operations are named."""
    scenario = parse()

    with pytest.raises(Tampered, match=words):
        reenact(scenario, [honest_answers(scenario)[0], numbers])


@pytest.mark.parametrize("frame", [(wire.READY, b""), (99, b""), (wire.ANSWER, b"abc"), (wire.TROUBLE, b"{")])
def test_a_frame_that_is_no_answer_is_tampered(frame):
    """Wrong kinds, torn numbers and troubles that are none end the scenario as tampered."""
    with pytest.raises(Tampered):
        reenact(parse(), [frame])


def test_a_child_that_is_gone_is_told_with_its_ending():
    """When the child dies between two answers the box's ending comes out."""
    with pytest.raises(WorkerEnded, match="gone"):
        reenact(parse(), [[wire.INIT, 0, wire.RETURNED]])


_FAULT = [wire.FAULT, 1, 16]


@pytest.mark.parametrize(
    "last",
    [
        [*_FAULT, op.ALLOCATE, op.ZERO, 0, op.MAP, 1, 16, 0, 3, wire.RETURNED],
        [*_FAULT, wire.SEGMENTATION_FAULT, wire.EXIT, 1, wire.RETURNED],
        [*_FAULT, wire.SEGMENTATION_FAULT, wire.EXIT, 1, wire.CRASHED],
        [*_FAULT, wire.CRASHED],
        [*_FAULT, wire.RETURNED, *_FAULT, wire.RETURNED],
        [*_FAULT, op.ALLOCATE, 99],
        [*_FAULT, op.FREE, 3],
        (wire.READY, b""),
    ],
    ids=["ok", "killed", "crash at exit", "crash", "no progress", "unknown", "refused", "no answer"],
)
def test_nothing_of_a_replay_is_left_where_no_collector_runs(last):
    """However a replay ends, its machine is gone with it: a batch's workers have no garbage collector."""
    scenario = parse("write: {by: P, at: 'h[0]', value: 1}")
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(Tampered, WorkerEnded):
            reenact(scenario, [*honest_answers(scenario)[:2], last])
        left = [found for found in gc.get_objects() if isinstance(found, StandIn)]
    finally:
        gc.enable()

    assert left == []


def test_a_crash_in_the_constructor_is_a_crash_before_the_first_step():
    """A kernel that cannot be made gives one record."""
    records = reenact(parse(), [[wire.INIT, 0, wire.CRASHED]])

    assert records == [StepRecord(0, CRASHED)]


@pytest.mark.parametrize("ending", [wire.SEGMENTATION_FAULT, wire.OUT_OF_MEMORY, wire.INVALID_ARGUMENT])
def test_a_constructor_has_no_other_ending(ending):
    """A kernel is made, or it crashes; nobody waits for another answer of a constructor."""
    with pytest.raises(Tampered, match="creating a kernel cannot end in"):
        reenact(parse(), [[wire.INIT, 0, ending]])


def test_a_caught_out_of_frames_goes_on():
    """A kernel that catches OutOfFrames and does something else is re-enacted as it was."""

    class Thrifty(SmallKernel):
        def page_fault(self, process, fault):
            from grader.machine import OutOfFrames

            try:
                super().page_fault(process, fault)
            except OutOfFrames:
                self.munmap(process, 16 * 8, 1)
                super().page_fault(process, fault)

    scenario = parse("write: {by: P, at: h, value: 1}", head=HEAD_TIGHT)
    trace = replay(scenario, Thrifty)

    assert trace.steps[1].outcome == "ok"
    assert reenact(scenario, honest_answers(scenario, Thrifty)) == [*trace.steps, trace.end]


HEAD_TIGHT = """format: 1
title: t
task: copy
processes: [P]
machine: {frames: 3}
steps:
  - mmap: {by: P, name: h, pages: 4}
"""


# -- properties: nothing to fake --------------------------------------------------------------------------------

_NUMBER = st.one_of(st.integers(-2, 60), st.integers(-(2**31), 2**31 - 1))
_MUTATION = st.tuples(
    st.integers(0, 8), st.integers(0, 200), st.sampled_from(["drop", "set", "insert", "twice"]), _NUMBER
)


def mutate(answers, mutations):
    changed = [list(numbers) for numbers in answers]
    for which, where, how, number in mutations:
        numbers = changed[which % len(changed)]
        at = where % (len(numbers) + 1)
        if how == "insert":
            numbers.insert(at, number)
        elif numbers:
            at %= len(numbers)
            numbers[at : at + 1] = {"drop": [], "set": [number], "twice": [numbers[at]] * 2}[how]
    return changed


def points_of(scenario, answers):
    """What the grader makes of a stream: passed, differs, crashed, tampered or ended. Nothing else may come out."""
    expected = replay(scenario, SmallKernel)
    try:
        records, divergence = judge(
            scenario, expected, RemoteReplay(Scripted(answers), ScenarioMessages(scenario)).records()
        )
    except Tampered:
        return "tampered"
    except WorkerEnded:
        return "ended"
    if divergence is not None:
        return "failed"
    return records[-1].outcome if records[-1].ends else "passed"


@given(st.lists(_MUTATION, min_size=1, max_size=4))
@long_property(300)
def test_a_mutated_stream_is_a_verdict_and_passes_only_if_it_is_as_good_as_honest(mutations):
    """Whatever is changed in an honest stream, the outcome is a verdict; a pass means an equal trace, up to frames."""
    scenario = parse(*STORY)
    answers = mutate(honest_answers(scenario), mutations)

    verdict = points_of(scenario, answers)

    assert verdict in ("passed", "failed", "crashed", "no_progress", "tampered", "ended")
    if verdict == "passed":
        trace = replay(scenario, SmallKernel)
        records = reenact(scenario, answers)
        assert [(r.values, r.faults, r.copies, r.frames) for r in records[:-1]] == [
            (r.values, r.faults, r.copies, r.frames) for r in trace.steps
        ]


@given(st.lists(st.lists(_NUMBER, max_size=30), max_size=8))
@long_property(300)
def test_a_random_stream_never_passes_and_never_raises(answers):
    """Random numbers are tampered, or end where they end."""
    assert points_of(parse(*STORY), answers) in ("tampered", "ended", "crashed")


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=5))
@long_property(200)
def test_random_frames_never_raise(frames):
    """Frames of any kind with any payload are tampered, or end where they end."""
    assert points_of(parse(*STORY), frames) in ("tampered", "ended", "crashed")


def test_the_stand_in_needs_no_kernel_of_the_student():
    """A StandIn is a kernel like any other: made from the handle and the first answer."""
    with pytest.raises(WorkerCrash):
        Replay(parse(), lambda hw: StandIn(hw, [wire.INIT, 0, wire.CRASHED]))


def test_whereabouts_are_told_once_and_change_nothing():
    """A worker may say once, before an answer, where the kernel is; a second time no honest worker does."""
    scenario = parse(*STORY)
    honest = honest_answers(scenario)
    told = b'{"kind": "time", "method": "fork", "type": "", "message": "", "lines": [["kernel.py", 3, "fork", "x"]]}'
    place = (wire.TROUBLE, told)

    assert reenact(scenario, [honest[0], place, *honest[1:]]) == reenact(scenario, honest)
    with pytest.raises(Tampered, match="a second TROUBLE"):
        reenact(scenario, [honest[0], place, place, *honest[1:]])


# -- both cores -------------------------------------------------------------------------------------------------


class Whole(SmallKernel):
    """A kernel whose answers have every operation that the compiled core applies itself, and some that it does not."""

    def munmap(self, process, start, pages):
        first = self.hw.page_of(start)
        for page in range(first, first + pages):
            if process.page_table.get(page):
                process.page_table.clear_accessed(page)
                process.page_table.protect(page, Protection.READ)
        super().munmap(process, start, pages)

    def evict(self):
        raise OutOfMemory


_edit = st.tuples(
    st.sampled_from(["change", "change", "remove", "insert"]),
    st.integers(0, 999),
    st.one_of(st.integers(-2, 60), st.sampled_from([1 << 30, -(1 << 31), (1 << 31) - 1, 1 << 20])),
)


@long_property(100)
@given(
    answer=st.integers(0, 7),
    edits=st.lists(_edit, max_size=3),
    machine=st.sampled_from(["16", "5", "16, zero_page: true"]),
)
def test_both_cores_re_enact_alike(answer, edits, machine):
    """Whatever numbers a worker sends, honest or not, both cores come to the same records or the same complaint."""
    scenario = parse(*STORY, head=HEAD_TIGHT.replace("frames: 3", f"frames: {machine}"))
    with on(core.PYTHON):
        answers = honest_answers(scenario, Whole)
    numbers = answers[answer % len(answers)]
    for kind, place, value in edits:
        place %= len(numbers) + 1
        if kind == "insert":
            numbers.insert(place, value)
        elif kind == "change":
            numbers[place : place + 1] = [value]
        else:
            del numbers[place : place + 1]

    def run():
        records = []
        try:
            records += RemoteReplay(Scripted(answers), ScenarioMessages(scenario)).records()
        except (Tampered, WorkerEnded) as error:
            return records, repr(error)
        return records, ""

    python, other = both(run)

    assert other == python


def test_a_compiled_answer_is_read_within_its_bounds():
    """An answer gives its numbers, then no more, and refuses what is not an array of C ints."""
    answer = compiled().answer(array("i", [op.ALLOCATE, 5]), StandIn)

    assert (list(answer), list(answer), next(answer, None)) == ([op.ALLOCATE, 5], [], None)
    with pytest.raises(StopIteration):
        answer.apply({}, None)
    for wrong in (array("q", [1]), array("I", [1]), b"1234", [1], None):
        with pytest.raises((TypeError, BufferError)):
            compiled().answer(wrong, StandIn)
    with pytest.raises(TypeError):
        compiled().answer(array("i"), "a class")
    with pytest.raises(TypeError, match="cannot create"):
        type(answer)()
