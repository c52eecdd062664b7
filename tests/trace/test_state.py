"""The state after a step, as the records tell it, against the machine and the kernel that were there."""

import pathlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.authoring.fuzz.program import LIMIT, write_scenario
from grader.authoring.fuzz.vocabulary import vocabulary
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.machine.entry import FRAME_SHIFT
from grader.replay.simulated import Replay, replay
from grader.trace.records import ProcessPage
from grader.trace.state import Counts, State
from reference.swapping import SwappingKernel
from tests.kernels import SmallKernel
from tests.marks import proofs_but
from tests.reference.swapping_kernels import SwapsFromTheHandout
from tests.scenario.test_loader import parse

SWAP_HEAD = """format: 1
title: t
task: swap
processes: [P]
machine: {frames: 2, swap: 8}
steps:
  - mmap: {by: P, name: h, pages: 4}
"""


class Followed:
    """A replay of a kernel, and the state that follows from its records."""

    def __init__(self, scenario, make_kernel):
        self.scenario = scenario
        self.run = Replay(scenario, make_kernel)
        self.state = State(scenario)

    def records(self):
        """Each record, once it is followed."""
        for record in self.run.records():
            self.state.follow(record)
            yield record

    def books(self):
        """Return what the kernel itself has written down: page -> slot."""
        kernel = self.run.machine.kernel
        if isinstance(kernel, SwapsFromTheHandout):
            return {ProcessPage(process.pid, page): slot for (process, page), slot in kernel.away.items()}
        return {
            ProcessPage(process.pid, page): s.number for process, out in kernel.out.items() for page, s in out.items()
        }


@cache
def lab_of(name):
    """A lab, and the vocabulary of random scenarios for it."""
    lab = load_lab(pathlib.Path(__file__).parents[2] / "labs" / name)
    return lab, vocabulary(lab)


def followed(*steps, kernel=SmallKernel, head=None):
    """The state after the last of these steps, of which h is mapped first."""
    scenario = parse(*steps, **({} if head is None else {"head": head}))
    return State.after(scenario, replay(scenario, kernel).steps)


def out(*steps, kernel=SwappingKernel, frames=2, pages=4):
    """The pages that are out after these steps, by process and page of h: {"P0": slot}."""
    head = SWAP_HEAD.replace("frames: 2", f"frames: {frames}").replace("pages: 4", f"pages: {pages}")
    state = followed(*steps, kernel=kernel, head=head)
    names = {pid: name for name, pid in state.pids.items()}
    return {f"{names[p.pid]}{p.page - state.mappings['h'].first}": slot for p, slot in state.out.items()}


def of_regions(regions):
    """Regions without what differs between two machines: the object that backs one."""
    return [(r.first_page, r.pages, r.protection, r.shared, getattr(r.file, "name", ""), r.offset) for r in regions]


def assert_same(state, machine):
    """Compare a state with the live machine, field by field."""
    assert state.tables == {pid: process.page_table._entries for pid, process in machine.processes.items()}
    assert state.stale == {pid: pages for pid, pages in machine._stale.items() if pages}
    assert {pid: of_regions(r) for pid, r in state.regions.items()} == {
        pid: of_regions(process._regions) for pid, process in machine.processes.items()
    }
    assert state.frames == machine._frames._in_use
    assert state.slots == (machine._swap._in_use if machine._swap else 0)
    assert set(state.out.values()) <= set(machine._swap._images if machine._swap else ())
    assert [[state.on_disk(f.name, page) for page in range(f.pages)] for f in machine.files.values()] == [
        f._images for f in machine.files.values()
    ]


@given(
    name=st.sampled_from(["shared-memory", "file-backed", "swapping", "tlb"]),
    hardware=st.integers(0, LIMIT - 1),
    moves=st.lists(st.tuples(*[st.integers(0, LIMIT - 1)] * 5), min_size=8, max_size=16),
)
def follow_a_random_scenario(name, hardware, moves):
    lab, words = lab_of(name)
    kernel = reference_kernel(lab)
    story = Followed(write_scenario(lab, words, kernel, (hardware, moves)).scenario, kernel)
    counts = 0

    for record in story.records():
        assert_same(story.state, story.run.machine)
        counts += sum(record.faults)
        if lab.path.name in ("swapping", "tlb"):
            assert story.state.out == story.books()

    assert sum(c.minor + c.major for c in story.state.counts.values()) == counts


@pytest.mark.parametrize("examples", proofs_but(15, [15, 100]))
def test_it_is_the_live_machine_s_after_every_step(examples):
    """Whatever happens: page tables, TLB, regions, frames and slots in use, and files are what the machine has."""
    settings(max_examples=examples, deadline=None)(follow_a_random_scenario)()


@pytest.mark.parametrize("name", ["swapping", "tlb"])
def test_what_is_out_is_what_the_reference_has_in_its_books(name):
    """In every scenario and after every step: the same pages, in the same slots."""
    lab, _ = lab_of(name)
    for scenario in lab.all_scenarios:
        if scenario.machine.swap:
            story = Followed(scenario.at_failure_point(0), reference_kernel(lab))
            for record in story.records():
                assert story.state.out == story.books(), (scenario.id, record.number)


def test_another_kernel_s_books_say_the_same():
    """Nothing depends on how the reference is built."""
    for scenario in lab_of("swapping")[0].all_scenarios:
        if scenario.machine.swap:
            story = Followed(scenario.at_failure_point(0), SwapsFromTheHandout)
            for record in story.records():
                assert story.state.out == story.books(), (scenario.id, record.number)


