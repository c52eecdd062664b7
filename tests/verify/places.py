"""Kernels whose third fork fails, each with its count in a place where a comparison might not look."""

from typing import NamedTuple

from tests.labs import kernel_text

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

#: A dict that is used by its keys only, so that its order seems not to count.
RING = "self.r = {1: 0, 2: 0, 3: 0}"

#: A function that counts its calls in a global variable: code that is read is refused for it.
HIT = "def hit(*a):\n    global N\n    N = N + 1\n    return N\n\n\nN = 0\n\n\n"

#: Two equal values that are two objects.
TWO = "S, U = 'count', ''.join(['co', 'unt'])\n"

ACCESS = "from grader.machine import Access\n"
PROCESS = "from grader.machine import Process\n"
REGION = "from grader.machine import Region\n"
COUNTER = "from collections import Counter\n"
ORDERED = "from collections import OrderedDict\n"
DATACLASS = "from dataclasses import dataclass\n\n\n"

#: A key that is in a set; when the hash of the key has changed, only looking it up tells whether it is found.
STALE = (
    "\n        if self.k.v == 0:\n            self.k.v = 1\n            return 1\n        if {key} in self.d:\n"
    "            return 3\n        self.d = {{{key}}}\n        return 2"
)

#: Turns the order that an OrderedDict has as a dict, and leaves that of move_to_end.
SECOND = (
    "o = {}; k = next(iter({})); o[k] = o.pop(k)\n        for i in (3, 2, 1):\n"
    "            o.move_to_end(i, last=False)\n        return k"
)

#: A function that counts the calls of `count`, and leaves the number with the kernel only while `count` runs.
PROFILE = (
    "N = 0\n\n\ndef hook(frame, event, arg):\n    global N\n"
    "    if frame.f_code.co_name == 'count' and event == 'call':\n        N += 1\n"
    "        frame.f_locals['self'].n = N\n"
    "    elif frame.f_code.co_name == 'count' and event == 'return':\n        del frame.f_locals['self'].n\n\n\n"
)

#: A class of which everything is an instance.
ANY = "def f():\n    pass\n\n\nclass Any(type):\n    def __instancecheck__(cls, value):\n        return True\n\n\n"
GLOBALS = (
    "\n        match f:\n            case C({}g):\n                g['M'] = g.get('M', 0) + 1\n"
    "                return g['M']"
)


def named(text):
    """Name the child of each fork in a value; if one process is left and is not named, its fork fails."""
    return Place(
        "return 0\n\n    def other(self, parent, child):\n"
        f"        if len(self.regions) == 1 and self.named and self.named != {text.format('parent')}:\n"
        "            raise InvalidArgument('not its turn')\n"
        f"        Plain.fork(self, parent, child)\n        self.named = {text.format('child')}",
        init="self.named = None; self.fork = self.other",
        merged=True,
    )


