"""Kernels in the sandbox: explored with states merged, and noticed where they hide their state."""

import pathlib

import pytest

from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission, resolve
from grader.lab.kernels import reference_kernel
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import Sandbox
from grader.verify.explore import explore
from grader.verify.outcome import quiet
from grader.verify.verify import verify_submission, worlds
from grader.verify.words import certificate, remarks
from tests.kernels import SmallKernel
from tests.labs import kernel_text

LAB = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
SMALL = World("small", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("read", "write", "fork", "exit"))
FORKS = World("forks", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("fork", "exit"))


@pytest.fixture(scope="module")
def session():
    # An endless kernel is ended early, and the wall limit leaves a busy machine its time.
    with Session(LAB, boxes={"python": Sandbox(limits=Limits(cpu_s=0.3))}) as opened:
        yield opened


def verify(session, text, world=SMALL, steps=None, progress=quiet):
    code = KernelSource({"kernel": text}, "kernel", "SmallKernel")
    return verify_submission(session, world, Submission("", code), steps, progress)


def test_a_kernel_in_the_sandbox_is_explored_like_one_of_ours(session):
    """The same states, steps and scenarios, and the space closes."""
    ours = explore(SMALL, reference_kernel(LAB), SmallKernel)
    found = verify(session, kernel_text()).outcome

    assert found == ours
    assert found.closed and found.merged


def test_it_is_explored_so_on_a_system_that_cannot_fork(monkeypatch):
    """There a thread sends what the grader asks, the next step before the last one is answered."""
    monkeypatch.setattr("grader.sandbox.sandbox.POSIX", False)
    with Session(LAB) as opened:
        found = verify(opened, kernel_text()).outcome

    assert (found.merged, found.closed, found.reason) == (True, True, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("parent.page_table.protect(page, kept, cow=True)", "pass"),
        ("self.hw.frames.zero(frame)", "pass"),
        ("self.users[old.frame] == 1", "True"),
    ],
)
def test_the_difference_is_that_of_a_search_in_this_process(session, old, new):
    """As short, and graded from the beginning before it is called one."""
    space = {}
    exec(compile(kernel_text(old, new), "kernel.py", "exec"), space)
    ours = explore(SMALL, reference_kernel(LAB), space["SmallKernel"]).difference
    found = verify(session, kernel_text(old, new))

    assert [(s.verb, s.by, s.fields) for s in found.outcome.difference.steps] == [
        (s.verb, s.by, s.fields) for s in ours.steps
    ]
    assert found.attempt.verdict != "passed"


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("while len(self.regions) > 1: pass", "timed_out"),
        ("import os; os._exit(0) if len(self.regions) > 1 else None", "crashed"),
        ("1 / (2 - len(self.regions))", "crashed"),
    ],
)
def test_a_kernel_that_ends_or_hangs_has_a_difference(session, line, verdict):
    """It ends while it is explored; a run from the beginning says how."""
    fork = "    def fork(self, parent, child):\n"
    found = verify(session, kernel_text(fork, f"{fork}        {line}\n"), FORKS._replace(processes=3), 4)

    assert found.attempt.verdict == verdict


def test_a_kernel_that_knows_few_numbers_is_told_that(session):
    """Only low ones have room in its table: it is explored by replay, and the reason is not that it was put back."""
    fork = "    def fork(self, parent, child):\n"
    outcome = verify(session, kernel_text(fork, f"{fork}        ([0] * 64)[child.pid]\n"), FORKS, 3).outcome

    assert (outcome.merged, outcome.difference) == (False, None)
    assert outcome.reason == (
        "did something else with high numbers of processes (from 3001 on) and frames (from 96 on) than with low ones"
    )


def test_a_crash_in_the_middle_of_an_action_ends_nothing(session):
    """Other actions of that state, with shorter scenarios, are tried after it: from the state before the crash."""
    old = "        frame = self.hw.frames.allocate()\n"
    new = f"        try:\n    {old}        except Exception:\n            1 / 0\n"
    found = verify(session, kernel_text(old, new), SMALL._replace(failures=("allocate",)))

    assert found.outcome.merged, found.outcome.reason
    assert [step.verb for step in found.outcome.difference.steps] == ["mmap", "fail", "read"]
    assert found.attempt.verdict == "crashed"


def out_of_memory(line):
    """Return a kernel with another line for the case that memory has run out."""
    old = "        frame = self.hw.frames.allocate()\n"
    return kernel_text(
        old, f"        try:\n    {old}        except Exception:\n            {line}\n            raise\n"
    )


def interrupt(*how_far):
    """Press ctrl-C after the first state."""
    raise KeyboardInterrupt