def test_a_recorded_output_says_as_much_as_the_live_run():
    """A trace that was read back gives the same state at its last step."""
    lab, _ = lab_of("swapping")
    for scenario in lab.all_scenarios[::5]:
        one = scenario.at_failure_point(0)
        story = Followed(one, reference_kernel(lab))
        list(zip(range(len(one.steps)), story.records(), strict=False))
        state = State.after(one, load_recording(lab, scenario).traces[0].steps)

        assert (state.tables, state.out, state.lives) == (story.state.tables, story.state.out, story.state.lives)


def test_a_child_s_pages_are_in_its_parent_s_slots():
    """Fork moves nothing; munmap and exit end what is out."""
    write, fork = "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}"

    assert out(write, fork) == {"P0": 0, "P1": 1, "C0": 0, "C1": 1}
    assert out(write, fork, "munmap: {by: P, at: 'h[0]'}") == {"P1": 1, "C0": 0, "C1": 1}
    assert out(write, fork, "exit: {by: P}") == {"C0": 0, "C1": 1}


def test_a_page_that_was_unmapped_does_not_go_out_with_its_old_frame():
    """Even if its place was mapped again before the child's page, which has that frame, goes out."""
    again = ("munmap: {by: P, at: 'h[0]'}", "mmap: {by: P, name: k, pages: 1, at: 'h[0]'}")
    steps = ("write: {by: P, at: 'h[0]', value: 1}", "fork: {by: P, child: C}", *again)

    assert out(*steps, "write: {by: C, at: 'h[1:3]', value: 2}") == {"C0": 0}


def test_pages_that_come_and_go_twice_over_in_one_step_are_followed():
    """However often a step moves a page, it is in the slot that it was written to last."""
    write, read = "write: {by: P, at: h, value: 1}", "read: {by: P, at: h}"
    thrash = (write, read, "write: {by: P, at: 'h[1:4]', value: 3}", read)

    assert out(*thrash, frames=3, pages=5) == {"P0": 2, "P1": 0}


def test_what_a_child_has_out_is_inherited_until_it_leaves_itself():
    """Of the pages that are out, those that no move of the child's own has shown to be."""
    write, fork = "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}"

    def inherited(*steps):
        state = followed(*steps, head=SWAP_HEAD, kernel=SwappingKernel)
        return {place.page - state.mappings["h"].first for place in state.inherited & state.out.keys()}

    assert inherited(write, fork) == {0, 1}
    assert inherited(write, fork, "write: {by: C, at: h, value: 2}") == set()


def test_a_page_that_was_let_go_and_not_saved_is_not_out():
    """Where nothing was written to a slot nothing is out, whatever entries went."""

    class Forgets(SwappingKernel):
        def swap_out(self, frame):
            for process, page in self.entries_of(frame):
                self.remove_page(process, page)

    assert out("write: {by: P, at: h, value: 1}", kernel=Forgets) == {}


def test_a_page_that_leaves_after_its_frame_was_written_or_freed_is_out():
    """The order of the three calls is the kernel's own affair."""

    class LetsGoLast(SwappingKernel):
        def swap_out(self, frame):
            entries = list(self.entries_of(frame))
            super().swap_out(frame)
            process, page = entries[0]
            again = self.hw.frames.allocate()
            process.page_table.map(page, again, self.regions[process].find(page).protection)
            self.hw.frames.free(again)
            process.page_table.unmap(page)

    assert out("write: {by: P, at: 'h[0:3]', value: 1}", kernel=LetsGoLast) == {"P0": 0}


def test_a_fork_that_crashes_half_way_is_followed():
    """The child has no name yet, and its entries are nobody's."""

    class Crashes(SwappingKernel):
        def fork(self, parent, child):
            page = parent.page_table.pages()[0]
            child.page_table.map(page, parent.page_table.get(page).frame, parent.page_table.get(page).protection)
            child.page_table.unmap(page)
            raise KeyError(page)

    assert out("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}", kernel=Crashes) == {"P0": 0, "P1": 1}


def test_frames_are_told_apart_by_their_lives():
    """A frame that was freed and handed out again is another one; the frame of zeros was never handed out."""
    write = "write: {by: P, at: 'h[0]', value: 1}"
    first = followed(write)
    again = followed(write, "munmap: {by: P, at: 'h[0]'}", "write: {by: P, at: 'h[1]', value: 1}")
    page = first.mappings["h"].first

    assert first.entry(1, page) >> FRAME_SHIFT == again.entry(1, page + 1) >> FRAME_SHIFT
    assert (first.life(1, page), again.life(1, page + 1), again.life(1, page)) == (1, 2, None)


def test_counts_are_kept_for_each_process():
    """Faults and copies are the actor's, and a process that is gone keeps its own."""
    state = followed(
        "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}", "write: {by: C, at: 'h[0]', value: 2}",
        "exit: {by: C}",
    )  # fmt: skip

    assert state.counts == {1: Counts(minor=4), 2: Counts(minor=1, copies=1)}
    assert list(state.tables) == [1]


def test_who_shares_a_frame():
    """All pages that map it, of every process; nobody where there is no entry."""
    state = followed("write: {by: P, at: 'h[0]', value: 1}", "fork: {by: P, child: C}")
    page = state.mappings["h"].first

    assert state.sharers(2, page) == [ProcessPage(1, page), ProcessPage(2, page)]
    assert state.sharers(1, page + 1) == []
    assert len(state.mapped_frames()) == 1