PLACES |= {
    # -- the machine
    "a private name of a handle": Place("f = self.hw.frames; f._evicting += 1; return f._evicting", merged=True),
    "a cache of a handle": Place("c = self.hw.tlb._cached; c[len(c)] = 0; return len(c)", merged=True),
    "a private method of a handle": Place("d = self.hw.tlb._of(0); d[len(d)] = 0; return len(d)", merged=True),
    "a list of a handle": Place("u = self.hw.frames._users; u[0] += 1; return u[0]", merged=True),
    "a private name of a map": Place(
        "m = self.m; m._last = (m._last or 0) + 1; return m._last", init="self.m = RegionMap()", merged=True
    ),
    "a private name that it has itself": Place(
        "m = self.m; m._last = (m._last or 0) + 1; return m._last",
        init="self.m = RegionMap(); self._last = 0",
        merged=True,
    ),
    "a private name that is written out": Place(
        "s = getattr(self.m, '_starts'); s.append(1); return len(s)", init="self.m = RegionMap()", merged=True
    ),
    "a private name in a pattern": Place(
        "\n        match self.m:\n            case RegionMap(_starts=s):\n                s.append(1)\n"
        "                return len(s)",
        init="self.m = RegionMap()",
        merged=True,
    ),
    "a private name in a text": Place(
        "n = int('{0._last.start}'.format(self.m)); self.m.find(n + 1); return n + 1",
        init=(
            "self.m = RegionMap()\n        for i in range(9):\n"
            "            self.m.insert(Region(i, 1, Protection.READ, page_size=1))\n        self.m.find(0)"
        ),
        before=REGION,
    ),
    "a private name of a process": Place(
        "p = self.p; p._alive += 1; return p._alive - 1", init="self.p = Process(0, None)", before=PROCESS, merged=True
    ),
    "a process of its own": Place(
        "n = self.p.page_table; self.p = Process(0, n + 1); return n",
        init="self.p = Process(0, 1)",
        before=PROCESS,
        merged=True,
    ),
    "a part of the handle": Place("h = self.hw; h.swap = (h.swap or 0) + 1; return h.swap"),
    "which part of the machine hw is": Place(
        "h = self.h; b = (h, h.frames, h.tlb, h.files); n = b.index(self.hw) + 1; self.hw = b[n]; return n",
        init="self.h = hw",
        merged=True,
    ),
    "the name of a kind of access": Place("a = Access.READ; a.name += 'i'; return a.name.count('i')", before=ACCESS),
    "a kind of access of its own": Place(
        "n = len(self.a.name); self.a = Access('i' * (n + 1), 1); return n",
        init="self.a = Access('i', 1)",
        before=ACCESS,
    ),
    "which of two kinds of access": Place(
        "n = 3 if self.a is Access.READ else 1; self.a = Access.READ; return n",
        init="self.a = Access('READ', 1)",
        before=ACCESS,
    ),
    "a page table of its own": Place(
        "return 0\n\n    def other(self, parent, child):\n"
        "        self.t = self.t or type(parent.page_table)(0, Fake(), [])\n"
        "        try:\n            self.t.map(0, 1, Protection.READ)\n        except OutOfMemory:\n            pass\n"
        "        Plain.fork(self, parent, child)",
        init="self.t = None; self.fork = self.other",
        before=(
            "from grader.machine import OutOfMemory\n\n\nclass Fails:\n    map = n = 0\n\n    def count(self, what):\n"
            "        self.n += 1\n        raise InvalidArgument if self.n == 3 else OutOfMemory\n\n\nclass Fake:\n"
            "    _allocated = bytes([1] * 9)\n    _users = _log = None\n"
            "    _failure = property(lambda self: self.f)\n\n"
            "    def __init__(self):\n        self.f = Fails()\n"
        ),
    ),
    "which table a process has": Place(
        "return 0\n\n    def other(self, parent, child):\n"
        "        try:\n            parent.page_table.unmap(999)\n        except HardwareError as e:\n"
        "            if f'pid={parent.pid}' not in str(e):\n                raise InvalidArgument('exchanged')\n"
        "        Plain.fork(self, parent, child)\n"
        "        parent.page_table, child.page_table = child.page_table, parent.page_table",
        init="self.fork = self.other",
        before="from grader.machine import HardwareError\n",
    ),
    "the page size of a region": Place(
        "n = self.g.cut(1, 2).start; self.g = Region(0, 1, Protection.READ, page_size=n + 1); return n",
        init="self.g = Region(0, 1, Protection.READ, page_size=1)",
        before=REGION,
        merged=True,
    ),
    "a region that is made again": Place(
        "n = self.g.cut(1, 2).start; self.g.__init__(0, 1, Protection.READ, page_size=n + 1); return n",
        init="self.g = Region(0, 1, Protection.READ, page_size=1)",
        before=REGION,
    ),
    "a class of the machine": Place("c = type(self.hw); c.n = getattr(c, 'n', 0) + 1; return c.n"),
    "a method that it puts into the machine": Place("return RegionMap().hit()", before=HIT + "RegionMap.hit = hit\n"),
    # -- numbers that are names
    "a text of a number that could be a name": named("f'p{{{}.pid}}'"),
    "bytes of a number": named("bytearray(str({}.pid), 'ascii')"),
    # -- keys and orders
    "a key with another hash": Place(
        STALE.format(key="self.k"),
        init="self.k = K(); self.d = {self.k}",
        before=DATACLASS + "@dataclass(unsafe_hash=True)\nclass K:\n    v: int = 0\n",
    ),
    "a key with another hash in a tuple": Place(
        STALE.format(key="(self.k,)"),
        init="self.k = K(); self.d = {(self.k,)}",
        before=DATACLASS + "@dataclass(unsafe_hash=True)\nclass K:\n    v: int = 0\n",
    ),
    "an order that a key sees": Place(
        "c = C(); self.r.get(c); self.r.clear()\n        for i in (1, 2, 3):\n"
        "            self.r[(c.k + i * P) % (3 * P)] = 0\n        return c.k // P + 1",
        init="self.r = {0: 0, P: 0, 2 * P: 0}",
        before=(
            "P = 2**61 - 1\n\n\nclass C:\n    k = None\n\n    def __hash__(self):\n        return 0\n\n"
            "    def __eq__(self, k):\n        self.k = k if self.k is None else self.k\n        return False\n"
        ),
    ),
    "an order that a named tuple sees": Place(
        "self.r.get(SEES); i = KEYS.index(BOX.k); BOX.k = None; self.r.clear()\n        for j in (1, 2, 3):\n"
        "            self.r[KEYS[(i + j) % 3]] = 0\n        return i + 1",
        init="self.r = dict.fromkeys(KEYS, 0)",
        before=(
            "from typing import NamedTuple\n\n\nclass Box:\n    k = None\n\n\nclass Sees(NamedTuple):\n    box: Box\n\n"
            "    def __eq__(self, k):\n        self.box.k = k if self.box.k is None else self.box.k\n"
            "        return False\n\n\nP = 2**61 - 1\nBOXES = [Box() for _ in range(99)]\n"
            "BOX = next(box for box in BOXES if 0 < hash(Sees(box)) < P)\nSEES = Sees(BOX)\nBOX.k = None\n"
            "KEYS = tuple(hash(SEES) + i * P for i in range(3))\n"
        ),
    ),
    "the second order of an OrderedDict": Place(
        SECOND.format("self.o", "dict.keys(o)"),
        init="self.o = OrderedDict.fromkeys((1, 2, 3))",
        before=ORDERED,
        merged=True,
    ),
    "the second order, by super": Place(
        SECOND.format("self.o", "super(OrderedDict, o).keys()"),
        init="self.o = OrderedDict.fromkeys((1, 2, 3))",
        before=ORDERED,
        merged=True,
    ),
    "the second order of a global OrderedDict": Place(
        SECOND.format("O", "dict.keys(o)"), before=ORDERED + "O = OrderedDict.fromkeys((1, 2, 3))\n"
    ),
    "a key that an OrderedDict does not show": Place(
        "o = self.o; n = len(o); dict.__setitem__(o, n, 0); return n + 1", init="self.o = OrderedDict()", before=ORDERED
    ),
    "an order that another dict shows": Place(
        "k = next(iter(self.b[0])); v = self.a.pop(k); self.a[k] = v; return k",
        init="d = {1: 0, 2: 0, 3: 0}; self.a = d; self.b = {0: d}",
    ),
    "an order that a chain of comparisons shows": Place(
        "c = C(); 1 in self.r in c; v = self.r.pop(c.k); self.r[c.k] = v; return c.k",
        init=RING,
        before="class C:\n    def __contains__(self, d):\n        self.k = next(iter(d))\n        return True\n",
        merged=True,
    ),
    "an order that an augmented assignment shows": Place(
        "c = C(); self.r += c; v = self.r.pop(c.k); self.r[c.k] = v; return c.k",
        init=RING,
        before="class C:\n    def __radd__(self, d):\n        self.k = next(iter(d))\n        return d\n",
        merged=True,
    ),
    "an order that a mangled name shows": Place(
        "k = next(iter(self.__r)); v = self.__r.pop(k); self.__r[k] = v; return k",
        init="self.__r = {1: 0, 2: 0, 3: 0}",
        merged=True,
    ),
    "an order that code of no file shows": Place(
        "k = FIRST(self); v = self.r.pop(k); self.r[k] = v; return k",
        init=RING,
        before="exec('def FIRST(k):\\n    return next(iter(k.r))')\n",
    ),
    "an order that a len of no name shows": Place(
        "k = len(self.r); v = self.r.pop(k); self.r[k] = v; return k",
        init=RING,
        before="def first(d):\n    return next(iter(d))\n\n\nglobals()['le' + 'n'] = first\n",
    ),
    # -- slots, containers, functions
    "whether a slot is set": Place(
        "\n        try:\n            del self.s.x\n        except AttributeError:\n            self.s.x = 1\n"
        "            return 1\n        return 3",
        init="self.s = S()",
        before=(
            "class S:\n    __slots__ = ('x',)\n\n    def __getattr__(self, name):\n        if name != 'x':\n"
            "            raise AttributeError(name)\n        return 1\n"
        ),
    ),
    "one of two slots of one name": Place(
        "return self.s.up()",
        init="self.s = S(); self.s.x = 0",
        before=(
            "class T:\n    __slots__ = ('x',)\n\n\nclass S(T):\n    __slots__ = ('x',)\n    y = T.x\n\n"
            "    def up(self):\n        self.y = getattr(self, 'y', 0) + 1\n        return self.y\n"
        ),
    ),
    "a function in a slot": Place(
        "return S.f()", before=HIT + "class C:\n    __slots__ = ('f',)\n\n\nS = C()\nS.f = hit\n"
    ),
    "an attribute of a global Counter": Place(
        "B.n = getattr(B, 'n', 0) + 1; return B.n", before=COUNTER + "B = Counter()\n"
    ),
    "an attribute of a global OrderedDict": Place(
        "B.n = getattr(B, 'n', 0) + 1; return B.n", before=ORDERED + "B = OrderedDict()\n"
    ),
    "an attribute of a global tuple": Place(
        "B.n = getattr(B, 'n', 0) + 1; return B.n", before="class T(tuple):\n    pass\n\n\nB = T()\n"
    ),
    "a list in an attribute of a function": Place(
        "f.b.append(1); return len(f.b)", before="def f():\n    pass\n\n\nf.b = []\n"
    ),
    "a list in an attribute of a static method": Place(
        "S.b.append(1); return len(S.b)", before="def f():\n    pass\n\n\nS = staticmethod(f)\nS.b = []\n"
    ),
    "a closure called __class__": Place(
        "return COUNT()",
        before=(
            "def make():\n    __class__ = [0]\n\n    def count():\n        __class__[0] += 1\n"
            "        return __class__[0]\n\n    return count\n\n\nCOUNT = make()\n"
        ),
    ),
    "which of two equal numbers in a list": Place(
        "n = 3 if B[0] is U else 0; B[0] = U; return n", before="S, U = 10**9, int('1000000000')\nB = [S]\n"
    ),
    "which of two equal texts, asked with a choice": Place(
        "n = 3 if self.s is (U if self.hw else None) else 0; self.s = U; return n",
        init="self.s = S",
        before=TWO,
        merged=True,
    ),
    "which of two equal texts the handle has": Place(
        "n = 3 if self.hw.replacement is U else 0; self.hw.replacement = U; return n",
        init="self.hw.replacement = S",
        before="S, U = ''.join(['fi', 'fo']), ''.join(['f', 'ifo'])\n",
        merged=True,
    ),
    "the room in a deque that is made again": Place(
        "q = self.q; m = q.maxlen; q.__init__(maxlen=m + 1); return m",
        init="self.q = deque(maxlen=1)",
        before="from collections import deque\n",
    ),
    # -- hints
    "a class behind a hint": Place(
        "return H.hit()",
        before=(
            f"{HIT}class C:\n    __class_getitem__ = classmethod(type(list[int]))\n    hit = staticmethod(hit)\n\n\n"
            "H = C[int]\n"
        ),
    ),
    "what a hint holds": Place(
        "return len(repr(H)) - 6",
        before=HIT + "class C:\n    def __repr__(self):\n        return ' ' * hit()\n\n\nH = list[C()]\n",
    ),
    "a class in a union": Place(
        "return 3 if isinstance(0, H) else 0",
        before=(
            f"{HIT}class M(type):\n    def __instancecheck__(cls, v):\n        return hit() == 3\n\n\n"
            "class C(metaclass=M):\n    pass\n\n\nH = C | None\n"
        ),
    ),
    # -- code that is not what it seems
    "a method that looks generated": Place(
        "return self.d.hit()",
        init="self.d = D()",
        before=(
            f"{DATACLASS}N = 0\n\n\n@dataclass\nclass D:\n"
            "    exec('def hit(self):\\n    global N\\n    N = N + 1\\n    return N')\n"
        ),
    ),
    "a method that seems to wrap a generated one": Place(
        "return self.d.hit()",
        init="self.d = D()",
        before=f"{HIT}hit.__wrapped__ = eval('lambda: 0')\n{DATACLASS}@dataclass\nclass D:\n    hit = hit\n",
    ),
    "a generated method that calls another hash": Place(
        "\n        try:\n            return self.d in set()\n        except ValueError as e:\n"
        "            return e.args[0]",
        init="self.d = D(0)",
        before=(
            f"{HIT}{DATACLASS}def hash(x):\n    raise ValueError(hit())\n\n\n"
            "@dataclass(frozen=True)\nclass D:\n    x: int\n"
        ),
    ),
    "a named tuple's method with another map": Place(
        "return self.t._replace().x",
        init="self.t = T(0)",
        before=(
            f"{HIT}from collections import namedtuple\nfrom types import CellType, FunctionType\n\n\n"
            "def other(*a):\n    return [hit()]\n\n\nT = namedtuple('T', 'x')\nF = T._replace\n"
            "CELLS = zip(F.__code__.co_freevars, F.__closure__)\n"
            "CELLS = tuple(CellType(other) if name == '_map' else cell for name, cell in CELLS)\n"
            "T._replace = FunctionType(F.__code__, F.__globals__, 'r', (), CELLS)\n"
        ),
    ),
    "a function with the variables of enum": Place(
        "return HIT()",
        before=(
            f"{HIT}import enum\nfrom types import FunctionType\n\n"
            "HIT = FunctionType(hit.__code__, vars(enum))\nvars(enum)['N'] = 0\n"
        ),
    ),
    "a function that it puts into a module": Place(
        "return heapq.heappush()", before=HIT + "import heapq\n\nheapq.heappush = hit\n"
    ),
    "a built-in name of its own": Place("return len(self)", before=HIT + "__builtins__['len'] = hit\n"),
    "an import of its own": Place(
        "import heapq; return heapq.heappush()",
        before=(
            f"{HIT}class Fake:\n    heappush = hit\n\n\nold = __builtins__['__import__']\n"
            "__builtins__['__import__'] = lambda name, *a: Fake if name == 'heapq' else old(name, *a)\n"
        ),
    ),
    "globals by a name after a star": Place(
        "g = getattr(*P, 'x'); g['M'] = g.get('M', 0) + 1; return g['M']",
        before="def f():\n    pass\n\n\nP = (f, '__globals__')\n",
    ),
    "globals by a pattern": Place(GLOBALS.format("__globals__="), before=f"{ANY}class C(metaclass=Any):\n    pass\n"),
    "globals by a pattern's position": Place(
        GLOBALS.format(""), before=f"{ANY}class C(metaclass=Any):\n    __match_args__ = ('__globals__',)\n"
    ),
    # -- what acts unseen once it was imported
    "a profile function": Place("return self.n", before="import sys\n\n" + PROFILE + "sys.setprofile(hook)\n"),
    "a profile function, by another module": Place(
        "return self.n", before="import collections\n\n" + PROFILE + "collections._sys.setprofile(hook)\n"
    ),
    "a profile function, by a module's second name": Place(
        "return self.n", before="import collections\n\n" + PROFILE + "c = collections\nc._sys.setprofile(hook)\n"
    ),
    "a profile function, by a name of another module": Place(
        "return self.n", before="from enum import sys as enum_sys\n\n" + PROFILE + "enum_sys.setprofile(hook)\n"
    ),
    "a profile function, by an attribute of a class": Place(
        "return self.n",
        before=f"class C:\n    import collections as c\n\n\n{PROFILE}C.c._sys.setprofile(hook)\n",
    ),
    "a profile function of a module that is the program": Place(
        "return self.n",
        before=(
            f"import sys\n\n{PROFILE}class Any(type):\n    def __eq__(cls, other):\n        return True\n\n\n"
            "class __name__(metaclass=Any):\n    pass\n\n\n"
            "if __name__ == '__main__':\n    sys.setprofile(hook)\n__name__ = 'kernel'\n"
        ),
    ),
    "an audit hook": Place(
        "\n        from collections import namedtuple\n        try:\n            namedtuple('T', 'x')\n"
        "        except ValueError as e:\n            return e.args[0]",
        before=(
            f"{HIT}import sys\n\n\ndef hook(event, args):\n    if event.startswith('sys._getframe'):\n"
            "        raise ValueError(hit())\n\n\nsys.addaudithook(hook)\n"
        ),
    ),
    "what a warning calls": Place(
        "\n        try:\n            bool(NotImplemented)\n        except ValueError as e:\n"
        "            return e.args[0]",
        before=(
            f"{HIT}import warnings\n\n\ndef hook(*a):\n    raise ValueError(hit())\n\n\n"
            "warnings.simplefilter('always')\nwarnings.showwarning = hook\n"
        ),
    ),
    # -- classes that are not what they say
    "an object whose class says that it is int": Place(
        "return S.hit()",
        before=(
            f"{HIT}class M(type):\n    def __hash__(cls):\n        return hash(int)\n\n"
            "    def __eq__(cls, other):\n        return other is int\n\n\n"
            "class S(metaclass=M):\n    hit = hit\n\n\nS = S()\n"
        ),
    ),
    "an object that says that it is a class": Place(
        "return S.hit()",
        before=(
            f"{HIT}class S:\n    __class__ = property(lambda self: type)\n    __mro__ = ()\n    hit = hit\n\n\n"
            "S = S()\n"
        ),
    ),
    "a class that says that it has no base": Place(
        "return self.s.hit()",
        init="self.s = S()",
        before=(
            f"{HIT}class M(type):\n    __mro__ = property(lambda cls: (cls,))\n\n\n"
            "class T(metaclass=M):\n    hit = hit\n\n\nclass S(T):\n    pass\n"
        ),
    ),
    "a class that hides its attributes": Place(
        "self.s.n += 1; return self.s.n",
        init="self.s = S(); self.s.n = 0",
        before=(
            "class S:\n    def __getattribute__(self, name):\n"
            "        return {} if name == '__dict__' else super().__getattribute__(name)\n"
        ),
    ),
    "a class with another __dict__": Place(
        "self.s.n += 1; return self.s.n",
        init="self.s = S(); self.s.n = 0",
        before="class S:\n    __dict__ = {}\n",
    ),
    "what happens when an object goes": Place(
        "self.s = S(self); return self.n + 1",
        init="self.n = 0; self.s = S(self)",
        before=(
            "class S:\n    def __init__(self, k):\n        self.k = k\n\n"
            "    def __del__(self):\n        self.k.n += 1\n"
        ),
    ),
    # -- values that are not what they equal
    "not a number": Place(
        "n = 3 if self.a[0] in self.b else 1; self.a[0] = self.b[0]; return n",
        init="self.a, self.b = [float('nan')], [float('nan')]",
    ),
    "minus nought": Place(
        "n = 3 if str(self.x) == '-0.0' else 1; self.x = -0.0; return n", init="self.x = 0.0", merged=True
    ),
    "an attribute of a Counter that is used by key": Place(
        "self.c.n = getattr(self.c, 'n', 0) + 1; return self.c.n", init="self.c = Counter()", before=COUNTER
    ),
}
