"""What is out on swap, and where, as the records of a run tell it."""

import pathlib
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.trace.names import Names
from grader.compare.renaming import Place
from grader.compare.swapped import Swapped
from grader.fuzz.program import LIMIT, write_scenario
from grader.fuzz.vocabulary import vocabulary
from grader.kernels import reference_kernel
from grader.lab import load_lab
from grader.replay.simulated import start, trace_of
from grader.trace.records import apply_changes
from reference.swapping import SwappingKernel
from tests.reference.swapping_kernels import SwapsFromTheHandout
from tests.scenario.test_loader import parse

HEAD = """format: 1
title: t
task: swap
processes: [P]
machine: {{frames: {frames}, swap: 8}}
steps:
  - mmap: {{by: P, name: h, pages: {pages}}}
"""


class Followed:
    """A run of a kernel, and what its records tell of swap."""

    def __init__(self, scenario, make_kernel):
        self.scenario = scenario
        self.run = start(scenario, make_kernel)
        self.swapped = Swapped(scenario)

    def steps(self):
        """Each step, once it is followed."""
        tables = {process.pid: {} for process in self.run.processes.values()}
        names = Names(trace_of(self.scenario, self.run, [], None), 0)
        for step in self.scenario.steps:
            record = self.run.step(step)
            names.learn(record)
            self.swapped.learn(step, record, tables, names)
            apply_changes(tables, record)
            yield step

    def books(self):
        """What the kernel itself has written down: place -> slot."""
        kernel = self.run.machine.kernel
        if isinstance(kernel, SwapsFromTheHandout):
            return {Place(process.pid, page): slot for (process, page), slot in kernel.away.items()}
        return {Place(process.pid, page): s.number for process, out in kernel.out.items() for page, s in out.items()}

    def told(self):
        return {place: self.swapped.slot(place) for place in self.swapped.pages}


@cache
def swapping():
    """The lab, and the vocabulary of random scenarios for it."""
    lab = load_lab(pathlib.Path(__file__).parents[2] / "labs" / "swapping")
    return lab, vocabulary(lab)


def after(*steps, frames=2, pages=4, kernel=SwappingKernel):
    """What is told after the last of these steps, by page of P's or another process's h: {"P0": slot}."""
    followed = Followed(parse(*steps, head=HEAD.format(frames=frames, pages=pages)), kernel)
    for _ in followed.steps():
        pass
    names = {pid: name for name, pid in followed.run.pids.items()}
    first = followed.run.mappings["h"].first
    return {f"{names[place.pid]}{place.page - first}": slot for place, slot in followed.told().items()}


def scenarios(lab):
    for scenario in lab.all_scenarios:
        if scenario.machine.swap:
            yield scenario if scenario.each is None else scenario.at_failure_point(0)


def test_it_is_what_the_reference_has_in_its_books(root):
    """In every scenario and after every step: the same pages, and the same slots but for one step in fifty."""
    steps = unknown = 0
    for lab in (load_lab(root / "labs" / name) for name in ("swapping", "tlb")):
        for scenario in scenarios(lab):
            followed = Followed(scenario, reference_kernel(lab))
            for step in followed.steps():
                told, books = followed.told(), followed.books()
                known = None not in told.values()
                steps, unknown = steps + 1, unknown + (not known)
                assert told.keys() == books.keys(), (scenario.id, step.number)
                assert told == books or not known, (scenario.id, step.number)

    assert steps > 300 and unknown <= steps / 50


def test_another_kernel_s_books_say_the_same(root):
    """Nothing depends on how the reference is built."""
    for scenario in scenarios(load_lab(root / "labs" / "swapping")):
        followed = Followed(scenario, SwapsFromTheHandout)
        for step in followed.steps():
            assert followed.told() == followed.books(), (scenario.id, step.number)


@given(
    hardware=st.integers(0, LIMIT - 1),
    moves=st.lists(st.tuples(*[st.integers(0, LIMIT - 1)] * 5), min_size=8, max_size=16),
)
@settings(max_examples=40, deadline=None)
def test_in_random_scenarios_the_pages_are_right(hardware, moves):
    """Whatever happens, a page is told to be out if the kernel has it in its books, and not otherwise."""
    program = hardware, moves
    followed = Followed(write_scenario(*swapping(), SwappingKernel, program), SwappingKernel)

    for _ in followed.steps():
        assert followed.swapped.pages == followed.books().keys()


def test_a_child_s_pages_are_in_its_parent_s_slots():
    """Fork moves nothing; munmap and exit end what is out."""
    write, fork = "write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}"

    assert after(write, fork) == {"P0": 0, "P1": 1, "C0": 0, "C1": 1}
    assert after(write, fork, "munmap: {by: P, at: 'h[0]'}") == {"P1": 1, "C0": 0, "C1": 1}
    assert after(write, fork, "exit: {by: P}") == {"C0": 0, "C1": 1}


def test_a_slot_that_is_not_known_is_none():
    """In a step in which pages come twice over, records leave open where they are; once nothing is out all is known."""
    write, read, again = ("write: {by: P, at: h, value: 1}", "read: {by: P, at: h}", "write: {by: P, at: h, value: 2}")
    thrash = (write, read, "write: {by: P, at: 'h[1:4]', value: 3}", read)
    calm = ("munmap: {by: P, at: h}", "mmap: {by: P, name: h, pages: 4}", again)

    assert after(*thrash, frames=3, pages=5) == {"P0": None, "P1": None}
    assert after(*thrash, *calm, frames=3, pages=5) == {"P0": 0}


def test_a_page_that_was_let_go_and_not_saved_is_not_out():
    """Where no slot is in use nothing is out, whatever entries went."""

    class Forgets(SwappingKernel):
        def swap_out(self, frame):
            for process, page in self.entries_of(frame):
                self.remove_page(process, page)

    assert after("write: {by: P, at: h, value: 1}", kernel=Forgets) == {}


def test_a_fork_that_crashes_half_way_is_followed():
    """The child has no name yet, and its entries are nobody's."""

    class Crashes(SwappingKernel):
        def fork(self, parent, child):
            page = parent.page_table.pages()[0]
            child.page_table.map(page, parent.page_table.get(page).frame, parent.page_table.get(page).protection)
            child.page_table.unmap(page)
            raise KeyError(page)

    assert after("write: {by: P, at: h, value: 1}", "fork: {by: P, child: C}", kernel=Crashes) == {"P0": 0, "P1": 1}
