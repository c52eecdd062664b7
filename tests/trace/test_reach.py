"""How far a write came that failed, as the record shows it."""

import pytest

from grader.replay.simulated import Replay
from grader.trace.reach import pages_written
from grader.trace.state import State
from reference.file_backed import FileBackedKernel
from reference.linux import LinuxKernel
from reference.shared_memory import SharedMemoryKernel
from reference.swapping import SwappingKernel
from tests.scenario.test_loader import parse

HEAD = """format: 1
title: t
task: t
machine: {MACHINE}
files: {notes: {pages: 2}}
processes: [P]
steps:
"""

MAPPED, WRITTEN = "mmap: {by: P, name: h, pages: 4}", "write: {by: P, at: h, value: 7}"


def reached(*steps, kernel, machine="frames: 8"):
    """How many pages the last of these steps has written, and how it ended."""
    scenario = parse(*steps, head=HEAD.replace("MACHINE", machine))
    state = State(scenario)
    run = Replay(scenario, kernel)
    for step in scenario.steps[:-1]:
        state.follow(run.step(step))
    last = scenario.steps[-1]
    record = run.step(last)
    return pages_written(state, last, record), record.outcome


@pytest.mark.parametrize("kernel", [SharedMemoryKernel, SwappingKernel])
def test_the_page_whose_fault_found_no_memory_ends_a_write(kernel):
    """Pages with an entry that allows the write cost no fault, so they do not count."""
    touched = "write: {by: P, at: 'h[1]', value: 1}"

    assert reached(MAPPED, WRITTEN, kernel=kernel) == (4, "ok")
    assert reached(MAPPED, WRITTEN, kernel=kernel, machine="frames: 3") == (3, "oom")
    assert reached(MAPPED, touched, WRITTEN, kernel=kernel, machine="frames: 2") == (2, "oom")


def test_the_page_that_is_refused_ends_a_write():
    """Linux does not count the fault of a page that is refused; the other machines do."""
    refused = (MAPPED, "mprotect: {by: P, at: 'h[2]', protection: r--}")
    to_user = WRITTEN.replace("write", "copy_to_user")

    assert reached(*refused, WRITTEN, kernel=SharedMemoryKernel) == (2, "segv")
    assert reached(*refused, to_user, kernel=FileBackedKernel) == (0, "error")
    for step, outcome in ((WRITTEN, "segv"), (WRITTEN.replace("7", "7, survives: true"), "segv"), (to_user, "error")):
        assert reached(*refused, step, kernel=LinuxKernel, machine="profile: linux") == (2, outcome)


def test_a_system_call_on_linux_that_found_no_memory_ends_there():
    """It fails like one that is refused a page further on."""
    to_user = WRITTEN.replace("write", "copy_to_user")

    for frames in (1, 2, 3):
        machine = f"profile: linux, frames: {frames}"
        assert reached(MAPPED, to_user, kernel=LinuxKernel, machine=machine) == (frames, "error")


def test_the_page_at_which_a_kernel_crashes_or_gets_nowhere_ends_a_write():
    """The process lives on in a picture of that step."""

    class Fails(FileBackedKernel):
        def page_fault(self, process, fault):
            if self.hw.page_of(fault.address) == 18:
                self.fail()
            else:
                super().page_fault(process, fault)

    class Crashes(Fails):
        def fail(self):
            raise KeyError

    class DoesNothing(Fails):
        def fail(self):
            pass

    to_user = WRITTEN.replace("write", "copy_to_user")
    assert reached(MAPPED, WRITTEN, kernel=Crashes) == (2, "crashed")
    assert reached(MAPPED, WRITTEN, kernel=DoesNothing) == (2, "no_progress")
    assert reached(MAPPED, to_user, kernel=Crashes) == (0, "crashed")
    assert reached(MAPPED, to_user, kernel=DoesNothing) == (2, "no_progress")


#: A private page at h[0] or h[1], next to a page of shared memory.
SHARED_FIRST = ("munmap: {by: P, at: 'h[0]'}", "mmap: {by: P, name: s, pages: 1, at: 'h[0]', shared: true}")
SHARED_SECOND = ("munmap: {by: P, at: 'h[1]'}", "mmap: {by: P, name: s, pages: 1, at: 'h[1]', shared: true}")


