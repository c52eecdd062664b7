"""The Linux profile in scenario files, and the table of its rules."""

import pathlib

import pytest

from grader.scenario.describe import sentence
from grader.scenario.linux_rules import RULES
from grader.scenario.loader import parse_scenario
from grader.scenario.profile import on_linux
from grader.scenario.twin import disguise
from grader.scenario.writer import to_yaml
from tests.scenario.test_loader import HEAD, parse, refusal

LINUX = HEAD.replace("processes:", "machine: {profile: linux}\nprocesses:")

ROOT = pathlib.Path(__file__).resolve().parents[2]

#: The rules that handouts and the quiz tell, by their numbers.
TOLD = {
    "labs/demand-paging/README.md": (3, 23, 29, 30),
    "labs/copy-on-write/README.md": (3, 14, 29, 30),
    "labs/shared-memory/README.md": (3, 17, 19, 29),
    "labs/kernel-access/README.md": (3, 5, 30, 45, 46),
    "labs/file-backed/README.md": (14, 22, 23, 26, 44),
    "labs/linux/README.md": tuple(RULES),
    "quizzes/linux.yaml": (3, 14, 17, 19, 22, 23, 29, 30, 44, 47),
}

STEPS = {
    "madvise: {by: P, at: h, advice: dontneed}": "P advises dontneed for h",
    "mremap: {by: P, at: 'h[1:3]', name: k, pages: 5}": "P moves h[1:3], now 5 pages long, and calls it k",
    "mlock: {by: P, at: h}": "P locks h in memory",
    "mmap: {by: P, name: k, pages: 1, populate: true}": "P maps 1 private page rw- as k, all touched at once",
    "mmap: {by: P, name: k, pages: 1, at: 'h[1]', fixed: true}": "P maps 1 private page rw- as k over h[1]",
    "read: {by: P, at: h, survives: true}": "P reads h and survives its SIGSEGV",
    "execute: {by: P, at: h, survives: true}": "P executes h and survives its SIGSEGV",
    "write: {by: P, at: h, value: 1, survives: true}": "P writes 1 to h and survives its SIGSEGV",
}


@pytest.mark.parametrize("step", STEPS)
def test_a_textbook_machine_refuses_what_only_linux_has(step):
    """The refusal names file, line and step, and the way out."""
    message = refusal(step)

    assert message.startswith("s.yaml:7: step 2: ") and "machine: {profile: linux}" in message


@pytest.mark.parametrize("step", STEPS)
def test_a_machine_with_the_profile_takes_it(step):
    """The step is read, described, and written back as it was."""
    scenario = parse(step, head=LINUX)

    assert sentence(scenario.steps[-1]) == STEPS[step]
    again = parse_scenario(to_yaml(scenario), "id", "s.yaml")
    assert again.hash == scenario.hash and again.steps[-1].fields == scenario.steps[-1].fields


def test_a_cached_file_needs_the_profile():
    """`cached` on a textbook machine is refused with the file's name and line."""
    head = HEAD.replace("processes:", "files: {notes: {pages: 1, cached: true}}\nprocesses:")

    assert "s.yaml:4: file 'notes': cached is not modelled by this machine" in refusal(head=head)


@pytest.mark.parametrize(
    ("field", "words"), [("zero_page: false", "always has a page of zeros"), ("tlb: true", "has no TLB")]
)
def test_hardware_that_the_profile_does_not_have(field, words):
    """A TLB, or no page of zeros, cannot be asked for together with the profile."""
    assert words in refusal(head=LINUX.replace("linux}", f"linux, {field}}}"))


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("madvise: {by: P, at: h, advice: willneed}", "dontneed, populate_read"),
        ("mmap: {by: P, name: k, pages: 1, fixed: true}", "fixed needs `at`"),
        ("read: {by: P, at: h, survives: false}", "leave it out otherwise"),
    ],
)
def test_mistakes_in_the_new_fields(step, words):
    """A wrong value is refused with what may stand there."""
    assert words in refusal(step, head=LINUX)


def test_the_moved_mapping_has_its_new_length():
    """After mremap, a place of the new name is checked against the new length."""
    move = "mremap: {by: P, at: 'h[1:3]', name: k, pages: 5}"

    assert parse(move, "read: {by: P, at: 'k[4]'}", head=LINUX)
    assert "has 5 pages" in refusal(move, "read: {by: P, at: 'k[5]'}", head=LINUX)


def test_a_twin_keeps_windows_of_sixteen_pages():
    """A twin on Linux lies at another address with the same place in its window; otherwise faults would differ."""
    pages = {disguise(parse(head=LINUX), f"{seed}").scenario.machine.first_page % 16 for seed in range(20)}

    assert pages == {0}


def test_on_linux_keeps_the_steps():
    """The textbook's expectations go, steps and files stay."""
    scenario = parse("read: {by: P, at: h, expect: {faults: 4}}")

    linux = on_linux(scenario)

    assert linux.machine.profile == "linux" and linux.steps[-1].fields == scenario.steps[-1].fields
    assert not any(step.expect for step in linux.steps)


def test_every_rule_says_it_in_whole_sentences():
    """The table has each number once, in order, and each rule says what Linux does."""
    assert list(RULES) == sorted(RULES)
    assert all("On Linux, " in rule.sentence and rule.sentence.endswith(".") for rule in RULES.values())
    assert {number for number, rule in RULES.items() if rule.part == "machine"} == {5, 29, 46}


@pytest.mark.parametrize("path", TOLD)
def test_handouts_and_quiz_say_the_same_sentence(path):
    """Wherever a difference to Linux is told, it is told in the words of the table."""
    text = " ".join((ROOT / path).read_text(encoding="utf-8").replace("\n> ", " ").split())

    assert [number for number in TOLD[path] if RULES[number].sentence not in text] == []


def test_more_cached_pages_than_frames():
    """Files that are in memory from the start must fit; the refusal says how many pages and frames there are."""
    head = LINUX.replace("{profile: linux}", "{profile: linux, frames: 4}")
    head = head.replace("processes:", "files: {notes: {pages: 5, cached: true}}\nprocesses:")

    assert "s.yaml:5: 5 pages of files are cached; this machine has 4 frames" in refusal(head=head)
