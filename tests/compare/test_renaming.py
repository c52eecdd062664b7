"""Which frames of two traces stand for each other."""

import pytest

from grader.compare.renaming import Renaming
from grader.grade.attempt import attempt_here
from grader.replay.simulated import replay
from reference.demand_paging import DemandPagingKernel
from tests.mistaken import kernel
from tests.scenario.test_loader import parse

HEAD = "format: 1\ntitle: T\ntask: t\nmachine: {zero_page: true}\nprocesses: [P]\nsteps:\n"
SCENARIO = parse(
    "mmap: {by: P, name: h, pages: 2}",
    "read: {by: P, at: 'h[0]'}",
    "write: {by: P, at: 'h[1]', value: 1}",
    head=HEAD,
)


@pytest.mark.parametrize(
    ("expected", "yours", "names"),
    [
        (DemandPagingKernel, kernel("no_zero_page", DemandPagingKernel), ["a'", "a"]),
        (kernel("no_zero_page", DemandPagingKernel), DemandPagingKernel, ["zero", "b"]),
    ],
)
def test_the_frame_of_zeros_stands_for_nothing_but_itself(expected, yours, names):
    """Each frame has a name, also where only one side maps the frame of zeros."""
    theirs, mine = replay(SCENARIO, expected), replay(SCENARIO, yours)
    renaming = Renaming(SCENARIO)
    for there, here in zip(theirs.steps, mine.steps, strict=True):
        renaming.step(there, here)

    state = renaming.yours
    pages = sorted(state.tables[1])
    assert [renaming.frame_name(state.life(1, page)) for page in pages] == names


@pytest.mark.parametrize("pages", ["h[0]", "h"])
def test_who_maps_the_frame_of_zeros_is_said(pages):
    """A kernel that takes a frame for a page that was only read has another frame there, not a new one too many."""
    scenario = parse("mmap: {by: P, name: h, pages: 2}", f"read: {{by: P, at: '{pages}'}}", head=HEAD)
    wrong = kernel("no_zero_page", DemandPagingKernel)
    found = attempt_here(scenario, replay(scenario, DemandPagingKernel), wrong).divergence

    shown = "P:h[0] maps the frame of zeros" if pages == "h[0]" else "P:h[0] shares the frame of zeros with P:h[1]"
    assert (found.rule, found.expected, found.yours) == ("sharing", shown, "P:h[0] has a new frame of its own")
