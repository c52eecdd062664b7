"""The objects of the compiled core: attributes, copies, saved states, the life of a machine."""

import copy
import gc

import pytest

from grader.machine import Access, Kernel, Protection, core
from grader.machine.machine import Machine
from grader.state.memento import Memento
from tests.cores import both, compiled, on, result, snapshot

RW = Protection.READ | Protection.WRITE


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
            if "__slotnames__" in vars(type(thing)):
                del type(thing).__slotnames__  # `copy` leaves it in the class, which `grader verify` would notice
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
