"""Kernels in the sandbox that keep state where a comparison might not look: none of them may count as correct."""

import pathlib

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


#: The same in places that only Python's own objects have, or whose contents have no name.
HIDDEN_DEEPER = {
    "a metaclass": (
        (
            "class Meta(type):\n    n = 0\n\n\nclass Mid(Plain, metaclass=Meta):\n    pass\n\n\nPlain = Mid\n",
            "pass",
            "",
            "c = type(type(self)); c.n += 1; return c.n",
        ),
        False,
    ),
    "a class made at run time": (("", "self.c = type('C', (), {'n': 0})", "", "self.c.n += 1; return self.c.n"), False),
    "the subclasses of a class": (
        ("class Base:\n    pass\n", "pass", "", "type('X', (Base,), {}); return len(Base.__subclasses__())"),
        False,
    ),
    "the registry of an abstract class": (
        (
            "from collections.abc import Sized\nKINDS = (int, float, complex)\n",
            "pass",
            "",
            "n = sum(issubclass(k, Sized) for k in KINDS); Sized.register(KINDS[n % 3]); return n + 1",
        ),
        False,
    ),
    "the name of a function": (
        ("", "pass", "", "f = type(self).count; f.__name__ += 'i'; return f.__name__.count('i')"),
        False,
    ),
    "the name of a class": (("", "pass", "", "c = type(self); c.__name__ += 'i'; return c.__name__.count('i')"), False),
    "annotations": (
        ("", "pass", "", "a = type(self).__annotations__; a['n'] = a.get('n', 0) + 1; return a['n']"),
        False,
    ),
    "a default of a keyword": (
        ("", "pass", ", *, n=0", "d = type(self).count.__kwdefaults__; d['n'] += 1; return d['n']"),
        False,
    ),
    "slots": (
        ("class S:\n    __slots__ = []\n", "self.s = S()", "", "x = self.s.__slots__; x.append(1); return len(x)"),
        False,
    ),
    "the frame of a generator": (
        ("", "pass", "", "g = (i for i in ()).gi_frame.f_globals; g['M'] = g.get('M', 0) + 1; return g['M']"),
        False,
    ),
    "a traceback": (
        (
            "",
            "pass",
            "",
            "\n        try:\n            1 / 0\n        except ZeroDivisionError as e:\n"
            "            g = e.__traceback__.tb_frame.f_globals\n"
            "            g['M'] = g.get('M', 0) + 1\n            return g['M']",
        ),
        False,
    ),
    "globals by a name that is put together": (
        (
            "",
            "pass",
            "",
            "g = getattr(type(self).count, '__glo' + 'bals__'); g['M'] = g.get('M', 0) + 1; return g['M']",
        ),
        False,
    ),
    "the interpreter, by another module": (
        (
            "import enum\n",
            "pass",
            "",
            "s = enum.sys; s.setrecursionlimit(s.getrecursionlimit() + 1); return s.getrecursionlimit() % 4",
        ),
        False,
    ),
    "the interpreter, by its functions": (
        (
            "from sys import getrecursionlimit as get, setrecursionlimit as put\n",
            "pass",
            "",
            "put(get() + 1); return get() % 4",
        ),
        False,
    ),
    "where print writes": (
        ("", "pass", "", "s = print.__self__; s.n = getattr(s, 'n', 0) + 1; return s.n"),
        False,
    ),
    "a function of the machine": (
        ("", "pass", "", "f = RegionMap.insert; f.n = getattr(f, 'n', 0) + 1; return f.n"),
        False,
    ),
    "a function of a module": (
        ("import heapq\n", "pass", "", "f = heapq.merge; f.n = getattr(f, 'n', 0) + 1; return f.n"),
        False,
    ),
    "a class of a module": (
        ("from collections import UserDict as U\n", "pass", "", "U.n = getattr(U, 'n', 0) + 1; return U.n"),
        False,
    ),
    "a namespace": (
        ("from types import SimpleNamespace\nN = SimpleNamespace(n=0)\n", "pass", "", "N.n += 1; return N.n"),
        False,
    ),
    "a method of a list": (("pop = [3, 1, 1].pop\n", "pass", "", "return pop()"), False),
    "a function in a list": (
        (
            "def hit():\n    global N\n    N = N + 1\n    return N\n\n\nN, HITS = 0, [hit]\n",
            "pass",
            "",
            "return HITS[0]()",
        ),
        False,
    ),
    "a method that is inherited": (
        (
            "class Base:\n    def hit(self):\n        global N\n        N = N + 1\n        return N\n\n\n"
            "class Heir(Base):\n    pass\n\n\nN = 0\n",
            "self.h = Heir()",
            "",
            "return self.h.hit()",
        ),
        False,
    ),
    "True in place of 1": (
        ("", "pass", "", "c = type(self); r = 3 if c.k is True else 0; c.k = True; return r\n\n    k = 1"),
        False,
    ),
    "a method of a list of its own": (("", "self.pop = [3, 1, 1].pop", "", "return self.pop()"), True),
    "an attribute of a Counter": (
        ("from collections import Counter\n", "self.c = Counter(); self.c.n = 0", "", "self.c.n += 1; return self.c.n"),
        False,
    ),
    "an attribute of a tuple": (
        ("class T(tuple):\n    pass\n", "self.c = T(); self.c.n = 0", "", "self.c.n += 1; return self.c.n"),
        False,
    ),
    "a tuple that shows nothing": (
        (
            "class T(tuple):\n    __slots__ = ()\n\n    def __iter__(self):\n        return iter(())\n",
            "self.t = T((0,))",
            "",
            "self.t = T((self.t[0] + 1,)); return self.t[0]",
        ),
        True,
    ),
    "an attribute of a function": (
        ("", "self.f = lambda: 0; self.f.n = 0", "", "self.f.n += 1; return self.f.n"),
        True,
    ),
    "a default of a function of its own": (
        ("", "self.f = lambda b=[]: b", "", "self.f().append(1); return len(self.f())"),
        True,
    ),
    "which of two functions": (
        (
            "def make(n):\n    return lambda k=n: k\n",
            "self.f = make(1)",
            "",
            "n = self.f(); self.f = make(n + 1); return n",
        ),
        True,
    ),
    "what a dict makes": (
        (
            "from collections import defaultdict\n\n\ndef make(n):\n    return lambda k=n: k\n",
            "self.d = defaultdict(make(1))",
            "",
            "n = self.d[0]; self.d = defaultdict(make(n + 1)); return n",
        ),
        True,
    ),
    "which of two classes of one name": (
        (
            "class T:\n    k = 0\n\n\nA = T\n\n\nclass T:\n    k = 3\n",
            "self.t = A()",
            "",
            "n = self.t.k; self.t = T(); return n",
        ),
        True,
    ),
    "the room in a deque": (
        (
            "from collections import deque\n",
            "self.q = deque(maxlen=1)",
            "",
            "m = self.q.maxlen; self.q = deque(maxlen=m + 1); return m",
        ),
        True,
    ),
    "which of two equal texts": (
        (
            "S, U = 'x' * 50, ''.join(['x'] * 50)\n",
            "self.s = S",
            "",
            "n = 3 if self.s is U else 0; self.s = U; return n",
        ),
        True,
    ),
    "an order that a second name shows": (
        (
            "",
            "self.a = self.b = {1: 0, 2: 0, 3: 0}",
            "",
            "k = next(iter(self.b)); v = self.a.pop(k); self.a[k] = v; return k",
        ),
        True,
    ),
    "an order that a pattern shows": (
        (
            "",
            "self.q = {1: 0, 2: 0, 3: 0}",
            "",
            "\n        match self:\n            case Plain(q=d):\n                k = next(iter(d))\n"
            "        v = self.q.pop(k)\n        self.q[k] = v\n        return k",
        ),
        True,
    ),
}


@pytest.mark.parametrize("place", BREAKERS | HIDDEN_DEEPER)
def test_state_is_noticed_wherever_it_is(session, place):
    """The third fork is found to fail, or the kernel is explored without merging; it never counts as correct."""
    (before, init, default, count), merged = (BREAKERS | HIDDEN_DEEPER)[place]
    text = kernel_text() + THIRD.format(before=before, init=init, default=default, count=count)
    found = verify(session, text)

    assert found.outcome.merged is merged, found.outcome.reason
    assert found.outcome.difference is not None or not found.outcome.closed
    if not merged:
        assert found.outcome.reason


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
    found = verify(session, kernel_text() + THIRD.format(before=before, init=init, default="", count=count)).outcome

    assert (found.merged, found.reason) == (True, "")
    assert [step.verb for step in found.difference.steps].count("fork") == 3
