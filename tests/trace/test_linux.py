"""State, regions and contents after the calls that only machines with the Linux profile have."""

from grader.replay.simulated import Replay
from grader.scenario.loader import parse_scenario
from grader.trace.memory import Memory
from reference.linux import LinuxKernel
from tests.protocol.test_reenact import honest_answers, reenact
from tests.trace.test_memory import assert_same, byte, followed

STORY = """format: 1
title: t
task: t
machine: {profile: linux, frames: 64, swap: 4}
files: {notes: {pages: 6, cached: true}}
processes: [P]
steps:
  - mmap: {by: P, name: n, pages: 6, file: notes, shared: true}
  - read: {by: P, at: "n[0:3]"}
  - write: {by: P, at: "n[1]", value: 9}
  - mmap: {by: P, name: h, pages: 6, populate: true}
  - write: {by: P, at: h, values: [1, 2, 3, 4, 5, 6]}
  - madvise: {by: P, at: "h[0]", advice: wipeonfork}
  - madvise: {by: P, at: "h[1]", advice: dontfork}
  - madvise: {by: P, at: "h[4:8]", advice: pageout, expect: {outcome: error}}
  - fork: {by: P, child: C}
  - read: {by: C, at: "h[0]"}
  - read: {by: C, at: "h[1]", survives: true, expect: {outcome: segv}}
  - write: {by: C, at: "h[2:4]", value: 8}
  - madvise: {by: P, at: "h[3]", advice: dontneed}
  - mremap: {by: P, at: "h[2:6]", name: m, pages: 5}
  - read: {by: P, at: "m[1:5]"}
  - mprotect: {by: C, at: "h[2:8]", protection: r--, expect: {outcome: error}}
  - copy_to_user: {by: P, at: "h[1:3]", value: 7, expect: {outcome: error}}
  - mlock: {by: P, at: "h[0:2]"}
  - mmap: {by: P, name: k, pages: 1, at: "m[0]", fixed: true}
  - read: {by: P, at: k}
  - fork: {by: P, child: D}
"""


def scenario():
    return parse_scenario(STORY, "id", "s.yaml")


def test_state_and_contents_are_the_live_machine_s():
    """After every step, tables, swap, regions and contents are those of the machine that was there."""
    run = Replay(scenario(), LinuxKernel)
    memory = Memory(run.scenario)
    for step in run.scenario.steps:
        record = run.step(step)
        memory.follow(record)

        assert (record.outcome, record.findings) == (step.expect.get("outcome", "ok"), []), step.number
        assert_same(memory, run.machine, step.number)
        for pid, process in run.machine.processes.items():
            seen = memory.state.regions[pid]
            live = [(r.first_page, r.pages, r.protection, r.shared) for r in process._regions]
            assert [(r.first_page, r.pages, r.protection, r.shared) for r in seen] == live, (step.number, pid)
            assert memory.state.tables[pid] == process.page_table._entries


def after(*steps):
    """The memory after these steps, on a machine with 64 frames."""
    machine = STORY[STORY.index("machine:") : STORY.index("processes:")].rstrip()
    return followed(machine, LinuxKernel, *steps)


def test_a_locked_page_stays_as_it_is():
    """The advice that it is not needed is refused."""
    advice = "madvise: {by: P, at: h, advice: dontneed, expect: {outcome: error}}"
    memory = after(
        "mmap: {by: P, name: h, pages: 1}", "write: {by: P, at: h, value: 5}", "mlock: {by: P, at: h}", advice
    )

    assert byte(memory, "P", "h") == 5


def test_advice_that_is_refused_at_a_locked_page_leaves_those_behind_it():
    """One that is out on swap stays there, with what was written to it; one in front of the locked page is dropped."""
    memory = after(
        "mmap: {by: P, name: h, pages: 4}",
        "write: {by: P, at: h, values: [1, 2, 3, 4]}",
        "madvise: {by: P, at: 'h[0]', advice: pageout}",
        "madvise: {by: P, at: 'h[2]', advice: pageout}",
        "mlock: {by: P, at: 'h[1]'}",
        "madvise: {by: P, at: h, advice: dontneed, expect: {outcome: error}}",
    )

    first = memory.state.mappings["h"].first
    assert [byte(memory, "P", "h", page) for page in range(4)] == [0, 2, 3, 4]
    assert [place.page - first for place in memory.state.out] == [2]


def test_a_private_page_that_was_only_populated_does_not_follow_its_file():
    """It was copied when it was made, although nobody has written to it."""
    memory = after(
        "mmap: {by: P, name: h, pages: 1, file: notes, populate: true}",
        "mmap: {by: P, name: s, pages: 1, file: notes, shared: true}",
        "write: {by: P, at: s, value: 5}",
    )

    assert byte(memory, "P", "h") == 1


def test_mremap_moves_what_madvise_said_of_each_page():
    """The child lacks the page that should not be inherited, and has the others."""
    memory = after(
        "mmap: {by: P, name: h, pages: 3}",
        "madvise: {by: P, at: 'h[2]', advice: dontfork}",
        "mremap: {by: P, at: h, name: m}",
        "fork: {by: P, child: C}",
    )

    first = memory.state.mappings["m"].first
    assert [memory.state.regions[2].find(first + page) is not None for page in range(3)] == [True, True, False]


def test_frames_of_cached_files_come_with_the_first_step():
    """The frames that held a file before the scenario began are born in the first record."""
    run = Replay(scenario(), LinuxKernel)

    first, second = (run.step(step) for step in run.scenario.steps[:2])

    assert len(first.allocated) == 6 and first.frames == 6 and not second.allocated


def test_the_page_cache_is_no_leak():
    """What the page cache holds at the end is not counted; all else has gone."""
    run = Replay(scenario(), LinuxKernel)

    *_, end = run.records()

    assert (end.frames, end.slots) == (0, 0) and run.machine.kept_frames() == 6


def test_a_worker_s_answers_give_the_same_records():
    """The new calls go over the border to a worker and back like the others."""
    answers = honest_answers(scenario(), LinuxKernel)

    records = reenact(scenario(), answers)

    assert [r._replace(swapped=[]) for r in records] == [
        r._replace(swapped=[]) for r in Replay(scenario(), LinuxKernel).records()
    ]
