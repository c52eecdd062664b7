"""What a divergence reads like."""

import pytest

from grader.grade.attempt import attempt_here
from grader.replay.simulated import replay
from grader.scenario.describe import sentence
from grader.trace.names import letter
from reference.swapping import SwappingKernel
from tests.compare.test_judge import STORY, CopiesTwice, EagerFork, LeaksQuietly, ParentWritable, SwapsSides, TwoFaults
from tests.kernels import SmallKernel
from tests.messages import assert_message
from tests.scenario.test_loader import parse


@pytest.mark.parametrize("kernel", [ParentWritable, EagerFork, TwoFaults, CopiesTwice, SwapsSides, LeaksQuietly])
def test_explanations(kernel):
    """The explanation of a typical mistake, word for word."""
    scenario = parse(*STORY)
    attempt = attempt_here(scenario, replay(scenario, SmallKernel), kernel)

    assert_message(f"explain-{kernel.__name__}", "\n".join(attempt.lines) + "\n")


def test_a_stale_translation_is_shown_beside_the_entry():
    """Where the TLB says something else than the page table, the lines say so."""

    class NeverFlushes(SmallKernel):
        def drop(self, process, page):
            frame = process.page_table.get(page).frame
            process.page_table.unmap(page)
            self.users[frame] -= 1
            if not self.users[frame]:
                self.hw.frames.free(frame)

    head = """format: 1
title: t
task: copy
processes: [P]
machine: {tlb: true}
steps:
  - mmap: {by: P, name: h, pages: 1}
"""
    scenario = parse(
        "write: {by: P, at: h, value: 1}",
        "munmap: {by: P, at: h}",
        "read: {by: P, at: h, expect: {outcome: segv}}",
        head=head,
    )
    attempt = attempt_here(scenario, replay(scenario, SmallKernel), NeverFlushes)

    assert "no entry   but the TLB still holds -> frame a  rw-" in "\n".join(attempt.lines)


def test_a_page_that_is_out_is_told_from_an_untouched_one():
    """What the step was about to bring back is out, with its slot; what was never there has no entry."""

    class ReadsZeros(SwappingKernel):
        def frame_from(self, slot):
            frame = super().frame_from(slot)
            self.hw.frames.zero(frame)
            return frame

    head = """format: 1
title: t
task: swap
processes: [P]
machine: {frames: 2, swap: 4}
steps:
  - mmap: {by: P, name: h, pages: 4}
"""
    scenario = parse("write: {by: P, at: 'h[0:3]', value: 7}", "read: {by: P, at: h}", head=head)
    lines = attempt_here(scenario, replay(scenario, SwappingKernel), ReadsZeros).lines

    assert "    P:h[0]       out (slot 0)" in lines
    assert "    P:h[3]       no entry" in lines


def test_a_page_that_was_out_at_the_fork_is_not_said_to_be_out_in_the_child():
    """The kernel may have forgotten it, so the lines say only what is known."""
    head = """format: 1
title: t
task: swap
processes: [P]
machine: {frames: 2, swap: 8}
steps:
  - mmap: {by: P, name: h, pages: 3}
"""
    steps = ("write: {by: P, at: h, values: [1, 2, 3]}", "fork: {by: P, child: C}", "read: {by: C, at: 'h[0]'}")

    class Forgets(SwappingKernel):
        def fork(self, parent, child):
            super().fork(parent, child)
            for page in list(self.out[child]):
                self.leave_slot(child, page)

    scenario = parse(*steps, head=head)
    lines = attempt_here(scenario, replay(scenario, SwappingKernel), Forgets).lines

    assert "    C:h[0]       no entry; it was out (slot 0) when C was forked" in lines


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("write: {by: P, at: 'h[0]+3', value: 66}", "P writes 66 to h[0]+3"),
        ("write: {by: P, at: 'h[0:2]', values: [1, 2]}", "P writes 1, 2 to h[0:2]"),
        ("mmap: {by: P, name: k, pages: 1, shared: true, protection: r--}", "P maps 1 shared page r-- as k"),
        ("munmap: {by: P, at: h}", "P unmaps h"),
        ("copy_to_user: {by: P, at: h, value: 7}", "the kernel copies 7 into P's h"),
        ("fail: {operation: map, after: 2}", "in the next step, call 3 of map will fail"),
        ("fork: {by: P, child: C}", "P forks C"),
    ],
)
def test_sentences(step, words):
    """Every verb reads as a sentence."""
    assert sentence(parse(step).steps[1]) == words


def test_frames_are_lettered_on_and_on():
    """a to z, then aa: there is a letter for every frame."""
    assert [letter(n) for n in (0, 25, 26, 27, 702)] == ["a", "z", "aa", "ab", "aaa"]
