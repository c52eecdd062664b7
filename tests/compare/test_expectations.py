"""What a scenario expects, compared with what a trace shows."""

import pytest

from grader.compare.expectations import Expectations
from grader.machine import InvalidArgument
from grader.replay.simulated import replay
from grader.scenario.loader import parse_scenario
from reference.file_backed import FileBackedKernel
from tests.kernels import SmallKernel
from tests.scenario.test_loader import parse

FILES = """format: 1
title: t
task: t
files: {notes: {pages: 2, contents: [65, 66]}}
processes: [P]
steps:
  - mmap: {by: P, name: s, pages: 2, file: notes, shared: true}
  - write: {by: P, at: "s[1]", value: 9}
  - munmap: {by: P, at: s, expect: {file: {"notes[0]": %d, "notes[1]": %d}}}
"""


def unmet(scenario, kernel=SmallKernel):
    """What did not come true, a list for each step."""
    expectations = Expectations(scenario)
    return [expectations.unmet(record) for record in replay(scenario, kernel).steps]


def test_expectations_that_come_true():
    """The textbook's story: write, fork, write; one fault and one copy for the child, the parent keeps its frame."""
    scenario = parse(
        "write: {by: P, at: h, value: 7, expect: {faults: 4, frames: 4}}",
        "fork: {by: P, child: C, expect: {shared: [['P:h[0]', 'C:h[0]']], writable: {'P:h': false}}}",
        "write: {by: C, at: 'h[0]+3', value: 9, expect: {faults: {C: 1, P: 0}, copies: 1, kept: ['P:h[0]']}}",
        "read: {by: P, at: 'h[0]+3', expect: {value: 0, faults: 0}}",
    )

    assert unmet(scenario) == [[]] * 5


def test_expectations_that_do_not_come_true_say_what_was_found():
    """Every kind of expectation says what was expected and what was there, in the order in which rules are judged."""
    scenario = parse(
        "write: {by: P, at: 'h[0]', value: 7, expect: {faults: 2, copies: 1, frames: 3, present: {'P:h[1]': true}, "
        "writable: {'P:h[0]': false}, shared: [['P:h[0]', 'P:h[1]']], kept: ['P:h[0]'], outcome: oom}}",
        "read: {by: P, at: 'h[0]', expect: {value: 8, major: 1, slots: 1, reads: 2}}",
    )
    _, first, second = unmet(scenario)

    assert [u.rule for u in first] == [
        "outcome", "sharing", "sharing", "sharing", "sharing", "faults", "copies", "frames",
    ]  # fmt: skip
    assert ("faults 2", "faults 1") in [(u.expected, u.found) for u in first]
    assert {(u.expected, u.found) for u in second} >= {("every value 8", "a value 7"), ("reads 2", "reads 0")}


def test_a_step_that_fails_unexpectedly_is_unmet():
    """A step without expectations must succeed."""
    assert [u.found for u in unmet(parse("mmap: {by: P, name: k, pages: 1, at: h}"))[1]] == ["outcome error"]


def test_kept_compares_with_the_state_just_before_the_step():
    """A page that got another frame is not kept, however many steps without expectations came before."""
    scenario = parse(
        "write: {by: P, at: h, value: 1}",
        "fork: {by: P, child: C}",
        "write: {by: P, at: 'h[1]', value: 2}",
        "write: {by: P, at: 'h[0]', value: 2, expect: {kept: ['P:h[1]', 'C:h[0]', 'P:h[0]']}}",
    )

    assert unmet(scenario)[4] == [("sharing", "P:h[0] keeps its frame", "another frame")]


def test_a_frame_that_others_map_too_is_not_shared_by_these_alone():
    """`shared` lists all pages of a frame; more of them are counted."""
    scenario = parse(
        "write: {by: P, at: 'h[0]', value: 1}",
        "fork: {by: P, child: C}",
        "fork: {by: P, child: D, expect: {shared: [['P:h[0]', 'C:h[0]']]}}",
    )

    assert [u.found for u in unmet(scenario)[3]] == ["1 more entries map it"]


def test_a_mapping_that_never_came_to_be_has_no_pages():
    """Where mmap failed, nothing is present, and nothing breaks."""

    class Refuses(SmallKernel):
        def mmap(self, process, region):
            if region.pages == 1:
                raise InvalidArgument
            super().mmap(process, region)

    scenario = parse(
        "mmap: {by: P, name: k, pages: 1}",
        "read: {by: P, at: h, expect: {present: {'P:k[0]': true}}}",
    )

    assert [u.found for u in unmet(scenario, Refuses)[2]] == ["P:k[0] not present"]


@pytest.mark.parametrize(("bytes", "found"), [((65, 9), []), ((65, 66), ["9"]), ((1, 9), ["65"])])
def test_files_on_disk(bytes, found):
    """Pages that were written back have their new byte, the others the one they began with."""
    scenario = parse_scenario(FILES % bytes, "f")

    assert [u.found for u in unmet(scenario, FileBackedKernel)[2]] == found
