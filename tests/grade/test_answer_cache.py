"""What is known of answers: the same bytes lead to the same attempt, and nothing else does."""

import pathlib
import random
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grade.answer_cache import AnswerCache
from grader.grade.attempt import Attempt, attempt_each
from grader.grade.runner import KernelSource
from grader.grade.sandbox_runner import SandboxRunner
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.protocol import wire
from grader.protocol.messages import ScenarioMessages
from grader.protocol.reenact import StandIn
from grader.replay.simulated import replay
from grader.sandbox.termination import Ending
from tests.kernels import SmallKernel
from tests.marks import long_property, proofs_but
from tests.protocol.test_reenact import _MUTATION, STORY, Scripted, honest_answers, mutate
from tests.sandbox.plain_box import PlainBox
from tests.scenario.test_loader import parse

ROOT = pathlib.Path(__file__).parents[2]
SCENARIO = parse(*STORY)
EXPECTED = replay(SCENARIO, SmallKernel)
HONEST = honest_answers(SCENARIO)


class Forgetful(SmallKernel):
    """Leaves the parent's entries as they are when it forks."""

    def fork(self, parent, child):
        before = {page: parent.page_table.get(page).protection for page in parent.page_table.pages()}
        super().fork(parent, child)
        for page, protection in before.items():
            parent.page_table.protect(page, protection, cow=False)


class Crashing(SmallKernel):
    """Crashes when it forks."""

    def fork(self, parent, child):
        raise KeyError(child)


class ScriptedBox(Scripted):
    """A box with one child, which takes any source and answers from a list."""

    def __init__(self, answers):
        super().__init__([(wire.READY, b""), *answers])

    def spawn(self, hurried=False):
        return self

    def drain(self, owed):
        return True

    def quiet(self):
        return True

    def spent(self):
        return 0.0, 0.0

    def take_output(self):
        return b"", False

    def close(self):
        pass


def attempt_of(box, known=None, scenario=SCENARIO, expected=EXPECTED):
    return SandboxRunner(box, KernelSource({}, "kernel", "K"), known)(scenario, expected)


def attempt(answers, known=None, scenario=SCENARIO, expected=EXPECTED):
    return attempt_of(ScriptedBox(answers), known, scenario, expected)


@pytest.fixture
def no_reenactment(monkeypatch):
    """Whoever makes a stand-in from here on fails the test."""

    def refuse(*arguments):
        raise AssertionError("an answer was re-enacted")

    return lambda: monkeypatch.setattr(StandIn, "__init__", refuse)


@pytest.mark.parametrize("answers", [HONEST, honest_answers(SCENARIO, Forgetful)], ids=["passed", "failed"])
def test_the_same_answers_are_not_re_enacted(answers, no_reenactment):
    """The second kernel that answers the same gets the first one's attempt, without the records."""
    known = AnswerCache()
    first = attempt(answers, known)

    no_reenactment()

    assert attempt(answers, known) == first._replace(records=())


def test_what_follows_a_known_beginning_is_looked_at():
    """A kernel that differs in one later step gets its own verdict, at its own step."""
    known = AnswerCache()
    wrong = honest_answers(SCENARIO, Forgetful)

    assert attempt(HONEST, known).verdict == "passed"
    result = attempt(wrong, known)

    assert result == attempt(wrong)
    assert (result.verdict, result.divergence.step) == ("failed", 3)


class Strict(ScriptedBox):
    """A child that is never sent a step while it owes an answer, and never waited for when it owes none."""

    def __init__(self, answers):
        super().__init__(answers)
        self.owed = False
        self.sent = []

    def send(self, kind, payload):
        assert not self.owed, "a step was sent before the answer to the last was whole"
        self.owed = True
        self.sent.append((kind, payload))

    def receive(self):
        assert self.owed, "nothing more will come"
        received = super().receive()
        self.owed = type(received) is tuple and received[0] == wire.TROUBLE
        return received

    def drain(self, owed):
        return type(self.receive()) is tuple


#: A kernel: whose answers it gives, what is changed in them, before which it tells of trouble, and how many it gives.
_STREAM = st.tuples(
    st.sampled_from([SmallKernel, Forgetful, Crashing]),
    st.lists(_MUTATION, max_size=2),
    st.sets(st.integers(0, 8), max_size=2),
    st.integers(0, 9) | st.just(9),
)


