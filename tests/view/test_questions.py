"""Questions on steps: what is asked, which answer is right, and why."""

import pytest

from grader.view.questions import Score, questions
from reference.swapping import SwappingKernel
from tests.view.runs import recorded, replayed

FORK = (
    "mmap: {by: P, name: h, pages: 2}",
    "write: {by: P, at: h, value: 5}",
    "fork: {by: P, child: C}",
    'write: {by: C, at: "h[0]", value: 7}',
    'read: {by: C, at: "h[0]"}',
    'write: {by: P, at: "h[0]", value: 8}',
)


def asked(run):
    """Return text, right choice and reason of each question, by step."""
    scenario, trace = run
    return {
        record.number: [(q.text, q.choices[q.answer], q.why) for q in own]
        for record, own in questions(scenario, trace.pids, trace.steps)
    }


def test_a_first_write_faults_without_a_copy():
    """The page has no entry yet; the count of faults stands in the reason where there are several pages."""
    ((text, right, why),) = asked(replayed(*FORK))[2]

    assert text == "Will this write cause a page fault?"
    assert right == "yes, and nothing is copied"
    assert why == "h[0]: the page had no entry, so the access faults. It took 2 faults for 2 pages."


def test_a_fork_copies_nothing():
    """The answer is what the run counted."""
    assert [(text, right) for text, right, _ in asked(replayed(*FORK))[3]] == [("Will this fork copy frames?", "no")]


def test_a_write_to_a_shared_page_copies_and_ends_the_sharing():
    """Two questions: the fault with its copy, and who shares afterwards."""
    access, sharers = asked(replayed(*FORK))[4]

    assert access[1] == "yes, and a frame is copied"
    assert access[2] == (
        "h[0]: the entry was r-- cow, which does not allow this write; other pages use its frame, so the write gets a "
        "copy."
    )
    assert sharers == (
        "Which other processes share the frame of C:h[0] afterwards?",
        "none",
        "No other process maps the frame that C:h[0] now leads to.",
    )


def test_the_last_user_takes_its_frame_over():
    """A fault without a copy is told apart from one with a copy."""
    steps = asked(replayed(*FORK))

    assert steps[5][0][1] == "no"
    assert steps[6][0][1:] == (
        "yes, and nothing is copied",
        "h[0]: the entry was r-- cow dirty, which does not allow this write; its frame has no other user.",
    )


def test_a_killed_process_is_an_answer_of_its_own():
    """An access that no region allows ends the process; nobody asks who shares its page then."""
    run = replayed("mmap: {by: P, name: h, pages: 1, protection: r--}", "write: {by: P, at: h, value: 1}")

    assert asked(run)[2] == [
        (
            "Will this write cause a page fault?",
            "yes, and the process is killed",
            "h[0]: its region is r--, which does not allow this write.",
        )
    ]


def test_a_page_on_swap_is_explained():
    """What is out has no entry, and the reason says where it is."""
    steps = ("mmap: {by: P, name: h, pages: 3}", "write: {by: P, at: h, value: 1}", 'read: {by: P, at: "h[0]"}')
    run = replayed(*steps, machine="{frames: 2, swap: 4}", kernel=SwappingKernel)

    assert asked(run)[3][0][2] == "h[0]: the page was out on swap and had no entry."


@pytest.mark.parametrize("state", [("copy-on-write", "fork-faults"), ("tlb", "round-and-round")])
def test_choices_are_distinct_and_the_answer_is_one_of_them(state):
    """No question can be answered in two right ways."""
    scenario, trace = recorded(*state)
    for _, own in questions(scenario, trace.pids, trace.steps):
        for question in own:
            assert len(set(question.choices)) == len(question.choices) >= 2
            assert 0 <= question.answer < len(question.choices) and question.why


def test_the_score_counts_right_wrong_and_skipped():
    """Skipped questions count neither way."""
    scenario, trace = replayed(*FORK)
    question = next(own[0] for _, own in questions(scenario, trace.pids, trace.steps) if own)
    score = Score()
    assert score.add(question, question.answer) and not score.add(question, 0) and not score.add(question, None)

    assert str(score) == "1 of 2 right, 1 skipped"
