"""Kernels in the sandbox that keep state where a comparison might not look: none of them may count as correct."""

import pathlib

import pytest

from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.machine.outcome import FileSpec
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import Sandbox
from grader.verify.verify import verify_submission
from tests.labs import kernel_text
from tests.marks import proofs_except
from tests.verify.places import ORDER, PLACES, PROFILE, Place

LAB = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
FORKS = World("forks", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("fork", "exit"))


@pytest.fixture(scope="module")
def session():
    with Session(LAB, boxes={"python": Sandbox(limits=Limits(cpu_s=0.3))}) as opened:
        yield opened


def verify(session, text):
    code = KernelSource({"kernel": text}, "kernel", "SmallKernel")
    return verify_submission(session, FORKS, Submission("", code), 5)


@pytest.mark.parametrize("place", proofs_except([*PLACES][::3], PLACES))
def test_state_is_noticed_wherever_it_is(session, place):
    """The third fork is found to fail, or the kernel is explored without merging; it never counts as correct.

    Without merging, the third fork is found, too: it is among the scenarios of five steps.
    """
    found = verify(session, PLACES[place].text()).outcome

    assert found.merged is PLACES[place].merged, found.reason
    assert found.difference is not None or not (found.merged or found.closed)
    assert found.merged or found.reason


def test_an_order_that_another_file_shows(session):
    """A kernel may have several modules; an order that only a helper asks for counts as well."""
    before = "from helpers import first\n"
    place = Place(ORDER.format("first(self)"), init="self.r = {1: 0, 2: 0, 3: 0}", before=before)
    modules = {"kernel": place.text(), "helpers": "def first(kernel):\n    return next(iter(kernel.r))\n"}
    code = KernelSource(modules, "kernel", "SmallKernel")
    found = verify_submission(session, FORKS, Submission("", code), 5).outcome

    assert found.difference is not None


def verify_in(session, world, place):
    code = KernelSource({"kernel": place.text()}, "kernel", "SmallKernel")
    return verify_submission(session, world, Submission("", code), None).outcome


def test_which_of_two_equal_page_numbers_a_table_holds(session):
    """Python has one object for each small number; of a larger one there may be two."""
    place = Place(
        "return 0\n\n    def other(self, parent, child):\n        held = parent.page_table.pages()\n"
        "        if held and self.p is held[0]:\n            raise InvalidArgument('the third fork')\n"
        "        Plain.fork(self, parent, child)\n        if held:\n"
        "            self.p = int(str(held[0])) if self.p is None else held[0]",
        init="self.p = None; self.fork = self.other",
    )
    world = FORKS._replace(verbs=("read", "fork", "exit"), machine=FORKS.machine._replace(first_page=400))
    found = verify_in(session, world, place)

    assert found.merged, found.reason
    assert [step.verb for step in found.difference.steps].count("fork") == 3


@pytest.mark.parametrize(
    "count",
    [
        "f.name += 'i'; return f.name.count('i')",
        "f.pages += 1; return f.pages - 1",
        "f.writable += 1; return f.writable",
    ],
)
def test_what_a_kernel_changes_of_a_file_counts(session, count):
    """The name, the length and the mode of a file are the kernel's to read."""
    world = FORKS._replace(
        mappings=(Mapped("P", {"name": "h", "pages": 1, "file": "f"}),), files=(FileSpec("f", 1, (7,), False),)
    )
    place = Place(
        f"return 0\n\n    def mmap(self, process, region):\n        self.f = region.file\n"
        f"        Plain.mmap(self, process, region)\n\n    def up(self):\n        f = self.f; {count}\n\n"
        "    def other(self, parent, child):\n        if self.up() == 3:\n"
        "            raise InvalidArgument('the third fork')\n        Plain.fork(self, parent, child)",
        init="self.fork = self.other",
    )
    found = verify_in(session, world, place)

    assert found.difference is not None or not (found.merged or found.closed)


@pytest.mark.parametrize(
    "text",
    [
        "from helpers import sys as s\n\n{}s.setprofile(hook)\n",
        "import helpers\n\n{}helpers.collections._sys.setprofile(hook)\n",
        "from helpers import *\n\n{}sys.setprofile(hook)\n",
    ],
)
def test_another_file_may_not_lead_to_the_interpreter(session, text):
    """What a helper imports is no more harmless than what the kernel's own module does."""
    place = Place("return self.n", before=text.format(PROFILE))
    modules = {"kernel": place.text(), "helpers": "import collections\nimport sys\n"}
    code = KernelSource(modules, "kernel", "SmallKernel")
    found = verify_submission(session, FORKS, Submission("", code), 5).outcome

    assert (found.merged, found.closed) == (False, False)
    assert found.difference is not None


