"""A kernel that gets and gives numbers: what it may ask the machine for, and what its results mean."""

import pytest

from grader.machine.errors import HardwareError, InvalidArgument, OutOfMemory, SegmentationFault
from grader.machine.kernel import Kernel, PageFault
from grader.machine.machine import Machine
from grader.machine.protection import Access, Protection
from grader.machine.region import Region
from grader.protocol.by_numbers import ENTRY, ERRORS, FUNCTIONS, MOST_ENTRIES, ON_MACHINE, NumberKernel, is_result

REGION = Region(64, 2, Protection.parse("rw-"))


class Idle(Kernel):
    """Does nothing."""


class Scripted(NumberKernel):
    """Returns one number from every function, and notes what it was called with."""

    def __init__(self, hw, result=0):
        super().__init__(hw)
        self.called, self.result = [], result
        self.call = self.note

    def note(self, name, *arguments):
        self.called.append((name, *arguments))
        return self.result


@pytest.fixture
def kernel():
    made = Machine(Idle, frames=80)
    number_kernel = Scripted(made.hw)
    number_kernel.processes[1] = made.spawn()
    return number_kernel


def test_every_function_gets_as_many_numbers_as_its_table_says(kernel):
    """Also those that read notes of calls rely on it (verify/known.py)."""
    process = kernel.processes[1]
    kernel.mmap(process, REGION)
    kernel.munmap(process, 64, 2)
    kernel.mprotect(process, 64, 2, Protection.parse("r--"))
    kernel.page_fault(process, PageFault(64, Access.WRITE, False))
    kernel.fork(process, process)
    kernel.exit(process)

    assert {name: len(numbers) for name, *numbers in kernel.called} == FUNCTIONS
    assert all(type(number) is int for _, *numbers in kernel.called for number in numbers)


def test_every_operation_on_the_machine_takes_as_many_numbers_as_its_table_says(kernel):
    """With one more, each is a mistake of whoever calls it."""
    operations = kernel.operations()
    for name, count in ON_MACHINE.items():
        with pytest.raises(TypeError):
            operations[name](*[1] * (count + 1))

    assert operations.keys() - ON_MACHINE.keys() == {"page_size", "zero_frame"}


def test_entries_come_in_order_from_a_page_on(kernel):
    """So many at once that a loop over a table asks seldom, and never more."""
    operations = kernel.operations()
    for page in range(MOST_ENTRIES + 10):
        assert operations["map"](1, page, operations["allocate"](), 3, 0) == 0
    every = [page for page, _ in ENTRY.iter_unpack(operations["entries"](1, 3, 1000))]

    assert every == list(range(3, 3 + MOST_ENTRIES))
    assert operations["entries"](1, 5, 1) == ENTRY.pack(5, operations["lookup"](1, 5))
    assert operations["entries"](1, 1000, 5) == operations["entries"](1, 0, -1) == b""


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("lookup", (9, 1), "there is no process 9"),
        ("map", (-1, 1, 0, 3, 0), "there is no process 4294967295"),
        ("map", (1, 1, 0, 9, 0), "9 is not a protection"),
        ("protect", (1, 1, -1, 0), "-1 is not a protection"),
    ],
)
def test_what_does_not_exist_is_refused(kernel, operation, arguments, words):
    """In words that a beginner in C understands."""
    with pytest.raises(HardwareError, match=words):
        kernel.operations()[operation](*arguments)


def test_an_operation_without_a_frame_answers_a_number(kernel):
    """It is for the kernel to free what it has and return an error."""
    allocate = kernel.operations()["allocate"]

    assert [allocate() for _ in range(81)] == [*range(80), -2]


@pytest.mark.parametrize(("result", "error"), [(-1, SegmentationFault), (-2, OutOfMemory), (-3, InvalidArgument)])
def test_a_negative_result_is_an_error(kernel, result, error):
    """The same ones as in a kernel in Python."""
    kernel.result = result

    with pytest.raises(error):
        kernel.munmap(kernel.processes[1], 64, 1)


def test_any_other_result_is_wrong(kernel):
    """A page fault has no invalid argument."""
    kernel.result = 7
    with pytest.raises(ValueError, match="munmap returned 7"):
        kernel.munmap(kernel.processes[1], 64, 1)

    assert not is_result("page_fault", -3)
    assert all(is_result("fork", number) for number in [0, *ERRORS])
