"""The compiled core against the machine in Python: the same answers, errors, logs and state, step by step."""

import random

from hypothesis import example, given
from hypothesis import strategies as st

from grader.machine import (
    Access,
    HardwareError,
    InvalidArgument,
    Kernel,
    OutOfMemory,
    Protection,
    RegionMap,
    SegmentationFault,
)
from grader.machine.machine import KernelCrash, Machine, NoProgress
from tests.cores import both, plain, result, snapshot
from tests.marks import long_property

RW = Protection.READ | Protection.WRITE


# -- arguments that a kernel may pass -------------------------------------------------------------------------


class Index:
    """An object that says it is a number."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


class Liar(int):
    """An int that is equal to everything, and says that it is another number."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __index__(self):
        return 3

    def __and__(self, other):
        return 1


class Rights:
    """An object with `bits`, like a Protection."""

    bits = 5


class Meddler:
    """An object that frees a frame of its machine while the machine looks at it."""

    def __init__(self, hw):
        self.hw = hw

    def __index__(self):
        self.hw.frames.free(0)
        return 0

    def __repr__(self):
        return "Meddler"

    def __bool__(self):
        self.hw.frames.free(1)
        return True


ODD = (
    *(True, False, -1, -5, 6, 7, 1 << 30, (1 << 30) - 1, 1 << 62, 1 << 63, 1 << 70, -(1 << 70), 1.0, 2.5, float("nan")),
    *(None, "0", b"1", (), (1,), [], {}, Index(1), Index(-1), Liar(1), Liar(400), Rights(), Rights, Protection, object),
    *(Protection.READ, Access.WRITE, RW),
)
#: A place in ODD, or a number that means something.
argument = st.one_of(st.integers(0, 5), st.integers(0, 5), st.sampled_from(range(len(ODD))).map(lambda i: ("odd", i)))
protection = st.one_of(st.integers(0, 7), st.integers(0, 7), argument.filter(lambda value: isinstance(value, tuple)))
maybe = st.sampled_from([(), (True,), (False,), (None,), (0,), ("x",)])
#: (process, method, arguments, by name)
operation = st.one_of(
    st.tuples(st.just(0), st.just("allocate"), st.just(()), st.just(0)),
    st.tuples(st.just(0), st.sampled_from(["free", "zero"]), st.tuples(argument), st.integers(0, 9)),
    st.tuples(st.just(0), st.just("copy"), st.tuples(argument, argument), st.integers(0, 9)),
    st.tuples(st.integers(1, 2), st.sampled_from(["get", "unmap", "clear_accessed"]), st.tuples(argument), st.just(0)),
    st.tuples(st.integers(1, 2), st.just("map"), st.tuples(argument, argument, protection, maybe), st.integers(0, 9)),
    st.tuples(st.integers(1, 2), st.just("map"), st.tuples(argument, argument, protection, maybe), st.integers(0, 9)),
    st.tuples(st.integers(1, 2), st.just("protect"), st.tuples(argument, protection, maybe), st.integers(0, 9)),
    st.tuples(st.integers(1, 2), st.just("pages"), st.just(()), st.just(0)),
    st.tuples(st.just(3), st.sampled_from(["allocate", "map"]), st.integers(0, 2), st.just(0)),
    st.tuples(st.just(4), st.just("step"), st.just(()), st.just(0)),
)
hardware = st.fixed_dictionaries(
    {
        "frames": st.integers(1, 6),
        "swap": st.sampled_from([0, 0, 2]),
        "zero_page": st.booleans(),
        "allocation": st.sampled_from(["lowest", "lowest", "stride", "random"]),
        "seed": st.integers(0, 3),
    }
)
NAMES = {
    "free": ("frame",),
    "zero": ("frame",),
    "copy": ("source", "target"),
    "map": ("page", "frame", "protection", "cow"),
    "protect": ("page", "protection", "cow"),
}


def meant(value, place, method, hw):
    """Return the argument that a drawn value stands for."""
    if isinstance(value, tuple) and value[:1] == ("odd",):
        return Meddler(hw) if ODD[value[1]] is object else ODD[value[1]]
    if (method, place) in (("map", 2), ("protect", 1)):
        return Protection(value)
    return value


def perform(machine, processes, drawn):
    """Carry out a drawn operation; return what it came to."""
    who, method, given, by_name = drawn
    if who == 3:
        return machine.failure.arm(method, given)
    if who == 4:
        seen = machine.observe()
        machine.begin()
        return plain(seen)
    call = getattr(machine.hw.frames if who == 0 else processes[who - 1].page_table, method)
    cow = given[-1] if method in ("map", "protect") else ()
    arguments = [meant(value, place, method, machine.hw) for place, value in enumerate(given) if value is not cow]
    arguments += [meant(value, 9, method, machine.hw) for value in cow]
    if by_name == 9:
        return result(call, **dict(zip(NAMES[method], arguments, strict=False)))
    if by_name >= 5 and cow:
        return result(call, *arguments[:-1], cow=arguments[-1])
    return result(call, *arguments)


