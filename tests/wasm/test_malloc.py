"""The memory of a kernel in C: `malloc` gives zeros, ends with NULL and not with the fuel, and takes blocks back."""

import pytest

from grader.machine.machine import Machine
from grader.sandbox.inside.wasm_journal import Journal
from grader.sandbox.inside.wasm_kernel import WasmKernel
from grader.sandbox.inside.wasm_library import WasmError
from grader.sandbox.inside.wasm_runtime import FUEL, Program
from grader.sandbox.inside.wasm_trap import c_lines, meaning
from grader.wasm.compiler import compile_kernel

MMAP = '#include "forklab.h"\nint kernel_mmap(process_t process, const struct region *region) {\n'

#: Returns 1 if `size` bytes at `block` are all `byte`.
ALL = """
static int all(const unsigned char *block, int byte, size_t size) {
    for (size_t at = 0; at < size; at++) if (block[at] != byte) return 0;
    return 1;
}
"""


def instance_of(body):
    """Return an instance of a kernel whose kernel_mmap has this body."""
    compiled = compile_kernel(MMAP.replace("int kernel", f"{ALL}int kernel") + body + "}\n")
    assert compiled.module, compiled
    kernels = []
    Machine(lambda hw: kernels.append(WasmKernel(hw, Program(compiled.module))) or kernels[-1])
    return kernels[0].instance


def result(instance):
    return instance.call("mmap", 1, 128, 2, 3, 0)


@pytest.mark.parametrize("chosen", [False, True], ids=["run", "verify"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("int n = 0; while (malloc(1000000)) n++; return n;", range(24, 32)),
        ("return malloc(9000000) != NULL && malloc(9000000) == NULL;", [1]),
        ("return malloc(1 << 24) != NULL && malloc((1 << 24) + 1) == NULL;", [1]),
        ("void *block = malloc(9000000); free(block); return malloc(9000000) == block;", [1]),
    ],
    ids=["many blocks", "a large one", "the largest one", "a large one again"],
)
def test_malloc_gives_null_before_the_fuel_is_used_up(body, expected, chosen):
    """As forklab.h says, also where `grader verify` places the blocks."""
    instance = instance_of(body)
    if chosen:
        Journal(instance)

    assert result(instance) in expected
    assert instance.used < FUEL / 2


@pytest.mark.parametrize("size", [1, 7, 16, 100, 5000])
def test_a_block_is_filled_with_zeros(size):
    """A new one, and one that was used and freed before."""
    use = f"unsigned char *block = malloc({size}); int zero = all(block, 0, {size}); memset(block, 5, {size});"
    again = f"free(block); unsigned char *next = malloc({size});"
    body = f"{use}{again} return zero && next == block && all(next, 0, {size});"

    assert result(instance_of(body)) == 1


def test_a_block_that_verify_places_is_filled_with_zeros():
    """Whatever is left at that address."""
    instance = instance_of("return all(malloc(100), 0, 100);")
    start = Journal(instance).blocks.start
    instance.grow(start + 4096)
    instance.write(start, b"\xff" * 4096)

    assert result(instance) == 1


def test_memset_fills_what_it_is_asked_to_fill():
    """Wherever it begins and however long it is, and nothing beside it."""
    body = """
    unsigned char *block = malloc(64);
    for (size_t from = 0; from < 20; from++)
        for (size_t size = 0; size < 40; size++) {
            memset(block, 1, 64);
            if (memset(block + from, 0x1ab, size) != block + from) return 0;
            if (!all(block, 1, from) || !all(block + from, 0xab, size)) return 0;
            if (!all(block + from + size, 1, 64 - from - size)) return 0;
        }
    return 1;"""

    assert result(instance_of(body)) == 1


#: Calls with a pointer that is null, which the compiler cannot know.
NULL_POINTERS = [
    "memset(none, 1, 4000)",
    "memmove(block, none, 4000)",
    "memmove(none, block, 4000)",
    "memcpy(block, none, 3)",
]


@pytest.mark.parametrize("call", NULL_POINTERS)
def test_a_null_pointer_ends_in_its_line(call):
    """It is undefined as ever, although most of what is filled or copied is not checked."""
    body = f"static char *volatile none;\nchar *block = malloc(4000);\nreturn {call} != block;\n"
    with pytest.raises(WasmError) as trap:
        result(instance_of(body))

    assert "a null pointer is followed" in meaning(trap.value)
    assert c_lines(trap.value) == [("kernel.c", 10, "kernel_mmap")]


@pytest.mark.parametrize(
    "call", ["memset(block, 0, (size_t)-1)", "memset(block, 0, n)", "memmove(block + 8, block, n)"]
)
def test_a_size_without_sense_is_an_address_outside(call):
    """No other check that the compiler has put somewhere near is taken for the reason."""
    body = (
        f"static volatile int minus = -8; size_t n = (size_t)minus; char *block = malloc(4000); return {call} != block;"
    )
    with pytest.raises(WasmError) as trap:
        result(instance_of(body))

    assert "outside your kernel's memory" in meaning(trap.value)


@pytest.mark.parametrize("distance", [-9, -8, -3, 0, 3, 8, 9])
def test_a_copy_may_overlap(distance):
    """Whichever comes first, and by less or more than a word, as when bytes are moved one by one."""
    size, start = 37, 12
    body = (
        "static unsigned char bytes[64]; for (int i = 0; i < 64; i++) bytes[i] = (unsigned char)i;"
        f"memmove(bytes + {start + distance}, bytes + {start}, {size});"
        "unsigned sum = 0; for (int i = 0; i < 64; i++) sum = sum * 31 + bytes[i]; return (int)(sum & 0x7fffffff);"
    )
    moved = bytearray(range(64))
    moved[start + distance : start + distance + size] = moved[start : start + size]
    expected = 0
    for byte in moved:
        expected = (expected * 31 + byte) & 0xFFFFFFFF

    assert result(instance_of(body)) == expected & 0x7FFFFFFF
