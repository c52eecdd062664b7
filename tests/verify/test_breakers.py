"""Kernels in the sandbox that keep state where a comparison might not look: none of them may count as correct."""

import pathlib
from typing import NamedTuple

import pytest

from grader.grade.runner import KernelSource
from grader.grade.session import Session
from grader.grade.submission import Submission
from grader.lab.lab import load_lab
from grader.lab.scope import Mapped, World
from grader.sandbox.limits import Limits
from grader.sandbox.sandbox import Sandbox
from grader.verify.verify import verify_submission
from tests.labs import kernel_text

LAB = load_lab(pathlib.Path(__file__).resolve().parents[2] / "labs" / "copy-on-write")
FORKS = World("forks", (Mapped("P", {"name": "h", "pages": 1}),), verbs=("fork", "exit"))


@pytest.fixture(scope="module")
def session():
    with Session(LAB, boxes={"python": Sandbox(limits=Limits(cpu_s=0.3))}) as opened:
        yield opened


def verify(session, text):
    code = KernelSource({"kernel": text}, "kernel", "SmallKernel")
    return verify_submission(session, FORKS, Submission("", code), 5)


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


#: Moves a key of a dict to its end and returns it: the first key tells how often that was done.
ORDER = "k = {}; v = self.r.pop(k); self.r[k] = v; return k"


class Place(NamedTuple):
    """What a kernel's text has where its count is, and whether its states can still be merged."""

    count: str
    init: str = "pass"
    before: str = ""
    default: str = ""
    merged: bool = False

    def text(self):
        return kernel_text() + THIRD.format(**self._asdict())