@long_property(100)
@given(hardware=hardware, logged=st.booleans(), operations=st.lists(operation, max_size=40))
@example(
    hardware={"frames": 2, "zero_page": True},
    logged=True,
    operations=[(1, "map", (0, 2, 3, ()), 0), (2, "map", (0, 2, 1, (True,)), 5), (4, "step", (), 0)],
)
def test_every_operation_does_what_it_does_in_python(hardware, logged, operations):
    """Whatever a kernel passes, both machines answer alike, raise the same error, and are in the same state then."""

    def boot():
        machine = Machine(Kernel, log=[] if logged else None, **hardware)
        return machine, (machine.spawn(), machine.spawn())

    (python, its), (other, theirs) = both(boot)
    for drawn in operations:
        assert perform(other, theirs, drawn) == perform(python, its, drawn), drawn
        assert snapshot(other) == snapshot(python), drawn


# -- whole machines with random kernels -----------------------------------------------------------------------


class RandomKernel(Kernel):
    """A kernel that does something in every call, chosen by chance: sometimes what is right."""

    def __init__(self, hw, seed, tame):
        super().__init__(hw)
        self.chance = random.Random(seed)
        self.tame = tame
        self.held = []
        self.regions = {}
        self.calm = True

    def allocate(self):
        frame = self.hw.frames.allocate()
        self.held.append(frame)
        return frame

    def any_frame(self):
        if self.held and self.chance.random() < 0.95:
            return self.chance.choice(self.held)
        return self.chance.randrange(-1, 12)

    def meddle(self, process, page=None):
        """Carry out a few operations."""
        table, frames, chance = process.page_table, self.hw.frames, self.chance
        for _ in range(chance.randrange(4)):
            kind = chance.randrange(12)
            some = page if page is not None and chance.random() < 0.7 else chance.choice([*table.pages(), 16, 17, 18])
            rights = Protection(chance.randrange(8))
            if kind <= 2:
                table.map(some, self.any_frame(), rights, chance.random() < 0.3)
            elif kind == 3:
                self.allocate()
            elif kind == 4:
                frames.zero(self.any_frame())
            elif kind == 5:
                frames.copy(self.any_frame(), self.any_frame())
            elif kind == 6:
                frame = self.any_frame()
                frames.free(frame)
                self.held = [f for f in self.held if f != frame]
            elif kind == 7:
                table.unmap(some)
            elif kind <= 9:
                table.protect(some, rights, cow=chance.choice([True, False, None]))
            elif kind == 10:
                table.clear_accessed(some)
            elif self.hw.swap is not None:
                self.hw.swap.write(self.any_frame())

    def act(self, process, page=None):
        """Meddle; let errors pass as often as not, and end in one of the ways that a call may end in."""
        if self.calm:
            return
        if self.chance.random() < (0.1 if self.tame else 0.6):
            try:
                self.meddle(process, page)
            except (HardwareError, OutOfMemory) as error:
                if self.chance.random() < (0.5 if isinstance(error, OutOfMemory) else 0.02):
                    raise
        if self.chance.random() < 0.04:
            raise self.chance.choice([SegmentationFault, OutOfMemory, InvalidArgument, ValueError, SystemExit])("x")

    def mmap(self, process, region):
        self.regions.setdefault(process, RegionMap()).insert(region)
        self.act(process)

    def munmap(self, process, start, pages):
        self.regions.get(process, RegionMap()).remove(start // self.hw.page_size, pages)
        self.act(process)

    def mprotect(self, process, start, pages, protection):
        self.act(process)

    def page_fault(self, process, fault):
        page = fault.address // self.hw.page_size
        self.act(process, page)
        region = self.regions.get(process, RegionMap()).find(page)
        if region is None and self.chance.random() < 0.5:
            raise SegmentationFault
        if region is not None and self.chance.random() < 0.9:
            if fault.present and self.chance.random() < 0.5:
                process.page_table.protect(page, region.protection, cow=False)
            elif self.chance.random() < 0.9:
                old = process.page_table.get(page)
                frame = self.allocate()
                frames = self.hw.frames
                frames.zero(frame) if old is None else frames.copy(old.frame, frame)
                process.page_table.map(page, frame, region.protection)

    def fork(self, parent, child):
        for page in parent.page_table.pages():
            entry = parent.page_table.get(page)
            readable = entry.protection & ~Protection.WRITE
            parent.page_table.protect(page, readable, cow=True)
            child.page_table.map(page, entry.frame, readable, cow=True)
        self.regions[child] = self.regions.get(parent, RegionMap()).copy()
        self.act(parent)

    def exit(self, process):
        if self.tame or self.chance.random() < 0.5:
            for page in process.page_table.pages():
                process.page_table.unmap(page)
        self.act(process)

    def user_access(self, process, address, length, access):
        self.act(process, address // self.hw.page_size)

    def evict(self):
        if self.held and self.chance.random() < 0.6:
            self.hw.frames.free(self.held.pop())
            return
        raise OutOfMemory


step = st.one_of(
    st.tuples(st.just("access"), st.integers(0, 2), st.integers(14, 22), st.integers(0, 6), st.integers(0, 2)),
    st.tuples(st.just("access"), st.integers(0, 2), st.integers(14, 22), st.integers(0, 6), st.integers(0, 2)),
    st.tuples(st.just("mmap"), st.integers(0, 2), st.integers(0, 4), st.integers(0, 7)),
    st.tuples(st.just("munmap"), st.integers(0, 2), st.integers(15, 20), st.integers(0, 4)),
    st.tuples(st.just("mprotect"), st.integers(0, 2), st.integers(15, 20), st.integers(0, 4), st.integers(0, 7)),
    st.tuples(st.just("fork"), st.integers(0, 2)),
    st.tuples(st.just("exit"), st.integers(0, 2)),
    st.tuples(st.just("copy_user"), st.integers(0, 2), st.integers(15, 18), st.integers(1, 2), st.booleans()),
    st.tuples(st.just("fail"), st.sampled_from(["allocate", "map"]), st.integers(0, 2)),
)
ACCESSES = (Access.READ, Access.WRITE, Access.EXECUTE)


def take(machine, drawn, written):
    """Carry out a drawn step on a machine; return what it came to."""
    machine.begin()
    verb, *given = drawn
    if verb == "fail":
        return machine.failure.arm(*given)
    alive = list(machine.processes.values()) or [machine.spawn()]
    process = alive[given[0] % len(alive)]
    if verb == "access":
        first, count, kind = given[1:]
        values = [written] * count if ACCESSES[kind] is Access.WRITE and written else []
        return machine.access(process, first, count, written % machine._page_size, ACCESSES[kind], values)
    if verb == "mmap":
        return machine.mmap(process, given[1], Protection(given[2]))
    if verb == "munmap":
        return machine.munmap(process, *given[1:])
    if verb == "mprotect":
        return machine.mprotect(process, *given[1:3], Protection(given[3]))
    if verb == "fork":
        return machine.fork(process)[0]
    if verb == "exit":
        return machine.exit(process)
    access = Access.WRITE if given[3] else Access.READ
    return machine.copy_user(process, given[1], given[2], 0, given[2] * machine._page_size, access, [7, 8])


@long_property(100)
@given(
    hardware=hardware,
    tlb=st.sampled_from([False, False, False, True]),
    seed=st.integers(0, 1 << 16),
    tame=st.booleans(),
    logged=st.booleans(),
    steps=st.lists(step, min_size=1, max_size=25),
)
def test_a_machine_goes_the_same_way_under_any_kernel(hardware, tlb, seed, tame, logged, steps):
    """Outcomes, crashes, what is observed of each step, the log and the state are the same, whatever a kernel does."""

    def boot():
        machine = Machine(
            lambda hw: RandomKernel(hw, seed, tame), tlb=tlb, log=[] if logged else None, page_size=4, **hardware
        )
        machine.spawn()
        machine.begin()
        machine.mmap(machine.processes[1], 4, RW)
        machine.kernel.calm = False
        return machine

    python, other = both(boot)
    for number, drawn in enumerate(steps):
        ends = []
        for machine in (python, other):
            try:
                ends.append(take(machine, drawn, number % 5))
            except Exception as error:
                ends.append(f"{type(error).__name__}: {error} {error.__cause__!r}")
            ends[-1] = ends[-1], result(lambda machine=machine: plain(machine.observe())), snapshot(machine)
        assert ends[1] == ends[0], (number, drawn)
        if ": " in str(ends[0][0]):
            return  # a crash, or another end of the run


def test_the_kernels_of_that_property_do_fault_fork_and_fail():
    """The random kernels get somewhere: accesses succeed, processes die, forks and crashes happen, frames run out."""
    seen = set()
    for seed in range(200):
        machine = Machine(lambda hw, seed=seed: RandomKernel(hw, seed, seed % 2 == 0), frames=5, page_size=4)
        machine.spawn()
        chance = random.Random(seed)
        machine.begin()
        machine.mmap(machine.processes[1], 4, RW)
        machine.kernel.calm = False
        for number in range(25):
            verb = chance.choice(["access", "access", "access", "mmap", "fork", "munmap"])
            rest = {"access": (16, 3, chance.randrange(3)), "mmap": (2, 3)}.get(verb, (16, 1))
            try:
                seen.add((verb, take(machine, (verb, 0, *rest), number % 5)))
            except (KernelCrash, NoProgress) as error:
                seen.add(type(error).__name__)
                break

    assert {("access", "ok"), ("access", "segv"), ("access", "oom"), ("fork", "ok"), ("fork", "error")} <= seen
    assert {"KernelCrash", "NoProgress"} <= seen
