"""What is known of answers: the same bytes lead to the same attempt, and nothing else does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.attempt import Attempt
from grader.examiner import Code, Examiner
from grader.scenario.engine import replay
from grader.worker import wire
from grader.worker.script import Known, Script
from grader.worker.standin import StandIn
from tests.kernels import SmallKernel
from tests.scenario.test_loader import parse
from tests.worker.test_standin import _MUTATION, STORY, Scripted, honest_answers, mutate

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


class ScriptedBox(Scripted):
    """A box with one child, which takes any source and answers from a list."""

    def __init__(self, answers):
        super().__init__([(wire.READY, b""), *answers])

    def spawn(self):
        return self

    def drain(self):
        return True

    quiet = drain

    def take_output(self):
        return b"", False

    def close(self):
        pass


def attempt(answers, known=None, scenario=SCENARIO, expected=EXPECTED):
    return Examiner(ScriptedBox(answers), Code({}, "kernel", "K"), known)(scenario, expected)


@pytest.fixture
def no_reenactment(monkeypatch):
    """Whoever makes a stand-in from here on fails the test."""

    def refuse(*arguments):
        raise AssertionError("an answer was re-enacted")

    return lambda: monkeypatch.setattr(StandIn, "__init__", refuse)


@pytest.mark.parametrize("answers", [HONEST, honest_answers(SCENARIO, Forgetful)], ids=["passed", "failed"])
def test_the_same_answers_are_not_re_enacted(answers, no_reenactment):
    """The second kernel that answers the same gets the first one's attempt, without the records."""
    known = Known()
    first = attempt(answers, known)

    no_reenactment()

    assert attempt(answers, known) == first._replace(records=())


def test_what_follows_a_known_beginning_is_looked_at():
    """A kernel that differs in one later step gets its own verdict, at its own step."""
    known = Known()
    wrong = honest_answers(SCENARIO, Forgetful)

    assert attempt(HONEST, known).verdict == "passed"
    result = attempt(wrong, known)

    assert result == attempt(wrong)
    assert (result.verdict, result.divergence.step) == ("failed", 3)


@given(st.lists(st.lists(_MUTATION, max_size=2), min_size=2, max_size=5))
@settings(max_examples=150, deadline=None)
def test_what_is_known_changes_no_attempt(streams):
    """Whatever a class answers, in whatever order, each gets the attempt that it would have got alone."""
    known = Known()
    for mutations in streams:
        answers = mutate(HONEST, mutations)

        assert attempt(answers, known)._replace(records=()) == attempt(answers)._replace(records=())


def test_a_scenario_with_the_same_steps_and_other_expectations_is_another_one():
    """What the answers are judged by belongs to what is known of them."""
    strict = parse(*STORY[:-1], "read: {by: P, at: 'h[2:4]', expect: {value: 5}}")
    known = Known()

    assert attempt(HONEST, known).verdict == "passed"
    assert attempt(HONEST, known, strict, replay(strict, SmallKernel)).verdict == "failed"


def test_a_crash_is_told_by_each_kernel_itself():
    """Two kernels that crash in the same step have lines of their own: neither gets the other's."""
    known = Known()
    told = b'{"kind": "crash", "method": "fork", "type": "KeyError", "message": "%s", "lines": []}'
    crash = [wire.FORK, 1, wire.CRASHED]

    messages = [attempt([*HONEST[:3], (wire.TROUBLE, told % who), crash], known).message for who in (b"mine", b"yours")]

    assert messages == ["KeyError: mine (in fork)", "KeyError: yours (in fork)"]


def test_an_answer_that_ended_early_is_no_beginning(no_reenactment):
    """A child that is gone after known answers is gone: what others went on to do is not put down to it."""
    known = Known()
    attempt(HONEST, known)

    no_reenactment()

    assert attempt(HONEST[:4], known).verdict == "crashed"


def test_known_answers_take_no_more_room_than_they_may():
    """When the room is full, all is forgotten, and learned anew."""
    known = Known(room=8000)
    script = known.script(SCENARIO, EXPECTED)
    kept = []
    for number in range(9):
        known.learn(script, [bytes([number]) * 600], None)
        kept.append(len(script.answers))

    assert kept == [1, 2, 3, 4, 5, 6, 7, 8, 1]


def test_what_is_said_of_a_failure_takes_room_too():
    """Short answers with long explanations fill the room as long answers do."""
    known = Known(room=80_000)
    script = known.script(SCENARIO, EXPECTED)
    kept = []
    for number in range(200):
        known.learn(script, [bytes([number])], Attempt("failed", lines=("x" * 500,)))
        kept.append(len(script.answers))

    assert 1 < max(kept) * 500 < 80_000


def test_a_flood_of_answers_is_not_kept():
    """What takes more than its share of the room makes nobody else's answers forgotten."""
    known = Known(room=1000)

    assert attempt(HONEST, known).verdict == "passed"
    assert known.script(SCENARIO, EXPECTED).answers == {}


def test_a_script_tells_no_expectation():
    """The worker is told what to do, never what is expected of it."""
    scenario = parse("read: {by: P, at: 'h[0]', expect: {value: 0, faults: 1}}")

    script = Script(scenario)

    assert script.messages[1] == (wire.STEP, b'{"verb": "read", "by": "P", "at": "h[0]"}')
    assert script.messages[-1] == (wire.END, b"")
