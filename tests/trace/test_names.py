"""What pages are called in messages."""

from grader.replay.simulated import replay
from grader.trace.names import Names
from grader.trace.state import State
from tests.kernels import SmallKernel
from tests.scenario.test_loader import parse

HEAD = """format: 1
title: t
task: copy
processes: [P, Q]
steps:
"""


def names(*steps):
    scenario = parse(*steps, head=HEAD)
    trace = replay(scenario, SmallKernel)
    return Names(trace.pids, State.after(scenario, trace.steps)), trace.pids, trace.steps[0].mapped[1]


def test_mappings_of_two_processes_in_one_place_keep_their_names():
    """P's m and Q's n are both at the first place there is; each page is called by its own process's name."""
    named, pids, first = names(
        "mmap: {by: P, name: m, pages: 1}", "mmap: {by: Q, name: n, pages: 2}", "fork: {by: P, child: C}"
    )

    assert named.page(pids["P"], first) == "P:m[0]"
    assert named.page(pids["Q"], first) == "Q:n[0]"
    assert named.page(pids["C"], first) == "C:m[0]"


def test_a_child_calls_its_own_mapping_by_its_own_name():
    """After the fork each maps something else in the same place."""
    named, pids, first = names(
        "mmap: {by: P, name: m, pages: 1}",
        "fork: {by: P, child: C}",
        "mmap: {by: P, name: a, pages: 1}",
        "mmap: {by: C, name: b, pages: 1}",
    )

    assert (named.page(pids["P"], first + 2), named.page(pids["C"], first + 2)) == ("P:a[0]", "C:b[0]")
    assert named.page(pids["C"], first) == "C:m[0]"


def test_a_page_that_nobody_has_mapped_is_called_by_its_number():
    """A wild page, or one that only an unrelated process has a name for, is told all the same."""
    named, pids, first = names("mmap: {by: P, name: m, pages: 1}")

    assert named.page(pids["P"], first + 40) == f"P:page {first + 40}"
    assert named.page(pids["Q"], first) == "Q:m[0]"
