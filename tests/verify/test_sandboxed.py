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
from grader.verify.verify import verify_submission, worlds
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


def verify(session, text, world=SMALL, steps=None):
    code = KernelSource({"kernel": text}, "kernel", "SmallKernel")
    return verify_submission(session, world, Submission("", code), steps)


def test_a_kernel_in_the_sandbox_is_explored_like_one_of_ours(session):
    """The same states, steps and scenarios, and the space closes."""
    ours = explore(SMALL, reference_kernel(LAB), SmallKernel)
    found = verify(session, kernel_text()).outcome

    assert found == ours
    assert found.closed and found.merged


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


def test_a_crash_in_the_middle_of_an_action_ends_nothing(session):
    """Other actions of that state, with shorter scenarios, are tried after it: from the state before the crash."""
    old = "        frame = self.hw.frames.allocate()\n"
    new = f"        try:\n    {old}        except Exception:\n            1 / 0\n"
    found = verify(session, kernel_text(old, new), SMALL._replace(failures=("allocate",)))

    assert found.outcome.merged, found.outcome.reason
    assert [step.verb for step in found.outcome.difference.steps] == ["mmap", "fail", "read"]
    assert found.attempt.verdict == "crashed"


def test_a_kernel_that_prints_is_explored_to_the_end(session):
    """What it prints is thrown away, and does not add up to a limit."""
    fork = "    def fork(self, parent, child):\n"

    assert verify(session, kernel_text(fork, f"{fork}        print('x' * 50_000)\n"), FORKS).outcome.closed


# The third fork fails, and what counts the forks is where a comparison of attributes does not look.
THIRD = """

class Plain(SmallKernel):
    pass

{before}
class SmallKernel(Plain):
    def __init__(self, hw):
        super().__init__(hw)
        {init}

    def count(self{default}):
        {count}

    def fork(self, parent, child):
        if self.count() == 3:
            raise InvalidArgument("the third fork")
        super().fork(parent, child)
"""

#: Where the count is -> what the kernel's text has for it, and whether states can still be merged.
BREAKERS = {
    "an attribute": (("", "self.n = 0", "", "self.n += 1; return self.n"), True),
    "an attribute set late": (("", "pass", "", "self.n = getattr(self, 'n', 0) + 1; return self.n"), True),
    "a global": (("N = 0\n", "pass", "", "global N; N += 1; return N"), False),
    "a list": (("BOOK = []\n", "pass", "", "BOOK.append(1); return len(BOOK)"), False),
    "a default": (("", "pass", ", book=[]", "book.append(1); return len(book)"), False),
    "the class": (("", "pass", "", "type(self).n = getattr(self, 'n', 0) + 1; return self.n"), False),
    "a function": (
        ("def f():\n    pass\n", "pass", "", "f.n = getattr(f, 'n', 0) + 1; return f.n"),
        False,
    ),
    "a module": (
        ("import heapq\n", "pass", "", "heapq.n = getattr(heapq, 'n', 0) + 1; return heapq.n"),
        False,
    ),
    "an iterator": (("import itertools\n", "self.n = itertools.count(1)", "", "return next(self.n)"), False),
    "a generator": (("", "self.n = (i for i in range(1, 99))", "", "return next(self.n)"), False),
    "the machine": (("", "pass", "", "self.hw.replacement += 'i'; return self.hw.replacement.count('i') - 1"), True),
    "an order": (
        ("", "self.r = {1: 0, 2: 0, 3: 0}", "", "k = next(iter(self.r)); self.r[k] = self.r.pop(k); return k"),
        True,
    ),
    "a closure": (
        (
            "def counter():\n    n = 0\n    def count(self):\n        nonlocal n\n        n += 1\n        return n\n"
            "    return count\n\nCOUNT = counter()\n",
            "pass",
            "",
            "return COUNT(self)",
        ),
        False,
    ),
    "random numbers": (
        (
            "import random\n",
            "self.r = random.Random(0)",
            "",
            "return 3 if self.r.random() == [x.random() for x in [random.Random(0)] for _ in '123'][2] else 0",
        ),
        False,
    ),
    "another module of its own": (
        ("import sys\n", "pass", "", "sys.n = getattr(sys, 'n', 0) + 1; return sys.n"),
        False,
    ),
}


@pytest.mark.parametrize("place", BREAKERS)
def test_state_is_noticed_wherever_it_is(session, place):
    """The third fork is found to fail, or the kernel is explored without merging; it never counts as correct."""
    (before, init, default, count), merged = BREAKERS[place]
    text = kernel_text() + THIRD.format(before=before, init=init, default=default, count=count)
    found = verify(session, text, FORKS, 5)

    assert found.outcome.merged is merged, found.outcome.reason
    assert found.outcome.difference is not None or not found.outcome.closed
    if not merged:
        assert found.outcome.reason


def test_a_module_that_is_changed_in_the_last_level_is_noticed(session):
    """A write that is refused although the page is there comes last in this world; no step follows it."""
    refused = "            raise SegmentationFault\n"
    changing = "            if fault.present:\n                import heapq; heapq.n = 1\n"
    world = World("read-only", (Mapped("P", {"name": "h", "pages": 1, "protection": "r--"}),), 1, ("read", "write"))
    outcome = verify(session, kernel_text(refused, changing + refused), world).outcome

    assert (outcome.merged, outcome.closed, outcome.reason) == (False, False, "changes the module heapq")


@pytest.mark.proof
@pytest.mark.parametrize("name", ["kernel-access", "file-backed", "swapping", "tlb"])
def test_files_swap_and_tlb_are_explored_alike_in_the_sandbox(name):
    """The reference's states, steps and scenarios are the same in the sandbox as in this process."""
    lab = load_lab(LAB.path.parent / name)
    with Session(lab) as opened:
        for world in worlds(lab):
            found = verify_submission(opened, world, resolve("reference", lab), 3).outcome
            assert found == explore(world, reference_kernel(lab), reference_kernel(lab), 3), world.name
