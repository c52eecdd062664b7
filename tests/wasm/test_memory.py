"""The memory of a module for `grader verify`: what has changed is found, hashed and put back."""

import ctypes

import hypothesis.strategies as st
from hypothesis import given

from grader.sandbox.inside.wasm_memory import CHUNK, Memory

PAGE = 1 << 16

#: Places near the ends of chunks and pages, and a byte that is written there.
WRITES = st.dictionaries(
    st.builds(lambda chunk, offset: chunk * CHUNK + offset, st.integers(0, 127), st.sampled_from([0, 1, CHUNK - 1])),
    st.integers(1, 255),
    max_size=8,
)


class Plain:
    """Stands for an instance: two pages of memory, which count up at first, or are filled with a byte; no code."""

    def __init__(self):
        self.bytes = bytearray(range(256)) * (PAGE // 256) + bytes(PAGE // 2) + b"\xdb" * (PAGE // 2)
        self.entered = 0
        self.stopped = False

    def run(self, places):
        self.entered += 1
        for place, byte in places.items():
            self.bytes[place % len(self.bytes)] ^= byte

    def write(self, start, data):
        self.bytes[start : start + len(data)] = data

    def view(self):
        return memoryview(self.bytes)

    @property
    def address(self):
        return ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))

    def size(self):
        return len(self.bytes)

    def grow(self, size):
        self.bytes = self.bytes + bytes(size - len(self.bytes))

    def empty_stack(self):
        pass

    def refuel(self):
        pass


@given(st.lists(WRITES, min_size=1, max_size=4), st.booleans())
def test_exactly_the_chunks_that_differ_are_found(rounds, grows):
    """Compared with a look at every chunk, after each of several calls, also in pages that came later."""
    instance = Plain()
    memory, beginning = Memory(instance), bytes(instance.bytes)
    for number, writes in enumerate(rounds):
        if grows and number == 1:
            instance.grow(3 * PAGE)
            beginning += bytes(PAGE)
        instance.run(writes)
        now = bytes(instance.bytes)
        chunks = [(at // CHUNK, now[at : at + CHUNK]) for at in range(0, len(now), CHUNK)]

        assert list(memory.chunks().items()) == [
            (number, data) for number, data in chunks if data != beginning[number * CHUNK : (number + 1) * CHUNK]
        ]


@given(WRITES, WRITES)
def test_what_was_saved_is_put_back(first, second):
    """Byte for byte, whatever was written since; and then the memory has the hash that it had."""
    instance = Plain()
    memory = Memory(instance)
    instance.run(first)
    saved, now, digest = memory.chunks(), bytes(instance.bytes), memory.hashed()
    instance.run(second)
    memory.chunks()
    memory.restore(saved, 2 * PAGE)

    assert (bytes(instance.bytes), memory.chunks(), memory.hashed()) == (now, saved, digest)


@given(WRITES, st.lists(WRITES, min_size=1, max_size=3))
def test_what_was_saved_is_put_back_after_any_number_of_calls(first, others):
    """Byte for byte, though nobody looked at what they changed, and some changed it back."""
    instance = Plain()
    memory = Memory(instance)
    instance.run(first)
    saved, now = memory.chunks(), bytes(instance.bytes)
    for writes in others:
        instance.run(writes)
        memory.put_back(saved, 2 * PAGE)

        assert (bytes(instance.bytes), memory.chunks()) == (now, saved)


def test_a_state_with_less_memory_is_put_back_within_it():
    """Chunks that changed in a larger memory are not written behind the end of a smaller one."""
    instance = Plain()
    memory = Memory(instance)
    small, behind = memory.chunks(), bytearray(b"x" * 64)
    instance.grow(3 * PAGE)
    instance.run({2 * PAGE: 1})
    memory.chunks()
    whole = (ctypes.c_char * (2 * PAGE + len(behind)))(*bytes(instance.bytes[: 2 * PAGE]), *behind)
    instance.bytes = memoryview(whole).cast("B")[: 2 * PAGE]
    memory.put_back(small, 2 * PAGE)

    assert bytes(whole)[2 * PAGE :] == behind