def told(who, kernel, mutations, troubles, length):
    """The frames of such a kernel; its trouble is in words of its own."""
    trouble = b'{"kind": "crash", "method": "fork", "type": "KeyError", "message": "%d", "lines": []}' % who
    frames = []
    for number, answer in enumerate(mutate(honest_answers(SCENARIO, kernel), mutations)[:length]):
        frames += [(wire.TROUBLE, trouble), answer] if number in troubles else [answer]
    return frames


@given(st.lists(_STREAM, min_size=2, max_size=6))
@long_property(200)
def test_what_is_known_changes_no_attempt(streams):
    """Whatever a class answers, in whatever order: each gets the attempt, and the steps, that it would get alone."""
    known = AnswerCache()
    messages = [(wire.BEGIN, ScenarioMessages(SCENARIO).beginning), *ScenarioMessages(SCENARIO).messages]
    for who, stream in enumerate(streams):
        followed, alone = Strict(told(who, *stream)), Strict(told(who, *stream))

        found = attempt_of(followed, known)

        assert found._replace(records=()) == attempt_of(alone)._replace(records=())
        assert followed.sent == alone.sent
        assert followed.sent[1:] == messages[: len(followed.sent) - 1]


class Ahead(ScriptedBox):
    """A child that is sent everything at once; several of its answers arrive together, as many as `together` says."""

    takes_more = False

    def __init__(self, answers, together):
        self.frames = deque([(wire.READY, b""), *answers])
        self.together = iter(together)
        super().__init__([])
        self.answers = iter(self.frames.popleft, None)

    def receive(self):
        return super().receive() if self.frames else Ending("crashed", "gone")

    def send_frames(self, data):
        pass

    def arrived(self, most):
        answers = []
        for _ in range(min(most, next(self.together, 0))):
            if not self.frames or not isinstance(self.frames[0], list):
                break
            answers.append(wire.pack_numbers(self.frames.popleft()))
        return answers


@given(st.lists(_STREAM, min_size=1, max_size=5), st.lists(st.integers(0, 9), max_size=9))
@long_property(200, deadline=None)
def test_answers_that_arrive_together_are_answers_that_arrive_one_by_one(streams, together):
    """However they come, whatever is known, and whatever else is among them."""
    known = AnswerCache()
    for who, stream in enumerate(streams):
        frames = told(who, *stream)
        runners = [
            SandboxRunner(Ahead(frames, together), KernelSource({}, "kernel", "K"), known),
            SandboxRunner(Ahead(frames, together), KernelSource({}, "kernel", "K")),
            SandboxRunner(Ahead(frames, []), KernelSource({}, "kernel", "K")),
        ]

        # Once, so that a child that has died is not asked again.
        found = [runner(SCENARIO, EXPECTED, known=True, once=True)._replace(records=()) for runner in runners]

        assert found[0] == found[1] == found[2]


_HEAD = """from reference.copy_on_write import CopyOnWriteKernel as Base
from tests.mistaken import kernel
import os
"""
_AFTER_EXIT = "class K(Base):\n    def exit(self, process):\n        super().exit(process)\n        "

#: Right kernels, mistaken ones, and some that die or crash after good answers.
KERNELS = {
    "reference": "K = Base",
    "its twin": "class K(Base):\n    pass",
    "other books": "from tests.reference.alternatives import PageByPage as K",
    "parent_w": "K = kernel('parent_w', Base)",
    "no_zero": "K = kernel('no_zero', Base)",
    "dies": _AFTER_EXIT + "os._exit(0)",
    "raises": _AFTER_EXIT + "raise KeyError('mine')",
    "unfinished": "class K(Base):\n    def fork(self, *processes):\n        raise NotImplementedError('not mine yet')",
}


@pytest.fixture
def class_of():
    """class_of(known): an examiner for each of KERNELS."""
    examiners = []

    def make(known):
        codes = [KernelSource({"kernel": _HEAD + text}, "kernel", "K") for text in KERNELS.values()]
        examiners.extend(made := [SandboxRunner(PlainBox(ROOT), code, known) for code in codes])
        return dict(zip(KERNELS, made, strict=True))

    yield make
    for examiner in examiners:
        examiner.discard()


