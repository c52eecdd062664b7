"""Arithmetic of a kernel in C that the processor of WebAssembly does not have, and that the compiler calls for."""

import hypothesis.strategies as st
import pytest
from hypothesis import assume, example, given

from grader.sandbox.inside.wasm_library import WasmError
from tests.wasm.test_malloc import instance_of

#: The first call multiplies nothing, the second one by the number of the first; the next two return the product.
PRODUCT = """
    static int64_t factor, product;
    int64_t number = (int64_t)region->start;
    if (region->pages == 0) factor = number;
    if (region->pages == 1) product = factor * number;
    return (int)(product >> (region->pages == 3 ? 32 : 0));
"""

NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-(1 << 32), 1 << 32)


@pytest.fixture(scope="module")
def instance():
    return instance_of(PRODUCT)


def call(instance, number, which):
    return instance.call("mmap", 1, number, which, 3, 0)


@given(NUMBERS, NUMBERS)
@example(-(1 << 63), 1)
@example(-1, (1 << 63) - 1)
@example((1 << 32) - 1, -(1 << 31))
def test_a_product_of_signed_numbers_of_64_bits(instance, one, other):
    """As in Python, for all products that 64 bits hold."""
    assume(-(1 << 63) <= one * other < 1 << 63)
    call(instance, one, 0)
    call(instance, other, 1)

    assert call(instance, 0, 2) & 0xFFFFFFFF | call(instance, 0, 3) << 32 == one * other


@pytest.mark.parametrize(("one", "other"), [(1 << 32, 1 << 31), (-(1 << 63), -1), (3037000500, 3037000500)])
def test_a_product_that_overflows_stops_the_kernel(one, other):
    """As an overflow of numbers of 32 bits does."""
    instance = instance_of(PRODUCT)
    call(instance, one, 0)

    with pytest.raises(WasmError):
        call(instance, other, 1)
