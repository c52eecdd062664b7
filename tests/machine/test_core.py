"""The compiled core against the machine in Python: the same answers, errors, logs and state, step by step."""

import copy
import gc
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from array import array

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.machine import (
    Access,
    HardwareError,
    InvalidArgument,
    Kernel,
    OutOfMemory,
    Protection,
    RegionMap,
    SegmentationFault,
    core,
)
from grader.machine.machine import KernelCrash, Machine, NoProgress
from grader.machine.operations import OPERANDS
from grader.state.memento import Memento
from tests.cores import both, compiled, on, plain, result, snapshot

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


@settings(max_examples=100)
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


@settings(max_examples=100)
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


# -- objects --------------------------------------------------------------------------------------------------


def test_compiled_objects_have_the_attributes_of_those_in_python():
    """Reading, writing, deleting and inventing an attribute does the same, and so do copies of an object."""

    def attributes():
        machine = Machine(Kernel, frames=2)
        found = []
        for thing in (machine._frames, machine.spawn().page_table, machine.failure, machine._disk):
            found.append(
                (type(thing).__name__, type(thing).__qualname__, type(thing).__module__, type(thing).__slots__)
            )
            found.append([result(getattr, thing, name) for name in ("nothing", "__dict__", "__weakref__")])
            found.append([result(setattr, thing, name, 1) for name in ("nothing", "__class__", "__slots__")])
            found.append(sorted(name for name in dir(thing) if not hasattr(object, name)))
            found.append(type(thing).__doc__)
            copied = copy.copy(thing)
            for name in type(thing).__slots__:
                found.append((name, getattr(copied, name) is getattr(thing, name)))
                delattr(thing, name)
                found.append((result(getattr, thing, name), result(delattr, thing, name)))
        return found

    python, other = both(attributes)

    assert other == python


def test_a_compiled_object_without_attributes_raises_what_one_in_python_raises():
    """A kernel may make such objects, or take their attributes away: every method then fails in the same way."""

    def empty():
        chosen = core.current()
        frames, table = chosen.frames.__new__(chosen.frames), chosen.page_table.__new__(chosen.page_table)
        return [
            *(
                result(getattr(frames, name), *[0] * n)
                for name, n in (("allocate", 0), ("free", 1), ("zero", 1), ("copy", 2))
            ),
            *(result(getattr(table, name), 0) for name in ("get", "unmap")),
            result(table.map, 0, 0, RW),
            result(table.protect, 0, RW),
            result(table._discard),
        ]

    python, other = both(empty)

    assert other == python


def test_nobody_derives_from_a_compiled_class():
    """A class derived from one could have what the compiled methods do not expect."""
    for cls in compiled()[:4]:
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Mine", (cls,), {})


def test_a_machine_is_freed_at_once_with_the_collector_off():
    """Nothing in a compiled machine holds on to another part of it once it is closed."""
    with on(compiled()):
        gc.collect()
        gc.disable()
        try:
            before = len(gc.get_objects())
            for _ in range(20):
                machine = Machine(Kernel, frames=64)
                process = machine.spawn()
                process.page_table.map(3, machine.hw.frames.allocate(), RW)
                machine.access(process, 3, 1, 0, Access.WRITE, [1])
                machine.close()
                del machine, process
            assert len(gc.get_objects()) - before < 20
        finally:
            gc.enable()


def test_a_saved_state_is_put_back():
    """A memento of a compiled machine holds all of its state."""

    def there_and_back():
        machine = Machine(Kernel, frames=4)
        process = machine.spawn()
        frame = machine.hw.frames.allocate()
        process.page_table.map(3, frame, RW)
        machine.access(process, 3, 1, 0, Access.WRITE, [1])
        held = [process.page_table.get]
        before, saved = snapshot(machine), Memento([machine, held])
        process.page_table.protect(3, Protection.READ, cow=True)
        machine.hw.frames.copy(machine.hw.frames.allocate(), frame)
        process.page_table._discard()
        changed = snapshot(machine)
        saved.restore()
        return before == snapshot(machine), before == changed, held[0](3)

    python, other = both(there_and_back)

    assert other == python
    assert other[:2] == (True, False)


