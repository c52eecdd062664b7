"""Calls between a module and the machine, and what they leave of an instance's memory."""

import gc
import weakref
from binascii import b2a_base64

import pytest

from grader.machine.errors import HardwareError
from grader.machine.machine import Machine
from grader.sandbox.inside import wasm_library
from grader.sandbox.inside.source import CompiledSource
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_library import WasmError
from grader.sandbox.inside.wasm_runtime import IMPORTS, Program
from grader.wasm.compiler import compile_kernel
from tests.wasm.test_malloc import MMAP, instance_of, result

#: Looks an entry up at so many depths of the stack, and returns how many of them there are.
DEEP = """
#include "forklab.h"
static int deep(process_t process, page_t page) {
    pte_t entry;
    volatile int here = fl_lookup(process, page, &entry);
    return page ? deep(process, page - 1) + here : here;
}
int kernel_mmap(process_t process, const struct region *region) { return deep(process, region->pages); }
"""


@pytest.fixture(scope="module")
def allocating():
    """An instance whose kernel_mmap returns what the machine returns for a new frame."""
    return instance_of("return fl_allocate();")


@pytest.mark.parametrize(("answer", "number"), [(5, 5), (-2, -2), (0xFFFFFFFE, -2), (1 << 31, -(1 << 31)), (True, 1)])
def test_an_operation_returns_32_bits(allocating, answer, number):
    """With or without a sign: an entry may have all of them."""
    allocating.carry_out["allocate"] = lambda: answer

    assert result(allocating) == number


def test_an_answer_that_is_no_number_stops_the_module(allocating):
    """As any other error of an operation does."""
    allocating.carry_out["allocate"] = lambda: None

    with pytest.raises(WasmError):
        result(allocating)
    assert isinstance(allocating.failure, TypeError)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("fl_protect(process, 16, 9, false);", "9 is not a protection; it is an `or` of PROT_READ"),
        ("return fl_map(process, 16, 0, -1, false);", "-1 is not a protection"),
        ("fl_protect(77, 16, 9, false);", "there is no process 77"),
        ("return fl_map(-1, 16, 0, 3, false);", "there is no process 4294967295"),
        ("fl_unmap(77, 16);", "there is no process 77"),
    ],
)
def test_a_process_or_a_protection_that_there_is_not(body, told):
    """The message names it, the process first."""
    kernels = []
    program = Program(compile_kernel(f"{MMAP}{body} return 0; }}").module)
    machine = Machine(lambda hw: kernels.append(WasmKernel(hw, program)) or kernels[-1])
    process = machine.spawn()
    kernels[0].processes[process.pid] = process

    with pytest.raises(WasmError):
        kernels[0].instance.call("mmap", process.pid, 128, 2, 3, 0)
    assert told in str(kernels[0].instance.failure)


def test_operations_at_many_depths_of_the_stack():
    """Their arguments lie in another place at each depth, and are found there, again and again."""
    kernels = []
    program = Program(compile_kernel(DEEP).module)
    Machine(lambda hw: kernels.append(WasmKernel(hw, program)) or kernels[-1])
    instance, asked = kernels[0].instance, []
    instance.carry_out["lookup"] = lambda pid, page: asked.append((pid, page)) or (1 << 7 if page % 3 else 0)

    for times in (1, 2):
        assert instance.call("mmap", 7, 0, 300, 3, 0) == 200
        assert asked == [(7, page) for page in range(300, -1, -1)] * times


def test_instances_of_two_kernels_act_for_themselves():
    """Whichever is called: the functions that modules call are the same for all of them."""
    one, other = instance_of("return fl_allocate() + 1;"), instance_of("return fl_allocate() + 2;")
    one.carry_out["allocate"], other.carry_out["allocate"] = lambda: 10, lambda: 20

    assert one.program.host is other.program.host
    assert [result(instance) for instance in (one, other, one)] == [11, 22, 11]


def test_an_instance_goes_before_the_next_one_comes():
    """Both together may be more than a hurried kernel may have, if the first one's start has used up its fuel."""
    module = compile_kernel(f"{MMAP}return 0; }}").module
    source = CompiledSource({"kernel": ""}, b2a_base64(module).decode(), "")
    machine = Machine(source.kernel_class())
    last = weakref.ref(machine.kernel.instance)
    del machine
    source.forget()
    gc.collect()

    assert last() is None


def test_a_kernel_does_all_that_a_module_may_ask_for(allocating):
    """And nothing else."""
    assert allocating.carry_out.keys() == IMPORTS.keys()


def test_what_is_written_lies_in_the_memory(allocating):
    """Up to its end, which moves when it grows; a memory that is laid out again is as small as the first."""
    allocating.start()
    size = allocating.size()
    allocating.write(size - 4, b"last")
    with pytest.raises(HardwareError, match="outside"):
        allocating.write(size - 3, b"last")
    allocating.grow(size + 4)
    allocating.write(size, b"more")
    found = allocating.read(size - 4, 8)
    allocating.start()

    assert found == b"lastmore" and allocating.read(size - 4, 4) == bytes(4)
    with pytest.raises(HardwareError, match="outside"):
        allocating.write(size, b"more")


def test_nothing_is_written_while_there_is_no_memory(allocating, monkeypatch):
    """A module's own start function may ask for entries before the new memory is known; the old one is gone."""
    allocating.start()
    allocating.write(40000, b"before")
    begin, refused = wasm_library.lib.wasmtime_linker_instantiate, []

    def instantiate(*arguments):
        with pytest.raises(HardwareError, match="outside"):
            allocating.write(40000, b"now")
        refused.append(True)
        return begin(*arguments)

    monkeypatch.setattr(wasm_library.lib, "wasmtime_linker_instantiate", instantiate)
    allocating.start()

    assert refused == [True]


def test_no_entries_are_written_anywhere(allocating):
    """Nothing can be written to any place that there is, to the first one, too."""
    allocating.start()
    allocating.write(0, b"")
    allocating.write(allocating.size(), b"")


def test_an_export_is_asked_for_when_it_is_used(allocating):
    """One that the module does not have is no key."""
    allocating.carry_out["allocate"] = lambda: 0
    allocating.start()
    before = set(allocating._exports)
    result(allocating)

    assert before == {"memory"} and "mmap" in allocating._exports
    with pytest.raises(KeyError):
        allocating._exports["nothing"]
