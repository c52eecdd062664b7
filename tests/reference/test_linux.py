"""The Linux profile, rule by rule: a small scenario each, with what Linux 6.18 was measured to do."""

import pytest

from grader.lab.reference import reference_output
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from grader.scenario.profile import on_linux
from reference.linux import LinuxKernel
from tests.scenario.test_loader import parse

HEAD = """format: 1
title: t
task: t
machine: {profile: linux, frames: 256, swap: 8}
files: {warm: {pages: 40, cached: true}, cold: {pages: 40}, code: {pages: 40, writable: false}}
processes: [P]
steps:
"""

MAP = "mmap: {by: P, name: h, pages: 4}"
SHARED = "mmap: {by: P, name: s, pages: 40, shared: true}"
FORK = "fork: {by: P, child: C}"


def rules(*steps):
    """Return what is wrong with expectations on the model answer; nothing if all are met and no audit fails."""
    scenario = parse_scenario(HEAD + "".join(f"  - {step}\n" for step in steps), "id", "s.yaml")
    return reference_output(scenario, LinuxKernel)[1]


CASES = {
    "3: a read maps the page of zeros, and the write after it faults again": [
        MAP,
        "read: {by: P, at: 'h[0]', expect: {faults: 1, frames: 40}}",
        "write: {by: P, at: 'h[0]', value: 1, expect: {faults: 1, frames: 41}}",
    ],
    "5: the kernel's own access counts": [
        MAP,
        "copy_to_user: {by: P, at: h, value: 7, expect: {faults: 4}}",
        "copy_from_user: {by: P, at: h, expect: {faults: 0, value: 7}}",
    ],
    "14: a mapping that was only read is not inherited": [
        MAP,
        "read: {by: P, at: h}",
        FORK,
        "read: {by: C, at: h, expect: {faults: 4}}",
    ],
    "14: one private page, and all of the mapping is inherited": [
        MAP,
        "read: {by: P, at: h}",
        "write: {by: P, at: 'h[3]', value: 1}",
        FORK,
        "read: {by: C, at: h, expect: {faults: 0}}",
    ],
    "14: the mark stays after dontneed": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "madvise: {by: P, at: h, advice: dontneed}",
        "read: {by: P, at: h, expect: {value: 0, faults: 4}}",
        FORK,
        "read: {by: C, at: h, expect: {faults: 0}}",
    ],
    "14: a half that was split off before any write has no mark": [
        MAP,
        "mprotect: {by: P, at: 'h[2:4]', protection: r--}",
        "read: {by: P, at: h}",
        "write: {by: P, at: 'h[0]', value: 1}",
        FORK,
        "read: {by: C, at: 'h[0:2]', expect: {faults: 0}}",
        "read: {by: C, at: 'h[2:4]', expect: {faults: 2}}",
    ],
    "14: two neighbours of one kind are one mapping": [
        MAP,
        "mmap: {by: P, name: k, pages: 2, at: 'h[4]'}",
        "read: {by: P, at: k}",
        "write: {by: P, at: 'h[0]', value: 1}",
        FORK,
        "read: {by: C, at: k, expect: {faults: 0}}",
    ],
    "17, 19: fork copies nothing of shared memory, a read maps a window": [
        SHARED,
        "write: {by: P, at: s, value: 1, expect: {faults: 40}}",
        FORK,
        "read: {by: C, at: s, expect: {faults: 3, value: 1}}",
    ],
    "19: a write maps only its page": [
        SHARED,
        "write: {by: P, at: s, value: 1}",
        FORK,
        "write: {by: C, at: s, value: 2, expect: {faults: 40}}",
    ],
    "22: reading ahead costs one major fault": [
        "mmap: {by: P, name: f, pages: 5, file: cold, protection: r--}",
        "read: {by: P, at: f, expect: {faults: 1, major: 1}}",
    ],
    "23: a read of a cached file maps windows": [
        "mmap: {by: P, name: f, pages: 40, file: warm, protection: r--}",
        "read: {by: P, at: f, expect: {faults: 3, major: 0}}",
    ],
    "23: the window begins where the mapping does": [
        "mmap: {by: P, name: h, pages: 4}",
        "mmap: {by: P, name: f, pages: 30, file: warm, protection: r--}",
        "read: {by: P, at: 'f[0]', expect: {faults: 1, present: {'P:f[0:16]': true, 'P:f[16]': false}}}",
    ],
    "23: even a read past the end of a file maps the window": [
        "mmap: {by: P, name: f, pages: 42, file: warm, protection: r--}",
        "read: {by: P, at: 'f[41]', survives: true, expect: {outcome: segv, faults: 0}}",
        "read: {by: P, at: 'f[32:40]', expect: {faults: 0}}",
    ],
    "23: a window whose first page in memory is the file's last maps nothing without a page table": [
        "mmap: {by: P, name: f, pages: 3, file: warm, offset: 39}",
        "read: {by: P, at: 'f[1]', survives: true, expect: {outcome: segv, present: {'P:f[0]': false}}}",
        "mmap: {by: P, name: h, pages: 1}",
        "write: {by: P, at: h, value: 1}",
        "madvise: {by: P, at: h, advice: dontneed}",
        "read: {by: P, at: 'f[1]', survives: true, expect: {outcome: segv, present: {'P:f[0]': true}}}",
    ],
    "23: the page table goes with the last mapping that it has room for, and a child inherits it with a mark": [
        "mmap: {by: P, name: h, pages: 1}",
        "mmap: {by: P, name: f, pages: 2, file: warm, offset: 39}",
        "write: {by: P, at: h, value: 1}",
        FORK,
        "munmap: {by: P, at: h}",
        "munmap: {by: P, at: f}",
        "mmap: {by: P, name: g, pages: 2, file: warm, offset: 39}",
        "read: {by: P, at: 'g[1]', survives: true, expect: {outcome: segv, present: {'P:g[0]': false}}}",
        "read: {by: C, at: 'f[1]', survives: true, expect: {outcome: segv, present: {'C:f[0]': true}}}",
    ],
    "14: a private write sets the mark even if it fails, past the end of a file": [
        "mmap: {by: P, name: f, pages: 3, file: warm, offset: 38}",
        "read: {by: P, at: 'f[0]'}",
        "write: {by: P, at: 'f[2]', value: 1, survives: true, expect: {outcome: segv, faults: 0}}",
        FORK,
        "read: {by: C, at: 'f[0]', expect: {faults: 0}}",
    ],
    "24: a private write maps only its page": [
        "mmap: {by: P, name: f, pages: 3, file: warm}",
        "write: {by: P, at: f, value: 1, expect: {faults: 3, copies: 3}}",
    ],
    "26: a shared page of a file that was read faults at its first write": [
        "mmap: {by: P, name: f, pages: 3, file: warm, shared: true}",
        "read: {by: P, at: f, expect: {faults: 1}}",
        "write: {by: P, at: f, value: 1, expect: {faults: 3, copies: 0}}",
    ],
    "29: a SIGSEGV counts nothing, and a handler survives it": [
        MAP,
        "read: {by: P, at: 'h[4]', survives: true, expect: {outcome: segv, faults: 0}}",
        "write: {by: P, at: 'h[0]', value: 1, expect: {faults: 1}}",
        "write: {by: P, at: 'h[-1]', value: 1, expect: {outcome: segv, faults: 0}}",
    ],
    "30: an exclusive page gets its right back at once": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "mprotect: {by: P, at: h, protection: r--}",
        "mprotect: {by: P, at: h, protection: rw-}",
        "write: {by: P, at: h, value: 2, expect: {faults: 0}}",
    ],
    "31: a page that was shared does not, even if the sharer has gone": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        FORK,
        "exit: {by: C}",
        "mprotect: {by: P, at: h, protection: r--}",
        "mprotect: {by: P, at: h, protection: rw-}",
        "write: {by: P, at: h, value: 2, expect: {faults: 4, copies: 0}}",
    ],
    "33: dontneed takes the page from this process only": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        FORK,
        "madvise: {by: P, at: h, advice: dontneed}",
        "read: {by: P, at: h, expect: {value: 0, faults: 4}}",
        "write: {by: C, at: h, value: 2, expect: {faults: 4, copies: 0}}",
    ],
    "33: fixed replaces what is there": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "mmap: {by: P, name: k, pages: 2, at: 'h[1]', fixed: true}",
        "read: {by: P, at: 'h', expect: {values: [1, 0, 0, 1], faults: 2}}",
    ],
    "34: mremap moves frames, and sharing with them": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        FORK,
        "mremap: {by: P, at: h, name: m, pages: 6, expect: {faults: 0, shared: [['P:m[0]', 'C:h[0]']]}}",
        "read: {by: P, at: m, expect: {values: [1, 1, 1, 1, 0, 0], faults: 2}}",
        "write: {by: P, at: 'm[0]', value: 2, expect: {faults: 1, copies: 1}}",
        "read: {by: P, at: 'h[0]', expect: {outcome: segv}}",
    ],
    "34: mremap moves what madvise has split, but lets only one mapping grow or shrink": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "madvise: {by: P, at: 'h[1]', advice: dontfork}",
        "mremap: {by: P, at: 'h[0:3]', name: k, pages: 5, expect: {outcome: error}}",
        "mremap: {by: P, at: 'h[0:3]', name: k, pages: 2, expect: {outcome: error}}",
        "mremap: {by: P, at: 'h[0:3]', name: k}",
        FORK,
        "read: {by: C, at: 'k[0]', expect: {value: 1, faults: 0}}",
        "read: {by: C, at: 'k[1]', expect: {outcome: segv}}",
    ],
    "35: wipeonfork gives the child zeros, and the parent's pages stay writable": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "madvise: {by: P, at: h, advice: wipeonfork}",
        FORK,
        "write: {by: P, at: h, value: 2, expect: {faults: 0}}",
        "read: {by: C, at: h, expect: {value: 0, faults: 4}}",
    ],
    "35: dontfork gives the child nothing": [
        MAP,
        "madvise: {by: P, at: 'h[0:2]', advice: dontfork}",
        FORK,
        "read: {by: C, at: 'h[2]', expect: {value: 0}}",
        "read: {by: C, at: 'h[1]', expect: {outcome: segv, faults: 0}}",
    ],
    "36: populate and mlock fault once a page": [
        "mmap: {by: P, name: h, pages: 4, populate: true, expect: {faults: 4}}",
        "write: {by: P, at: h, value: 1, expect: {faults: 0}}",
        "mmap: {by: P, name: k, pages: 4}",
        "madvise: {by: P, at: k, advice: populate_read, expect: {faults: 4}}",
        "mlock: {by: P, at: k, expect: {faults: 4}}",
        "madvise: {by: P, at: k, advice: dontneed, expect: {outcome: error}}",
    ],
    "36: mlock copies pages that fork shared": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        FORK,
        "mlock: {by: P, at: h, expect: {faults: 4, copies: 4}}",
    ],
    "36: locked pages that become writable, or more, are made present at once": [
        "mmap: {by: P, name: h, pages: 2, protection: r--}",
        "mlock: {by: P, at: h, expect: {faults: 2, frames: 40}}",
        "mprotect: {by: P, at: h, protection: rw-, expect: {faults: 2, frames: 42}}",
        "mremap: {by: P, at: h, name: k, pages: 4, expect: {faults: 2, frames: 44}}",
    ],
    "33: a fixed mapping that is refused has unmapped nothing": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "mmap: {by: P, name: k, pages: 1, at: 'h[1]', fixed: true, file: code, shared: true, expect: {outcome: error}}",
        "read: {by: P, at: h, expect: {faults: 0, value: 1}}",
    ],
    "36: populate of pages that are not mapped is an error": [
        MAP,
        "madvise: {by: P, at: 'h[2:6]', advice: populate_write, expect: {outcome: error, faults: 2}}",
    ],
    "36: madvise counts a read from disk as a major fault, mmap and mlock as a minor one": [
        "mmap: {by: P, name: f, pages: 5, file: cold, protection: r--, populate: true, expect: {faults: 1, major: 0}}",
        "mmap: {by: P, name: g, pages: 5, file: code, protection: r--}",
        "madvise: {by: P, at: g, advice: populate_read, expect: {faults: 1, major: 1}}",
    ],
    "42: pageout leaves shared pages": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "madvise: {by: P, at: 'h[0]', advice: pageout, expect: {slots: 1}}",
        "read: {by: P, at: 'h[0]', expect: {major: 1, value: 1}}",
        "write: {by: P, at: 'h[0]', value: 2, expect: {faults: 0}}",
        FORK,
        "madvise: {by: P, at: h, advice: pageout, expect: {slots: 0}}",
    ],
    "44: a file that is mapped again costs minor faults": [
        "mmap: {by: P, name: f, pages: 3, file: cold}",
        "read: {by: P, at: f, expect: {major: 1}}",
        "munmap: {by: P, at: f}",
        "mmap: {by: P, name: g, pages: 3, file: cold}",
        "read: {by: P, at: g, expect: {faults: 1, major: 0}}",
    ],
    "45: mprotect changes the pages before a hole": [
        MAP,
        "write: {by: P, at: h, value: 1}",
        "munmap: {by: P, at: 'h[2]'}",
        "mprotect: {by: P, at: h, protection: r--, expect: {outcome: error}}",
        "mprotect: {by: P, at: 'h[0:0]', protection: r--}",
        "write: {by: P, at: 'h[3]', value: 2}",
        "write: {by: P, at: 'h[1]', value: 2, expect: {outcome: segv}}",
    ],
    "46: a system call moves the part before the bad page": [
        MAP,
        "copy_to_user: {by: P, at: 'h[3:5]', value: 7, expect: {outcome: error, faults: 1}}",
        "read: {by: P, at: 'h[3]', expect: {value: 7}}",
    ],
    "47: an instruction fetch faults an untouched page in before it is refused": [
        MAP,
        "execute: {by: P, at: 'h[0]', survives: true, expect: {outcome: segv, faults: 1}}",
        "execute: {by: P, at: 'h[0]', survives: true, expect: {outcome: segv, faults: 0}}",
    ],
    "48: a dirty page of a shared file gets its right back at once": [
        "mmap: {by: P, name: f, pages: 2, file: warm, shared: true}",
        "write: {by: P, at: 'f[0]', value: 1}",
        "read: {by: P, at: 'f[1]'}",
        "mprotect: {by: P, at: f, protection: r--}",
        "mprotect: {by: P, at: f, protection: rw-}",
        "write: {by: P, at: f, value: 2, expect: {faults: 1}}",
    ],
    "48: a dirty page stays dirty when mremap moves it": [
        "mmap: {by: P, name: f, pages: 2, file: warm, shared: true}",
        "write: {by: P, at: 'f[0]', value: 1}",
        "read: {by: P, at: 'f[1]'}",
        "mremap: {by: P, at: f, name: g}",
        "mprotect: {by: P, at: g, protection: r--}",
        "mremap: {by: P, at: g, name: k}",
        "mprotect: {by: P, at: k, protection: rw-}",
        "write: {by: P, at: k, value: 2, expect: {faults: 1}}",
        "madvise: {by: P, at: k, advice: dontneed}",
        "read: {by: P, at: k}",
        "mprotect: {by: P, at: k, protection: r--}",
        "mprotect: {by: P, at: k, protection: rw-}",
        "write: {by: P, at: k, value: 3, expect: {faults: 2}}",
    ],
    "49: reading ahead of code goes forward and stays in the mapping": [
        "mmap: {by: P, name: f, pages: 10, file: code, protection: r-x, offset: 10}",
        "execute: {by: P, at: 'f[5]', expect: {major: 1, reads: 5}}",
    ],
    "49: a part that mprotect leaves as it was is no mapping of its own": [
        "mmap: {by: P, name: f, pages: 2, file: code, protection: r-x}",
        "mprotect: {by: P, at: 'f[0]', protection: r-x}",
        "read: {by: P, at: f, expect: {faults: 1, major: 1, reads: 2}}",
    ],
    "50: a sharer that comes back with a write leaves the page for the other": [
        "mmap: {by: P, name: h, pages: 20, file: warm, protection: r--}",
        "mmap: {by: P, name: k, pages: 1}",
        "write: {by: P, at: k, value: 5}",
        "madvise: {by: P, at: k, advice: pageout}",
        FORK,
        "write: {by: P, at: k, value: 6, expect: {major: 1, faults: 1}}",
        "read: {by: C, at: k, expect: {major: 0, faults: 1, value: 5}}",
    ],
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES)
def test_a_rule_of_linux(steps):
    """Each rule of the profile is what was measured, and keeps every invariant."""
    assert rules(*steps) == []