#: Where the count of forks is; also in places that only Python's own objects have, or whose contents have no name.
PLACES = {
    "an attribute": Place("self.n += 1; return self.n", init="self.n = 0", merged=True),
    "an attribute set late": Place("self.n = getattr(self, 'n', 0) + 1; return self.n", merged=True),
    "a global": Place("global N; N += 1; return N", before="N = 0\n"),
    "a list": Place("BOOK.append(1); return len(BOOK)", before="BOOK = []\n"),
    "a default": Place("book.append(1); return len(book)", default=", book=[]"),
    "the class": Place("type(self).n = getattr(self, 'n', 0) + 1; return self.n"),
    "a function": Place("f.n = getattr(f, 'n', 0) + 1; return f.n", before="def f():\n    pass\n"),
    "a module": Place("heapq.n = getattr(heapq, 'n', 0) + 1; return heapq.n", before="import heapq\n"),
    "an iterator": Place("return next(self.n)", init="self.n = itertools.count(1)", before="import itertools\n"),
    "a generator": Place("return next(self.n)", init="self.n = (i for i in range(1, 99))"),
    "the machine": Place("self.hw.replacement += 'i'; return self.hw.replacement.count('i') - 1", merged=True),
    "an order": Place(
        "k = next(iter(self.r)); self.r[k] = self.r.pop(k); return k", init="self.r = {1: 0, 2: 0, 3: 0}", merged=True
    ),
    "a closure": Place(
        "return COUNT(self)",
        before=(
            "def counter():\n    n = 0\n    def count(self):\n        nonlocal n\n        n += 1\n"
            "        return n\n    return count\n\nCOUNT = counter()\n"
        ),
    ),
    "random numbers": Place(
        "return 3 if self.r.random() == [x.random() for x in [random.Random(0)] for _ in '123'][2] else 0",
        init="self.r = random.Random(0)",
        before="import random\n",
    ),
    "another module of its own": Place("sys.n = getattr(sys, 'n', 0) + 1; return sys.n", before="import sys\n"),
    "a metaclass": Place(
        "c = type(type(self)); c.n += 1; return c.n",
        before="class Meta(type):\n    n = 0\n\n\nclass Mid(Plain, metaclass=Meta):\n    pass\n\n\nPlain = Mid\n",
    ),
    "a class made at run time": Place("self.c.n += 1; return self.c.n", init="self.c = type('C', (), {'n': 0})"),
    "the subclasses of a class": Place(
        "type('X', (Base,), {}); return len(Base.__subclasses__())", before="class Base:\n    pass\n"
    ),
    "the registry of an abstract class": Place(
        "n = sum(issubclass(k, Sized) for k in KINDS); Sized.register(KINDS[n % 3]); return n + 1",
        before="from collections.abc import Sized\nKINDS = (int, float, complex)\n",
    ),
    "the name of a function": Place("f = type(self).count; f.__name__ += 'i'; return f.__name__.count('i')"),
    "the name of a class": Place("c = type(self); c.__name__ += 'i'; return c.__name__.count('i')"),
    "annotations": Place("a = type(self).__annotations__; a['n'] = a.get('n', 0) + 1; return a['n']"),
    "a default of a keyword": Place(
        "d = type(self).count.__kwdefaults__; d['n'] += 1; return d['n']", default=", *, n=0"
    ),
    "slots": Place(
        "x = self.s.__slots__; x.append(1); return len(x)", init="self.s = S()", before="class S:\n    __slots__ = []\n"
    ),
    "the frame of a generator": Place(
        "g = (i for i in ()).gi_frame.f_globals; g['M'] = g.get('M', 0) + 1; return g['M']"
    ),
    "a traceback": Place(
        "\n        try:\n            1 / 0\n        except ZeroDivisionError as e:\n"
        "            g = e.__traceback__.tb_frame.f_globals\n            g['M'] = g.get('M', 0) + 1\n"
        "            return g['M']",
    ),
    "globals by a name that is put together": Place(
        "g = getattr(type(self).count, '__glo' + 'bals__'); g['M'] = g.get('M', 0) + 1; return g['M']"
    ),
    "the interpreter, by another module": Place(
        "s = enum.sys; s.setrecursionlimit(s.getrecursionlimit() + 1); return s.getrecursionlimit() % 4",
        before="import enum\n",
    ),
    "the interpreter, by its functions": Place(
        "put(get() + 1); return get() % 4",
        before="from sys import getrecursionlimit as get, setrecursionlimit as put\n",
    ),
    "where print writes": Place("s = print.__self__; s.n = getattr(s, 'n', 0) + 1; return s.n"),
    "a function of the machine": Place("f = RegionMap.insert; f.n = getattr(f, 'n', 0) + 1; return f.n"),
    "a function of a module": Place(
        "f = heapq.merge; f.n = getattr(f, 'n', 0) + 1; return f.n", before="import heapq\n"
    ),
    "a class of a module": Place(
        "U.n = getattr(U, 'n', 0) + 1; return U.n", before="from collections import UserDict as U\n"
    ),
    "a namespace": Place(
        "N.n += 1; return N.n", before="from types import SimpleNamespace\nN = SimpleNamespace(n=0)\n"
    ),
    "a method of a list": Place("return pop()", before="pop = [3, 1, 1].pop\n"),
    "a function in a list": Place(
        "return HITS[0]()", before="def hit():\n    global N\n    N = N + 1\n    return N\n\n\nN, HITS = 0, [hit]\n"
    ),
    "a method that is inherited": Place(
        "return self.h.hit()",
        init="self.h = Heir()",
        before=(
            "class Base:\n    def hit(self):\n        global N\n        N = N + 1\n        return N\n\n\n"
            "class Heir(Base):\n    pass\n\n\nN = 0\n"
        ),
    ),
    "True in place of 1": Place("c = type(self); r = 3 if c.k is True else 0; c.k = True; return r\n\n    k = 1"),
    "a method of a list of its own": Place("return self.pop()", init="self.pop = [3, 1, 1].pop", merged=True),
    "an attribute of a Counter": Place(
        "self.c.n += 1; return self.c.n",
        init="self.c = Counter(); self.c.n = 0",
        before="from collections import Counter\n",
    ),
    "an attribute of a tuple": Place(
        "self.c.n += 1; return self.c.n", init="self.c = T(); self.c.n = 0", before="class T(tuple):\n    pass\n"
    ),
    "a tuple that shows nothing": Place(
        "self.t = T((self.t[0] + 1,)); return self.t[0]",
        init="self.t = T((0,))",
        before="class T(tuple):\n    __slots__ = ()\n\n    def __iter__(self):\n        return iter(())\n",
        merged=True,
    ),
    "an attribute of a function": Place(
        "self.f.n += 1; return self.f.n", init="self.f = lambda: 0; self.f.n = 0", merged=True
    ),
    "a default of a function of its own": Place(
        "self.f().append(1); return len(self.f())", init="self.f = lambda b=[]: b", merged=True
    ),
    "which of two functions": Place(
        "n = self.f(); self.f = make(n + 1); return n",
        init="self.f = make(1)",
        before="def make(n):\n    return lambda k=n: k\n",
        merged=True,
    ),
    "what a dict makes": Place(
        "n = self.d[0]; self.d = defaultdict(make(n + 1)); return n",
        init="self.d = defaultdict(make(1))",
        before="from collections import defaultdict\n\n\ndef make(n):\n    return lambda k=n: k\n",
        merged=True,
    ),
    "which of two classes of one name": Place(
        "n = self.t.k; self.t = T(); return n",
        init="self.t = A()",
        before="class T:\n    k = 0\n\n\nA = T\n\n\nclass T:\n    k = 3\n",
        merged=True,
    ),
    "the room in a deque": Place(
        "m = self.q.maxlen; self.q = deque(maxlen=m + 1); return m",
        init="self.q = deque(maxlen=1)",
        before="from collections import deque\n",
        merged=True,
    ),
    "which of two equal texts": Place(
        "n = 3 if self.s is U else 0; self.s = U; return n",
        init="self.s = S",
        before="S, U = 'x' * 50, ''.join(['x'] * 50)\n",
        merged=True,
    ),
    "an order that a second name shows": Place(
        "k = next(iter(self.b)); v = self.a.pop(k); self.a[k] = v; return k",
        init="self.a = self.b = {1: 0, 2: 0, 3: 0}",
        merged=True,
    ),
    "an order that a pattern shows": Place(
        "\n        match self:\n            case Plain(q=d):\n                k = next(iter(d))\n"
        "        v = self.q.pop(k)\n        self.q[k] = v\n        return k",
        init="self.q = {1: 0, 2: 0, 3: 0}",
        merged=True,
    ),
    "an order that a dataclass shows": Place(
        "k = next(iter(asdict(self)['r'])); v = self.r.pop(k); self.r[k] = v; return k\n\n    r: dict",
        init="self.r = {1: 0, 2: 0, 3: 0}",
        before="from dataclasses import asdict, dataclass\n\n\n@dataclass(init=False, eq=False)\n",
        merged=True,
    ),
    "an order that a pattern shows by position": Place(
        "\n        match self:\n            case Plain(d):\n                k = next(iter(d))\n"
        "        v = self.q.pop(k)\n        self.q[k] = v\n        return k",
        init="self.q = {1: 0, 2: 0, 3: 0}",
        before="Plain.__match_args__ = ('q',)\n",
        merged=True,
    ),
    "an order that another len shows": Place(
        "k = len(self.r); v = self.r.pop(k); self.r[k] = v; return k",
        init="self.r = {1: 0, 2: 0, 3: 0}",
        default=", len=lambda d: next(iter(d))",
        merged=True,
    ),
    "a field's default": Place(
        "f = fields(R)[0]; f.default += 1; return f.default",
        before="from dataclasses import dataclass, fields\n\n\n@dataclass\nclass R:\n    n: int = 0\n",
    ),
    "what a slice holds": Place("l = S.stop; l[0] += 1; return l[0]", before="S = slice([0])\n"),
    "an attribute of a static method": Place(
        "S.n = getattr(S, 'n', 0) + 1; return S.n", before="def g():\n    pass\n\n\nS = staticmethod(g)\n"
    ),
    "the name of a hint": Place(
        "o = Optional; o._name += 'i'; return o._name.count('i') - 1", before="from typing import Optional\n"
    ),
    "which of two equal named tuples": Place(
        "n = 3 if self.s is B else 0; self.s = B; return n",
        init="self.s = A",
        before="from typing import NamedTuple\n\n\nclass T(NamedTuple):\n    x: int\n\n\nA, B = T(1), T(1)\n",
        merged=True,
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_state_is_noticed_wherever_it_is(session, place):
    """The third fork is found to fail, or the kernel is explored without merging; it never counts as correct."""
    found = verify(session, PLACES[place].text()).outcome

    assert found.merged is PLACES[place].merged, found.reason
    assert found.difference is not None or not found.closed
    assert found.merged or found.reason


def test_an_order_that_another_file_shows(session):
    """A kernel may have several modules; an order that only a helper asks for counts as well."""
    before = "from helpers import first\n"
    place = Place(ORDER.format("first(self)"), init="self.r = {1: 0, 2: 0, 3: 0}", before=before)
    modules = {"kernel": place.text(), "helpers": "def first(kernel):\n    return next(iter(kernel.r))\n"}
    code = KernelSource(modules, "kernel", "SmallKernel")
    found = verify_submission(session, FORKS, Submission("", code), 5).outcome

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
    ],
    ids=["a dataclass", "an enum"],
)
def test_usual_classes_are_no_reason_against_merging(session, before, init, count):
    """What `dataclass` and `enum` write for a class keeps no state; what a kernel keeps in one is part of its own."""
    found = verify(session, Place(count, init=init, before=before).text()).outcome

    assert (found.merged, found.reason) == (True, "")
    assert [step.verb for step in found.difference.steps].count("fork") == 3