@pytest.mark.parametrize("every", proofs_but(20, [20, 6]))
def test_kernels_of_a_class_are_judged_as_if_each_were_alone(class_of, every):
    """Real kernels on scenarios of a lab, in random order, with and without knowing of each other."""
    lab = load_lab(ROOT / "labs" / "copy-on-write")
    alone, followed = class_of(None), class_of(AnswerCache())
    order = random.Random(0)

    for scenario in (*lab.scenarios[::every], *lab.hidden[::every]):
        output = load_recording(lab, scenario)
        for name in order.sample(list(KERNELS), len(KERNELS)):
            found, own = (attempt_each(scenario, output, which[name]) for which in (followed, alone))
            assert found._replace(records=()) == own._replace(records=()), (name, scenario.id)


def test_a_scenario_with_the_same_steps_and_other_expectations_is_another_one():
    """What the answers are judged by belongs to what is known of them."""
    strict = parse(*STORY[:-1], "read: {by: P, at: 'h[2:4]', expect: {value: 5}}")
    known = AnswerCache()

    assert attempt(HONEST, known).verdict == "passed"
    assert attempt(HONEST, known, strict, replay(strict, SmallKernel)).verdict == "failed"


def test_a_crash_is_told_by_each_kernel_itself():
    """Two kernels that crash in the same step have lines of their own: neither gets the other's."""
    known = AnswerCache()
    told = b'{"kind": "crash", "method": "fork", "type": "KeyError", "message": "%s", "lines": []}'
    crash = [wire.FORK, 1, wire.CRASHED]

    messages = [attempt([*HONEST[:3], (wire.TROUBLE, told % who), crash], known).message for who in (b"mine", b"yours")]

    assert messages == ["KeyError: mine (in fork)", "KeyError: yours (in fork)"]


def test_a_crash_without_a_word_gets_nobody_elses_words():
    """The same bytes with and without a trouble before them: what one kernel told stays its own."""
    known = AnswerCache()
    answers = honest_answers(SCENARIO, Crashing)

    mine = attempt(told(1, Crashing, [], {3}, 9), known)
    yours = attempt(answers, known)

    assert mine.message == "KeyError: 1 (in fork)"
    assert yours == attempt(answers)


def test_an_answer_that_ended_early_is_no_beginning(no_reenactment):
    """A child that is gone after known answers is gone: what others went on to do is not put down to it."""
    known = AnswerCache()
    attempt(HONEST, known)

    no_reenactment()

    assert attempt(HONEST[:4], known).verdict == "crashed"


def test_known_answers_take_no_more_room_than_they_may():
    """When the room is full, all is forgotten, and learned anew."""
    known = AnswerCache(room=11_000)
    script = known.messages(SCENARIO, EXPECTED)
    kept = []
    for number in range(9):
        known.learn(script, [bytes([number]) * 600], Attempt("passed"))
        kept.append(len(script.answers))

    assert kept == [1, 2, 3, 4, 5, 6, 7, 8, 1]


def test_what_is_said_of_a_failure_takes_room_too():
    """Short answers with long explanations fill the room as long answers do."""
    known = AnswerCache(room=80_000)
    script = known.messages(SCENARIO, EXPECTED)
    kept = []
    for number in range(200):
        known.learn(script, [bytes([number])], Attempt("failed", lines=("x" * 500,)))
        kept.append(len(script.answers))

    assert 1 < max(kept) * 500 < 80_000


def test_the_records_of_a_failure_are_kept_if_they_are_wanted():
    """They take room, too, and a pass needs none."""
    records = replay(SCENARIO, SmallKernel).steps
    kept = {}
    for wanted in (False, True):
        known = AnswerCache(room=500_000, with_records=wanted)
        script = known.messages(SCENARIO, EXPECTED)
        for number, verdict in enumerate(("passed", "failed")):
            known.learn(script, [bytes([number])], Attempt(verdict, records=tuple(records)))
        kept[wanted] = [bool(end.attempt.records) for end in script.answers.values()]

    assert kept == {False: [False, False], True: [False, True]}
    assert known._used > 1000


def test_a_flood_of_answers_is_not_kept():
    """What takes more than its share of the room makes nobody else's answers forgotten."""
    known = AnswerCache(room=1000)

    assert attempt(HONEST, known).verdict == "passed"
    assert known.messages(SCENARIO, EXPECTED).answers == {}


def test_a_script_tells_no_expectation():
    """The worker is told what to do, never what is expected of it."""
    scenario = parse("read: {by: P, at: 'h[0]', expect: {value: 0, faults: 1}}")

    script = ScenarioMessages(scenario)

    assert script.messages[1] == (wire.STEP, b'{"verb": "read", "by": "P", "at": "h[0]"}')
    assert script.messages[-1] == (wire.END, b"")
