"""The reference kernel of file-backed memory, rule by rule."""

import pytest

from grader.grade.attempt import attempt_each, attempt_here
from grader.lab.lab import load_lab
from grader.lab.recordings import load_recording
from grader.machine import Access, Protection
from grader.machine.machine import Machine
from grader.machine.outcome import FileSpec
from reference.file_backed import FileBackedKernel
from tests.marks import ORDERS
from tests.reference.file_backed_kernels import KERNELS

RW = Protection.READ | Protection.WRITE
R = Protection.READ


class Run:
    """A machine with the files notes (3 pages: 1, 2, 3) and fixed (2 pages, read-only), and its first process."""

    def __init__(self, **machine):
        files = [FileSpec("notes", 3, (1, 2, 3)), FileSpec("fixed", 2, (8, 9), False)]
        self.machine = Machine(FileBackedKernel, files=files, **machine)
        self.p = self.machine.spawn()
        self.hw = self.machine.hw

    def step(self, method, *arguments, **fields):
        """One step of the machine: its outcome and what could be seen, which must pass the audit."""
        self.machine.begin()
        outcome = getattr(self.machine, method)(*arguments, **fields)
        seen = self.machine.observe()
        assert seen.findings == []
        return outcome, seen

    def map(self, pages=3, rights=RW, process=None, file="notes", **fields):
        """Map pages of a file; the number of the first page."""
        outcome, _ = self.step("mmap", process or self.p, pages, rights, file=file, **fields)
        assert outcome == "ok"
        return self.hw.page_of(self.machine.start)

    def read(self, page, process=None):
        outcome, seen = self.step("access", process or self.p, page, 1, 0, Access.READ)
        return (outcome, seen.values, seen.faults, seen.frames)

    def write(self, page, value, process=None):
        outcome, seen = self.step("access", process or self.p, page, 1, 0, Access.WRITE, [value])
        return (outcome, seen.copies, seen.faults, seen.frames)

    def fork(self):
        self.machine.begin()
        outcome, child = self.machine.fork(self.p)
        assert outcome == "ok" and self.machine.observe().findings == []
        return child


@pytest.fixture
def run():
    return Run()


def test_the_first_touch_of_a_page_is_major_and_the_second_minor(run):
    """One page comes from disk, once, however often the file is mapped."""
    m, n = run.map(), run.map()

    assert run.read(m + 1) == ("ok", [2], (0, 1), 1)
    assert run.read(n + 1) == ("ok", [2], (1, 0), 1)
    assert run.p.page_table.get(m) is None


def test_a_private_write_copies_the_cached_page_at_once(run):
    """One fault, a frame for the cache and one for the writer; other mappings see the file's page."""
    m, n = run.map(), run.map(rights=R)

    assert run.write(m, 7) == ("ok", 1, (0, 1), 2)
    assert run.read(n)[1] == [1]


def test_a_private_page_that_was_read_is_copied_when_it_is_written(run):
    """The cache is a user of its frame for ever, so the last process to map it copies all the same."""
    m = run.map()
    run.read(m)

    assert run.write(m, 7) == ("ok", 1, (1, 0), 2)


@pytest.mark.parametrize("ending", ["munmap", "exit"])
def test_dirty_pages_of_shared_mappings_are_written_back(run, ending):
    """Only what was written, and only through the shared mapping; and the cache goes with the last mapping."""
    s, m = run.map(shared=True), run.map()
    run.write(s, 50)
    run.read(s + 1)
    run.write(m + 2, 60)
    run.step("munmap", run.p, m, 3)

    _, seen = run.step("munmap", run.p, s, 3) if ending == "munmap" else run.step("exit", run.p)

    assert [(file, page, image.byte(0)) for file, page, image in seen.written] == [(0, 0, 50)]
    assert (seen.writes, seen.frames) == (1, 0)


def test_a_child_that_wrote_nothing_writes_nothing_back(run):
    """Entries of a shared file are inherited with their rights, and clean."""
    s = run.map(shared=True)
    run.write(s, 50)
    child = run.fork()

    assert run.read(s, child) == ("ok", [50], (0, 0), 1)
    assert run.step("exit", child)[1].writes == 0
    assert run.step("exit", run.p)[1].writes == 1