def test_a_method_of_a_dead_process_is_saved_with_its_page_table():
    """A kernel may keep `page_table.map` of a process that only it still knows; a memento follows it to the table."""
    with on(compiled()):
        machine = Machine(Kernel, frames=4)
        process = machine.spawn()
        frame = machine.hw.frames.allocate()
        held = [process.page_table.map, process.page_table.get]
        machine._drop(process)
        del process
        saved = Memento([held])
        held[0](5, frame, RW)
        saved.restore()

        assert held[1](5) is None


# -- errors in the middle of a call ---------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [KeyboardInterrupt, GeneratorExit, ValueError, SegmentationFault, SystemExit])
def test_what_a_kernel_raises_goes_where_it_goes_in_python(ending):
    """KeyboardInterrupt and the like pass through an access; the counts that it had made are kept."""

    class Raising(Kernel):
        def page_fault(self, process, fault):
            if fault.address == 19:
                raise ending("a word")
            process.page_table.map(fault.address, self.hw.frames.allocate(), RW)

        def exit(self, process):
            pass

    def run():
        machine = Machine(Raising, page_size=1)
        process = machine.spawn()
        try:
            outcome = machine.access(process, 16, 9, 0, Access.READ)
        except BaseException as error:
            return type(error), str(error), repr(error.__cause__), machine._minor, machine._values
        return outcome, machine._minor, machine._values

    python, other = both(run)

    assert other == python


def test_a_kernel_that_changes_the_machine_while_it_works_gets_no_further_than_an_exception():
    """Attributes of the wrong type, of the wrong size or missing end in a Python exception or in nothing."""
    program = """
import random, sys
from grader.machine import *
from grader.machine import core
from grader.machine.machine import Machine
RW = Protection.READ | Protection.WRITE
chance = random.Random(int(sys.argv[1]))

class Evil:
    # In a dict, it changes the machine whenever a key with its hash is looked up; anywhere, when it is dropped.
    def __init__(self, machine, hashed): self.machine, self.hashed = machine, hashed
    def __hash__(self): return self.hashed
    def __eq__(self, other): spoil(self.machine); return chance.random() < 0.5
    def __del__(self): spoil(self.machine)
    def __index__(self): spoil(self.machine); return 1
    def __bool__(self): spoil(self.machine); return True
    def __lt__(self, other): spoil(self.machine); return True

def value(machine):
    return chance.choice([None, 0, 1, -1, 1 << 80, True, [], {}, set(), bytearray(), bytearray(b"\\1" * 9), [0] * 3,
        "x", {16: 1 << 70, 17: Evil(machine, 17)}, {Evil(machine, n): 71 for n in range(16, 20)},
        [Evil(machine, 1)] * 9, [None] * 9, (1, 2), Evil(machine, 3),
        [chance.randrange(1 << 30) for _ in range(9)], {16: 64 + 128 * 99}])

depth = 0
def spoil(machine):
    global depth
    if depth > 2: return
    depth += 1
    try:
        table = chance.choice(tables)
        thing = chance.choice([machine._frames, table, machine.failure, machine._disk])
        name = chance.choice(type(thing).__slots__)
        kind = chance.random()
        if kind < 0.1: delattr(thing, name)
        elif kind < 0.5: setattr(thing, name, value(machine))
        elif kind < 0.8:
            held = getattr(thing, name)
            if type(held) is list: held[:] = [value(machine) for _ in range(chance.randrange(9))]
            if type(held) is bytearray: del held[chance.randrange(len(held) + 1):]
            if type(held) is dict: held[Evil(machine, chance.randrange(16, 20))] = Evil(machine, 0); held.pop(16, None)
            if type(held) is set: held.add(Evil(machine, chance.randrange(9)))
        else: act(machine)
    except Exception: pass
    finally: depth -= 1

def act(machine):
    table, frames = chance.choice(tables), machine._frames
    number = lambda: chance.randrange(-1, 9)
    first, one = chance.randrange(15, 19), machine.processes[1]
    chance.choice([
        lambda: frames.allocate(), lambda: frames.free(number()), lambda: frames.zero(number()),
        lambda: frames.copy(number(), number()), lambda: table.get(chance.randrange(15, 21)),
        lambda: table.map(chance.randrange(15, 21), number(), Protection(chance.randrange(8)), chance.random() < 0.5),
        lambda: table.protect(chance.randrange(15, 21), Protection(chance.randrange(8)), cow=chance.random() < 0.5),
        lambda: table.unmap(chance.randrange(15, 21)), lambda: table._discard(), machine.observe, machine.begin,
        lambda: machine.access(one, first, 4, 0, Access.READ),
        lambda: machine.access(one, first, 4, 0, Access.WRITE, [chance.randrange(9)] * 4),
    ])()

class Hostile(Kernel):
    def page_fault(self, process, fault):
        if chance.random() < 0.5: spoil(machine)
        act(machine)
    def exit(self, process): act(machine)
    def evict(self): spoil(machine)

assert core.current() is not core.PYTHON
for _ in range(120):
    depth = 0
    tables = []
    machine = Machine(lambda hw: Hostile(hw), frames=8, log=[])
    first, second = machine.spawn(), machine.spawn()
    tables = [first.page_table, second.page_table]
    for _ in range(40):
        try:
            act(machine)
            if chance.random() < 0.3: spoil(machine)
        except BaseException as error:
            if type(error) in (MemoryError, SystemError): raise
print("done")
"""
    compiled()
    for seed in range(2):
        done = subprocess.run([sys.executable, "-c", program, str(seed)], capture_output=True, text=True, check=False)

        assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]


