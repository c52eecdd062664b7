"""What a real kernel did, as records that can be drawn."""

from grader.host.pictures import host_trace
from grader.host.replay import HostStep
from grader.machine.entry import RIGHTS
from grader.machine.protection import PROTECTIONS, Protection
from grader.scenario.loader import parse_scenario
from grader.trace.memory import Memory

READ_WRITE = Protection.READ | Protection.WRITE

SCENARIO = """format: 1
title: T
task: t
processes: [P]
steps:
  - mmap: {by: P, name: h, pages: 1}
  - write: {by: P, at: h, value: 1}
  - fork: {by: P, child: C}
  - write: {by: C, at: h, value: 2}
  - read: {by: P, at: h}
  - write: {by: P, at: h, value: 3}
"""


def step(frames, mapped=None):
    """Return a step that succeeds. frames: process -> the label of its page's frame."""
    held = {(name, 16): label for name, label in frames.items()}
    present = {name: {16} if label else set() for name, label in frames.items()}
    return HostStep("ok", None, [], present, held, dict.fromkeys(held, READ_WRITE), mapped)


def test_a_page_that_was_shared_is_protected_until_its_own_process_writes():
    """The child's copy leaves the parent alone with its frame; the parent's entry opens at its own write."""
    shared, own = ("stamp", 1), [("own", name, 16) for name in "PC"]
    steps = [step({"P": own[0]}), step({"P": shared, "C": shared})] + [step({"P": own[0], "C": own[1]})] * 3
    scenario = parse_scenario(SCENARIO, "t")
    first = HostStep("ok", None, [], {"P": set()}, {}, {}, ("h", 16, 1))
    trace = host_trace(scenario, [first, *steps], 4096)
    memory, seen = Memory(scenario), []
    for record in trace.steps:
        memory.follow(record)
        seen.append([str(PROTECTIONS[memory.state.entry(pid, 16) & RIGHTS]) for pid in (1, 2)])

    assert seen[1:] == [["rw-", "---"], ["r--", "r--"], ["r--", "rw-"], ["r--", "rw-"], ["rw-", "rw-"]]
