"""The compiled core under kernels that raise, meddle with the machine, or leave it without memory."""

import pathlib
import subprocess
import sys
from array import array

import pytest

from grader.machine import Access, Kernel, Protection, SegmentationFault, core
from grader.machine.machine import Machine
from grader.machine.operations import OPERANDS
from tests.cores import both, compiled, on

RW = Protection.READ | Protection.WRITE


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
    compiled()
    for seed in range(2):
        program = [sys.executable, str(pathlib.Path(__file__).with_name("meddling_kernel.py")), str(seed)]
        done = subprocess.run(program, capture_output=True, text=True, check=False)

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
