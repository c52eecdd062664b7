"""A kernel that changes the compiled machine while that works: run as a program, which must end with "done".

meddling_kernel.py SEED

It puts values of the wrong type or size into attributes of the machine's objects, takes attributes away, and hides
objects in dicts and lists that do so again when they are compared, counted, converted or dropped.
"""

import random
import sys

from grader.machine import Access, Kernel, Protection, core
from grader.machine.machine import Machine

chance = random.Random(int(sys.argv[1]))

#: One element for each call of `spoil` under way.
nested = []


class Evil:
    """In a dict, changes the machine whenever a key with its hash is looked up; anywhere, when it is dropped."""

    def __init__(self, at, hashed):
        self.at, self.hashed = at, hashed

    def __hash__(self):
        return self.hashed

    def __eq__(self, other):
        spoil(self.at)
        return chance.random() < 0.5

    def __del__(self):
        spoil(self.at)

    def __index__(self):
        spoil(self.at)
        return 1

    def __bool__(self):
        spoil(self.at)
        return True

    def __lt__(self, other):
        spoil(self.at)
        return True


class Meddling(Kernel):
    """Meddles in every call."""

    def page_fault(self, process, fault):
        if chance.random() < 0.5:
            spoil(machine)
        act(machine)

    def exit(self, process):
        act(machine)

    def evict(self):
        spoil(machine)


def value(at):
    """Return something that does not belong into any attribute."""
    plain = [None, 0, 1, -1, 1 << 80, True, [], {}, set(), bytearray(), bytearray(b"\1" * 9), [0] * 3, "x", (1, 2)]
    numbers = [[None] * 9, [chance.randrange(1 << 30) for _ in range(9)], {16: 64 + 128 * 99}]
    evil = [
        {16: 1 << 70, 17: Evil(at, 17)},
        {Evil(at, n): 71 for n in range(16, 20)},
        [Evil(at, 1)] * 9,
        Evil(at, 3),
    ]
    return chance.choice([*plain, *numbers, *evil])


def spoil(at):
    """Change an attribute of one of the machine's objects, or what it holds."""
    if len(nested) > 2:
        return
    nested.append(at)
    try:
        thing = chance.choice([at._frames, chance.choice(tables), at.failure, at._disk])
        name = chance.choice(type(thing).__slots__)
        kind = chance.random()
        if kind < 0.1:
            delattr(thing, name)
        elif kind < 0.5:
            setattr(thing, name, value(at))
        elif kind < 0.8:
            fill(getattr(thing, name), at)
        else:
            act(at)
    except Exception:
        pass
    finally:
        nested.pop()


def fill(held, at):
    """Change a list, bytes, a dict or a set in place."""
    if type(held) is list:
        held[:] = [value(at) for _ in range(chance.randrange(9))]
    elif type(held) is bytearray:
        del held[chance.randrange(len(held) + 1) :]
    elif type(held) is dict:
        held[Evil(at, chance.randrange(16, 20))] = Evil(at, 0)
        held.pop(16, None)
    elif type(held) is set:
        held.add(Evil(at, chance.randrange(9)))


def act(at):
    """Call something of the machine."""
    table, frames, one = chance.choice(tables), at._frames, at.processes[1]
    page, frame, other = chance.randrange(15, 21), chance.randrange(-1, 9), chance.randrange(-1, 9)
    rights, flag, first = Protection(chance.randrange(8)), chance.random() < 0.5, chance.randrange(15, 19)
    chance.choice(
        [
            frames.allocate,
            lambda: frames.free(frame),
            lambda: frames.zero(frame),
            lambda: frames.copy(frame, other),
            lambda: table.get(page),
            lambda: table.map(page, frame, rights, flag),
            lambda: table.protect(page, rights, cow=flag),
            lambda: table.unmap(page),
            table._discard,
            at.observe,
            at.begin,
            lambda: at.access(one, first, 4, 0, Access.READ),
            lambda: at.access(one, first, 4, 0, Access.WRITE, [chance.randrange(9)] * 4),
        ]
    )()


assert core.current() is not core.PYTHON
for _ in range(120):
    nested.clear()
    tables = []
    machine = Machine(Meddling, frames=8, log=[])
    tables = [machine.spawn().page_table, machine.spawn().page_table]
    for _ in range(40):
        try:
            act(machine)
            if chance.random() < 0.3:
                spoil(machine)
        except BaseException as error:
            if type(error) in (MemoryError, SystemError):
                raise
print("done")
