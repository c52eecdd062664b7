"""Frames and answers."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.protocol import wire


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=50))
def test_numbers_round_trip(numbers):
    """Packed numbers unpack to themselves."""
    assert list(wire.unpack_numbers(wire.pack_numbers(numbers))) == numbers


@given(st.binary(max_size=64))
def test_any_bytes_are_numbers_or_malformed(data):
    """No payload makes the decoder fail in any other way."""
    if len(data) % 4:
        with pytest.raises(wire.Malformed, match="not a whole number"):
            wire.unpack_numbers(data)
    else:
        assert len(wire.unpack_numbers(data)) == len(data) // 4


def test_a_frame_arrives_whole_however_it_was_cut():
    """A reader puts a frame together from any pieces."""
    inp, out = os.pipe()
    frame = bytes((wire.STEP,)) + (5).to_bytes(4, "little") + b"hello"
    os.write(out, frame[:3])
    os.write(out, frame[3:])

    assert wire.read_frame(inp) == (wire.STEP, b"hello")
    os.close(inp)
    os.close(out)


def test_a_closed_channel_is_the_end():
    """A reader whose other side is gone gets EOFError, in the middle of a frame too."""
    inp, out = os.pipe()
    os.write(out, b"\x03\x05")
    os.close(out)

    with pytest.raises(EOFError):
        wire.read_frame(inp)
    os.close(inp)


def test_frames_arrive_whole_however_they_were_cut():
    """Several frames in one piece, a frame in several, an empty one: each is told once, and the end ends it."""
    inp, out = os.pipe()
    frames = [(wire.END, b""), (wire.STEP, b"hello"), (wire.END, b"")]
    data = b"".join(bytes((kind,)) + len(payload).to_bytes(4, "little") + payload for kind, payload in frames)
    found = wire.read_frames(inp)
    os.write(out, data[:3])
    os.write(out, data[3:8])
    os.write(out, data[8:])
    os.close(out)

    assert list(found) == frames
    os.close(inp)