def test_a_private_page_is_split_by_fork_like_any_other(run):
    """Pages that were written before the fork are copy-on-write; pages of the cache stay shared."""
    m = run.map()
    run.write(m, 7)
    run.read(m + 1)
    child = run.fork()

    assert run.write(m, 8, child) == ("ok", 1, (1, 0), 4)
    assert run.read(m)[1] == [7]
    assert run.p.page_table.get(m + 1).frame == child.page_table.get(m + 1).frame


def test_a_cached_page_lives_until_the_last_region_of_the_file_goes(run):
    """The next mapping after that reads from disk again."""
    m, n = run.map(), run.map()
    run.read(m)
    run.step("munmap", run.p, m, 3)

    assert run.read(n) == ("ok", [1], (1, 0), 1)
    assert run.step("munmap", run.p, n, 3)[1].frames == 0
    assert run.read(run.map())[2] == (0, 1)


def test_the_kernel_touches_file_pages_as_the_process_would(run):
    """It brings pages from disk, copies private ones, and makes shared ones dirty."""
    s, m = run.map(shared=True), run.map()
    _, seen = run.step("copy_user", run.p, s, 1, 0, 8, Access.WRITE, [70])
    assert (seen.reads, seen.copies, seen.faults) == (1, 0, (0, 0))

    _, seen = run.step("copy_user", run.p, m, 1, 0, 8, Access.WRITE, [71])
    assert (seen.reads, seen.copies) == (0, 1)
    assert run.step("munmap", run.p, s, 3)[1].writes == 1


def test_offset_and_split_name_the_page_of_the_file(run):
    """A page shows page `offset` + distance of the file, also when its region was cut."""
    m = run.map(pages=2, offset=1, shared=True)
    run.step("munmap", run.p, m, 1)

    assert run.read(m + 1)[1] == [3]


def test_past_the_end_of_the_file_is_no_memory(run):
    """An access there kills; the kernel's own is an error."""
    m = run.map(pages=5)

    assert run.step("copy_user", run.p, m + 3, 1, 0, 8, Access.READ)[0] == "error"
    assert run.read(m + 3) == ("segv", [], (1, 0), 0)


def test_a_read_only_file_has_no_writable_shared_mapping(run):
    """Neither mmap nor mprotect makes one, and nothing changes; private ones are allowed."""
    assert run.step("mmap", run.p, 2, RW, shared=True, file="fixed")[0] == "error"
    s, m = run.map(pages=2, rights=R, shared=True, file="fixed"), run.map(pages=2, file="fixed")
    assert run.step("mprotect", run.p, s, 2, RW)[0] == "error"

    assert run.read(s)[:2] == ("ok", [8])
    assert run.write(m, 5)[:2] == ("ok", 1)


@pytest.mark.parametrize("operation", ["allocate", "map"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_touch_that_fails_leaks_nothing(run, operation, after):
    """A private write needs two frames and an entry; whatever fails, the caller may try again."""
    m = run.map()
    run.machine.begin()
    run.machine.failure.arm(operation, after)
    failed = run.machine.copy_user(run.p, m, 1, 0, 8, Access.WRITE, [5])
    assert run.machine.observe().findings == []
    run.machine.failure.disarm()

    assert failed == ("ok" if (operation, after) == ("map", 1) else "error")
    assert run.write(m, 6)[0] == "ok" and run.read(m)[1] == [6]
    assert run.step("exit", run.p)[1].frames == 0


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_correct_but_different_kernels_pass(root, kernel, order):
    """Other books, orders and ways to the same entries fail in no scenario of the lab."""
    lab = load_lab(root / "labs" / "file-backed")
    for scenario in lab.all_scenarios:
        other = scenario._replace(machine=scenario.machine._replace(allocation=order, seed=4))
        attempt = attempt_each(other, load_recording(lab, scenario), lambda s, e: attempt_here(s, e, kernel))
        assert attempt.verdict == "passed", (scenario.id, attempt.lines)