def test_memory_full_of_file_pages_is_given_to_who_asks():
    """A page of a file that nobody maps leaves when a frame is needed."""
    head = HEAD.replace("frames: 256, swap: 8", "frames: 42")
    steps = ("mmap: {by: P, name: h, pages: 6}", "write: {by: P, at: h, value: 1, expect: {frames: 42}}")
    touched = ("mmap: {by: P, name: f, pages: 40, file: warm}", "munmap: {by: P, at: f}")
    scenario = parse_scenario(head + "".join(f"  - {step}\n" for step in (*touched, *steps)), "id", "s.yaml")

    assert reference_output(scenario, LinuxKernel)[1] == []


def test_a_page_does_not_leave_for_its_own_copy():
    """With one frame for a page of a file and none for its copy, the write fails and reads no poison."""
    head = HEAD.replace("frames: 256, swap: 8", "frames: 41")
    steps = (
        "mmap: {by: P, name: f, pages: 2, file: cold}",
        "write: {by: P, at: 'f[0]', value: 7, expect: {copies: 1}}",
        "read: {by: P, at: 'f[0]+1', expect: {value: 1}}",
    )
    two = head.replace("files: {warm: {pages: 40, cached: true}", "files: {warm: {pages: 39, cached: true}")
    scenario = parse_scenario(two + "".join(f"  - {step}\n" for step in steps), "id", "s.yaml")

    assert reference_output(scenario, LinuxKernel)[1] == []


def test_a_failed_fork_leaves_exclusive_pages_exclusive():
    """If fork fails half-way, mprotect may still give the parent its rights back at once."""
    steps = (
        MAP,
        "write: {by: P, at: h, value: 1}",
        "fail: {operation: map, after: 2}",
        "fork: {by: P, child: C, expect: {outcome: error}}",
        "mprotect: {by: P, at: h, protection: r--}",
        "mprotect: {by: P, at: h, protection: rw-}",
        "write: {by: P, at: h, value: 2, expect: {faults: 0}}",
    )

    assert rules(*steps) == []


def test_a_textbook_scenario_runs_on_the_profile():
    """on_linux gives the steps of a textbook scenario to a machine with the profile, without its expectations."""
    scenario = parse("read: {by: P, at: 'h[0:2]'}", "write: {by: P, at: h, value: 1, expect: {faults: 2}}")

    trace = replay(on_linux(scenario), LinuxKernel)

    assert [record.faults for record in trace.steps] == [(0, 0), (2, 0), (4, 0)]
