"""Scenario files: what is accepted, and every refusal with file, line and way out."""

import pytest

from grader.errors import FormatError
from grader.scenario.loader import load_scenario, parse_scenario

HEAD = """format: 1
title: A sentence
task: copy
processes: [P]
steps:
  - mmap: {by: P, name: h, pages: 4}
"""


def parse(*steps, head=HEAD):
    return parse_scenario(head + "".join(f"  - {step}\n" for step in steps), "id", "s.yaml")


def refusal(*steps, head=HEAD):
    with pytest.raises(FormatError) as caught:
        parse(*steps, head=head)
    return str(caught.value)


def test_defaults():
    """What is left out has the values of the format: 16 frames of 8 bytes, no swap, no TLB, weight 1."""
    scenario = parse()

    assert tuple(scenario.machine)[:4] == (16, 8, 0, False)
    assert (scenario.weight, scenario.hint, scenario.files) == (1, "", ())


def test_a_file_gives_its_stem_as_id(tmp_path):
    """load_scenario names a scenario by its file."""
    path = tmp_path / "parent-writes.yaml"
    path.write_text(HEAD)

    assert load_scenario(path).id == "parent-writes"


def test_steps_are_numbered_after_repeat_is_unrolled():
    """repeat runs its steps several times; {i} counts from 0 in every string, keys of mappings included."""
    scenario = parse(
        "repeat: {times: 2, steps: [{fork: {by: P, child: 'C{i}'}}, "
        "{read: {by: 'C{i}', at: h, expect: {present: {'C{i}:h[0]': true}}}}]}"
    )

    assert [(s.number, s.verb, s.by) for s in scenario.steps] == [
        (1, "mmap", "P"),
        (2, "fork", "P"),
        (3, "read", "C0"),
        (4, "fork", "P"),
        (5, "read", "C1"),
    ]
    assert scenario.steps[4].expect == {"present": {"C1:h[0]": True}}


def test_an_inner_repeat_counts_for_itself():
    """{i} belongs to the innermost repeat."""
    scenario = parse(
        "repeat: {times: 2, steps: [{repeat: {times: 2, steps: [{write: {by: P, at: 'h[{i}]', value: 1}}]}}]}"
    )

    assert [s.fields["at"] for s in scenario.steps[1:]] == ["h[0]", "h[1]", "h[0]", "h[1]"]


