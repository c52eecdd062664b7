"""Replay: names, places, failure injection and crashes."""

from hypothesis import given
from hypothesis import strategies as st

from grader.machine import Protection
from grader.replay.simulated import Replay, replay, run_all
from grader.scenario.loader import parse_scenario
from grader.scenario.writer import to_yaml
from tests.kernels import SmallKernel
from tests.marks import long_property
from tests.scenario.test_loader import parse


def test_counts_of_a_small_story():
    """The textbook's story: write, fork, write; one fault and one copy for the child, the parent keeps its frame."""
    trace = replay(
        parse(
            "write: {by: P, at: h, value: 7}",
            "fork: {by: P, child: C}",
            "write: {by: C, at: 'h[0]+3', value: 9}",
            "read: {by: P, at: 'h[0]+3'}",
        ),
        SmallKernel,
    )

    assert [record.faults for record in trace.steps] == [(0, 0), (4, 0), (0, 0), (1, 0), (0, 0)]
    assert [record.copies for record in trace.steps] == [0, 0, 0, 1, 0]
    assert (trace.end.frames, trace.end.slots) == (0, 0)


def test_a_crash_ends_the_trace_and_nothing_comes_out():
    """A kernel that raises in the middle gives a trace up to there."""

    class Broken(SmallKernel):
        def fork(self, parent, child):
            raise KeyError("x")

    trace = replay(parse("fork: {by: P, child: C}", "exit: {by: P}"), Broken)

    assert [record.outcome for record in trace.steps] == ["ok", "crashed"]
    assert trace.end is None


def test_steps_of_a_dead_process_are_skipped():
    """Where a process is gone on this kernel, its steps do nothing."""

    class Killing(SmallKernel):
        def mprotect(self, process, start, pages, protection):
            from grader.machine import SegmentationFault

            raise SegmentationFault

    trace = replay(parse("mprotect: {by: P, at: h, protection: r--}", "read: {by: P, at: h}"), Killing)

    assert [record.outcome for record in trace.steps] == ["ok", "segv", "skipped"]
    assert trace.steps[1].died == (1,)


def test_fail_arms_the_next_step_only():
    """The failure of a step that makes too few calls never comes to pass, and does not wait for a later step."""
    scenario = parse(
        "fail: {operation: allocate, after: 1}",
        "write: {by: P, at: 'h[0]', value: 1}",
        "write: {by: P, at: 'h[1:3]', value: 1}",
    )
    run = Replay(scenario, SmallKernel)
    trace = run_all(run)

    assert [record.outcome for record in trace.steps] == ["ok"] * 4
    assert run.unfired == [2]


def test_failure_points_are_scenarios_of_their_own():
    """`after: each` becomes a number; other steps stay."""
    scenario = parse(
        "fail: {operation: allocate, after: each}", "write: {by: P, at: h, value: 1, expect: {outcome: oom}}"
    )
    outcomes = [replay(scenario.at_failure_point(n), SmallKernel).steps[2].frames for n in range(3)]

    assert scenario.each.number == 2
    assert outcomes == [0, 0, 0]


def test_the_machine_is_the_scenarios():
    """Frame order, page size and limits come from the scenario."""
    text = to_yaml(parse("write: {by: P, at: h, value: 1}")).replace(
        "processes:", "machine: {frames: 8, page_size: 64, allocation: random, seed: 5}\nprocesses:"
    )
    trace = replay(parse_scenario(text, "x"), SmallKernel)

    assert trace.page_size == 64
    assert trace.steps[1].allocated != [0, 1, 2, 3]


def test_protections_of_mmap_reach_the_kernel():
    """mmap's default is rw-, and what is given is what the kernel gets."""
    seen = []

    class Watching(SmallKernel):
        def mmap(self, process, region):
            seen.append((region.protection, region.shared))
            super().mmap(process, region)

    replay(parse("mmap: {by: P, name: k, pages: 1, protection: r-x, shared: true}"), Watching)

    assert seen == [(Protection.READ | Protection.WRITE, False), (Protection.parse("r-x"), True)]


# -- properties -----------------------------------------------------------------------------------------------

_PAGE = st.integers(0, 3)
STEP = st.one_of(
    st.builds(lambda n, v: f"write: {{by: P, at: 'h[{n}]+{v % 8}', value: {v}}}", _PAGE, st.integers(0, 255)),
    st.builds(lambda n: f"read: {{by: P, at: 'h[{n}:4]'}}", _PAGE),
    st.builds(lambda n: f"munmap: {{by: P, at: 'h[{n}]', expect: {{outcome: ok}}}}", _PAGE),
    st.builds(lambda v: f"write: {{by: P, at: h, values: [1, 2, 3, {v}]}}", st.integers(0, 255)),
)


@given(st.lists(STEP, max_size=12))
@long_property(60)
def test_a_scenario_goes_to_yaml_and_back_unchanged(steps):
    """What the writer writes the loader reads as an equal scenario."""
    scenario = parse(*steps)
    again = parse_scenario(to_yaml(scenario), "id", "s.yaml")

    assert again.plain() == scenario.plain()
    assert again.hash == scenario.hash


@given(st.lists(STEP, max_size=12), st.sampled_from(["stride", "random"]), st.integers(0, 9))
@long_property(60)
def test_what_is_observed_does_not_depend_on_the_order_of_frames(steps, order, seed):
    """Values, faults, copies and totals are equal under every allocation order."""
    scenario = parse(*steps)
    other = scenario._replace(machine=scenario.machine._replace(allocation=order, seed=seed))

    def seen(trace):
        return [(r.outcome, r.values, r.faults, r.copies, r.frames, r.findings) for r in trace.steps]

    assert seen(replay(scenario, SmallKernel)) == seen(replay(other, SmallKernel))
