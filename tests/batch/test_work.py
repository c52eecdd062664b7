"""A worker of a batch: what it keeps from one kernel to the next, and what it does not."""

import threading

import pytest

from grader.batch import work
from grader.batch.work import Work, pack, perform
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recordings
from tests.batch.handed_in import PROTECT
from tests.labs import kernel_text


@pytest.fixture
def bundles(lab):
    """A lab packed for workers, and the same lab where a first write is expected to fault three times."""
    small = load_lab(lab)
    outputs = load_recordings(small, small.all_scenarios)
    trace = outputs["touch"].traces[0]
    steps = [trace.steps[0], trace.steps[1]._replace(faults=(3, 0))]
    edited = {**outputs, "touch": outputs["touch"]._replace(traces=[trace._replace(steps=steps)])}
    yield pack(small, outputs, "auto"), pack(small, edited, "auto")
    work._bench.tear_down()


def verdicts(bundle, kernel):
    return {id: done["verdict"] for id, done in attempts(bundle, kernel).items()}


def attempts(bundle, kernel):
    return perform(Work("digest", kernel, ("touch", "fork", "secret")), bundle).attempts


RIGHT = {"touch": "passed", "fork": "passed", "secret": "passed"}
EDITED = {**RIGHT, "touch": "failed"}


def test_an_edited_lab_in_a_worker_that_lives_on_is_another_lab(bundles):
    """What is known of answers is known of them in one edition of a lab."""
    first, second = bundles

    assert [verdicts(bundle, kernel_text()) for bundle in (first, second, first)] == [RIGHT, EDITED, RIGHT]


def test_threads_of_a_worker_keep_what_they_know_to_themselves(bundles):
    """Two threads at two editions of a lab, side by side, each get what they would get alone."""
    found = ([], [])

    def go(bundle, kept):
        try:
            kept += [verdicts(bundle, f"{kernel_text()}# {n}") for n in range(4)]
        finally:
            work._bench.tear_down()

    threads = [threading.Thread(target=go, args=pair) for pair in zip(bundles, found, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ([RIGHT] * 4, [EDITED] * 4)


def test_who_fails_as_another_did_is_told_nothing_of_the_other(bundles):
    """Two kernels with the same mistake: one's names and prints are in no word that the other gets."""
    first, _ = bundles
    one, two = (kernel_text(PROTECT, f"print('by {who}')") for who in ("alice", "bob"))

    attempts(first, one)
    told = attempts(first, two)

    assert told["fork"]["verdict"] == "failed"
    assert told["fork"]["printed"] == ("by bob\n", False)
    assert "alice" not in str(told)


@pytest.mark.parametrize(("body", "limited"), [("print('x' * (2 << 20))", True), ("pass", False)])
def test_a_kernel_that_runs_into_a_limit_is_tried_on_everything(bundles, body, limited):
    """It has less time from then on, and may be held back: a part of the scenarios says nothing about the others."""
    done = perform(Work("digest", kernel_text(PROTECT, body), ("fork",)), bundles[0])

    assert done.together is limited
    assert set(done.attempts) == ({"touch", "fork", "secret"} if limited else {"fork"})