def test_a_page_that_went_out_before_its_turn_needs_a_fault():
    """A page of shared memory takes its frame. Then it comes back, which takes another page's, or finds no frame."""
    mapped = ("mmap: {by: P, name: h, pages: 3}", *SHARED_FIRST, "mmap: {by: P, name: k, pages: 1}")
    touched = ("write: {by: P, at: 'h[1]', value: 1}", "write: {by: P, at: k, value: 1}")
    refused = "mprotect: {by: P, at: 'h[2]', protection: r--}"
    machine = "frames: 2, swap: 2"

    assert reached(*mapped, *touched, refused, WRITTEN, kernel=SwappingKernel, machine=machine) == (2, "segv")
    assert reached(*mapped, touched[0], WRITTEN, kernel=SwappingKernel, machine="frames: 1, swap: 1") == (1, "oom")


def test_a_page_that_went_out_after_its_turn_needed_none():
    """The fault that fails took its frame, and the shared page between the two was written without a fault."""
    mapped = ("mmap: {by: P, name: h, pages: 3}", *SHARED_SECOND)
    first = "write: {by: P, at: 'h[0:2]', value: 1}"
    of_file = ("munmap: {by: P, at: 'h[2]'}", "mmap: {by: P, name: m, pages: 1, at: 'h[2]', file: notes}")
    fail = "fail: {operation: map, after: 0}"
    machine = "frames: 2, swap: 2"

    assert reached(*mapped, *of_file, first, WRITTEN, kernel=SwappingKernel, machine=machine) == (2, "oom")
    assert reached(*mapped, first, fail, WRITTEN, kernel=SwappingKernel, machine=machine) == (2, "oom")


@pytest.mark.parametrize(
    ("before", "failing", "pages"),
    [
        (
            ("munmap: {by: P, at: 'h[0]'}", "mmap: {by: P, name: m, pages: 1, at: 'h[0]', file: notes, shared: true}"),
            1,
            1,
        ),
        (("write: {by: P, at: 'h[0]', value: 1}",), 1, 1),
        (SHARED_FIRST, 2, 2),
    ],
    ids=["from a file", "from swap", "from swap in the same step"],
)
def test_a_page_for_which_no_frame_was_left_is_known_after_pages_that_came_from_disk(before, failing, pages):
    """Their faults were major ones; that of the page itself read nothing."""
    touched = "write: {by: P, at: 'h[1:3]', value: 1}"
    fail = f"fail: {{operation: allocate, after: {failing}}}"
    steps = ("mmap: {by: P, name: h, pages: 3}", *before, touched, fail, WRITTEN)

    assert reached(*steps, kernel=SwappingKernel, machine="frames: 2, swap: 4") == (pages, "oom")


def test_a_slot_that_was_read_before_the_page_went_there_did_not_bring_it_back():
    """The first page comes from the slot to which the second goes once it was written."""
    shared = ("munmap: {by: P, at: 'h[2]'}", "mmap: {by: P, name: s, pages: 1, at: 'h[2]', shared: true}")
    another = ("mmap: {by: P, name: k, pages: 1}", "write: {by: P, at: k, value: 1}", "munmap: {by: P, at: k}")
    steps = (MAPPED, *shared, "write: {by: P, at: 'h[0:2]', value: 1}", *another, WRITTEN)

    assert reached(*steps, kernel=SwappingKernel, machine="frames: 2, swap: 1") == (3, "oom")


def test_a_page_after_the_one_for_which_no_frame_was_left_may_have_been_writable_before():
    """That the write would not have failed there does not show that it came so far."""
    steps = ("mmap: {by: P, name: h, pages: 3}", *SHARED_FIRST, "munmap: {by: P, at: 'h[2]'}")
    last = ("mmap: {by: P, name: t, pages: 1, at: 'h[2]', shared: true}", "write: {by: P, at: 'h[1:3]', value: 1}")
    to_user = WRITTEN.replace("write", "copy_to_user")

    machine = "profile: linux, frames: 2, swap: 1"
    assert reached(*steps, *last, to_user, kernel=LinuxKernel, machine=machine) == (1, "error")


def test_a_page_that_went_out_after_its_turn_for_a_page_that_was_made_ready_needed_none():
    """On Linux, the process of a system call lives on and shows which pages it has got."""
    steps = (MAPPED, "mprotect: {by: P, at: 'h[2]', protection: r--}", "write: {by: P, at: 'h[0]', value: 1}")
    to_user = WRITTEN.replace("write", "copy_to_user")

    assert reached(*steps, to_user, kernel=LinuxKernel, machine="profile: linux, frames: 1, swap: 2") == (2, "error")