@pytest.mark.parametrize(
    ("before", "init", "count"),
    [
        (
            "from dataclasses import dataclass, field\n\n\n@dataclass\nclass Record:\n    n: int = 0\n"
            "    seen: list = field(default_factory=list)\n",
            "self.r = Record()",
            "self.r = Record(self.r.n + 1, [*self.r.seen, 1]); return self.r.n",
        ),
        (
            "import enum\n\n\nclass Turn(enum.Enum):\n    A = 1\n    B = 2\n    C = 3\n",
            "self.t = Turn.A",
            "n = self.t.value; self.t = {Turn.A: Turn.B}.get(self.t, Turn.C); return n",
        ),
        (
            "from dataclasses import dataclass\n\n\n@dataclass(frozen=True, slots=True)\nclass Key:\n    n: int\n",
            "self.k = {Key(0): 0}",
            "n = next(iter(self.k)).n + 1; self.k = {Key(n): n}; return self.k[Key(n)]",
        ),
        (
            "from typing import NamedTuple\n\n\nclass Key(NamedTuple):\n    n: int\n    seen: tuple = ()\n",
            "self.k = {Key(0)}",
            "n = min(self.k).n + 1; self.k = {Key(n)._replace(seen=(n,))}; return n",
        ),
        (
            "from collections import OrderedDict\n",
            "self.o = OrderedDict.fromkeys((1, 2, 3))",
            "n = next(iter(self.o)); self.o.move_to_end(n); return n",
        ),
        (
            "from typing import Optional\n",
            "self.t = ''",
            "n: Optional[int] = len(self.t) + 1; self.t = '{:.{}}'.format('x' * 9, n); return getattr(self, 'n', n)",
        ),
        (
            "from dataclasses import dataclass\n\n\n@dataclass\nclass Pair:\n    a: int\n    b: int\n",
            "self.p = Pair(0, 0)",
            "\n        match self.p:\n            case Pair(a, b):\n                self.p = Pair(a + 1, b)\n"
            "                return a + 1",
        ),
        (
            "import sys\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import logging\n\n"
            "if __name__ == '__main__':\n    print(sys.version, file=sys.stderr)\n",
            "self.n = 0",
            "self.n += 1; return self.n",
        ),
    ],
    ids=[
        "a dataclass",
        "an enum",
        "a frozen dataclass",
        "a named tuple",
        "an OrderedDict",
        "a format",
        "a pattern",
        "a program",
    ],
)
def test_usual_classes_are_no_reason_against_merging(session, before, init, count):
    """What `dataclass` and `enum` write for a class keeps no state; what a kernel keeps in one is part of its own."""
    found = verify(session, Place(count, init=init, before=before).text()).outcome

    assert (found.merged, found.reason) == (True, "")
    assert [step.verb for step in found.difference.steps].count("fork") == 3


@pytest.mark.parametrize(
    ("before", "init", "count"),
    [
        ("MODE = 'lazy mode'\n", "self.m = ''", "self.m = MODE; return 0"),
        ("class Mode:\n    LAZY = 'lazy-mode'\n", "self.m = ''", "self.m = Mode.LAZY; return 0"),
        (
            "import enum\n\n\nclass Mode(enum.Enum):\n    EAGER = 'is-eager'\n    LAZY = 'is-lazy'\n",
            "self.m = Mode.EAGER",
            "self.m = Mode.LAZY if self.m is Mode.EAGER else Mode.EAGER; return 0",
        ),
    ],
    ids=["a global", "a class", "an enum"],
)
def test_a_text_of_the_source_is_not_made_from_a_number(session, before, init, count):
    """Texts that are made from numbers of processes may tell them apart, so that the world would not close."""
    found = verify_in(session, FORKS, Place(count, init=init, before=before))

    assert (found.merged, found.reason, found.closed) == (True, "", True)


@pytest.mark.parametrize(
    "name", proofs_except(["_users", "_regions"], ["_users", "_regions", "_last", "_cached", "_free"])
)
def test_a_name_that_the_machine_has_too_is_no_reason_against_merging(session, name):
    """The names are private: a kernel need not know that the machine keeps something else under them."""
    text = kernel_text().replace("self.regions" if name == "_regions" else "self.users", f"self.{name}")
    assert text != kernel_text()
    code = KernelSource({"kernel": text}, "kernel", "SmallKernel")
    world = FORKS._replace(verbs=("read", "write", "fork", "exit"))
    found = verify_submission(session, world, Submission("", code), None).outcome

    assert (found.merged, found.reason, found.closed) == (True, "", True)
    assert found.difference is None