def test_a_long_chain_of_page_tables_is_dropped():
    """Page tables that hold one another, 300,000 deep, do not overflow the stack when they go."""
    compiled()
    program = """
from grader.machine import core
chain, table = None, core.current().page_table
assert core.current() is not core.PYTHON
for _ in range(300_000):
    link = table.__new__(table)
    link._log, chain = chain, link
del chain, link
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-2000:]


class TimeLimit(BaseException):
    """Raised by a signal handler, so only once."""


def test_a_time_limit_in_an_attribute_of_a_kernel_ends_the_access():
    """A BaseException that is raised while an access reads `page_fault` is not lost: the attribute is read once."""

    def asked():
        reads = []

        class Slow(Kernel):
            @property
            def page_fault(self):
                reads.append(1)
                raise TimeLimit

        machine = Machine(Slow)
        with pytest.raises(TimeLimit):
            machine.access(machine.spawn(), 16, 1, 0, Access.READ)
        return len(reads)

    assert both(asked) == (1, 1)


# -- which one is used ----------------------------------------------------------------------------------------


def told(**environment):
    """Return what a new process says of its core."""
    program = "from grader.machine import core; print(core.which(), core.current() is core.PYTHON)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_variable_switches_the_core_off():
    """FORKLAB_CORE=off: the machine in Python runs, and says why."""
    compiled()

    assert told() == "compiled core False"
    assert told(FORKLAB_CORE="off") == "Python (FORKLAB_CORE=off) True"


def test_any_other_value_of_the_variable_is_an_error(monkeypatch):
    """A slip is named: neither core is taken in silence."""
    monkeypatch.setenv("FORKLAB_CORE", "of")
    monkeypatch.setattr(core, "_choice", core._Choice())

    with pytest.raises(InputError, match="FORKLAB_CORE='of': use on or off"):
        core.current()


def test_a_core_that_was_built_from_other_sources_is_not_used(monkeypatch):
    """After any change of the machine in Python the core stands back until it is built again."""
    compiled()
    monkeypatch.setattr(core, "fingerprint", lambda: "of other sources")
    monkeypatch.setattr(core, "_choice", core._Choice())

    assert core.current() is core.PYTHON
    assert core.which() == "Python (forklab_core is installed, but was built from other sources: run `make core`)"


def test_a_kernel_in_the_sandbox_cannot_import_the_core(root):
    """`import forklab_core` is refused, with the core and without: no verdict may depend on it."""
    compiled()
    kernel = "import forklab_core\nfrom grader.machine import Kernel\nclass DemandPagingKernel(Kernel):\n    pass\n"
    found = []
    for value in ("on", "off"):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "kernel.py").write_text(kernel, encoding="utf-8")
            command = [sys.executable, "-I", "-m", "grader", "run", str(root / "labs" / "demand-paging")]
            done = subprocess.run(
                [*command, "--submission", folder, "--only", "the-first-touch"],
                env={**os.environ, "FORKLAB_CORE": value},
                capture_output=True,
                text=True,
                check=False,
            )
        found.append(done.stdout.replace(folder, "FOLDER"))

    assert "forklab_core is neither" in " ".join(found[0].split())
    assert found[1] == found[0]


def test_a_core_is_set_up_once(monkeypatch):
    """A kernel that finds the module cannot give its functions other classes."""
    compiled()
    import forklab_core

    with pytest.raises(RuntimeError, match="setup was called before"):
        forklab_core.setup({})
    with pytest.raises(HardwareError):
        Machine(Kernel).hw.frames.free(0)


# -- without memory ---------------------------------------------------------------------------------------------


def operations_short_of_memory():
    """Return operations of every function of the core, each on a new machine and two processes of it."""
    numbers = array("i", [1, 3, 290, 5, 1, 401, 298, 3, 6, 1, 299, 1, 7, 1, 298, 48])
    return {
        "copy": lambda m, p, q: m.hw.frames.copy(290, 291),
        "free": lambda m, p, q: m.hw.frames.free(290),
        "get": lambda m, p, q: p.page_table.get(299),
        "map": lambda m, p, q: p.page_table.map(400, 298, Protection.READ, cow=True),
        "replace": lambda m, p, q: p.page_table.map(299, 298, RW),
        "protect": lambda m, p, q: p.page_table.protect(299, Protection.READ, cow=True),
        "unmap": lambda m, p, q: p.page_table.unmap(299),
        "discard": lambda m, p, q: p.page_table._discard(),
        "defer": lambda m, p, q: p.page_table.map(page=400, frame=298, protection=Protection.READ),
        "read": lambda m, p, q: m.access(p, 290, 4, 0, Access.READ, ()),
        "write": lambda m, p, q: m.access(p, 290, 4, 0, Access.WRITE, [300, 400, 500, 600]),
        "fault": lambda m, p, q: m.access(q, 290, 4, 0, Access.WRITE, [300, 400, 500, 600]),
        "audit": lambda m, p, q: core.current().quiet(p.page_table._changes, p._regions),
        "answer": lambda m, p, q: core.current().answer(numbers, Kernel).apply({1: p}, m.hw.frames),
    }


@pytest.mark.proof
@pytest.mark.parametrize("name", operations_short_of_memory())
def test_an_operation_without_memory_raises_and_leaves_the_log_whole(name):
    """Whichever allocation fails, the operation raises MemoryError, and the log ends with a whole operation.

    A kernel that fills its memory may catch the error and go on.
    """
    testcapi = pytest.importorskip("_testcapi")

    class Simple(Kernel):
        def page_fault(self, process, fault):
            process.page_table.map(fault.address // 8, self.hw.frames.allocate(), RW)

        def exit(self, process):
            pass

    def boot():
        machine = Machine(Simple, frames=600, log=[])
        first, second = machine.spawn(), machine.spawn()
        for page in range(300):
            first.page_table.map(page, machine.hw.frames.allocate(), RW)
        machine.begin()
        return machine, first, second

    operate = operations_short_of_memory()[name]
    raised = 0
    with on(compiled()):
        for number in range(1, 80):
            machine, *processes = boot()
            error = None
            testcapi.set_nomemory(number, number + 1)
            try:
                operate(machine, *processes)
            except Exception as caught:
                error = caught
            finally:
                testcapi.remove_mem_hooks()
            raised += error is not None
            assert error is None or MemoryError in (type(error), type(error.__cause__))
            log, at = machine._frames._log, 0
            while at < len(log):
                at += 1 + OPERANDS[log[at]]
            assert at == len(log)
            processes[0].page_table.map(500, machine.hw.frames.allocate(), RW)

    assert raised or name in ("copy", "free")