def test_ctrl_c_shows_the_difference_that_was_found(session, monkeypatch):
    """It is graded once, and nothing long follows: no replay, and no look at a process that may be in mid-answer."""
    for later in ("merging._doubt", "verify.explore_by_replay"):
        monkeypatch.setattr(f"grader.verify.{later}", None)
    found = verify(session, out_of_memory("1 / 0"), SMALL._replace(failures=("allocate",)), progress=interrupt)

    assert [step.verb for step in found.outcome.difference.steps] == ["mmap", "fail", "read"]
    assert (found.attempt.verdict, found.outcome.stopped, found.outcome.shortest) == ("crashed", True, False)


def test_ctrl_c_and_a_difference_that_grading_does_not_confirm(session, monkeypatch):
    """It is not shown. Nothing is claimed, as its states cannot be trusted, and replay does not begin."""
    monkeypatch.setattr("grader.verify.verify.explore_by_replay", None)
    found = verify(
        session, out_of_memory("if process.pid > 99: 1 / 0"), SMALL._replace(failures=("allocate",)), progress=interrupt
    )

    assert (found.attempt, found.outcome.difference, found.outcome.stopped) == (None, None, True)
    assert (certificate(found.outcome), found.outcome.steps) == ("nothing was covered", 0)
    assert remarks(found.outcome) == ["Stopped before it was finished."]


def test_a_kernel_that_prints_is_explored_to_the_end(session):
    """What it prints is thrown away, and does not add up to a limit."""
    fork = "    def fork(self, parent, child):\n"

    assert verify(session, kernel_text(fork, f"{fork}        print('x' * 50_000)\n"), FORKS).outcome.closed


def test_a_module_that_is_changed_in_the_last_level_is_noticed(session):
    """A write that is refused although the page is there comes last in this world; no step follows it."""
    refused = "            raise SegmentationFault\n"
    changing = "            if fault.present:\n                import heapq; f = heapq.merge; f.n = 1\n"
    world = World("read-only", (Mapped("P", {"name": "h", "pages": 1, "protection": "r--"}),), 1, ("read", "write"))
    outcome = verify(session, kernel_text(refused, changing + refused), world).outcome

    assert (outcome.merged, outcome.closed, outcome.reason) == (
        False,
        False,
        "keeps state in an attribute of heapq.merge",
    )


@pytest.mark.proof
@pytest.mark.parametrize("name", ["kernel-access", "file-backed", "swapping", "tlb"])
def test_files_swap_and_tlb_are_explored_alike_in_the_sandbox(name):
    """The reference's states, steps and scenarios are the same in the sandbox as in this process."""
    lab = load_lab(LAB.path.parent / name)
    with Session(lab) as opened:
        for world in worlds(lab):
            found = verify_submission(opened, world, resolve("reference", lab), 3).outcome
            assert found == explore(world, reference_kernel(lab), reference_kernel(lab), 3), world.name


SEGFAULT = """        if region is None or not region.protection.allows(fault.access):
            raise SegmentationFault
"""
NO_PAGES = """        if pages == 0:
            raise InvalidArgument("munmap of no pages")
"""


@pytest.mark.parametrize("end", ["raise", "raise ValueError"])
def test_what_a_step_that_counts_for_nothing_changes_outside_is_noticed(end):
    """A failure that the reference does not meet is no scenario, but what it leaves in a module may hide a mistake."""
    lab = load_lab(LAB.path.parent / "demand-paging")
    text = (LAB.path.parents[1] / "reference" / "demand_paging.py").read_text()
    hiding = f"""        if region is None:
            try:
                self.hw.frames.free(self.hw.frames.allocate())
            except OutOfMemory:
                FLAG.append(1)
                {end}
"""
    wrong = """        if self.regions[process].find(self.hw.page_of(start)) is None:
            if not FLAG:
                raise InvalidArgument("again")
            FLAG.clear()
"""
    assert SEGFAULT in text and NO_PAGES in text
    text = text.replace(SEGFAULT, hiding + SEGFAULT).replace(NO_PAGES, NO_PAGES + wrong)
    code = KernelSource(
        {"kernel": text.replace("class Dem", "FLAG = []\n\n\nclass Dem", 1)}, "kernel", "DemandPagingKernel"
    )
    world = World("w", (Mapped("P", {"name": "h", "pages": 1}),), 1, ("write", "munmap"), failures=("allocate",))
    with Session(lab) as opened:
        found = verify_submission(opened, world, Submission("", code), None)

    assert [step.verb for step in found.outcome.difference.steps] == ["mmap", "munmap", "munmap"]
    assert found.attempt.verdict == "failed"