def test_comments_and_layout_do_not_change_the_hash():
    """The hash is that of the parsed scenario."""
    plain = parse("read: {by: P, at: h}")
    other = parse("read:  # a comment\n      at: h\n      by: P")

    assert plain.hash == other.hash
    assert plain.hash != parse("read: {by: P, at: 'h[0]'}").hash


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("munmap: {by: P, at: h, val: 7}", "s.yaml:7: step 2: 'munmap' has no field 'val'; it takes by, at, expect"),
        ("write: {by: P, at: h, vale: 7}", "did you mean 'value'?"),
        ("raed: {by: P, at: h}", "'raed' is not a verb (did you mean 'read'?)"),
        ("read: {by: Q, at: h}", "no process 'Q'; so far there are P"),
        ("read: {by: P, at: k}", "no mapping 'k'; so far there are: h"),
        ("read: {by: P, at: 'h[4]'}", "'h[4]' is out of the mapping, which has 4 pages; to expect"),
        ("read: {by: P, at: 'h[-1]'}", "out of the mapping"),
        ("read: {by: P, at: 'h[0]+8'}", "a page of this machine has 8 bytes (+0 to +7)"),
        ("read: {by: P, at: 'h[2:1]'}", "'h[2:1]' ends before it begins"),
        ("read: {by: P, at: 'h+3'}", "'h+3' is not a valid place; use h (every page), h[2] (one page)"),
        ("write: {by: P, at: h, value: 256}", "value is 256; expected a whole number, 0 to 255"),
        ("write: {by: P, at: h, value: 7, values: [1]}", "write takes either value"),
        ("write: {by: P, at: h}", "write takes either value"),
        ("write: {by: P, at: h, values: [1, 2]}", "2 values for 4 pages"),
        ("munmap: {by: P, at: 'h[0]+1'}", "at is 'h[0]+1'; expected whole pages"),
        ("mprotect: {by: P, at: h, protection: wr-}", "protection is 'wr-'; expected rw-, r--, r-x"),
        ("mmap: {by: P, name: k, pages: 1, file: notes}", "no file 'notes'; files of this scenario: none"),
        ("mmap: {by: P, name: k, pages: 1, offset: 1}", "this mapping has no file"),
        ("mmap: {by: P, name: k}", "needs 'pages'"),
        ("fork: {by: P, child: P}", "there is a process 'P' already"),
        ("fork: {by: P, child: C, expect: {value: 1}}", "fork reads nothing"),
        ("read: {by: P, at: h, expect: {outcom: segv}}", "expect has no field 'outcom' (did you mean 'outcome'?)"),
        ("read: {by: P, at: h, expect: {outcome: dead}}", "outcome is 'dead'; expected ok, segv, oom, error"),
        ("read: {by: P, at: h, expect: {faults: {C: 0}}}", "no process 'C'"),
        ("read: {by: P, at: h, expect: {shared: [[h]]}}", "'h' is not a place of a process"),
        ("read: {by: P, at: h, expect: {kept: ['P:x[0]']}}", "no mapping 'x'"),
        ("fail: {operation: copy, after: 0}", "operation is 'copy'; expected allocate or map"),
        ("fail: {operation: map, after: always}", "after is 'always'; expected a whole number, or `each`"),
        ("repeat: {times: 0, steps: [{exit: {by: P}}]}", "times is 0"),
        ("repeat: {times: 2, steps: []}", "steps is []"),
        ("exit: P", "must be a mapping of by, expect"),
        ("{read: {by: P, at: h}, exit: {by: P}}", "a step is one verb with its fields"),
    ],
)
def test_a_wrong_step_is_refused_in_words(step, words):
    """Every mistake an author can make in a step is named with file and line, what was found and what is accepted."""
    message = refusal(step)

    assert words in message
    assert message.startswith("s.yaml:7: ")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("format: 1", "format: 2", "s.yaml:1: a scenario: format 2 is not known; this grader reads 1"),
        ("title: A sentence", "title: ''", "title is ''"),
        ("task: copy", "tsk: copy", "a scenario has no field 'tsk' (did you mean 'task'?)"),
        ("processes: [P]", "processes: []", "processes must be a list of names"),
        ("processes: [P]", "processes: [P, P]", "process 'P' is listed twice"),
        ("processes: [P]", "processes: [P]\nmachine: {page_size: 12}", "a power of two"),
        (
            "processes: [P]",
            "processes: [P]\nmachine: {frame: 3}",
            "machine has no field 'frame' (did you mean 'frames'?)",
        ),
        ("processes: [P]", "processes: [P]\nfiles: {notes: {pages: 2, contents: [1]}}", "2 pages and contents for 1"),
        ("processes: [P]", "processes: [P]\nweight: 0", "a number above 0"),
        (
            "processes: [P]",
            "processes: [P, Q]\nmachine: {max_processes: 1}",
            "2 processes; this machine has room for 1",
        ),
    ],
)
def test_a_wrong_head_is_refused_in_words(old, new, words):
    """The same for everything above the steps."""
    assert words in refusal(head=HEAD.replace(old, new))


def test_wild_places_are_for_steps_that_expect_to_fail():
    """A page past the end may be named where segv or error is expected, in munmap and in `at`."""
    scenario = parse(
        "munmap: {by: P, at: 'h[3:6]'}",
        "mmap: {by: P, name: k, pages: 1, at: 'h[9]'}",
        "read: {by: P, at: 'h[4]', expect: {outcome: segv}}",
    )

    assert len(scenario.steps) == 4


def test_a_failed_mapping_does_not_rename():
    """A mapping that is expected to fail leaves the name with its earlier mapping."""
    with pytest.raises(FormatError, match="4 pages"):
        parse("mmap: {by: P, name: h, pages: 9, expect: {outcome: error}}", "read: {by: P, at: 'h[5]'}")
